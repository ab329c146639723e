//! In which order choices are kept and shown, so that neither tells what is right.
//!
//! Authors put the right choice first more often than not, an `order` in its right order, and the
//! sides of a `match` beside each other. A form has to name choices, and its names stand in the page:
//! so choices are kept in an order that comes from their words alone.

use sha2::{Digest, Sha256};

use crate::ids::ItemId;
use crate::model::{Kind, Question, QuestionText};

/// The order in which a question's choices and targets are kept: at each place the author's index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arrangement {
    choices: Vec<usize>,
    targets: Vec<usize>,
}

impl Arrangement {
    /// The order that comes from the words of the default language. Rewording one choice does not
    /// move the others past each other, nor does moving a line in the file.
    pub(crate) fn of<'t>(
        id: &ItemId,
        choices: impl Iterator<Item = &'t str>,
        targets: impl Iterator<Item = &'t str>,
    ) -> Self {
        Self {
            choices: sorted(id, choices),
            targets: sorted(id, targets),
        }
    }

    /// Brings a question's prose from the author's order into this one.
    pub(crate) fn text(&self, text: QuestionText) -> QuestionText {
        QuestionText {
            choices: arranged(&self.choices, &text.choices),
            notes: arranged(&self.choices, &text.notes),
            plain_choices: arranged(&self.choices, &text.plain_choices),
            targets: arranged(&self.targets, &text.targets),
            ..text
        }
    }

    /// Brings what is right from the author's indexes to those of this order.
    pub(crate) fn kind(&self, kind: Kind) -> Kind {
        let (choices, targets) = (inverse(&self.choices), inverse(&self.targets));
        match kind {
            Kind::Single { right } => Kind::Single {
                right: choices[right],
            },
            Kind::Multiple { right } => Kind::Multiple {
                right: right.into_iter().map(|index| choices[index]).collect(),
            },
            Kind::Order { right } => Kind::Order {
                right: right.into_iter().map(|index| choices[index]).collect(),
            },
            Kind::Match {
                pairs,
                targets: count,
            } => Kind::Match {
                pairs: self
                    .choices
                    .iter()
                    .map(|index| targets[pairs[*index]])
                    .collect(),
                targets: count,
            },
            typed @ (Kind::Short { .. } | Kind::Number { .. }) => typed,
        }
    }
}

impl Question {
    /// How many choices it has (for `Match`, left sides).
    #[must_use]
    pub fn choice_count(&self) -> usize {
        self.arrangement.choices.len()
    }

    /// In which order to show the choices: indexes into [`QuestionText::choices`]. The same for the
    /// same seed; the author's where the question is `fixed`. For `Order` never the right one.
    #[must_use]
    pub fn shown_order(&self, seed: u64) -> Vec<usize> {
        let mut order = if self.fixed {
            inverse(&self.arrangement.choices)
        } else {
            self.shuffled("choices", self.choice_count(), seed)
        };
        if matches!(&self.kind, Kind::Order { right } if *right == order) {
            order.rotate_left(1);
        }
        order
    }

    /// In which order to show the targets of a `Match`: indexes into [`QuestionText::targets`].
    /// Shuffled even where the question is `fixed`, since the author wrote the sides as pairs.
    #[must_use]
    pub fn shown_targets(&self, seed: u64) -> Vec<usize> {
        self.shuffled("targets", self.arrangement.targets.len(), seed)
    }

    fn shuffled(&self, what: &str, len: usize, seed: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        order.sort_by_cached_key(|index| {
            let mut hash = Sha256::new();
            hash.update(self.id.as_str());
            hash.update([0]);
            hash.update(what);
            hash.update(seed.to_le_bytes());
            hash.update(index.to_le_bytes());
            <[u8; 32]>::from(hash.finalize())
        });
        order
    }
}

fn sorted<'t>(id: &ItemId, texts: impl Iterator<Item = &'t str>) -> Vec<usize> {
    let mut keyed: Vec<([u8; 32], usize)> = texts
        .enumerate()
        .map(|(index, text)| {
            let mut hash = Sha256::new();
            hash.update(id.as_str());
            hash.update([0]);
            hash.update(text);
            (hash.finalize().into(), index)
        })
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, index)| index).collect()
}

fn arranged<T: Clone>(order: &[usize], items: &[T]) -> Vec<T> {
    order
        .iter()
        .filter_map(|index| items.get(*index).cloned())
        .collect()
}

/// For each of the author's indexes, where it went.
fn inverse(order: &[usize]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..order.len()).collect();
    places.sort_unstable_by_key(|place| order[*place]);
    places
}

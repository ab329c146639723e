//! Grading answers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::model::{Kind, Question};

/// The longest typed answer that is looked at, in characters: more is no answer to a question that
/// asks for a word or a number.
pub const ANSWER_MAX: usize = 500;

/// What a student answered. Indexes are those of [`crate::QuestionText::choices`] and `targets`, in
/// whatever order the page showed them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Response {
    /// The chosen one.
    Single(usize),
    /// All the chosen ones.
    Multiple(BTreeSet<usize>),
    /// What was typed.
    Short(String),
    /// What was typed: a number, perhaps with the unit behind it.
    Number(String),
    /// The choices in the student's order: a permutation.
    Order(Vec<usize>),
    /// For each choice the target chosen.
    Match(Vec<usize>),
}

/// A judged answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grade {
    /// The share that was right, 0 to 1. For `Multiple` the right ones chosen less the wrong ones, over
    /// all right ones, and at least 0; for `Order` the pairs of choices of which the right one stands
    /// before the other, over all pairs; for `Match` the right targets over all; else all or nothing.
    pub score: f64,
    /// Whether all of it was.
    pub right: bool,
    /// Which parts were: for `Multiple` each choice (chosen or left alone as it should be), for
    /// `Order` each choice (whether it stands where it belongs), for `Match` each choice; a single
    /// part otherwise.
    pub parts: Vec<bool>,
}

/// An answer that cannot be graded: by a form of one's own making, or for another version of the
/// question. It is no wrong answer, so it should not be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadResponse {
    /// The question is of another kind.
    #[error("this answer is for a question of another kind")]
    OtherKind,
    /// It names a choice that the question does not have, names one twice, or leaves one out.
    #[error("this answer does not fit the question's choices")]
    Choices,
    /// There is nothing in it.
    #[error("the answer is empty")]
    Empty,
    /// Longer than [`ANSWER_MAX`].
    #[error("the answer is too long")]
    TooLong,
    /// Not a number.
    #[error("this is not a number")]
    NotANumber,
}

impl Grade {
    fn of_parts(parts: Vec<bool>) -> Self {
        let hits = parts.iter().filter(|part| **part).count();
        Self {
            score: share(hits, parts.len()),
            right: hits == parts.len(),
            parts,
        }
    }
}

impl Question {
    /// Judges an answer.
    ///
    /// # Errors
    /// When the answer cannot belong to this question; see [`BadResponse`].
    pub fn grade(&self, response: &Response) -> Result<Grade, BadResponse> {
        match (&self.kind, response) {
            (Kind::Single { right }, Response::Single(chosen)) => {
                self.within(std::iter::once(chosen), self.choice_count())?;
                Ok(Grade::of_parts(vec![chosen == right]))
            }
            (Kind::Multiple { right }, Response::Multiple(chosen)) => {
                if chosen.is_empty() {
                    return Err(BadResponse::Empty);
                }
                self.within(chosen.iter(), self.choice_count())?;
                Ok(multiple(right, chosen, self.choice_count()))
            }
            (Kind::Short { accepted }, Response::Short(typed)) => {
                let typed = folded(bounded(typed)?);
                let right = accepted.iter().any(|accepted| folded(accepted) == typed);
                Ok(Grade::of_parts(vec![right]))
            }
            (Kind::Number { value, tolerance }, Response::Number(typed)) => {
                let units = self
                    .text
                    .iter()
                    .filter_map(|(_, text)| text.unit.as_deref());
                let given = number(bounded(typed)?, units)?;
                // The slack is for values such as 0.1, which no f64 is: not for the student.
                let slack = f64::EPSILON * value.abs().max(1.0) * 4.0;
                let right = (given - value).abs() <= tolerance + slack;
                Ok(Grade::of_parts(vec![right]))
            }
            (Kind::Order { right }, Response::Order(order)) => {
                permutation(order, right.len())?;
                let mut parts = vec![false; right.len()];
                for (given, right) in order.iter().zip(right) {
                    parts[*right] = given == right;
                }
                Ok(Grade {
                    score: share(
                        pairs_in_order(order, right),
                        right.len() * (right.len() - 1) / 2,
                    ),
                    ..Grade::of_parts(parts)
                })
            }
            (Kind::Match { pairs, targets }, Response::Match(chosen)) => {
                if chosen.len() != pairs.len() {
                    return Err(BadResponse::Choices);
                }
                self.within(chosen.iter(), *targets)?;
                let parts = pairs.iter().zip(chosen).map(|(a, b)| a == b).collect();
                Ok(Grade::of_parts(parts))
            }
            _ => Err(BadResponse::OtherKind),
        }
    }

    fn within<'a>(
        &self,
        mut indexes: impl Iterator<Item = &'a usize>,
        len: usize,
    ) -> Result<(), BadResponse> {
        if indexes.all(|index| *index < len) {
            Ok(())
        } else {
            Err(BadResponse::Choices)
        }
    }
}

/// Whether a typed answer is the computed one: both in NFC, trimmed, runs of white space as one
/// space. Case counts, since names and paths are compared.
#[must_use]
pub fn answers_match(expected: &str, given: &str) -> bool {
    squeezed(expected) == squeezed(given)
}

/// Each right choice chosen counts, each wrong one chosen takes one back: who chooses everything
/// gets no more than who chose the right ones only by half.
fn multiple(right: &BTreeSet<usize>, chosen: &BTreeSet<usize>, len: usize) -> Grade {
    let hits = chosen.intersection(right).count();
    let misses = chosen.difference(right).count();
    Grade {
        score: share(hits.saturating_sub(misses), right.len()),
        right: chosen == right,
        parts: (0..len)
            .map(|index| chosen.contains(&index) == right.contains(&index))
            .collect(),
    }
}

/// Of how many pairs of choices the one that comes first in `right` does so in `order` too. One choice
/// in a wrong place moves all between: by places that would cost as much as having all of them wrong.
fn pairs_in_order(order: &[usize], right: &[usize]) -> usize {
    let place = |choice: &usize| order.iter().position(|it| it == choice);
    let pairs = right.iter().enumerate();
    pairs
        .map(|(index, first)| {
            let later = right[index + 1..].iter();
            later.filter(|second| place(first) < place(second)).count()
        })
        .sum()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of choices, far below 2^52"
)]
fn share(hits: usize, all: usize) -> f64 {
    if all == 0 {
        0.0
    } else {
        hits as f64 / all as f64
    }
}

fn permutation(order: &[usize], len: usize) -> Result<(), BadResponse> {
    let distinct: BTreeSet<usize> = order.iter().copied().collect();
    if order.len() == len && distinct.into_iter().eq(0..len) {
        Ok(())
    } else {
        Err(BadResponse::Choices)
    }
}

fn bounded(typed: &str) -> Result<&str, BadResponse> {
    if typed.trim().is_empty() {
        Err(BadResponse::Empty)
    } else if typed.chars().nth(ANSWER_MAX).is_some() {
        Err(BadResponse::TooLong)
    } else {
        Ok(typed)
    }
}

fn squeezed(text: &str) -> String {
    let text: String = text.nfc().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As a word is compared with an accepted one: compatibility forms (full-width letters, as a Korean
/// keyboard may type them) and case folded, white space and final punctuation left out. "Docker
/// Hub", "docker hub" and "DockerHub." are one answer; Korean spacing is nobody's concern here.
pub(crate) fn folded(text: &str) -> String {
    let text: String = text.nfkc().flat_map(char::to_lowercase).nfc().collect();
    let text: String = text.split_whitespace().collect();
    text.trim_end_matches(['.', '!', ',']).to_owned()
}

/// A typed number: `43.2`, `43,200.5`, `1 000`, with full-width digits or the unit behind it.
fn number<'a>(typed: &str, mut units: impl Iterator<Item = &'a str>) -> Result<f64, BadResponse> {
    let typed = folded(typed);
    let bare = units
        .find_map(|unit| typed.strip_suffix(&folded(unit)))
        .unwrap_or(&typed);
    let digits = match bare.rsplit_once(',') {
        // `3,14` is how half of Europe writes it; `1,000` is a thousand here.
        Some((_, after))
            if after.len() != 3 && !bare.contains('.') && bare.matches(',').count() == 1 =>
        {
            bare.replace(',', ".")
        }
        _ => bare.replace(',', ""),
    };
    let plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.e".contains(&byte));
    match digits.parse::<f64>() {
        Ok(value) if plain && value.is_finite() => Ok(value),
        _ => Err(BadResponse::NotANumber),
    }
}

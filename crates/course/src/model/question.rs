//! What there is to answer.

use std::collections::BTreeSet;

use super::Html;
use crate::ids::ItemId;
use crate::lang::Localized;
use crate::order::Arrangement;

/// Something to answer.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its id, unique among the lesson's exercises and questions.
    pub id: ItemId,
    /// What is asked for, and the right answer.
    pub kind: Kind,
    /// Show the choices in the author's order.
    pub fixed: bool,
    /// The line of the default language's file where it begins, from 1.
    pub line: usize,
    /// Ids of the concepts it tests.
    pub concepts: Vec<String>,
    /// The rows of the course map that it covers, among those of its lesson.
    pub rows: Vec<String>,
    /// What it is worth.
    pub points: u32,
    /// A hash of what matters for grading: kind, right answer and choices.
    pub version: String,
    /// What the student reads.
    pub text: Localized<QuestionText>,
    /// How the choices are kept.
    pub(crate) arrangement: Arrangement,
}

/// A kind of question with its right answer: a secret of the server. Indexes are those of
/// [`QuestionText::choices`] and `targets`: an order of our own, from which nothing can be guessed.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// One choice is right.
    Single {
        /// Which.
        right: usize,
    },
    /// Some choices are right: at least one, not all.
    Multiple {
        /// Which.
        right: BTreeSet<usize>,
    },
    /// A word or a few. What any language accepts is right in all: a student may know the other's
    /// term.
    Short {
        /// The accepted answers of all languages.
        accepted: Vec<String>,
    },
    /// A number; its unit is in [`QuestionText::unit`].
    Number {
        /// The right one.
        value: f64,
        /// How far off is still right; 0 or more.
        tolerance: f64,
    },
    /// The choices are to be put in an order.
    Order {
        /// At each place the choice that belongs there.
        right: Vec<usize>,
    },
    /// Each choice (left) belongs to one of [`QuestionText::targets`] (right).
    Match {
        /// For each choice the index of its target.
        pairs: Vec<usize>,
        /// How many targets there are; some may belong to no choice.
        targets: usize,
    },
}

/// A question's prose in one language. No field but `notes` and `explain` tells what is right;
/// those two are for after the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuestionText {
    /// A few words for headings and tables.
    pub title: String,
    /// What is asked.
    pub prompt: Html,
    /// The choices: empty for `Short` and `Number`; for `Match` the left sides. Their indexes may
    /// stand in a page; show them by [`Question::shown_order`].
    pub choices: Vec<Html>,
    /// For each choice what there is to say to whoever chose it wrongly.
    pub notes: Vec<Option<Html>>,
    /// For `Match`: the right sides, plain text since they stand in a `<select>`. Show them by
    /// [`Question::shown_targets`].
    pub targets: Vec<String>,
    /// The choices as plain text, for labels and `<select>`.
    pub plain_choices: Vec<String>,
    /// For `Number`: the unit, shown behind the field.
    pub unit: Option<String>,
    /// Why the right answer is right.
    pub explain: Option<Html>,
}

//! What the rules need to know of an attempt.

use std::time::Duration;

use crate::Day;

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A question: each attempt has a score.
    Question,
    /// An exercise on a machine: it passes or not.
    Exercise,
}

/// One attempt of one student. Wherever several are taken, they are one student's, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt<K> {
    /// At what: whatever names an item.
    pub item: K,
    /// What the item is.
    pub kind: Kind,
    /// The part of the full marks, 0 to 1.
    pub score: f64,
    /// Whether it was right altogether: for an exercise, whether it passed.
    pub right: bool,
    /// How many of the item's hints were open before it.
    pub hints: u32,
    /// When: the day where the class is.
    pub day: Day,
    /// How long it took, where that is known.
    pub spent: Option<Duration>,
    /// Whether it was made in a review.
    pub review: bool,
}

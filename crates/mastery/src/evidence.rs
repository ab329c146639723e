//! From a student's attempts to one number an item.

use std::collections::BTreeMap;

use crate::{Attempt, Day, Kind};

/// What each hint opened before an exercise's pass takes off: with two of them, half was told.
pub const HINT_COST: f64 = 0.25;

/// What a pass is worth at least, however many hints it took: it still was done.
pub const PASS_LEAST: f64 = 0.25;

/// The evidence of each item that `attempts` (one student's, oldest first) has any of, 0 to 1.
///
/// - A question: the score of the first attempt, so what was known before the page said anything.
/// - An exercise: its first pass, 1 less [`HINT_COST`] for each hint opened before, at least
///   [`PASS_LEAST`]; 0 while there are failed checks and no pass.
/// - The first attempt at a question (for an exercise: the pass, or else a failed check) on a later day
///   *in review* takes its place: what one knows now counts, and not what one knew then. All other
///   later attempts change nothing.
#[must_use]
pub fn evidence<K: Ord + Clone>(attempts: &[Attempt<K>]) -> BTreeMap<K, f64> {
    let mut found: BTreeMap<K, Found> = BTreeMap::new();
    for attempt in attempts {
        match found.get_mut(&attempt.item) {
            Some(found) => found.add(attempt),
            None => {
                found.insert(attempt.item.clone(), Found::first(attempt));
            }
        }
    }
    found
        .into_iter()
        .map(|(item, found)| (item, found.worth))
        .collect()
}

/// The evidence as far as the attempts were read.
struct Found {
    worth: f64,
    /// The day it is of.
    day: Day,
    /// Whether a later attempt of the same occasion may still raise it: an exercise that has not passed.
    open: bool,
}

impl Found {
    fn first<K>(attempt: &Attempt<K>) -> Self {
        Self {
            worth: worth(attempt),
            day: attempt.day,
            open: attempt.kind == Kind::Exercise && !attempt.right,
        }
    }

    fn add<K>(&mut self, attempt: &Attempt<K>) {
        let another_review = attempt.review && attempt.day > self.day;
        let first_pass = self.open && attempt.right;
        if another_review || first_pass {
            *self = Self::first(attempt);
        }
    }
}

/// What one attempt is worth.
fn worth<K>(attempt: &Attempt<K>) -> f64 {
    match attempt.kind {
        Kind::Question => attempt.score.clamp(0.0, 1.0),
        Kind::Exercise if attempt.right => {
            (1.0 - HINT_COST * f64::from(attempt.hints)).max(PASS_LEAST)
        }
        Kind::Exercise => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i32, kind: Kind, score: f64, hints: u32, review: bool) -> Attempt<&'static str> {
        Attempt {
            item: "it",
            kind,
            score,
            right: score >= 1.0,
            hints,
            day: Day(day),
            spent: None,
            review,
        }
    }

    fn of(attempts: &[Attempt<&'static str>]) -> f64 {
        evidence(attempts)["it"]
    }

    #[test]
    fn a_questions_first_attempt_counts_and_no_other_of_the_lesson() {
        let first = at(1, Kind::Question, 0.5, 0, false);
        let again = at(1, Kind::Question, 1.0, 0, false);
        let next_day = at(2, Kind::Question, 1.0, 0, false);
        assert_eq!(of(std::slice::from_ref(&first)), 0.5);
        assert_eq!(of(&[first, again, next_day]), 0.5);
    }

    #[test]
    fn an_exercise_is_worth_less_with_each_hint_but_never_nothing() {
        for (hints, worth) in [(0, 1.0), (1, 0.75), (2, 0.5), (3, 0.25), (9, 0.25)] {
            assert_eq!(of(&[at(1, Kind::Exercise, 1.0, hints, false)]), worth);
        }
    }

    #[test]
    fn failed_checks_are_no_evidence_against_who_passes_in_the_end() {
        let failed = at(1, Kind::Exercise, 0.0, 0, false);
        let passed = at(4, Kind::Exercise, 1.0, 1, false);
        assert_eq!(of(&[failed.clone(), failed.clone()]), 0.0);
        assert_eq!(of(&[failed.clone(), passed.clone()]), 0.75);
        assert_eq!(of(&[passed, failed]), 0.75);
    }

    #[test]
    fn the_first_attempt_of_a_later_days_review_takes_the_place() {
        let first = at(1, Kind::Question, 1.0, 0, false);
        let same_day = at(1, Kind::Question, 0.0, 0, true);
        let forgot = at(8, Kind::Question, 0.0, 0, true);
        let second_try = at(8, Kind::Question, 1.0, 0, true);
        let knows = at(9, Kind::Question, 1.0, 0, true);
        assert_eq!(of(&[first.clone(), same_day]), 1.0);
        assert_eq!(
            of(&[first.clone(), forgot.clone(), second_try.clone()]),
            0.0
        );
        assert_eq!(of(&[first, forgot, second_try, knows]), 1.0);
    }

    #[test]
    fn an_exercise_in_review_counts_as_passed_though_a_check_failed_before() {
        let first = at(1, Kind::Exercise, 1.0, 3, false);
        let failed = at(8, Kind::Exercise, 0.0, 0, true);
        let passed = at(8, Kind::Exercise, 1.0, 0, true);
        assert_eq!(of(&[first.clone(), failed.clone()]), 0.0);
        assert_eq!(of(&[first, failed, passed]), 1.0);
    }
}

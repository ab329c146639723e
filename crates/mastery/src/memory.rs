//! How well something is remembered: FSRS-6 with its default parameters, replayed from the attempts.

use std::collections::BTreeMap;

use fsrs::{FSRS, FSRS6_DEFAULT_DECAY, FSRSItem, FSRSReview, MemoryState, current_retrievability};

use crate::{Attempt, Day, Kind};

/// An item is due when the chance to remember it has fallen to this: FSRS's own default.
pub const RETENTION: f32 = 0.9;

/// What a student remembers of one item. It begins on the first day on which the item was right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    state: MemoryState,
    last: Day,
    due: Day,
}

/// FSRS's grades. Its fourth, "easy", nobody is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grade {
    Again = 1,
    Hard = 2,
    Good = 3,
}

impl Memory {
    /// What the attempts (one student's at one item, oldest first) leave behind; `None` while none was
    /// right. What was tried on days before the first with a right one was still learning, and counts
    /// for nothing.
    ///
    /// Each day is one repetition, with one grade: *good* where a question was right at the first
    /// attempt or an exercise passed, *hard* where that took hints or a question's second attempt,
    /// *again* otherwise. Failed checks of an exercise that passes that day are part of the work.
    #[must_use]
    pub fn replay<'a, K: 'a>(attempts: impl IntoIterator<Item = &'a Attempt<K>>) -> Option<Self> {
        let mut days: BTreeMap<Day, Vec<&Attempt<K>>> = BTreeMap::new();
        for attempt in attempts {
            days.entry(attempt.day).or_default().push(attempt);
        }
        let days: Vec<_> = days
            .into_iter()
            .skip_while(|(_, attempts)| !attempts.iter().any(|attempt| attempt.right))
            .collect();
        let (last, _) = days.last()?;
        let mut before = None;
        let reviews = days
            .iter()
            .map(|(day, attempts)| FSRSReview {
                rating: Grade::of(attempts) as u32,
                delta_t: day.since(before.replace(*day).unwrap_or(*day)),
            })
            .collect();
        Some(Self::after(reviews, *last))
    }

    fn after(reviews: Vec<FSRSReview>, last: Day) -> Self {
        let fsrs = FSRS::default();
        let state = fsrs
            .memory_state(FSRSItem { reviews }, None)
            .expect("FSRS keeps its states finite with its own parameters");
        // FSRS's unit is the day, and a second time on the same day is no repetition.
        let days = fsrs
            .next_interval(Some(state.stability), RETENTION, Grade::Good as u32)
            .round()
            .max(1.0);
        Self {
            state,
            last,
            // Intervals end at 100 years.
            due: last.plus(days as u32),
        }
    }

    /// From which day on the item is to be looked at again.
    #[must_use]
    pub fn due(&self) -> Day {
        self.due
    }

    /// The chance that the item is still remembered on a day, 0 to 1.
    #[must_use]
    pub fn recall(&self, on: Day) -> f32 {
        current_retrievability(self.state, on.since(self.last) as f32, FSRS6_DEFAULT_DECAY)
    }
}

impl Grade {
    /// Of what was attempted on one day.
    fn of<K>(attempts: &[&Attempt<K>]) -> Self {
        let Some(right) = attempts.iter().position(|attempt| attempt.right) else {
            return Self::Again;
        };
        let attempt = attempts[right];
        match (attempt.kind, right) {
            (Kind::Exercise, _) | (Kind::Question, 0) if attempt.hints == 0 => Self::Good,
            (Kind::Exercise, _) | (Kind::Question, 0 | 1) => Self::Hard,
            (Kind::Question, _) => Self::Again,
        }
    }
}

/// The memory of each item that was ever right, from one student's attempts, oldest first.
#[must_use]
pub fn memories<K: Ord + Clone>(attempts: &[Attempt<K>]) -> BTreeMap<K, Memory> {
    let mut by_item: BTreeMap<&K, Vec<&Attempt<K>>> = BTreeMap::new();
    for attempt in attempts {
        by_item.entry(&attempt.item).or_default().push(attempt);
    }
    by_item
        .into_iter()
        .filter_map(|(item, attempts)| Some((item.clone(), Memory::replay(attempts)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(day: i32, right: bool) -> Attempt<()> {
        at(day, Kind::Question, right, 0)
    }

    fn at(day: i32, kind: Kind, right: bool, hints: u32) -> Attempt<()> {
        Attempt {
            item: (),
            kind,
            score: f64::from(right),
            right,
            hints,
            day: Day(day),
            spent: None,
            review: false,
        }
    }

    fn due(attempts: &[Attempt<()>]) -> Day {
        Memory::replay(attempts).expect("a memory").due()
    }

    #[test]
    fn an_item_enters_on_the_day_it_is_first_right() {
        assert_eq!(Memory::replay(&[question(1, false)]), None);
        let late = [question(1, false), question(1, false), question(5, true)];
        assert_eq!(Memory::replay(&late), Memory::replay(&[question(5, true)]));
    }

    #[test]
    fn intervals_are_those_of_fsrs_6() {
        // Its initial stabilities 0.212, 1.2931 and 2.3065 days, in whole days and at least one.
        let again = [question(1, false), question(1, false), question(1, true)];
        assert_eq!(due(&again), Day(2));
        assert_eq!(due(&[question(1, false), question(1, true)]), Day(2));
        assert_eq!(due(&[question(1, true)]), Day(3));
        // After a second success on the third day.
        assert_eq!(due(&[question(1, true), question(3, true)]), Day(14));
    }

    #[test]
    fn what_was_forgotten_comes_back_the_next_day() {
        let forgot = [question(1, true), question(3, true), question(14, false)];
        assert!(due(&forgot) <= Day(16), "{:?}", due(&forgot));
    }

    #[test]
    fn hints_make_it_hard_and_failed_checks_do_not() {
        let failed = at(1, Kind::Exercise, false, 0);
        let passed = at(1, Kind::Exercise, true, 0);
        let helped = at(1, Kind::Exercise, true, 1);
        let after_failures = due(&[failed.clone(), failed, passed.clone()]);
        let at_once = due(&[passed]);
        assert_eq!(after_failures, at_once);
        assert!(due(&[helped]) < at_once);
    }

    #[test]
    fn memory_fades() {
        let memory = Memory::replay(&[question(1, true)]).expect("a memory");
        assert_eq!(memory.recall(Day(1)), 1.0);
        assert!((memory.recall(memory.due()) - RETENTION).abs() < 0.02);
        assert!(memory.recall(Day(100)) < memory.recall(Day(10)));
    }
}

//! What a student is to look at again today.

use std::time::Duration;

use crate::{Attempt, Day, Kind, Memory};

/// The most that a day's list takes: what fits before a class begins.
pub const DAY_LIMIT: Duration = Duration::from_secs(15 * 60);

/// What a question takes somebody of whom nothing is known yet.
const QUESTION_TAKES: Duration = Duration::from_secs(60);

/// An exercise takes the lesson's time divided by this: a lesson is read as well.
const EXERCISE_PART: u32 = 4;

/// And not more than this: it has been done before.
const EXERCISE_TAKES_MOST: Duration = Duration::from_secs(6 * 60);

/// Something that may be on the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<K> {
    /// Which item.
    pub item: K,
    /// What is left of it.
    pub memory: Memory,
    /// How long it will take: see [`estimate`].
    pub takes: Duration,
}

/// How long an item of a lesson that takes `lesson` will take a student: the median of what their own
/// attempts at it (`own`) took, as far as that is known; else a minute for a question, and for an
/// exercise a quarter of the lesson but at most six minutes. Never more than [`DAY_LIMIT`]: who leaves
/// a page open over lunch does not work on it.
#[must_use]
pub fn estimate<'a, K: 'a>(
    kind: Kind,
    lesson: Duration,
    own: impl IntoIterator<Item = &'a Attempt<K>>,
) -> Duration {
    let mut spent: Vec<Duration> = own
        .into_iter()
        .filter_map(|attempt| attempt.spent)
        .collect();
    spent.sort_unstable();
    let takes = match (spent.get(spent.len() / 2), kind) {
        // Of an even number the upper of the two in the middle: rather too little on a list.
        (Some(median), _) => *median,
        (None, Kind::Question) => QUESTION_TAKES,
        (None, Kind::Exercise) => (lesson / EXERCISE_PART).min(EXERCISE_TAKES_MOST),
    };
    takes.min(DAY_LIMIT)
}

/// The list of a day: what is due, the most forgotten first, as much as fits into [`DAY_LIMIT`]. What
/// no longer fits waits for another day; something shorter behind it may still fit. The first item is
/// on the list however long it takes.
///
/// For a list that stays the same all day, `candidates` are made of the attempts before the day.
#[must_use]
pub fn day_list<K: Ord>(candidates: Vec<Candidate<K>>, today: Day) -> Vec<Candidate<K>> {
    let mut due: Vec<_> = candidates
        .into_iter()
        .filter(|candidate| candidate.memory.due() <= today)
        .collect();
    due.sort_by(|a, b| {
        let (recall_a, recall_b) = (a.memory.recall(today), b.memory.recall(today));
        recall_a
            .total_cmp(&recall_b)
            .then_with(|| a.item.cmp(&b.item))
    });
    let mut total: Option<Duration> = None;
    due.retain(|candidate| {
        let with_it = total.unwrap_or_default() + candidate.takes;
        let fits = total.is_none() || with_it <= DAY_LIMIT;
        if fits {
            total = Some(with_it);
        }
        fits
    });
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(60 * minutes)
    }

    /// Right on `day`, and never again.
    fn candidate(item: &'static str, day: i32, takes: Duration) -> Candidate<&'static str> {
        let attempt = attempt(item, day, None);
        Candidate {
            item,
            memory: Memory::replay(&[attempt]).expect("a memory"),
            takes,
        }
    }

    fn attempt(item: &'static str, day: i32, spent: Option<Duration>) -> Attempt<&'static str> {
        Attempt {
            item,
            kind: Kind::Question,
            score: 1.0,
            right: true,
            hints: 0,
            day: Day(day),
            spent,
            review: false,
        }
    }

    fn listed(candidates: Vec<Candidate<&'static str>>) -> Vec<&'static str> {
        day_list(candidates, Day(100))
            .into_iter()
            .map(|it| it.item)
            .collect()
    }

    #[test]
    fn the_most_forgotten_come_first_and_what_is_not_due_does_not_come() {
        let candidates = vec![
            candidate("recent", 90, minutes(1)),
            candidate("yesterday", 99, minutes(1)),
            candidate("old", 10, minutes(1)),
            candidate("also old", 10, minutes(1)),
        ];
        assert_eq!(listed(candidates), ["also old", "old", "recent"]);
    }

    #[test]
    fn fifteen_minutes_are_filled_and_not_exceeded() {
        let candidates = vec![
            candidate("ten", 10, minutes(10)),
            candidate("six", 20, minutes(6)),
            candidate("five", 30, minutes(5)),
            candidate("one", 40, minutes(1)),
        ];
        assert_eq!(listed(candidates), ["ten", "five"]);
        let long = vec![
            candidate("an hour", 10, minutes(60)),
            candidate("one", 40, minutes(1)),
        ];
        assert_eq!(listed(long), ["an hour"]);
        let behind_nothing = vec![
            candidate("no time", 10, Duration::ZERO),
            candidate("an hour", 20, minutes(60)),
        ];
        assert_eq!(listed(behind_nothing), ["no time"]);
    }

    #[test]
    fn an_estimate_is_ones_own_median_where_there_is_one() {
        let own: Vec<_> = [9, 2, 3]
            .into_iter()
            .map(|spent| attempt("it", 1, Some(minutes(spent))))
            .collect();
        let unknown = [attempt("it", 1, None)];
        assert_eq!(estimate(Kind::Question, minutes(20), &own), minutes(3));
        assert_eq!(estimate(Kind::Question, minutes(20), &unknown), minutes(1));
        assert_eq!(estimate(Kind::Exercise, minutes(20), &unknown), minutes(5));
        assert_eq!(estimate(Kind::Exercise, minutes(60), &unknown), minutes(6));
        let lunch = [attempt("it", 1, Some(minutes(70)))];
        assert_eq!(estimate(Kind::Question, minutes(20), &lunch), DAY_LIMIT);
    }
}

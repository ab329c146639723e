//! What must hold of the rules whatever the record is.

use std::time::Duration;

use mastery::{
    Attempt, Candidate, DAY_LIMIT, Day, Kind, Mastery, Memory, day_list, evidence, memories,
};
use proptest::prelude::*;

fn attempt() -> impl Strategy<Value = Attempt<u8>> {
    let score = prop_oneof![Just(0.0), Just(1.0), 0.0..1.0];
    (
        0..6u8,
        any::<bool>(),
        score,
        0..5u32,
        0..200i32,
        any::<bool>(),
    )
        .prop_map(|(item, question, score, hints, day, review)| Attempt {
            item,
            kind: if question {
                Kind::Question
            } else {
                Kind::Exercise
            },
            score,
            right: score >= 1.0,
            hints,
            day: Day(day),
            spent: None,
            review,
        })
}

fn record() -> impl Strategy<Value = Vec<Attempt<u8>>> {
    prop::collection::vec(attempt(), 0..60).prop_map(|mut attempts| {
        attempts.sort_by_key(|attempt| attempt.day);
        attempts
    })
}

proptest! {
    #[test]
    fn mastery_lies_between_0_and_1_within_its_interval(
        items in prop::collection::vec((0.0..=1.0, 0..200u32), 0..80),
    ) {
        let mastery = Mastery::of(items);
        prop_assert!(0.0 <= mastery.low && mastery.high <= 1.0, "{mastery:?}");
        prop_assert!(mastery.low < mastery.mean && mastery.mean < mastery.high, "{mastery:?}");
    }

    #[test]
    fn more_evidence_for_it_never_lowers_mastery(
        items in prop::collection::vec((0.0..=1.0, 1..5u32), 1..40),
        which: prop::sample::Index,
        more in 0.0..=1.0,
    ) {
        let before = Mastery::of(items.clone());
        let mut better = items.clone();
        let which = which.index(items.len());
        better[which].0 += more * (1.0 - better[which].0);
        let after = Mastery::of(better);
        prop_assert!(after.mean >= before.mean);
        prop_assert!(after.low >= before.low - 1e-9 && after.high >= before.high - 1e-9);
    }

    #[test]
    fn evidence_lies_between_0_and_1(attempts in record()) {
        prop_assert!(evidence(&attempts).values().all(|worth| (0.0..=1.0).contains(worth)));
    }

    #[test]
    fn a_memory_is_of_its_items_attempts_alone(attempts in record()) {
        for (item, memory) in memories(&attempts) {
            let own = attempts.iter().filter(|attempt| attempt.item == item);
            prop_assert_eq!(Memory::replay(own.clone()), Some(memory));
            // Whether one replays it now or on a later day changes nothing, so only the day's own
            // attempts can move what is due.
            let last = own.map(|attempt| attempt.day).max().unwrap_or(Day(0));
            prop_assert!(memory.due() > last);
            prop_assert!(memory.recall(last) >= memory.recall(memory.due()));
        }
    }

    #[test]
    fn what_has_not_happened_yet_changes_no_memory(attempts in record(), today in 0..200i32) {
        let until: Vec<_> = attempts.iter().filter(|it| it.day <= Day(today)).cloned().collect();
        let untouched = |item| attempts.iter().all(|it| it.item != item || it.day <= Day(today));
        let all = memories(&attempts);
        for (item, memory) in memories(&until) {
            if untouched(item) {
                prop_assert_eq!(all.get(&item), Some(&memory));
            }
        }
    }

    #[test]
    fn a_days_list_takes_15_minutes_unless_its_first_item_takes_more(
        attempts in record(),
        minutes in prop::collection::vec(0..40u64, 6),
        today in 0..400i32,
    ) {
        let candidates: Vec<_> = memories(&attempts)
            .into_iter()
            .map(|(item, memory)| Candidate {
                item,
                memory,
                takes: Duration::from_secs(60 * minutes[usize::from(item)]),
            })
            .collect();
        let is_due = candidates.iter().any(|it| it.memory.due() <= Day(today));
        let list = day_list(candidates, Day(today));
        let total: Duration = list.iter().map(|it| it.takes).sum();
        prop_assert!(total <= DAY_LIMIT || list[0].takes == total);
        prop_assert_eq!(list.is_empty(), !is_due);
        prop_assert!(list.iter().all(|it| it.memory.due() <= Day(today)));
        let by_recall = list.is_sorted_by_key(|it| it.memory.recall(Day(today)));
        prop_assert!(by_recall);
    }
}

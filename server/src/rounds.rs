//! In which round a student has an exercise: the first, or one in which it came back for review.

use std::collections::{HashMap, HashSet};

use course::{Exercise, ItemId, Lesson, Values};
use store::{AccountId, Attempt, Circumstances, Place, Store};

/// How many rounds are looked through for values that are others than the last ones'. Where an author
/// offers only two of something, half the rounds have the same.
const ROUNDS_TRIED: i64 = 16;

/// The rounds of one student in one lesson. What never came back is in round 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds(HashMap<ItemId, i64>);

impl Rounds {
    /// As they are on record.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub(crate) async fn of(
        store: &dyn Store,
        account: AccountId,
        lesson: &Lesson,
    ) -> store::Result<Self> {
        let rounds = store.rounds(account).await?.into_iter();
        let here = rounds.filter(|round| round.lesson == lesson.id.as_str());
        Ok(Self(
            here.filter_map(|round| Some((round.exercise.parse().ok()?, round.round)))
                .collect(),
        ))
    }

    /// The round of an exercise.
    pub(crate) fn round(&self, exercise: &ItemId) -> i64 {
        self.0.get(exercise).copied().unwrap_or(0)
    }

    /// The values that an exercise has for a student; an example for nobody. One that takes another's
    /// has those of that one's round.
    pub(crate) fn values(
        &self,
        whose: Option<AccountId>,
        lesson: &Lesson,
        exercise: &Exercise,
    ) -> Values {
        values(whose, lesson, exercise, self.round(owner(exercise)))
    }

    /// What an attempt at an exercise that passes now is recorded with.
    pub(crate) fn circumstances(&self, exercise: &ItemId) -> Circumstances {
        let round = self.round(exercise);
        let place = if round > 0 {
            Place::Review
        } else {
            Place::Lesson
        };
        Circumstances {
            place,
            round,
            ..Circumstances::default()
        }
    }

    /// What is done, of a lesson's attempts: an exercise only if it was in its present round.
    pub(crate) fn done(&self, attempts: &[Attempt]) -> HashSet<ItemId> {
        let right = attempts.iter().filter(|attempt| attempt.right);
        right
            .filter_map(|attempt| {
                let item: ItemId = attempt.item.parse().ok()?;
                (attempt.circumstances.round >= self.round(&item)).then_some(item)
            })
            .collect()
    }

    /// The next round of an exercise: one with other values, where there are any.
    pub(crate) fn next(&self, account: AccountId, lesson: &Lesson, exercise: &Exercise) -> i64 {
        let now = self.round(&exercise.id);
        let in_round = |round| values(Some(account), lesson, exercise, round);
        let next = now + 1;
        let others = (next..next + ROUNDS_TRIED).find(|round| in_round(*round) != in_round(now));
        others.unwrap_or(next)
    }
}

/// The exercise whose round decides the values of this one.
fn owner(exercise: &Exercise) -> &ItemId {
    exercise.vars_of.as_ref().unwrap_or(&exercise.id)
}

/// The first round's seed is the account alone, so that nothing changes for who is in it.
fn values(whose: Option<AccountId>, lesson: &Lesson, exercise: &Exercise, round: i64) -> Values {
    let student = whose.map(|account| account.to_string());
    let seed = match (student, round) {
        (None, _) => String::new(),
        (Some(student), 0) => student,
        (Some(student), round) => format!("{student}~{round}"),
    };
    lesson.values(exercise, &seed)
}

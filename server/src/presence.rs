//! Who is there: when each student last gave a sign of life, and which exercise they were at.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use course::{ItemId, LessonId};
use store::AccountId;

/// After how long without a sign of life a student counts as away: long enough to read a page of
/// the lesson, and well before an unused machine falls asleep (15 minutes by default).
const AWAY_AFTER: Duration = Duration::from_secs(300);

/// When each student last asked for a page, sent a form, came back to an open page or typed; and the
/// exercise that they last did something with.
#[derive(Default)]
pub(crate) struct Presence {
    seen: Mutex<HashMap<AccountId, Instant>>,
    at: Mutex<HashMap<AccountId, (LessonId, ItemId)>>,
}

impl Presence {
    /// Notes a sign of life.
    pub(crate) fn seen(&self, account: AccountId) {
        lock(&self.seen).insert(account, Instant::now());
    }

    /// Whether the student has given one lately.
    pub(crate) fn is_here(&self, account: AccountId) -> bool {
        let seen = lock(&self.seen).get(&account).copied();
        seen.is_some_and(|seen| seen.elapsed() < AWAY_AFTER)
    }

    /// Notes the exercise that the student does something with.
    pub(crate) fn is_at(&self, account: AccountId, lesson: LessonId, exercise: ItemId) {
        lock(&self.at).insert(account, (lesson, exercise));
    }

    /// The exercise that the student last did something with.
    pub(crate) fn at(&self, account: AccountId) -> Option<(LessonId, ItemId)> {
        lock(&self.at).get(&account).cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

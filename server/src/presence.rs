//! Who is there: when each student last gave a sign of life.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use store::AccountId;

/// After how long without a sign of life a student counts as away: long enough to read a page of
/// the lesson, and well before an unused machine falls asleep (15 minutes by default).
const AWAY_AFTER: Duration = Duration::from_secs(300);

/// When each student last asked for a page, sent a form, came back to an open page or typed.
#[derive(Default)]
pub(crate) struct Presence(Mutex<HashMap<AccountId, Instant>>);

impl Presence {
    /// Notes a sign of life.
    pub(crate) fn seen(&self, account: AccountId) {
        self.last_seen().insert(account, Instant::now());
    }

    /// Whether the student has given one lately.
    pub(crate) fn is_here(&self, account: AccountId) -> bool {
        let seen = self.last_seen().get(&account).copied();
        seen.is_some_and(|seen| seen.elapsed() < AWAY_AFTER)
    }

    fn last_seen(&self) -> MutexGuard<'_, HashMap<AccountId, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

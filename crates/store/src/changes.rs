//! Whether what was read of the record is still so.
//!
//! Whoever keeps what they read takes a [`Stamp`] before they read, and may use it for as long as the
//! stamp is the same: every function that writes makes the stamps of those whom it concerns others
//! before it returns. It knows of this process's writes only.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::AccountId;

/// How many counters accounts share: 8 KiB. Where two share one, a change of the one is taken for a
/// change of the other, which costs a second reading and nothing else.
const COUNTERS: usize = 1024;

/// What is on record of an account, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    everybody: u64,
    account: u64,
}

/// Counts changes.
#[derive(Debug)]
pub(crate) struct Changes {
    everybody: AtomicU64,
    accounts: Box<[AtomicU64]>,
}

impl Changes {
    /// As nothing has changed yet.
    pub(crate) fn new() -> Self {
        Self {
            everybody: AtomicU64::new(0),
            accounts: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// What is on record of an account now.
    pub(crate) fn stamp(&self, account: AccountId) -> Stamp {
        Stamp {
            everybody: self.everybody.load(Ordering::SeqCst),
            account: self.counter(account).load(Ordering::SeqCst),
        }
    }

    /// Something is about to change of an account.
    pub(crate) fn of(&self, account: AccountId) -> Change<'_> {
        Change(self.counter(account))
    }

    /// Something is about to change that may concern anybody.
    pub(crate) fn of_all(&self) -> Change<'_> {
        Change(&self.everybody)
    }

    fn counter(&self, account: AccountId) -> &AtomicU64 {
        let index = account.get().unsigned_abs() % COUNTERS as u64;
        &self.accounts[usize::try_from(index).unwrap_or(0)]
    }
}

/// A change under way. It counts when this is dropped, however the change went: one that failed may
/// have been made all the same.
#[must_use]
pub(crate) struct Change<'a>(&'a AtomicU64);

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

//! Hints: how many a student has opened before an exercise is done.

use async_trait::async_trait;

use crate::{AccountId, Result};

/// What was opened of exercises' hints.
#[async_trait]
pub trait Hints: Send + Sync {
    /// Notes that `account` has opened `count` of an exercise's hints in this round. Fewer than are
    /// noted already change nothing.
    async fn open_hints(
        &self,
        account: AccountId,
        lesson: &str,
        exercise: &str,
        round: i64,
        count: i64,
    ) -> Result<()>;

    /// How many of an exercise's hints `account` has opened in this round.
    async fn hints_opened(
        &self,
        account: AccountId,
        lesson: &str,
        exercise: &str,
        round: i64,
    ) -> Result<i64>;
}

//! Reviews: exercises that come back, each time as another round with values of its own.

use async_trait::async_trait;
use serde::Serialize;

use crate::{AccountId, Attempt, Result};

/// The round in which a student has an exercise that came back for review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct ReviewRound {
    /// The lesson's id.
    pub lesson: String,
    /// The exercise's id.
    pub exercise: String,
    /// Which round: 1 or more.
    pub round: i64,
    /// When it began, in unix milliseconds.
    pub at_ms: i64,
}

/// What came back for review, and what that is decided by.
#[async_trait]
pub trait Reviews: Send + Sync {
    /// All attempts of `account`, in all lessons, oldest first.
    async fn history(&self, account: AccountId) -> Result<Vec<Attempt>>;

    /// The time zone in which `account` has its days, by its IANA name: that of the class joined first,
    /// else of the class taught first; `None` without a class.
    async fn time_zone_of(&self, account: AccountId) -> Result<Option<String>>;

    /// The last round of each exercise that came back for `account`, by lesson and exercise.
    async fn rounds(&self, account: AccountId) -> Result<Vec<ReviewRound>>;

    /// Begins a round of an exercise. One that has begun already stays as it is.
    async fn begin_round(
        &self,
        account: AccountId,
        lesson: &str,
        exercise: &str,
        round: i64,
    ) -> Result<()>;
}

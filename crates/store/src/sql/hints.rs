//! Hints, in SQL.

use async_trait::async_trait;

use super::Record;
use crate::{AccountId, Hints, Result};

#[async_trait]
impl Hints for Record {
    async fn open_hints(
        &self,
        account: AccountId,
        lesson: &str,
        exercise: &str,
        round: i64,
        count: i64,
    ) -> Result<()> {
        let _change = self.changes.of(account);
        sqlx::query(
            "INSERT INTO hints_opened (account, lesson, exercise, round, count)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account, lesson, exercise, round) DO UPDATE SET count = excluded.count
             WHERE hints_opened.count < excluded.count",
        )
        .bind(account)
        .bind(lesson)
        .bind(exercise)
        .bind(round)
        .bind(count)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn hints_opened(
        &self,
        account: AccountId,
        lesson: &str,
        exercise: &str,
        round: i64,
    ) -> Result<i64> {
        let count: Option<i64> = sqlx::query_scalar(
            "SELECT count FROM hints_opened
             WHERE account = $1 AND lesson = $2 AND exercise = $3 AND round = $4",
        )
        .bind(account)
        .bind(lesson)
        .bind(exercise)
        .bind(round)
        .fetch_optional(&self.pool)
        .await?;
        Ok(count.unwrap_or(0))
    }
}

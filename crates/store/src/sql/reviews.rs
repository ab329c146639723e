//! Reviews, in SQL.

use async_trait::async_trait;

use super::{
    Record,
    attempts::{ATTEMPT, Row},
};
use crate::{AccountId, Attempt, Result, ReviewRound, Reviews, now_ms};

#[async_trait]
impl Reviews for Record {
    async fn history(&self, account: AccountId) -> Result<Vec<Attempt>> {
        let query = format!("SELECT {ATTEMPT} FROM attempts WHERE account = $1 ORDER BY id");
        let rows: Vec<Row> = sqlx::query_as(&query)
            .bind(account)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(Row::attempt).collect()
    }

    async fn time_zone_of(&self, account: AccountId) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(
            "SELECT time_zone FROM (
                 SELECT classes.id, time_zone, 0 AS teaches FROM classes
                     JOIN memberships ON memberships.class = classes.id
                     WHERE memberships.account = $1
                 UNION ALL
                 SELECT classes.id, time_zone, 1 FROM classes
                     JOIN class_teachers ON class_teachers.class = classes.id
                     WHERE class_teachers.account = $1
             ) AS mine ORDER BY teaches, id LIMIT 1",
        )
        .bind(account)
        .fetch_optional(&self.pool)
        .await?)
    }

    async fn rounds(&self, account: AccountId) -> Result<Vec<ReviewRound>> {
        Ok(sqlx::query_as(
            "SELECT lesson, exercise, MAX(round) AS round, MAX(at_ms) AS at_ms
             FROM review_rounds WHERE account = $1
             GROUP BY lesson, exercise ORDER BY lesson, exercise",
        )
        .bind(account)
        .fetch_all(&self.pool)
        .await?)
    }

    async fn begin_round(
        &self,
        account: AccountId,
        lesson: &str,
        exercise: &str,
        round: i64,
    ) -> Result<()> {
        let _change = self.changes.of(account);
        sqlx::query(
            "INSERT INTO review_rounds (account, lesson, exercise, round, at_ms)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account, lesson, exercise, round) DO NOTHING",
        )
        .bind(account)
        .bind(lesson)
        .bind(exercise)
        .bind(round)
        .bind(now_ms())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

//! Attempts, Classes, in SQL.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::FromRow;

use super::{Connection, Record};
use crate::{
    Account, AccountId, Attempt, AttemptId, Attempts, Circumstances, ClassId, Classes, Error,
    ItemKind, ItemProgress, NewAttempt, Place, RecordError, Recorded, Result, StudentProgress,
    Tried, now_ms,
};

/// An attempt as it is kept.
#[derive(FromRow)]
pub(super) struct Row {
    id: AttemptId,
    account: AccountId,
    lesson: String,
    item: String,
    kind: ItemKind,
    version: String,
    response: String,
    score: f64,
    is_right: bool,
    at_ms: i64,
    #[sqlx(flatten)]
    circumstances: Circumstances,
}

/// The columns of a [`Row`].
pub(super) const ATTEMPT: &str =
    "id, account, lesson, item, kind, version, response, score, is_right, at_ms,
    place, spent_ms, hints, round";

/// The columns of an [`ItemProgress`], by lesson, item and kind.
const PROGRESS: &str = "lesson, item, kind, COUNT(*) AS tries, MAX(score) AS best,
    MAX(CASE WHEN is_right THEN 1 ELSE 0 END) = 1 AS done,
    MIN(at_ms) AS first_ms, MAX(at_ms) AS last_ms";

impl Row {
    pub(super) fn attempt(self) -> Result<Attempt> {
        Ok(Attempt {
            id: self.id,
            account: self.account,
            lesson: self.lesson,
            item: self.item,
            kind: self.kind,
            version: self.version,
            response: serde_json::from_str(&self.response)
                .map_err(|error| sqlx::Error::Decode(error.into()))?,
            score: self.score,
            right: self.is_right,
            at_ms: self.at_ms,
            circumstances: self.circumstances,
        })
    }
}

#[async_trait]
impl Attempts for Record {
    async fn record(&self, new: NewAttempt<'_>) -> Result<Recorded, RecordError> {
        self.record_one(new).await
    }

    async fn record_all(&self, new: &[NewAttempt<'_>]) -> Result<Vec<Recorded>, RecordError> {
        let _changes: Vec<_> = new.iter().map(|new| self.changes.of(new.account)).collect();
        let mut transaction = self.write().await.map_err(Error)?;
        let mut recorded = Vec::with_capacity(new.len());
        for new in new {
            recorded.push(record(&mut transaction, *new).await?);
        }
        transaction.commit().await.map_err(Error)?;
        Ok(recorded)
    }

    async fn attempts_at(&self, account: AccountId, place: Place) -> Result<Vec<Attempt>> {
        let query =
            format!("SELECT {ATTEMPT} FROM attempts WHERE account = $1 AND place = $2 ORDER BY id");
        let rows: Vec<Row> = sqlx::query_as(&query)
            .bind(account)
            .bind(place)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(Row::attempt).collect()
    }

    async fn attempts(&self, account: AccountId, lesson: &str) -> Result<Vec<Attempt>> {
        let query = format!(
            "SELECT {ATTEMPT} FROM attempts WHERE account = $1 AND lesson = $2 ORDER BY id"
        );
        let rows: Vec<Row> = sqlx::query_as(&query)
            .bind(account)
            .bind(lesson)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(Row::attempt).collect()
    }

    async fn tried(
        &self,
        account: AccountId,
        lesson: &str,
        item: &str,
        version: &str,
    ) -> Result<Tried> {
        let of_item = "FROM attempts WHERE account = $1 AND lesson = $2 AND item = $3";
        let count = format!("SELECT COUNT(*) {of_item}");
        let tries: i64 = sqlx::query_scalar(&count)
            .bind(account)
            .bind(lesson)
            .bind(item)
            .fetch_one(&self.pool)
            .await?;
        let query = format!("SELECT {ATTEMPT} {of_item} AND version = $4 ORDER BY id DESC LIMIT 1");
        let last: Option<Row> = sqlx::query_as(&query)
            .bind(account)
            .bind(lesson)
            .bind(item)
            .bind(version)
            .fetch_optional(&self.pool)
            .await?;
        Ok(Tried {
            // It is not negative.
            tries: usize::try_from(tries).unwrap_or_default(),
            last: last.map(Row::attempt).transpose()?,
        })
    }

    async fn progress(&self, account: AccountId) -> Result<Vec<ItemProgress>> {
        let query = format!(
            "SELECT {PROGRESS} FROM attempts WHERE account = $1
             GROUP BY lesson, item, kind ORDER BY lesson, item, kind"
        );
        Ok(sqlx::query_as(&query)
            .bind(account)
            .fetch_all(&self.pool)
            .await?)
    }

    async fn class_progress(&self, class: ClassId) -> Result<Vec<StudentProgress>> {
        #[derive(FromRow)]
        struct OfStudent {
            account: AccountId,
            #[sqlx(flatten)]
            item: ItemProgress,
        }
        let students = self.class_students(class).await?;
        let query = format!(
            "SELECT attempts.account, {PROGRESS}
             FROM attempts JOIN memberships ON memberships.account = attempts.account
             WHERE class = $1
             GROUP BY attempts.account, lesson, item, kind ORDER BY lesson, item, kind"
        );
        let rows: Vec<OfStudent> = sqlx::query_as(&query)
            .bind(class)
            .fetch_all(&self.pool)
            .await?;
        let mut items: HashMap<AccountId, Vec<ItemProgress>> = HashMap::new();
        for row in rows {
            items.entry(row.account).or_default().push(row.item);
        }
        let with_items = |account: Account| {
            let items = items.remove(&account.id).unwrap_or_default();
            let last_ms = items.iter().map(|item| item.last_ms).max();
            StudentProgress {
                account,
                items,
                last_ms,
            }
        };
        Ok(students.into_iter().map(with_items).collect())
    }

    async fn class_attempts(
        &self,
        class: ClassId,
        after: Option<AttemptId>,
        limit: u32,
    ) -> Result<Vec<Attempt>> {
        let query = format!(
            "SELECT {ATTEMPT} FROM attempts
             WHERE id > $2 AND account IN (SELECT account FROM memberships WHERE class = $1)
             ORDER BY id LIMIT $3"
        );
        let rows: Vec<Row> = sqlx::query_as(&query)
            .bind(class)
            .bind(after.map_or(0, AttemptId::get))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(Row::attempt).collect()
    }
}

/// Records one attempt, unless its key is on record. What comes back is on disk once the transaction is.
pub(super) async fn record(
    connection: &mut Connection,
    new: NewAttempt<'_>,
) -> Result<Recorded, RecordError> {
    let query = format!(
        "INSERT INTO attempts (account, lesson, item, kind, version, response, score, is_right,
                               idempotency_key, at_ms, place, spent_ms, hints, round)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (account, idempotency_key) DO NOTHING RETURNING {ATTEMPT}"
    );
    let inserted: Option<Row> = sqlx::query_as(&query)
        .bind(new.account)
        .bind(new.lesson)
        .bind(new.item)
        .bind(new.kind)
        .bind(new.version)
        .bind(new.response.to_string())
        .bind(new.score)
        .bind(new.right)
        .bind(new.key.as_str())
        .bind(now_ms())
        .bind(new.circumstances.place)
        .bind(new.circumstances.spent_ms)
        .bind(new.circumstances.hints)
        .bind(new.circumstances.round)
        .fetch_optional(&mut *connection)
        .await
        .map_err(Error)?;
    if let Some(row) = inserted {
        let attempt = row.attempt()?;
        return Ok(Recorded { attempt, new: true });
    }
    first(connection, new).await
}

/// What is on record under the key of an attempt.
async fn first(connection: &mut Connection, new: NewAttempt<'_>) -> Result<Recorded, RecordError> {
    let query =
        format!("SELECT {ATTEMPT} FROM attempts WHERE account = $1 AND idempotency_key = $2");
    let row: Row = sqlx::query_as(&query)
        .bind(new.account)
        .bind(new.key.as_str())
        .fetch_one(connection)
        .await
        .map_err(Error)?;
    let attempt = row.attempt()?;
    if (attempt.lesson.as_str(), attempt.item.as_str()) != (new.lesson, new.item) {
        return Err(RecordError::KeyReused {
            lesson: attempt.lesson,
            item: attempt.item,
        });
    }
    Ok(Recorded {
        attempt,
        new: false,
    })
}

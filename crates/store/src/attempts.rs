//! Attempts: what students answered and did. They are only ever added; progress is read from them.

use std::{collections::HashMap, str::FromStr};

use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use crate::{Account, AccountId, AttemptId, ClassId, Error, Result, Store, now_ms};

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum ItemKind {
    /// A quiz's question.
    Question,
    /// An exercise on the machine.
    Exercise,
}

/// Names one submission, chosen by whoever submits: sent again, it is the same attempt.
/// 1 to [`ATTEMPT_KEY_MAX`] of ASCII letters, digits, `-`, `_`, `.` and `:`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttemptKey(String);

/// The longest [`AttemptKey`], in bytes: a UUID with a prefix fits.
pub const ATTEMPT_KEY_MAX: usize = 64;

/// A text that cannot be an [`AttemptKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an attempt's key is 1 to {ATTEMPT_KEY_MAX} of letters, digits, '-', '_', '.' and ':'")]
pub struct BadAttemptKey;

impl AttemptKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AttemptKey {
    type Err = BadAttemptKey;

    fn from_str(text: &str) -> Result<Self, BadAttemptKey> {
        let alphabet = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
        if (1..=ATTEMPT_KEY_MAX).contains(&text.len()) && text.bytes().all(alphabet) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadAttemptKey)
        }
    }
}

impl TryFrom<String> for AttemptKey {
    type Error = BadAttemptKey;

    fn try_from(text: String) -> Result<Self, BadAttemptKey> {
        text.parse()
    }
}

impl From<AttemptKey> for String {
    fn from(key: AttemptKey) -> Self {
        key.0
    }
}

/// An attempt to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct NewAttempt<'a> {
    /// Whose.
    pub account: AccountId,
    /// The lesson's id.
    pub lesson: &'a str,
    /// The question's or exercise's id, unique in its lesson.
    pub item: &'a str,
    /// What the item is.
    pub kind: ItemKind,
    /// Which wording of the item this answered.
    pub version: &'a str,
    /// What was answered; untrusted.
    pub response: &'a serde_json::Value,
    /// The part of the full marks, 0 to 1.
    pub score: f64,
    /// Whether it was right altogether.
    pub right: bool,
    /// Names this submission.
    pub key: &'a AttemptKey,
}

/// An attempt on record.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
pub struct Attempt {
    /// Its number.
    pub id: AttemptId,
    /// Whose.
    pub account: AccountId,
    /// The lesson's id.
    pub lesson: String,
    /// The question's or exercise's id.
    pub item: String,
    /// What the item is.
    pub kind: ItemKind,
    /// Which wording of the item this answered.
    pub version: String,
    /// What was answered; untrusted.
    #[sqlx(json)]
    pub response: serde_json::Value,
    /// The part of the full marks, 0 to 1.
    pub score: f64,
    /// Whether it was right altogether.
    #[sqlx(rename = "is_right")]
    pub right: bool,
    /// When it was recorded, in unix milliseconds.
    pub at_ms: i64,
}

/// What [`Store::record`] did.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The attempt on record: this one, or the first with the same key.
    pub attempt: Attempt,
    /// Whether it was recorded now.
    pub new: bool,
}

/// Why an attempt was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The key already names an attempt at another item: recording nothing in silence would lose
    /// this one.
    #[error("this attempt's key was used for {lesson}/{item} already")]
    KeyReused {
        /// The first attempt's lesson.
        lesson: String,
        /// The first attempt's item.
        item: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// How far somebody is with one item.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
pub struct ItemProgress {
    /// The lesson's id.
    pub lesson: String,
    /// The question's or exercise's id.
    pub item: String,
    /// What the item is.
    pub kind: ItemKind,
    /// How many attempts there are.
    pub tries: u32,
    /// The best score, 0 to 1.
    pub best: f64,
    /// Whether any attempt was right.
    pub done: bool,
    /// When it was first attempted, in unix milliseconds.
    pub first_ms: i64,
    /// When it was last attempted, in unix milliseconds.
    pub last_ms: i64,
}

/// How far a student of a class is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StudentProgress {
    /// The student.
    pub account: Account,
    /// What they attempted, by lesson and item.
    pub items: Vec<ItemProgress>,
    /// When they last attempted anything, in unix milliseconds.
    pub last_ms: Option<i64>,
}

impl Store {
    /// Records an attempt. When this returns, it is on disk. The same key again, also at the same
    /// moment, records nothing and returns the first attempt.
    pub async fn record(&self, new: NewAttempt<'_>) -> Result<Recorded, RecordError> {
        let inserted = sqlx::query(
            "INSERT INTO attempts (account, lesson, item, kind, version, response, score, is_right,
                                   idempotency_key, at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (account, idempotency_key) DO NOTHING",
        )
        .bind(new.account)
        .bind(new.lesson)
        .bind(new.item)
        .bind(new.kind)
        .bind(new.version)
        .bind(Json(new.response))
        .bind(new.score)
        .bind(new.right)
        .bind(new.key.as_str())
        .bind(now_ms())
        .execute(&self.pool)
        .await
        .map_err(Error)?;
        let attempt: Attempt = sqlx::query_as(
            "SELECT id, account, lesson, item, kind, version, response, score, is_right, at_ms
             FROM attempts WHERE account = $1 AND idempotency_key = $2",
        )
        .bind(new.account)
        .bind(new.key.as_str())
        .fetch_one(&self.pool)
        .await
        .map_err(Error)?;
        if (attempt.lesson.as_str(), attempt.item.as_str()) != (new.lesson, new.item) {
            return Err(RecordError::KeyReused {
                lesson: attempt.lesson,
                item: attempt.item,
            });
        }
        Ok(Recorded {
            attempt,
            new: inserted.rows_affected() == 1,
        })
    }

    /// All attempts of `account` in `lesson`, oldest first.
    pub async fn attempts(&self, account: AccountId, lesson: &str) -> Result<Vec<Attempt>> {
        Ok(sqlx::query_as(
            "SELECT id, account, lesson, item, kind, version, response, score, is_right, at_ms
             FROM attempts WHERE account = $1 AND lesson = $2 ORDER BY id",
        )
        .bind(account)
        .bind(lesson)
        .fetch_all(&self.pool)
        .await?)
    }

    /// How far `account` is with every item ever attempted, by lesson and item.
    pub async fn progress(&self, account: AccountId) -> Result<Vec<ItemProgress>> {
        Ok(sqlx::query_as(
            "SELECT lesson, item, kind, COUNT(*) AS tries, MAX(score) AS best,
                    MAX(is_right) AS done, MIN(at_ms) AS first_ms, MAX(at_ms) AS last_ms
             FROM attempts WHERE account = $1
             GROUP BY lesson, item, kind ORDER BY lesson, item, kind",
        )
        .bind(account)
        .fetch_all(&self.pool)
        .await?)
    }

    /// How far each student of `class` is, by name; also those who have attempted nothing.
    pub async fn class_progress(&self, class: ClassId) -> Result<Vec<StudentProgress>> {
        #[derive(sqlx::FromRow)]
        struct Row {
            account: AccountId,
            #[sqlx(flatten)]
            item: ItemProgress,
        }
        let students: Vec<Account> = sqlx::query_as(
            "SELECT id, name, role, lang
             FROM accounts JOIN memberships ON account = accounts.id
             WHERE class = $1 ORDER BY name_key",
        )
        .bind(class)
        .fetch_all(&self.pool)
        .await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT attempts.account, lesson, item, kind, COUNT(*) AS tries, MAX(score) AS best,
                    MAX(is_right) AS done, MIN(at_ms) AS first_ms, MAX(at_ms) AS last_ms
             FROM attempts JOIN memberships ON memberships.account = attempts.account
             WHERE class = $1
             GROUP BY attempts.account, lesson, item, kind ORDER BY lesson, item, kind",
        )
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
}

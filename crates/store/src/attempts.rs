//! Attempts: what students answered and did. They are only ever added; progress is read from them.

use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Account, AccountId, AttemptId, ClassId, Error, Result};

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "TEXT", rename_all = "lowercase")]
pub enum ItemKind {
    /// A quiz's question.
    Question,
    /// An exercise on the machine.
    Exercise,
}

/// Where something was attempted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "TEXT", rename_all = "lowercase")]
pub enum Place {
    /// On its lesson's page.
    #[default]
    Lesson,
    /// In its unit's quiz.
    Quiz,
    /// In the test of what somebody knows already.
    Placement,
    /// When it came back after a while.
    Review,
}

/// Where and how something was attempted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Circumstances {
    /// Where.
    pub place: Place,
    /// How long it took, in milliseconds, as far as that is known. Told by the browser: untrusted.
    pub spent_ms: Option<i64>,
    /// How many hints were opened before. Told by the browser: untrusted.
    pub hints: i64,
    /// Of an exercise the round whose values it had: 0 at first, and another with each review. Of a
    /// question in a quiz or placement which sitting it was, from 0.
    pub round: i64,
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
    /// Where and how it was made.
    pub circumstances: Circumstances,
}

/// An attempt on record.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    pub response: serde_json::Value,
    /// The part of the full marks, 0 to 1.
    pub score: f64,
    /// Whether it was right altogether.
    pub right: bool,
    /// When it was recorded, in unix milliseconds.
    pub at_ms: i64,
    /// Where and how it was made.
    #[serde(flatten)]
    pub circumstances: Circumstances,
}

/// What an account has tried of one item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tried {
    /// How often, at any version of it.
    pub tries: usize,
    /// Its last attempt at the version that is asked for.
    pub last: Option<Attempt>,
}

impl Tried {
    /// What these attempts, oldest first, say of an item and its version.
    pub fn of(attempts: &[Attempt], item: &str, version: &str) -> Self {
        let of_item = || attempts.iter().filter(|attempt| attempt.item == item);
        let last = of_item().rfind(|attempt| attempt.version == version);
        Self {
            tries: of_item().count(),
            last: last.cloned(),
        }
    }
}

/// What [`Attempts::record`] did.
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
    pub tries: i64,
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

/// What was attempted.
#[async_trait]
pub trait Attempts: Send + Sync {
    /// Records an attempt. When this returns, it is on disk. The same key again, also at the same
    /// moment, records nothing and returns the first attempt.
    async fn record(&self, new: NewAttempt<'_>) -> Result<Recorded, RecordError>;

    /// Records attempts that were handed in together: all of them or, on an error, none. Those whose
    /// keys are on record already stay as they are.
    async fn record_all(&self, new: &[NewAttempt<'_>]) -> Result<Vec<Recorded>, RecordError>;

    /// All attempts of `account` at this place, whatever the lesson, oldest first.
    async fn attempts_at(&self, account: AccountId, place: Place) -> Result<Vec<Attempt>>;

    /// All attempts of `account` in `lesson`, oldest first.
    async fn attempts(&self, account: AccountId, lesson: &str) -> Result<Vec<Attempt>>;

    /// What `account` has tried of an item of `lesson`: as [`Tried::of`] all its attempts there, in a
    /// time that does not grow with them.
    async fn tried(
        &self,
        account: AccountId,
        lesson: &str,
        item: &str,
        version: &str,
    ) -> Result<Tried>;

    /// How far `account` is with every item ever attempted, by lesson and item.
    async fn progress(&self, account: AccountId) -> Result<Vec<ItemProgress>>;

    /// How far each student of `class` is, by name; also those who have attempted nothing.
    async fn class_progress(&self, class: ClassId) -> Result<Vec<StudentProgress>>;

    /// The attempts of the students of `class` with higher numbers than `after` (all where it is
    /// none), oldest first, at most `limit` of them. With PostgreSQL an attempt may come to be seen a
    /// moment after one with a higher number.
    async fn class_attempts(
        &self,
        class: ClassId,
        after: Option<AttemptId>,
        limit: u32,
    ) -> Result<Vec<Attempt>>;
}

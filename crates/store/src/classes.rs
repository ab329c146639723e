//! Classes and who is in them.

use std::fmt;

use async_trait::async_trait;
use rand::Rng;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use crate::{Account, AccountId, ClassId, ClassTitle, Error, Name, Result};

/// A class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Class {
    /// Its number.
    pub id: ClassId,
    /// What its instructor calls it.
    pub title: String,
    /// What a student types to join it.
    pub join_code: JoinCode,
    /// Until when the code lets students in, in unix milliseconds; `None` as long as it stands.
    pub join_expires_ms: Option<i64>,
    /// Where its days begin: a name of the IANA time zone database.
    pub time_zone: String,
    /// When it was made, in unix milliseconds.
    pub created_ms: i64,
}

/// A class in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct ClassSummary {
    /// The class.
    #[sqlx(flatten)]
    pub class: Class,
    /// How many students are in it.
    pub students: i64,
}

/// The code that lets a student into a class, as it is shown: `XXXX-XXXX`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct JoinCode(String);

/// Digits and capitals without those that are read for one another (0 O, 1 I L, U V).
const CODE_ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Letters in a code. 30^8 codes: with a thousand classes a guess meets one in 650 million times,
/// and guesses are limited.
const CODE_LETTERS: usize = 8;

impl JoinCode {
    /// The code as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn random() -> Self {
        let mut rng = rand::rng();
        let letter = |_| char::from(CODE_ALPHABET[rng.random_range(0..CODE_ALPHABET.len())]);
        Self::shown((0..CODE_LETTERS).map(letter).collect())
    }

    /// What somebody typed, in any case and width, with any dashes and spaces, or none.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        let is_gap = |c: char| {
            c.is_whitespace() || matches!(c, '-' | '_' | '.' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        };
        let letters: String = text
            .nfkc()
            .filter(|c| !is_gap(*c))
            .flat_map(char::to_uppercase)
            .collect();
        let known = letters
            .bytes()
            .all(|letter| CODE_ALPHABET.contains(&letter));
        (known && letters.len() == CODE_LETTERS).then(|| Self::shown(letters))
    }

    fn shown(mut letters: String) -> Self {
        letters.insert(CODE_LETTERS / 2, '-');
        Self(letters)
    }
}

impl fmt::Display for JoinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a student could not join.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// No class has that code.
    #[error("no class has this code")]
    NoSuchCode,
    /// Somebody has that name.
    #[error("this name is taken")]
    NameTaken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A student in a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct ClassMember {
    /// Who.
    #[sqlx(flatten)]
    pub account: Account,
    /// When they came into it, in unix milliseconds.
    pub joined_ms: i64,
    /// When they were last here, in unix milliseconds, right to the hour; `None` where they are signed
    /// in nowhere.
    pub used_ms: Option<i64>,
}

/// Classes and their members.
#[async_trait]
pub trait Classes: Send + Sync {
    /// A new class with a code of its own.
    async fn create_class(&self, instructor: AccountId, title: &ClassTitle) -> Result<Class>;

    /// The classes that `instructor` teaches, oldest first.
    async fn classes_of(&self, instructor: AccountId) -> Result<Vec<ClassSummary>>;

    /// The class with this number.
    async fn class(&self, class: ClassId) -> Result<Option<Class>>;

    /// Whether `account` teaches `class`, and so may see its record.
    async fn teaches(&self, account: AccountId, class: ClassId) -> Result<bool>;

    /// The class whose code somebody typed: any case, dashes and spaces ignored.
    async fn class_by_code(&self, code: &str) -> Result<Option<Class>>;

    /// The students of `class`, by name.
    async fn class_students(&self, class: ClassId) -> Result<Vec<Account>>;

    /// The students of a class, by name.
    async fn members(&self, class: ClassId) -> Result<Vec<ClassMember>>;

    /// Takes a student out of a class; whether they were in it. Their record stays.
    async fn remove_member(&self, class: ClassId, account: AccountId) -> Result<bool>;

    /// Those who teach a class, by name.
    async fn teachers(&self, class: ClassId) -> Result<Vec<Account>>;

    /// Lets another instructor teach the class as well; whether there is one of this name.
    async fn add_teacher(&self, class: ClassId, name: &Name) -> Result<bool>;

    /// Gives the class another code, which lets students in until it is changed.
    async fn renew_code(&self, class: ClassId) -> Result<()>;

    /// Until when (unix milliseconds) the class's code lets students in; `None` until it is changed.
    async fn set_join_expiry(&self, class: ClassId, until_ms: Option<i64>) -> Result<()>;

    /// The students of all classes.
    async fn students(&self) -> Result<Vec<AccountId>>;

    /// The classes that `account` is a student of, oldest first.
    async fn classes_joined(&self, account: AccountId) -> Result<Vec<Class>>;

    /// Somebody with an account comes into the class with this code as well (read as by
    /// [`Classes::class_by_code`]). Being in it already is no error.
    async fn join_another(&self, code: &str, account: AccountId) -> Result<(), JoinError>;

    /// Accounts for new students of `class`, by name and password hash: all of them, or none where
    /// names are taken. Returns those that are.
    async fn enroll(&self, class: ClassId, students: &[(Name, String)]) -> Result<Vec<Name>>;

    /// A new student's account, in the class with this code (read as by [`Classes::class_by_code`]).
    async fn join(
        &self,
        code: &str,
        name: &Name,
        password_hash: &str,
    ) -> Result<Account, JoinError>;
}

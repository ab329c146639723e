//! Classes and who is in them.

use std::fmt;

use rand::Rng;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use crate::{
    Account, AccountId, ClassId, ClassTitle, Error, Name, Result, Role, Store,
    accounts::insert_account, now_ms,
};

/// A class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Class {
    /// Its number.
    pub id: ClassId,
    /// What its instructor calls it.
    pub title: String,
    /// What a student types to join it.
    pub join_code: JoinCode,
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
    pub students: u32,
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

    fn random() -> Self {
        let mut rng = rand::rng();
        let letter = |_| char::from(CODE_ALPHABET[rng.random_range(0..CODE_ALPHABET.len())]);
        Self::shown((0..CODE_LETTERS).map(letter).collect())
    }

    /// What somebody typed, in any case and width, with any dashes and spaces, or none.
    fn typed(text: &str) -> Option<Self> {
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

impl Store {
    /// A new class with a code of its own.
    pub async fn create_class(&self, instructor: AccountId, title: &ClassTitle) -> Result<Class> {
        let mut transaction = self.write().await?;
        let class = loop {
            let code = JoinCode::random();
            let inserted = sqlx::query(
                "INSERT INTO classes (instructor, title, join_code, created_ms)
                 VALUES ($1, $2, $3, $4) ON CONFLICT (join_code) DO NOTHING",
            )
            .bind(instructor)
            .bind(title.as_str())
            .bind(&code)
            .bind(now_ms())
            .execute(&mut *transaction)
            .await?;
            if inserted.rows_affected() == 1 {
                break sqlx::query_as(
                    "SELECT id, title, join_code, created_ms FROM classes WHERE join_code = $1",
                )
                .bind(&code)
                .fetch_one(&mut *transaction)
                .await?;
            }
        };
        transaction.commit().await?;
        Ok(class)
    }

    /// The classes that `instructor` teaches, oldest first.
    pub async fn classes_of(&self, instructor: AccountId) -> Result<Vec<ClassSummary>> {
        Ok(sqlx::query_as(
            "SELECT id, title, join_code, created_ms,
                    (SELECT COUNT(*) FROM memberships WHERE class = classes.id) AS students
             FROM classes WHERE instructor = $1 ORDER BY id",
        )
        .bind(instructor)
        .fetch_all(&self.pool)
        .await?)
    }

    /// The class with this number.
    pub async fn class(&self, class: ClassId) -> Result<Option<Class>> {
        Ok(
            sqlx::query_as("SELECT id, title, join_code, created_ms FROM classes WHERE id = $1")
                .bind(class)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// Whether `account` teaches `class`, and so may see its record.
    pub async fn teaches(&self, account: AccountId, class: ClassId) -> Result<bool> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM classes WHERE id = $1 AND instructor = $2)",
        )
        .bind(class)
        .bind(account)
        .fetch_one(&self.pool)
        .await?)
    }

    /// The class whose code somebody typed: any case, dashes and spaces ignored.
    pub async fn class_by_code(&self, code: &str) -> Result<Option<Class>> {
        let Some(code) = JoinCode::typed(code) else {
            return Ok(None);
        };
        Ok(sqlx::query_as(
            "SELECT id, title, join_code, created_ms FROM classes WHERE join_code = $1",
        )
        .bind(code)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// The students of all classes.
    pub async fn students(&self) -> Result<Vec<AccountId>> {
        Ok(
            sqlx::query_scalar("SELECT DISTINCT account FROM memberships ORDER BY account")
                .fetch_all(&self.pool)
                .await?,
        )
    }

    /// A new student's account, in the class with this code (read as by [`Store::class_by_code`]).
    pub async fn join(
        &self,
        code: &str,
        name: &Name,
        password_hash: &str,
    ) -> Result<Account, JoinError> {
        let class = self
            .class_by_code(code)
            .await?
            .ok_or(JoinError::NoSuchCode)?;
        let mut transaction = self.write().await.map_err(Error)?;
        let account = insert_account(&mut transaction, name, Role::Student, password_hash)
            .await?
            .ok_or(JoinError::NameTaken)?;
        sqlx::query("INSERT INTO memberships (class, account, joined_ms) VALUES ($1, $2, $3)")
            .bind(class.id)
            .bind(account.id)
            .bind(now_ms())
            .execute(&mut *transaction)
            .await
            .map_err(Error)?;
        transaction.commit().await.map_err(Error)?;
        Ok(account)
    }
}

//! Accounts, and the one-time token that makes the first of them.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use crate::{AccountId, Error, Name, Result, Store, now_ms};

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum Role {
    /// Learns: has a machine and a record.
    Student,
    /// Teaches: makes classes and sees their record.
    Instructor,
}

/// A person's account, without its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// The sign-in name, as its owner wrote it. A student's text: never HTML.
    pub name: String,
    /// What its owner may do.
    pub role: Role,
    /// The language its owner chose (`ko`, `en`), where they chose one.
    pub lang: Option<String>,
}

/// Why a first-run token could not be set.
#[derive(Debug, thiserror::Error)]
pub enum SetTokenError {
    /// There is an instructor already, who could be replaced by nobody.
    #[error("this classroom has an instructor already")]
    InstructorExists,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Why the first instructor could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Wrong, replaced by a newer one, or used already.
    #[error("this link is not valid, or was used already")]
    BadToken,
    /// Somebody has that name.
    #[error("this name is taken")]
    NameTaken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Store {
    /// Whether nobody teaches here yet, so that a setup link is needed.
    pub async fn needs_first_instructor(&self) -> Result<bool> {
        Ok(!instructor_exists(&mut *self.pool.acquire().await?).await?)
    }

    /// Sets the token of the link that makes the first instructor, replacing an earlier one. Only its
    /// SHA-256 is kept, so it must be random: 128 bits.
    pub async fn set_setup_token(&self, token: &str) -> Result<(), SetTokenError> {
        let mut transaction = self.write().await.map_err(Error)?;
        if instructor_exists(&mut transaction).await? {
            return Err(SetTokenError::InstructorExists);
        }
        sqlx::query(
            "INSERT INTO setup_token (id, sha256) VALUES (1, $1)
             ON CONFLICT (id) DO UPDATE SET sha256 = excluded.sha256",
        )
        .bind(sha256(token))
        .execute(&mut *transaction)
        .await
        .map_err(Error)?;
        Ok(transaction.commit().await.map_err(Error)?)
    }

    /// Whether `token` would make the first instructor now.
    pub async fn setup_token_valid(&self, token: &str) -> Result<bool> {
        token_valid(&mut *self.pool.acquire().await?, token).await
    }

    /// Makes the first instructor and uses up the token, both or neither.
    pub async fn create_first_instructor(
        &self,
        token: &str,
        name: &Name,
        password_hash: &str,
    ) -> Result<Account, SetupError> {
        let mut transaction = self.write().await.map_err(Error)?;
        if !token_valid(&mut transaction, token).await? {
            return Err(SetupError::BadToken);
        }
        let account = insert_account(&mut transaction, name, Role::Instructor, password_hash)
            .await?
            .ok_or(SetupError::NameTaken)?;
        sqlx::query("DELETE FROM setup_token")
            .execute(&mut *transaction)
            .await
            .map_err(Error)?;
        transaction.commit().await.map_err(Error)?;
        Ok(account)
    }

    /// The account with this number.
    pub async fn account(&self, account: AccountId) -> Result<Option<Account>> {
        Ok(
            sqlx::query_as("SELECT id, name, role, lang FROM accounts WHERE id = $1")
                .bind(account)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// The account with this name and its password's hash, for signing in.
    pub async fn credentials(&self, name: &Name) -> Result<Option<(Account, String)>> {
        #[derive(sqlx::FromRow)]
        struct Credentials {
            #[sqlx(flatten)]
            account: Account,
            password_hash: String,
        }
        let found: Option<Credentials> = sqlx::query_as(
            "SELECT id, name, role, lang, password_hash FROM accounts WHERE name_key = $1",
        )
        .bind(name.key())
        .fetch_optional(&self.pool)
        .await?;
        Ok(found.map(|found| (found.account, found.password_hash)))
    }

    /// Keeps the language that the account's owner chose.
    pub async fn set_lang(&self, account: AccountId, lang: &str) -> Result<()> {
        sqlx::query("UPDATE accounts SET lang = $1 WHERE id = $2")
            .bind(lang)
            .bind(account)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// A new account, or `None` where the name is taken.
pub(crate) async fn insert_account(
    connection: &mut SqliteConnection,
    name: &Name,
    role: Role,
    password_hash: &str,
) -> Result<Option<Account>> {
    let inserted = sqlx::query(
        "INSERT INTO accounts (name, name_key, role, password_hash, created_ms)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name_key) DO NOTHING",
    )
    .bind(name.as_str())
    .bind(name.key())
    .bind(role)
    .bind(password_hash)
    .bind(now_ms())
    .execute(&mut *connection)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(None);
    }
    Ok(
        sqlx::query_as("SELECT id, name, role, lang FROM accounts WHERE name_key = $1")
            .bind(name.key())
            .fetch_optional(connection)
            .await?,
    )
}

async fn instructor_exists(connection: &mut SqliteConnection) -> Result<bool> {
    Ok(
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM accounts WHERE role = 'instructor')")
            .fetch_one(connection)
            .await?,
    )
}

async fn token_valid(connection: &mut SqliteConnection, token: &str) -> Result<bool> {
    Ok(
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM setup_token WHERE sha256 = $1)")
            .bind(sha256(token))
            .fetch_one(connection)
            .await?,
    )
}

fn sha256(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

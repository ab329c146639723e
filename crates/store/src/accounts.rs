//! Accounts, and the one-time token that makes the first of them.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{AccountId, Error, Name, Result, SignInId};

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "TEXT", rename_all = "lowercase")]
pub enum Role {
    /// Learns: has a machine and a record.
    Student,
    /// Teaches: makes classes and sees their record.
    Instructor,
    /// Runs the classroom: may what every instructor may, and makes instructors.
    Admin,
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

/// Why an account was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// Nobody else teaches one of their classes.
    #[error("somebody who alone teaches a class must give it away first")]
    Teaches,
    /// Nobody else runs the classroom.
    #[error("the last admin cannot go")]
    LastAdmin,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Accounts and the first of them.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Whether nobody teaches here yet, so that a setup link is needed.
    async fn needs_first_instructor(&self) -> Result<bool>;

    /// Sets the token of the link that makes the first instructor, replacing an earlier one. Only its
    /// SHA-256 is kept, so it must be random: 128 bits.
    async fn set_setup_token(&self, token: &str) -> Result<(), SetTokenError>;

    /// Whether `token` would make the first instructor now.
    async fn setup_token_valid(&self, token: &str) -> Result<bool>;

    /// Makes the first instructor and uses up the token, both or neither.
    async fn create_first_instructor(
        &self,
        token: &str,
        name: &Name,
        password_hash: &str,
    ) -> Result<Account, SetupError>;

    /// The account with this number.
    async fn account(&self, account: AccountId) -> Result<Option<Account>>;

    /// The account with this name and its password's hash, for signing in.
    async fn credentials(&self, name: &Name) -> Result<Option<(Account, String)>>;

    /// Those who teach here, admins among them, by name.
    async fn instructors(&self) -> Result<Vec<Account>>;

    /// A new instructor's account, or `None` where the name is taken.
    async fn create_instructor(&self, name: &Name, password_hash: &str) -> Result<Option<Account>>;

    /// Makes an instructor an admin; does nothing to anybody else.
    async fn make_admin(&self, account: AccountId) -> Result<()>;

    /// Sets a new password, and ends all sign-ins of the account but the one to `keep`, both or
    /// neither.
    async fn set_password(
        &self,
        account: AccountId,
        password_hash: &str,
        keep: Option<&SignInId>,
    ) -> Result<()>;

    /// Deletes an account and all that is on record of its owner: attempts, memberships, sign-ins,
    /// what they announced. Of a class with other teachers one of them is then the owner. What is
    /// left is the number, so that nobody else is ever given it.
    async fn delete_account(&self, account: AccountId) -> Result<(), DeleteError>;

    /// Keeps the language that the account's owner chose.
    async fn set_lang(&self, account: AccountId, lang: &str) -> Result<()>;
}

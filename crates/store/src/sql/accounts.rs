//! Accounts, in SQL.

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::{Connection, Record};
use crate::{
    Account, AccountId, Accounts, DeleteError, Error, Name, Result, Role, SetTokenError,
    SetupError, SignInId, now_ms,
};

/// The columns of an [`Account`].
pub(super) const ACCOUNT: &str = "accounts.id, accounts.name, accounts.lang,
    CASE WHEN accounts.admin THEN 'admin' ELSE accounts.role END AS role";

/// Whether nobody but `$1` runs the classroom.
const IS_LAST_ADMIN: &str = "SELECT EXISTS (SELECT 1 FROM accounts WHERE id = $1 AND admin)
    AND NOT EXISTS (SELECT 1 FROM accounts WHERE id <> $1 AND admin)";

/// Whether a class has no teacher but `$1`.
const TEACHES_ALONE: &str = "SELECT EXISTS (SELECT 1 FROM class_teachers AS own WHERE account = $1
    AND NOT EXISTS (SELECT 1 FROM class_teachers
                    WHERE class = own.class AND account <> $1))";

/// What takes the account `$1` out of the record.
const FORGET: [&str; 10] = [
    "DELETE FROM hub_tokens WHERE account = $1",
    "DELETE FROM hub_names WHERE account = $1",
    "DELETE FROM sign_ins WHERE account = $1",
    "DELETE FROM attempts WHERE account = $1",
    "DELETE FROM review_rounds WHERE account = $1",
    "DELETE FROM hints_opened WHERE account = $1",
    "DELETE FROM memberships WHERE account = $1",
    "DELETE FROM announcements WHERE author = $1",
    "DELETE FROM class_teachers WHERE account = $1",
    "UPDATE classes SET instructor = (SELECT MIN(account) FROM class_teachers WHERE class = classes.id)
     WHERE instructor = $1",
];

#[async_trait]
impl Accounts for Record {
    async fn needs_first_instructor(&self) -> Result<bool> {
        Ok(!instructor_exists(&mut *self.pool.acquire().await?).await?)
    }

    async fn set_setup_token(&self, token: &str) -> Result<(), SetTokenError> {
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

    async fn setup_token_valid(&self, token: &str) -> Result<bool> {
        token_valid(&mut *self.pool.acquire().await?, token).await
    }

    async fn create_first_instructor(
        &self,
        token: &str,
        name: &Name,
        password_hash: &str,
    ) -> Result<Account, SetupError> {
        let _change = self.changes.of_all();
        let mut transaction = self.write().await.map_err(Error)?;
        let used = sqlx::query("DELETE FROM setup_token WHERE sha256 = $1")
            .bind(sha256(token))
            .execute(&mut *transaction)
            .await
            .map_err(Error)?;
        if used.rows_affected() == 0 {
            return Err(SetupError::BadToken);
        }
        let account = insert_account(&mut transaction, name, Role::Admin, password_hash)
            .await?
            .ok_or(SetupError::NameTaken)?;
        transaction.commit().await.map_err(Error)?;
        Ok(account)
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>> {
        let query = format!("SELECT {ACCOUNT} FROM accounts WHERE id = $1");
        Ok(sqlx::query_as(&query)
            .bind(account)
            .fetch_optional(&self.pool)
            .await?)
    }

    async fn credentials(&self, name: &Name) -> Result<Option<(Account, String)>> {
        #[derive(sqlx::FromRow)]
        struct Credentials {
            #[sqlx(flatten)]
            account: Account,
            password_hash: String,
        }
        let query = format!("SELECT {ACCOUNT}, password_hash FROM accounts WHERE name_key = $1");
        let found: Option<Credentials> = sqlx::query_as(&query)
            .bind(name.key())
            .fetch_optional(&self.pool)
            .await?;
        Ok(found.map(|found| (found.account, found.password_hash)))
    }

    async fn instructors(&self) -> Result<Vec<Account>> {
        let query =
            format!("SELECT {ACCOUNT} FROM accounts WHERE role = 'instructor' ORDER BY name_key");
        Ok(sqlx::query_as(&query).fetch_all(&self.pool).await?)
    }

    async fn create_instructor(&self, name: &Name, password_hash: &str) -> Result<Option<Account>> {
        let _change = self.changes.of_all();
        let mut connection = self.pool.acquire().await?;
        insert_account(&mut connection, name, Role::Instructor, password_hash).await
    }

    async fn make_admin(&self, account: AccountId) -> Result<()> {
        let _change = self.changes.of(account);
        sqlx::query("UPDATE accounts SET admin = $1 WHERE id = $2 AND role = 'instructor'")
            .bind(true)
            .bind(account)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn set_password(
        &self,
        account: AccountId,
        password_hash: &str,
        keep: Option<&SignInId>,
    ) -> Result<()> {
        let _change = self.changes.of(account);
        let mut transaction = self.write().await?;
        sqlx::query("UPDATE accounts SET password_hash = $1 WHERE id = $2")
            .bind(password_hash)
            .bind(account)
            .execute(&mut *transaction)
            .await?;
        // No sign-in is called "".
        sqlx::query("DELETE FROM sign_ins WHERE account = $1 AND id <> $2")
            .bind(account)
            .bind(keep.map_or("", SignInId::as_str))
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn delete_account(&self, account: AccountId) -> Result<(), DeleteError> {
        let _change = self.changes.of_all();
        let mut transaction = self.write().await.map_err(Error)?;
        if holds(&mut transaction, IS_LAST_ADMIN, account).await? {
            return Err(DeleteError::LastAdmin);
        }
        if holds(&mut transaction, TEACHES_ALONE, account).await? {
            return Err(DeleteError::Teaches);
        }
        for change in FORGET {
            sqlx::query(change)
                .bind(account)
                .execute(&mut *transaction)
                .await
                .map_err(Error)?;
        }
        sqlx::query(
            "UPDATE accounts SET name = '', name_key = $2, role = 'student', admin = $3,
                                 lang = NULL, password_hash = '' WHERE id = $1",
        )
        .bind(account)
        // Nobody's name begins with a space.
        .bind(format!(" {account}"))
        .bind(false)
        .execute(&mut *transaction)
        .await
        .map_err(Error)?;
        Ok(transaction.commit().await.map_err(Error)?)
    }

    async fn set_lang(&self, account: AccountId, lang: &str) -> Result<()> {
        let _change = self.changes.of(account);
        sqlx::query("UPDATE accounts SET lang = $1 WHERE id = $2")
            .bind(lang)
            .bind(account)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// A new account, or `None` where the name is taken.
pub(super) async fn insert_account(
    connection: &mut Connection,
    name: &Name,
    role: Role,
    password_hash: &str,
) -> Result<Option<Account>> {
    let works_as = if role == Role::Student {
        "student"
    } else {
        "instructor"
    };
    let inserted = sqlx::query(
        "INSERT INTO accounts (name, name_key, role, admin, password_hash, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name_key) DO NOTHING",
    )
    .bind(name.as_str())
    .bind(name.key())
    .bind(works_as)
    .bind(role == Role::Admin)
    .bind(password_hash)
    .bind(now_ms())
    .execute(&mut *connection)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(None);
    }
    let query = format!("SELECT {ACCOUNT} FROM accounts WHERE name_key = $1");
    Ok(sqlx::query_as(&query)
        .bind(name.key())
        .fetch_optional(connection)
        .await?)
}

/// What a question about an account says.
async fn holds(connection: &mut Connection, question: &str, account: AccountId) -> Result<bool> {
    Ok(sqlx::query_scalar(question)
        .bind(account)
        .fetch_one(connection)
        .await?)
}

async fn instructor_exists(connection: &mut Connection) -> Result<bool> {
    Ok(
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM accounts WHERE role = 'instructor')")
            .fetch_one(connection)
            .await?,
    )
}

async fn token_valid(connection: &mut Connection, token: &str) -> Result<bool> {
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

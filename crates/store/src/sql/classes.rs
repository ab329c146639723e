//! Classes, in SQL.

use async_trait::async_trait;

use super::{
    Connection, Record,
    accounts::{ACCOUNT, insert_account},
};
use crate::{
    Account, AccountId, Class, ClassId, ClassMember, ClassSummary, ClassTitle, Classes, Error,
    JoinCode, JoinError, Name, Result, Role, now_ms,
};

/// The columns of a [`Class`].
const CLASS: &str = "id, title, join_code, join_expires_ms, time_zone, created_ms";

/// Whether the account `$1` teaches a class: it is among its teachers, or runs the classroom.
const TEACHES: &str = "(EXISTS (SELECT 1 FROM class_teachers
        WHERE class_teachers.class = classes.id AND class_teachers.account = $1)
    OR EXISTS (SELECT 1 FROM accounts WHERE accounts.id = $1 AND accounts.admin))";

#[async_trait]
impl Classes for Record {
    async fn create_class(&self, instructor: AccountId, title: &ClassTitle) -> Result<Class> {
        let _change = self.changes.of_all();
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
                let query = format!("SELECT {CLASS} FROM classes WHERE join_code = $1");
                break sqlx::query_as::<_, Class>(&query)
                    .bind(&code)
                    .fetch_one(&mut *transaction)
                    .await?;
            }
        };
        sqlx::query("INSERT INTO class_teachers (class, account) VALUES ($1, $2)")
            .bind(class.id)
            .bind(instructor)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(class)
    }

    async fn classes_of(&self, instructor: AccountId) -> Result<Vec<ClassSummary>> {
        let query = format!(
            "SELECT {CLASS},
                    (SELECT COUNT(*) FROM memberships WHERE class = classes.id) AS students
             FROM classes WHERE {TEACHES} ORDER BY id"
        );
        Ok(sqlx::query_as(&query)
            .bind(instructor)
            .fetch_all(&self.pool)
            .await?)
    }

    async fn class(&self, class: ClassId) -> Result<Option<Class>> {
        let query = format!("SELECT {CLASS} FROM classes WHERE id = $1");
        Ok(sqlx::query_as(&query)
            .bind(class)
            .fetch_optional(&self.pool)
            .await?)
    }

    async fn teaches(&self, account: AccountId, class: ClassId) -> Result<bool> {
        let query = format!("SELECT EXISTS (SELECT 1 FROM classes WHERE {TEACHES} AND id = $2)");
        Ok(sqlx::query_scalar(&query)
            .bind(account)
            .bind(class)
            .fetch_one(&self.pool)
            .await?)
    }

    async fn class_by_code(&self, code: &str) -> Result<Option<Class>> {
        let Some(code) = JoinCode::typed(code) else {
            return Ok(None);
        };
        let query = format!(
            "SELECT {CLASS} FROM classes
             WHERE join_code = $1 AND (join_expires_ms IS NULL OR join_expires_ms > $2)"
        );
        Ok(sqlx::query_as(&query)
            .bind(code)
            .bind(now_ms())
            .fetch_optional(&self.pool)
            .await?)
    }

    async fn class_students(&self, class: ClassId) -> Result<Vec<Account>> {
        let query = format!(
            "SELECT {ACCOUNT} FROM accounts JOIN memberships ON account = accounts.id
             WHERE class = $1 ORDER BY name_key"
        );
        Ok(sqlx::query_as(&query)
            .bind(class)
            .fetch_all(&self.pool)
            .await?)
    }

    async fn members(&self, class: ClassId) -> Result<Vec<ClassMember>> {
        let query = format!(
            "SELECT {ACCOUNT}, joined_ms,
                    (SELECT MAX(used_ms) FROM sign_ins WHERE account = accounts.id) AS used_ms
             FROM accounts JOIN memberships ON account = accounts.id
             WHERE class = $1 ORDER BY name_key"
        );
        Ok(sqlx::query_as(&query)
            .bind(class)
            .fetch_all(&self.pool)
            .await?)
    }

    async fn remove_member(&self, class: ClassId, account: AccountId) -> Result<bool> {
        let _change = self.changes.of(account);
        let removed = sqlx::query("DELETE FROM memberships WHERE class = $1 AND account = $2")
            .bind(class)
            .bind(account)
            .execute(&self.pool)
            .await?;
        Ok(removed.rows_affected() == 1)
    }

    async fn teachers(&self, class: ClassId) -> Result<Vec<Account>> {
        let query = format!(
            "SELECT {ACCOUNT} FROM accounts JOIN class_teachers ON account = accounts.id
             WHERE class = $1 ORDER BY name_key"
        );
        Ok(sqlx::query_as(&query)
            .bind(class)
            .fetch_all(&self.pool)
            .await?)
    }

    async fn add_teacher(&self, class: ClassId, name: &Name) -> Result<bool> {
        let _change = self.changes.of_all();
        let query = "SELECT id FROM accounts WHERE name_key = $1 AND role = 'instructor'";
        let found: Option<AccountId> = sqlx::query_scalar(query)
            .bind(name.key())
            .fetch_optional(&self.pool)
            .await?;
        let Some(account) = found else {
            return Ok(false);
        };
        sqlx::query(
            "INSERT INTO class_teachers (class, account) VALUES ($1, $2)
             ON CONFLICT (class, account) DO NOTHING",
        )
        .bind(class)
        .bind(account)
        .execute(&self.pool)
        .await?;
        Ok(true)
    }

    async fn renew_code(&self, class: ClassId) -> Result<()> {
        let _change = self.changes.of_all();
        let query = "UPDATE classes SET join_code = $1, join_expires_ms = NULL WHERE id = $2
                     AND NOT EXISTS (SELECT 1 FROM classes WHERE join_code = $1)";
        loop {
            let renewed = sqlx::query(query)
                .bind(JoinCode::random())
                .bind(class)
                .execute(&self.pool)
                .await?;
            if renewed.rows_affected() == 1 || self.class(class).await?.is_none() {
                return Ok(());
            }
        }
    }

    async fn set_join_expiry(&self, class: ClassId, until_ms: Option<i64>) -> Result<()> {
        let _change = self.changes.of_all();
        sqlx::query("UPDATE classes SET join_expires_ms = $1 WHERE id = $2")
            .bind(until_ms)
            .bind(class)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn students(&self) -> Result<Vec<AccountId>> {
        Ok(
            sqlx::query_scalar("SELECT DISTINCT account FROM memberships ORDER BY account")
                .fetch_all(&self.pool)
                .await?,
        )
    }

    async fn classes_joined(&self, account: AccountId) -> Result<Vec<Class>> {
        let query = format!(
            "SELECT {CLASS} FROM classes JOIN memberships ON class = id
             WHERE account = $1 ORDER BY id"
        );
        Ok(sqlx::query_as(&query)
            .bind(account)
            .fetch_all(&self.pool)
            .await?)
    }

    async fn join_another(&self, code: &str, account: AccountId) -> Result<(), JoinError> {
        let _change = self.changes.of(account);
        let class = self
            .class_by_code(code)
            .await?
            .ok_or(JoinError::NoSuchCode)?;
        insert_member(
            &mut *self.pool.acquire().await.map_err(Error)?,
            class.id,
            account,
        )
        .await?;
        Ok(())
    }

    async fn enroll(&self, class: ClassId, students: &[(Name, String)]) -> Result<Vec<Name>> {
        let mut changes = Vec::new();
        let mut transaction = self.write().await?;
        let mut taken = Vec::new();
        for (name, password_hash) in students {
            let role = Role::Student;
            match insert_account(&mut transaction, name, role, password_hash).await? {
                Some(account) => {
                    insert_member(&mut transaction, class, account.id).await?;
                    changes.push(self.changes.of(account.id));
                }
                None => taken.push(name.clone()),
            }
        }
        if taken.is_empty() {
            transaction.commit().await?;
        }
        Ok(taken)
    }

    async fn join(
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
        insert_member(&mut transaction, class.id, account.id).await?;
        let _change = self.changes.of(account.id);
        transaction.commit().await.map_err(Error)?;
        Ok(account)
    }
}

/// Somebody comes into a class, where they may be already.
async fn insert_member(
    connection: &mut Connection,
    class: ClassId,
    account: AccountId,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO memberships (class, account, joined_ms) VALUES ($1, $2, $3)
         ON CONFLICT (class, account) DO NOTHING",
    )
    .bind(class)
    .bind(account)
    .bind(now_ms())
    .execute(connection)
    .await?;
    Ok(())
}

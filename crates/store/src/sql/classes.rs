//! Classes, in SQL.

use async_trait::async_trait;

use super::{
    Record,
    accounts::{ACCOUNT, insert_account},
};
use crate::{
    Account, AccountId, Class, ClassId, ClassSummary, ClassTitle, Classes, Error, JoinCode,
    JoinError, Name, Result, Role, now_ms,
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

    async fn students(&self) -> Result<Vec<AccountId>> {
        Ok(
            sqlx::query_scalar("SELECT DISTINCT account FROM memberships ORDER BY account")
                .fetch_all(&self.pool)
                .await?,
        )
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

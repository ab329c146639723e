//! Sign-ins, in SQL.

use async_trait::async_trait;

use super::{Record, accounts::ACCOUNT};
use crate::{Account, AccountId, Result, SignIn, SignInId, SignIns, now_ms};

#[async_trait]
impl SignIns for Record {
    async fn sign_in(&self, account: AccountId, agent: &str, address: &str) -> Result<SignInId> {
        let _change = self.changes.of(account);
        let id = SignInId::random();
        sqlx::query(
            "INSERT INTO sign_ins (id, account, created_ms, used_ms, agent, address)
             VALUES ($1, $2, $3, $3, $4, $5)",
        )
        .bind(&id)
        .bind(account)
        .bind(now_ms())
        .bind(agent)
        .bind(address)
        .execute(&self.pool)
        .await?;
        Ok(id)
    }

    async fn signed_in(&self, sign_in: &SignInId) -> Result<Option<(Account, i64)>> {
        #[derive(sqlx::FromRow)]
        struct Use {
            #[sqlx(flatten)]
            account: Account,
            used_ms: i64,
        }
        let query = format!(
            "SELECT {ACCOUNT}, used_ms FROM accounts JOIN sign_ins ON account = accounts.id
             WHERE sign_ins.id = $1"
        );
        let found: Option<Use> = sqlx::query_as(&query)
            .bind(sign_in)
            .fetch_optional(&self.pool)
            .await?;
        Ok(found.map(|found| (found.account, found.used_ms)))
    }

    async fn note_use(&self, sign_in: &SignInId, address: &str) -> Result<()> {
        let query = "SELECT account FROM sign_ins WHERE id = $1";
        let whose: Option<AccountId> = sqlx::query_scalar(query)
            .bind(sign_in)
            .fetch_optional(&self.pool)
            .await?;
        let Some(account) = whose else {
            return Ok(());
        };
        let _change = self.changes.of(account);
        sqlx::query("UPDATE sign_ins SET used_ms = $1, address = $2 WHERE id = $3")
            .bind(now_ms())
            .bind(address)
            .bind(sign_in)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn sign_ins(&self, account: AccountId) -> Result<Vec<SignIn>> {
        Ok(sqlx::query_as(
            "SELECT id, created_ms, used_ms, agent, address FROM sign_ins
             WHERE account = $1 ORDER BY used_ms DESC, id",
        )
        .bind(account)
        .fetch_all(&self.pool)
        .await?)
    }

    async fn sign_out(&self, account: AccountId, sign_in: &SignInId) -> Result<()> {
        let _change = self.changes.of(account);
        sqlx::query("DELETE FROM sign_ins WHERE account = $1 AND id = $2")
            .bind(account)
            .bind(sign_in)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn sign_out_everywhere(&self, account: AccountId) -> Result<()> {
        let _change = self.changes.of(account);
        sqlx::query("DELETE FROM sign_ins WHERE account = $1")
            .bind(account)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn forget_sign_ins(&self, before_ms: i64) -> Result<()> {
        let _change = self.changes.of_all();
        sqlx::query("DELETE FROM sign_ins WHERE used_ms < $1")
            .bind(before_ms)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

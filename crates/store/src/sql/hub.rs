//! Accounts on the class's hub, in SQL.

use async_trait::async_trait;

use super::Record;
use crate::{
    AccountId, Error, HUB_TOKENS_MAX, HubAccounts, HubToken, HubTokenError, HubTokenId, Result,
    now_ms,
};

#[async_trait]
impl HubAccounts for Record {
    async fn hub_name(&self, account: AccountId) -> Result<Option<String>> {
        Ok(
            sqlx::query_scalar("SELECT name FROM hub_names WHERE account = $1")
                .bind(account)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    async fn hub_name_taken(&self, name: &str) -> Result<bool> {
        Ok(
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM hub_names WHERE name = $1)")
                .bind(name)
                .fetch_one(&self.pool)
                .await?,
        )
    }

    async fn add_hub_token(
        &self,
        account: AccountId,
        name: &str,
        sha256: &str,
    ) -> Result<String, HubTokenError> {
        let _change = self.changes.of(account);
        let mut transaction = self.write().await.map_err(Error)?;
        // Two at once of one account, or of two that want one name: one of them is first.
        sqlx::query("INSERT INTO hub_names (account, name) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(account)
            .bind(name)
            .execute(&mut *transaction)
            .await
            .map_err(Error)?;
        let own: Option<String> =
            sqlx::query_scalar("SELECT name FROM hub_names WHERE account = $1")
                .bind(account)
                .fetch_optional(&mut *transaction)
                .await
                .map_err(Error)?;
        let own = own.ok_or(HubTokenError::NameTaken)?;
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM hub_tokens WHERE account = $1")
            .bind(account)
            .fetch_one(&mut *transaction)
            .await
            .map_err(Error)?;
        if usize::try_from(count).is_ok_and(|count| count >= HUB_TOKENS_MAX) {
            return Err(HubTokenError::TooMany);
        }
        sqlx::query("INSERT INTO hub_tokens (account, sha256, created_ms) VALUES ($1, $2, $3)")
            .bind(account)
            .bind(sha256)
            .bind(now_ms())
            .execute(&mut *transaction)
            .await
            .map_err(Error)?;
        transaction.commit().await.map_err(Error)?;
        Ok(own)
    }

    async fn hub_tokens(&self, account: AccountId) -> Result<Vec<HubToken>> {
        Ok(sqlx::query_as(
            "SELECT id, created_ms FROM hub_tokens WHERE account = $1 ORDER BY id DESC",
        )
        .bind(account)
        .fetch_all(&self.pool)
        .await?)
    }

    async fn revoke_hub_token(&self, account: AccountId, token: HubTokenId) -> Result<()> {
        let _change = self.changes.of(account);
        sqlx::query("DELETE FROM hub_tokens WHERE account = $1 AND id = $2")
            .bind(account)
            .bind(token)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn hub_logins(&self) -> Result<Vec<(String, String)>> {
        Ok(sqlx::query_as(
            "SELECT name, sha256 FROM hub_tokens
             JOIN hub_names ON hub_names.account = hub_tokens.account ORDER BY name, id",
        )
        .fetch_all(&self.pool)
        .await?)
    }
}

//! Accounts on the class's hub: a name each, chosen once, and tokens to log in with.

use async_trait::async_trait;
use serde::Serialize;

use crate::{AccountId, HubTokenId, Result};

/// How many tokens one account may have: one for each computer that it logs in from, and some to
/// spare.
pub const HUB_TOKENS_MAX: usize = 10;

/// A token, of which only this is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct HubToken {
    /// Its number.
    pub id: HubTokenId,
    /// Since when there is one, in unix milliseconds.
    pub created_ms: i64,
}

/// Why there is no new token.
#[derive(Debug, thiserror::Error)]
pub enum HubTokenError {
    /// Somebody else has the name.
    #[error("somebody else has that name on the hub")]
    NameTaken,
    /// The account has as many as it may.
    #[error("an account has at most {HUB_TOKENS_MAX} tokens")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] crate::Error),
}

/// Who may log in to the hub. Names are taken as they come: which are good, the hub knows.
#[async_trait]
pub trait HubAccounts: Send + Sync {
    /// The account's name there, once it is chosen.
    async fn hub_name(&self, account: AccountId) -> Result<Option<String>>;

    /// Whether somebody has this name there.
    async fn hub_name_taken(&self, name: &str) -> Result<bool>;

    /// Gives the account another token, of this hash, and with the first one its name: an account
    /// that has a name keeps it. Returns its name.
    ///
    /// # Errors
    /// See [`HubTokenError`].
    async fn add_hub_token(
        &self,
        account: AccountId,
        name: &str,
        sha256: &str,
    ) -> Result<String, HubTokenError>;

    /// The account's tokens, the newest first.
    async fn hub_tokens(&self, account: AccountId) -> Result<Vec<HubToken>>;

    /// Takes one of the account's tokens away.
    async fn revoke_hub_token(&self, account: AccountId, token: HubTokenId) -> Result<()>;

    /// Everybody who may log in: pairs of a name and a token's hash, by name.
    async fn hub_logins(&self) -> Result<Vec<(String, String)>>;
}

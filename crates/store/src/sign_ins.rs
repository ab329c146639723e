//! Sign-ins: which browsers somebody is signed in with. A session is worth something only while its
//! sign-in is here.

use async_trait::async_trait;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{Account, AccountId, Result};

/// Names a sign-in: 128 random bits in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct SignInId(String);

impl SignInId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn random() -> Self {
        Self(hex::encode(rand::rng().random::<[u8; 16]>()))
    }
}

/// A browser with which somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct SignIn {
    /// Its name.
    pub id: SignInId,
    /// Since when, in unix milliseconds.
    pub created_ms: i64,
    /// When it was last used, in unix milliseconds: right to the hour, as it is not noted oftener.
    pub used_ms: i64,
    /// What the browser says it is. Untrusted.
    pub agent: String,
    /// From which address it was last used.
    pub address: String,
}

/// Who is signed in where.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// Somebody signs in with a browser at an address.
    async fn sign_in(&self, account: AccountId, agent: &str, address: &str) -> Result<SignInId>;

    /// Whose sign-in this is and when its use was last noted; `None` when it has ended.
    async fn signed_in(&self, sign_in: &SignInId) -> Result<Option<(Account, i64)>>;

    /// Notes that a sign-in was used now, from this address.
    async fn note_use(&self, sign_in: &SignInId, address: &str) -> Result<()>;

    /// The sign-ins of `account`, the last used first.
    async fn sign_ins(&self, account: AccountId) -> Result<Vec<SignIn>>;

    /// Ends one of the sign-ins of `account`.
    async fn sign_out(&self, account: AccountId, sign_in: &SignInId) -> Result<()>;

    /// Ends all sign-ins of `account`.
    async fn sign_out_everywhere(&self, account: AccountId) -> Result<()>;

    /// Forgets the sign-ins that were last used before this time (unix milliseconds).
    async fn forget_sign_ins(&self, before_ms: i64) -> Result<()>;
}

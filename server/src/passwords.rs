//! Passwords: argon2id, never more than a few hashes at a time.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use rand::Rng;
use tokio::sync::Semaphore;

/// Hashes computed at once. Each takes 19 MiB and a core for some 20 ms (argon2's defaults, which are
/// OWASP's minimum: argon2id, m = 19 MiB, t = 2, p = 1), and lessons must stay quick meanwhile.
const HASHES_AT_ONCE: usize = 2;
/// The longest, in bytes: long enough for any passphrase, short enough to hash in no time.
pub(crate) const PASSWORD_MAX_BYTES: usize = 512;

/// The letters of passwords that are given out: none that is read for another.
const GIVEN_LETTERS: &[u8; 30] = b"abcdefghjkmnpqrstvwxyz23456789";
/// How many letters such a password has: 30^12 are 59 bits, beyond guessing through a sign-in form that
/// refuses after a few, and short enough to be copied from paper.
const GIVEN_LENGTH: usize = 12;

/// A password for somebody else, who reads it from paper.
pub(crate) fn given() -> String {
    let mut rng = rand::rng();
    let letter = |_| char::from(GIVEN_LETTERS[rng.random_range(0..GIVEN_LETTERS.len())]);
    (0..GIVEN_LENGTH).map(letter).collect()
}

/// Hashes and verifies passwords off the async threads.
pub(crate) struct Passwords {
    places: Semaphore,
    /// Verified when the name is unknown, so that the answer takes as long as for a known one.
    decoy: String,
}

impl Passwords {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            places: Semaphore::new(HASHES_AT_ONCE),
            decoy: hash_now("decoy")?,
        })
    }

    /// The PHC string to store for `password`.
    pub(crate) async fn hash(&self, password: String) -> anyhow::Result<String> {
        let _place = self.places.acquire().await?;
        tokio::task::spawn_blocking(move || hash_now(&password)).await?
    }

    /// Whether `password` is the one behind `stored`; with nothing stored, `false` after the same time.
    pub(crate) async fn verify(
        &self,
        password: String,
        stored: Option<String>,
    ) -> anyhow::Result<bool> {
        let _place = self.places.acquire().await?;
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.clone());
        tokio::task::spawn_blocking(move || {
            let parsed =
                PasswordHash::new(&stored).map_err(|e| anyhow::anyhow!("stored hash: {e}"))?;
            let right = Argon2::default()
                .verify_password(password.as_bytes(), &parsed)
                .is_ok();
            Ok(right && known)
        })
        .await?
    }
}

fn hash_now(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|e| anyhow::anyhow!("hashing a password: {e}"))?;
    Ok(hash.to_string())
}

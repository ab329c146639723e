//! Who may log in: what the web process publishes, names and the hashes of their access tokens. The
//! hub never sees a password.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::names;

/// The longest list that is read, in bytes: 10,000 accounts with a dozen tokens each.
const LIST_MAX: u64 = 16 << 20;

/// The longest name of an account: it stands in every command.
const NAME_MAX: usize = 30;

/// The shortest.
const NAME_MIN: usize = 2;

/// Names that would be taken for the classroom's, Docker's or an administrator's own.
const RESERVED: [&str; 12] = [
    names::LIBRARY,
    "gyosil",
    "docker",
    "dockerhub",
    "official",
    "admin",
    "administrator",
    "root",
    "classroom",
    "instructor",
    "teacher",
    "hub",
];

/// Whether an account may have this name on the hub: one part of a repository's name, not too long,
/// and nobody else's.
pub fn is_account_name(name: &str) -> bool {
    (NAME_MIN..=NAME_MAX).contains(&name.len()) && names::is_part(name) && !RESERVED.contains(&name)
}

/// What is kept of an access token: whoever reads it cannot log in with it.
pub fn hash_of(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// Who may log in, as it is published.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The accounts that have a token.
    pub accounts: Vec<PublishedAccount>,
}

/// One of them.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedAccount {
    /// Its name on the hub.
    pub name: String,
    /// The hashes of its tokens, as [`hash_of`] makes them.
    pub tokens: Vec<String>,
}

impl Published {
    /// Where it is published in a classroom's data folder.
    pub fn file(data: &Path) -> PathBuf {
        data.join("web/hub-accounts.json")
    }

    /// Publishes it: from one moment to the next, so that the hub reads the old or the new.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, data: &Path) -> io::Result<()> {
        let file = Self::file(data);
        let new = file.with_extension("new");
        fs::write(&new, serde_json::to_vec(self)?)?;
        fs::rename(new, file)
    }
}

type Known = HashMap<String, HashSet<String>>;

/// Tells one state of the file from another: its inode, time and length.
type Stamp = (u64, i64, i64, u64);

/// The published list, read again whenever it changes.
#[derive(Debug)]
pub(crate) struct Accounts {
    file: PathBuf,
    read: Mutex<(Option<Stamp>, Arc<Known>)>,
}

impl Accounts {
    pub(crate) fn new(data: &Path) -> Self {
        Self {
            file: Published::file(data),
            read: Mutex::default(),
        }
    }

    /// Whether this account has this token now, given as its hash.
    pub(crate) fn has(&self, name: &str, hash: &str) -> bool {
        self.known()
            .get(name)
            .is_some_and(|tokens| tokens.contains(hash))
    }

    /// Whether this is the name of an account.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.known().contains_key(name)
    }

    /// What is published now. Where it cannot be read, nobody is known: better than somebody whose
    /// token was revoked.
    fn known(&self) -> Arc<Known> {
        let stamp = fs::metadata(&self.file)
            .ok()
            .map(|meta| (meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.len()));
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0 != stamp {
            let known = stamp.map_or_else(|| Ok(Known::new()), |_| self.read_all());
            let known = known.unwrap_or_else(|error| {
                tracing::error!(
                    %error, file = %self.file.display(),
                    "The list of accounts cannot be read, so nobody can log in: {error}"
                );
                Known::new()
            });
            *read = (stamp, Arc::new(known));
        }
        read.1.clone()
    }

    fn read_all(&self) -> io::Result<Known> {
        let mut text = String::new();
        File::open(&self.file)?
            .take(LIST_MAX)
            .read_to_string(&mut text)?;
        let published: Published = serde_json::from_str(&text)?;
        let accounts = published.accounts.into_iter();
        Ok(accounts
            .filter(|account| is_account_name(&account.name))
            .map(|account| (account.name, account.tokens.into_iter().collect()))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_counts_at_once() {
        let data = tempfile::tempdir().expect("a folder");
        fs::create_dir(data.path().join("web")).expect("a folder");
        let accounts = Accounts::new(data.path());
        let hash = hash_of("gyh_1");
        assert!(!accounts.has("hong", &hash), "nothing is published yet");
        let publish = |name: &str, tokens: &[&str]| {
            let tokens = tokens.iter().map(|token| hash_of(token)).collect();
            let name = name.to_owned();
            let accounts = vec![PublishedAccount { name, tokens }];
            Published { accounts }.write(data.path()).expect("a list");
        };
        publish("hong", &["gyh_1", "gyh_2"]);
        assert!(accounts.has("hong", &hash));
        assert!(!accounts.has("kim", &hash));
        publish("hong", &["gyh_2"]);
        assert!(!accounts.has("hong", &hash), "a token was revoked");
        publish("library", &["gyh_1"]);
        assert!(!accounts.has("library", &hash), "the classroom's own name");
    }

    #[test]
    fn accounts_names_fit_docker_and_are_nobody_elses() {
        for name in ["hong", "s12", "kim.minsu", "lee-2"] {
            assert!(is_account_name(name), "{name}");
        }
        for name in [
            "a",
            "library",
            "홍길동",
            "Hong",
            "-a",
            "a..b",
            "a/b",
            "admin",
        ] {
            assert!(!is_account_name(name), "{name}");
        }
        assert!(!is_account_name(&"a".repeat(31)));
    }
}

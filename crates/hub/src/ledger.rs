//! How much of the disk who may fill.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::spawn_blocking;

use crate::{
    names::Repository,
    storage::{Storage, Usage},
};

/// How many repositories an account may have: one for each thing that a course builds, and more.
pub(crate) const REPOSITORIES_MAX: usize = 50;

/// How many tags a repository may have.
pub(crate) const TAGS_MAX: usize = 100;

/// How many layers, configurations and manifests an account may have, whatever their size: each
/// takes some of the disk's inodes.
pub(crate) const BLOBS_MAX: usize = 5000;

/// How many uploads an account may have open: a push has five at once.
pub(crate) const UPLOADS_MAX: usize = 20;

/// The part of the hub's disk, one in so many, that must be left when an image is fetched from
/// elsewhere: however much a class pulls, there is room for what it pushes.
const LEFT_BY_FETCHED: u64 = 2;

/// The host's disk that is left to others, in bytes: machines do not start below this either.
const DISK_RESERVE: u64 = 2 << 30;

/// How old the measure of the whole storage may be: what is pushed meanwhile is added to it.
const MEASURED_FOR: Duration = Duration::from_secs(60);

/// What the operator allows.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// How much one account's images may take, in bytes.
    pub account: u64,
    /// How much all images may take together, the classroom's own among them, in bytes.
    pub all: u64,
}

/// Why there is no room: in words for the student, who reads them behind `denied:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The account has used what it may.
    Account { used: u64, quota: u64 },
    /// All together have.
    All,
    /// What is fetched from elsewhere has used what it may.
    Fetched,
    /// The host's disk is full.
    Disk,
    /// Too many layers.
    Blobs,
    /// Too many repositories.
    Repositories,
    /// Too many tags.
    Tags,
    /// Too many uploads at once.
    Uploads,
    /// A manifest that is none.
    Manifest,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MEND: &str = "remove some on the classroom's hub page";
        match self {
            Self::Account { used, quota } => {
                let (used, quota) = (size(*used), size(*quota));
                write!(f, "your images would take {used} of your {quota}: {MEND}")
            }
            Self::All => f.write_str("the class's hub is full: ask your instructor"),
            Self::Fetched => f.write_str(
                "the class's hub has no room for more of Docker Hub's images: ask your instructor",
            ),
            Self::Disk => f.write_str("the disk of the class's hub is full: ask your instructor"),
            Self::Blobs => write!(f, "your images have {BLOBS_MAX} layers or more: {MEND}"),
            Self::Repositories => {
                write!(
                    f,
                    "you have {REPOSITORIES_MAX} repositories already: {MEND}"
                )
            }
            Self::Tags => write!(f, "a repository has at most {TAGS_MAX} tags: {MEND}"),
            Self::Uploads => write!(f, "you have {UPLOADS_MAX} uploads under way: wait for them"),
            Self::Manifest => f.write_str("a manifest has at most 4 MB"),
        }
    }
}

/// A number of bytes as Docker writes it.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1000.0, unit + 1);
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// Counts what is on disk and what is on its way there.
pub(crate) struct Ledger {
    storage: Storage,
    quotas: Quotas,
    accounts: Mutex<HashMap<String, Arc<Account>>>,
    whole: Mutex<Option<(Instant, u64)>>,
    measuring: tokio::sync::Mutex<()>,
    /// What came since the whole was measured.
    since: AtomicU64,
    /// What is being fetched from elsewhere, whole images that may be there in part.
    fetching: AtomicU64,
}

/// What an account that is pushing has, and what came since that was measured.
struct Account {
    measured: u64,
    since: AtomicU64,
}

impl Ledger {
    pub(crate) fn new(storage: Storage, quotas: Quotas) -> Self {
        Self {
            storage,
            quotas,
            accounts: Mutex::default(),
            whole: Mutex::default(),
            measuring: tokio::sync::Mutex::default(),
            since: AtomicU64::new(0),
            fetching: AtomicU64::new(0),
        }
    }

    /// What an account may have, in bytes.
    pub(crate) fn quota(&self) -> u64 {
        self.quotas.account
    }

    /// Forgets how much there is in all, after something was taken away.
    pub(crate) fn forget(&self) {
        *lock(&self.whole) = None;
    }

    /// Lets something come for an account, if there is any room. While it has anything else under way,
    /// both are counted from one measure.
    pub(crate) async fn begin(self: &Arc<Self>, namespace: &str) -> Result<Incoming, Full> {
        self.measure_whole().await?;
        let known = self.known(namespace);
        let account = match known {
            Some(account) => account,
            None => {
                let measured = self.usage(namespace).await.bytes;
                let account = Arc::new(Account {
                    measured,
                    since: AtomicU64::new(0),
                });
                // Of two at once, the first one's measure counts.
                let mut accounts = lock(&self.accounts);
                accounts
                    .entry(namespace.to_owned())
                    .or_insert(account)
                    .clone()
            }
        };
        let incoming = Incoming {
            ledger: self.clone(),
            namespace: namespace.to_owned(),
            account: Some(account),
        };
        incoming.take(0)?;
        Ok(incoming)
    }

    /// Room for an image of so many bytes that is about to be fetched from elsewhere, if there is any.
    pub(crate) async fn make_room_for_fetched(
        self: &Arc<Self>,
        bytes: u64,
    ) -> Result<Fetching, Full> {
        self.measure_whole().await?;
        let most = self.quotas.all / LEFT_BY_FETCHED;
        if bytes > most {
            return Err(Full::Fetched);
        }
        self.fetching.fetch_add(bytes, Ordering::Relaxed);
        let fetching = Fetching {
            ledger: self.clone(),
            bytes,
        };
        if self.all() > most {
            return Err(Full::Fetched);
        }
        Ok(fetching)
    }

    /// What there is, and what is on its way.
    fn all(&self) -> u64 {
        let whole = lock(&self.whole).map_or(0, |(_, bytes)| bytes);
        whole + self.since.load(Ordering::Relaxed) + self.fetching.load(Ordering::Relaxed)
    }

    /// What an account has on disk.
    pub(crate) async fn usage(&self, namespace: &str) -> Usage {
        let (storage, namespace) = (self.storage.clone(), namespace.to_owned());
        let usage = spawn_blocking(move || storage.usage(&namespace)).await;
        // It only fails where the program ends.
        usage.unwrap_or_default()
    }

    /// Whether a new upload may begin in a repository.
    pub(crate) async fn check_upload(&self, repository: &Repository) -> Result<(), Full> {
        let usage = self.usage(repository.namespace()).await;
        if usage.uploads >= UPLOADS_MAX {
            return Err(Full::Uploads);
        }
        if usage.blobs >= BLOBS_MAX {
            return Err(Full::Blobs);
        }
        if usage.repositories >= REPOSITORIES_MAX && !self.storage.folder(repository).exists() {
            return Err(Full::Repositories);
        }
        Ok(())
    }

    /// Whether a manifest may come under this tag. Some that come at the same moment may be let in
    /// together.
    pub(crate) async fn check_tag(&self, repository: &Repository, tag: &str) -> Result<(), Full> {
        let (storage, repository) = (self.storage.clone(), repository.clone());
        let tags = spawn_blocking(move || storage.tags(&repository)).await;
        let tags = tags.unwrap_or_default();
        if tags.len() >= TAGS_MAX && !tags.iter().any(|existing| existing == tag) {
            return Err(Full::Tags);
        }
        Ok(())
    }

    /// Looks at all of the storage once in a while.
    async fn measure_whole(&self) -> Result<(), Full> {
        // One at a time: what came meanwhile is taken off once.
        let _alone = self.measuring.lock().await;
        let is_fresh = lock(&self.whole).is_some_and(|(at, _)| at.elapsed() < MEASURED_FOR);
        if !is_fresh {
            let storage = self.storage.clone();
            let before = self.since.load(Ordering::Relaxed);
            let whole = spawn_blocking(move || storage.whole()).await;
            self.since.fetch_sub(before, Ordering::Relaxed);
            *lock(&self.whole) = Some((Instant::now(), whole.unwrap_or_default()));
        }
        if self.storage.free() < DISK_RESERVE {
            return Err(Full::Disk);
        }
        Ok(())
    }

    fn known(&self, namespace: &str) -> Option<Arc<Account>> {
        lock(&self.accounts).get(namespace).cloned()
    }
}

/// An image that is being fetched: all of it counts until this is dropped, and then as what came.
pub(crate) struct Fetching {
    ledger: Arc<Ledger>,
    bytes: u64,
}

impl Drop for Fetching {
    fn drop(&mut self) {
        self.ledger.since.fetch_add(self.bytes, Ordering::Relaxed);
        self.ledger
            .fetching
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Something that comes, and is counted while it does.
pub(crate) struct Incoming {
    ledger: Arc<Ledger>,
    namespace: String,
    account: Option<Arc<Account>>,
}

impl Incoming {
    /// Counts so many bytes more, if there is room for them.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), Full> {
        let Some(account) = &self.account else {
            return Ok(());
        };
        let quotas = &self.ledger.quotas;
        let used = account.measured + account.since.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if used > quotas.account {
            let quota = quotas.account;
            return Err(Full::Account { used, quota });
        }
        self.ledger.since.fetch_add(bytes, Ordering::Relaxed);
        if self.ledger.all() > quotas.all {
            return Err(Full::All);
        }
        Ok(())
    }
}

impl Drop for Incoming {
    /// With the last of an account, its measure goes: what came is on the disk, or never will be.
    fn drop(&mut self) {
        let mut accounts = lock(&self.ledger.accounts);
        drop(self.account.take());
        let is_last = accounts
            .get(&self.namespace)
            .is_some_and(|account| Arc::strong_count(account) == 1);
        if is_last {
            accounts.remove(&self.namespace);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_dockers() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(2_100_000_000), "2.1 GB");
    }
}

//! What all machines of the classroom share.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use machine::Problem;
use tokio::sync::{Notify, Semaphore};

use crate::{
    cgroup::Cgroups,
    config::{Data, Options},
    error::{Doing, HostError},
    network::{MACHINES_MAX, Router},
    runc::Runc,
};

/// How many checks run at once, of all machines together: each takes up to 60 MB for a moment.
const CHECKS: usize = 8;

/// The host's memory below which no machine starts, in bytes: what runs needs room to grow.
const MEMORY_RESERVE: u64 = 1 << 30;

/// The host, as far as machines need it.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) options: Options,
    pub(crate) data: Data,
    pub(crate) runc: Runc,
    pub(crate) cgroups: Cgroups,
    pub(crate) router: Router,
    /// Places for checks.
    pub(crate) checks: Arc<Semaphore>,
    /// Told when a machine's state changes: others may have waited for that.
    pub(crate) changed: Notify,
    numbers: Mutex<BTreeSet<u8>>,
    names: AtomicU64,
}

impl Host {
    pub(crate) fn new(options: Options, data: Data, cgroups: Cgroups, router: Router) -> Self {
        Self {
            runc: Runc::new(data.path("runc")),
            options,
            data,
            cgroups,
            router,
            checks: Arc::new(Semaphore::new(CHECKS)),
            changed: Notify::new(),
            numbers: Mutex::default(),
            // What a killed machined had started still uses its names.
            names: AtomicU64::new(u64::from(std::process::id()) << 32),
        }
    }

    /// Takes the number of a network that no running machine has.
    pub(crate) fn take_number(&self) -> Result<u8, Problem> {
        let mut numbers = lock(&self.numbers);
        let free = (1..=MACHINES_MAX).find(|number| !numbers.contains(number));
        let number = free.ok_or(Problem::Internal)?;
        numbers.insert(number);
        Ok(number)
    }

    /// Notes the number of a machine that runs already.
    pub(crate) fn note_number(&self, number: u8) {
        lock(&self.numbers).insert(number);
    }

    pub(crate) fn free_number(&self, number: u8) {
        lock(&self.numbers).remove(&number);
    }

    /// Kills all of a container, whatever state it is in, and removes what it has on the host. No
    /// error if there is none.
    pub(crate) async fn remove_container(&self, container: &str) -> Result<(), HostError> {
        self.cgroups.thaw(container);
        self.runc.delete(container).await?;
        self.cgroups.kill(container).await;
        self.cgroups.remove(container).await
    }

    /// Whether there is memory for one more machine.
    pub(crate) fn has_memory(&self) -> bool {
        let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix("MemAvailable:"));
        let free = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        // A kernel that does not say (none since 3.14) is taken at its word.
        free.is_none_or(|kib| kib << 10 >= MEMORY_RESERVE)
    }

    /// A new name in the scratch folder, for something of a container's.
    pub(crate) fn scratch(&self, container: &str, kind: &str) -> PathBuf {
        let name = format!("{container}.{}.{kind}", self.unique());
        self.data.scratch().join(name)
    }

    /// Removes what is in the scratch folder of a container: of those whose callers were gone before
    /// their end, and what a runc that was killed began to write there, which has a dot before it.
    pub(crate) fn clear_scratch(&self, container: &str) -> Result<(), HostError> {
        let scratch = self.data.scratch();
        let entries = fs::read_dir(&scratch).doing(|| format!("list {}", scratch.display()))?;
        let prefix = format!("{container}.");
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.trim_start_matches('.').starts_with(&prefix) {
                remove_scratch(&entry.path())?;
            }
        }
        Ok(())
    }

    /// A number that no other call of this process gets.
    pub(crate) fn unique(&self) -> u64 {
        self.names.fetch_add(1, Ordering::Relaxed)
    }
}

/// Locks; what a panicking thread left is as good as before, as nothing here is changed in steps.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes a file or folder, which somebody else may do at the same time.
pub(crate) fn remove_scratch(path: &Path) -> Result<(), HostError> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.doing(|| format!("remove {}", path.display())),
    }
}

//! Taking away what nothing leads to any more: of images that were removed, of tags that stand for
//! something else now, of pushes that broke off.
//!
//! Between two requests of a push nothing leads to its layers yet. So a sweep waits for a moment in
//! which nobody pushes, and a push that comes while it is under way waits for its end. Pulls go on.

use std::{
    fs::{File, OpenOptions},
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, flock};
use tokio::{
    process::Command,
    sync::{Notify, OwnedRwLockReadGuard, RwLock},
    task::spawn_blocking,
    time::{sleep, timeout},
};

use crate::{ledger::Ledger, storage::Storage};

/// How long nobody must have pushed before a sweep: within a push, requests follow each other in
/// milliseconds, but for the time that a layer takes, which is a request's own.
const QUIET: Duration = Duration::from_secs(10);

/// How often it is looked whether that is so.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often there is a sweep where nobody asks for one, if anything was pushed since the last.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// How long nothing may have come of an upload before it is taken for broken off.
const BROKEN_OFF: Duration = Duration::from_secs(3600);

/// How long a push waits for a sweep's end, which takes seconds.
const WAIT: Duration = Duration::from_secs(30);

/// How long the registry's own part of a sweep may take: it reads all manifests.
const COLLECT_WITHIN: Duration = Duration::from_secs(600);

/// Who pushes, and whether there is anything to sweep.
pub(crate) struct Gate {
    open: Arc<RwLock<()>>,
    last: Mutex<Instant>,
    changed: AtomicBool,
    asked: Notify,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            open: Arc::default(),
            last: Mutex::new(Instant::now()),
            // Of a hub before this one.
            changed: AtomicBool::new(true),
            asked: Notify::new(),
        }
    }

    /// Lets a request of a push in, when no sweep is under way; `None` where that takes too long.
    pub(crate) async fn push(self: &Arc<Self>) -> Option<Push> {
        let open = timeout(WAIT, self.open.clone().read_owned()).await.ok()?;
        self.changed.store(true, Ordering::Relaxed);
        self.note();
        let gate = self.clone();
        Some(Push { gate, _open: open })
    }

    /// Asks for a sweep, as something was removed.
    pub(crate) fn ask(&self) {
        self.changed.store(true, Ordering::Relaxed);
        self.asked.notify_one();
    }

    fn note(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn is_quiet(&self) -> bool {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.elapsed() >= QUIET
    }
}

/// A request of a push, for as long as it takes.
pub(crate) struct Push {
    gate: Arc<Gate>,
    _open: OwnedRwLockReadGuard<()>,
}

impl Drop for Push {
    fn drop(&mut self) {
        self.gate.note();
    }
}

/// What sweeps.
pub(crate) struct Sweeper {
    pub(crate) gate: Arc<Gate>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) storage: Storage,
    /// The registry's configuration.
    pub(crate) config: PathBuf,
    /// Held by whoever else puts images into the storage, past the hub.
    pub(crate) lock: PathBuf,
}

impl Sweeper {
    /// Sweeps when it is asked to, and once in a while.
    pub(crate) async fn keep(self) {
        loop {
            // Either is a reason to look.
            let _ = timeout(SWEEP_EVERY, self.gate.asked.notified()).await;
            let storage = self.storage.clone();
            // What fails is told where it fails.
            let _ = spawn_blocking(move || storage.clear_all_uploads(BROKEN_OFF)).await;
            if self.gate.changed.swap(false, Ordering::Relaxed) {
                self.sweep().await;
            }
        }
    }

    async fn sweep(&self) {
        let (_shut, _lock) = loop {
            if self.gate.is_quiet()
                && let Ok(shut) = self.gate.open.clone().try_write_owned()
                && let Some(lock) = self.lock()
            {
                break (shut, lock);
            }
            sleep(LOOK_EVERY).await;
        };
        let (began, before) = (Instant::now(), self.storage.free());
        let storage = self.storage.clone();
        let _ = spawn_blocking(move || storage.sweep()).await;
        if let Err(error) = self.collect().await {
            tracing::error!(%error, "The registry's garbage was not collected: {error:#}");
        }
        self.ledger.forget();
        let freed = self.storage.free().saturating_sub(before);
        let took = began.elapsed();
        tracing::info!(
            freed,
            ?took,
            "Swept the hub within {took:.1?}: {freed} bytes"
        );
    }

    /// The lock of the storage, unless somebody has it.
    fn lock(&self) -> Option<File> {
        // Not truncated, and read only: it may be root's.
        let file = File::open(&self.lock).or_else(|_| {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(&self.lock)
        });
        match file {
            Ok(file) => flock(&file, FlockOperation::NonBlockingLockExclusive)
                .is_ok()
                .then_some(file),
            Err(error) => {
                tracing::error!(%error, "The storage's lock cannot be opened: {error}");
                None
            }
        }
    }

    /// Lets the registry take away the blobs that no manifest names any more.
    async fn collect(&self) -> anyhow::Result<()> {
        let mut command = Command::new("docker-registry");
        command
            .arg("garbage-collect")
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let status = timeout(COLLECT_WITHIN, command.status()).await??;
        anyhow::ensure!(
            status.success(),
            "docker-registry garbage-collect: {status}"
        );
        Ok(())
    }
}

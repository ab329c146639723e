//! Being told to end: by Ctrl-C, by `kill`, by a closed terminal.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

/// Whether somebody told this program to end, or one of its parts failed.
#[derive(Clone, Debug, Default)]
pub(crate) struct End(Arc<AtomicBool>);

impl End {
    /// Listens for the signals that end a program; from now on they only set this flag, and whoever
    /// waits has to look at it.
    ///
    /// # Errors
    /// When the signals cannot be caught.
    pub(crate) fn on_signals() -> Result<Self> {
        let end = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register(signal, end.0.clone()).context("listening for signals")?;
        }
        Ok(end)
    }

    /// Whether it is time to end.
    pub(crate) fn is_now(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Ends the other parts as well.
    pub(crate) fn now(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Asks a child and what it started to end. The child leads a process group of its own.
pub(crate) fn end_group(child: &std::process::Child, signal: Signal) {
    // It may have ended by itself a moment ago, which is what is wanted.
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, signal);
    }
}

//! Where things are: in the clone, in the target folder, in the user's cache.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The root of the clone that this program was built from.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // This crate is crates/xtask.
    here.ancestors().nth(2).unwrap_or(here)
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// What this program remembers and writes: logs, fingerprints, wrappers.
pub(crate) fn notes() -> PathBuf {
    target().join("xtask")
}

/// Where Trunk puts the browser client.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// Tools that outlive the clone.
///
/// # Errors
/// When neither XDG_CACHE_HOME nor HOME is set.
pub(crate) fn tools() -> Result<PathBuf> {
    let cache = match env::var_os("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(cache.join("gyosil/tools"))
}

/// Whether this process may do as it likes on this host.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

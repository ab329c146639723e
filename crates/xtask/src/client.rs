//! Building the browser client.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{fingerprint, layout, step::Step, tools};

/// Everything that the client is made from, in the clone.
const SOURCES: [&str; 10] = [
    "app",
    "style",
    "public",
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "crates/xtask/src/site.rs",
    "crates/xtask/src/client.rs",
];

fn fingerprint() -> Result<String> {
    let mut paths: Vec<PathBuf> = SOURCES.map(|source| layout::root().join(source)).into();
    paths.push(layout::dist().join("index.html"));
    fingerprint::of(&paths)
}

fn note() -> PathBuf {
    layout::notes().join("client")
}

/// Whether dist/ is what the sources say.
///
/// # Errors
/// When they cannot be looked at.
pub(crate) fn is_built() -> Result<bool> {
    Ok(layout::dist().join("index.html").is_file()
        && fingerprint::is_noted(&note(), &fingerprint()?))
}

/// Builds dist/ with Trunk.
///
/// # Errors
/// What Trunk says.
pub(crate) fn build(step: &Step<'_>) -> Result<()> {
    let mut trunk = Command::new("trunk");
    trunk
        .args(["build", "--release", "--offline"])
        .current_dir(layout::root());
    // Trunk reads NO_COLOR as an option of its own, and stops at values other than true and false.
    trunk.env("PATH", tools::path()?).env_remove("NO_COLOR");
    trunk.env("XTASK", std::env::current_exe()?);
    step.run(&mut trunk)?;
    fingerprint::note(&note(), &fingerprint()?)
}

//! Tools that no distribution has in the right version. They are built once and live in the user's
//! cache, so that another clone finds them.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{fingerprint, layout, step::Steps};

/// A program from crates.io.
struct Tool {
    package: &'static str,
    version: &'static str,
    program: &'static str,
    install: &'static [&'static str],
}

/// The newest that Rust 1.95 compiles, and the one that matches Cargo.toml's wasm-bindgen. Both are
/// installed the quick way: Trunk as a debug build is as fast in use and compiles in half the time.
const TOOLS: [Tool; 2] = [
    Tool {
        package: "trunk",
        version: "0.21.14",
        program: "trunk",
        install: &["--no-default-features", "--debug"],
    },
    Tool {
        package: "wasm-bindgen-cli",
        version: "0.2.129",
        program: "wasm-bindgen",
        install: &["--no-default-features", "--debug", "--bin", "wasm-bindgen"],
    },
];

/// What `cargo xtask bench course` compares with: as it is released, without what serves books.
const MDBOOK: Tool = Tool {
    package: "mdbook",
    version: "0.5.4",
    program: "mdbook",
    install: &["--no-default-features"],
};

/// What the browser's client is built for.
const WASM: &str = "wasm32-unknown-unknown";

impl Tool {
    fn folder(&self) -> Result<PathBuf> {
        Ok(layout::tools()?.join(format!("{}-{}", self.package, self.version)))
    }

    fn path(&self) -> Result<PathBuf> {
        Ok(self.folder()?.join("bin").join(self.program))
    }

    fn is_there(&self) -> Result<bool> {
        Ok(self.path()?.is_file())
    }

    /// Installs it, into a temporary target folder, not among the project's own things.
    fn install(&self, steps: &Steps) -> Result<()> {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["install", "--locked", "--root"])
            .arg(self.folder()?)
            .args(self.install)
            .arg(format!("{}@{}", self.package, self.version))
            .env_remove("CARGO_TARGET_DIR")
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        steps.run(self.package, |step| step.run(&mut cargo))
    }
}

/// mdBook's program; installs it first where it is missing.
///
/// # Errors
/// When it cannot be installed.
pub(crate) fn mdbook(steps: &Steps) -> Result<PathBuf> {
    if !MDBOOK.is_there()? {
        MDBOOK.install(steps)?;
    }
    MDBOOK.path()
}

/// How many steps [`install`] will take.
///
/// # Errors
/// When the cache's place is unknown.
pub(crate) fn missing() -> Result<usize> {
    let mut missing = usize::from(!has_target(WASM)?);
    for tool in &TOOLS {
        missing += usize::from(!tool.is_there()?);
    }
    Ok(missing + usize::from(!has_npm_packages()?))
}

/// Installs what is missing.
///
/// # Errors
/// The first that fails.
pub(crate) fn install(steps: &Steps) -> Result<()> {
    if !has_target(WASM)? {
        let mut rustup = Command::new("rustup");
        rustup.args(["target", "add", WASM]);
        steps.run("Rust for the browser", |step| step.run(&mut rustup))?;
    }
    for tool in &TOOLS {
        if !tool.is_there()? {
            tool.install(steps)?;
        }
    }
    if !has_npm_packages()? {
        steps.run("npm packages of the client", |step| {
            step.run(
                Command::new("npm")
                    .args(["ci", "--no-audit", "--no-fund"])
                    .current_dir(npm()),
            )?;
            fingerprint::note(&npm_note(), &npm_fingerprint()?)
        })?;
    }
    wrap_wasm_opt()
}

/// Whether Rust can build for this target.
///
/// # Errors
/// When there is no Rust.
pub(crate) fn has_target(target: &str) -> Result<bool> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start rustc")?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

/// Where the client's package.json is.
fn npm() -> PathBuf {
    layout::root().join("style")
}

/// The client's npm packages.
pub(crate) fn node_modules() -> PathBuf {
    npm().join("node_modules")
}

fn npm_note() -> PathBuf {
    node_modules().join(".gyosil")
}

fn npm_fingerprint() -> Result<String> {
    fingerprint::of(&[npm().join("package-lock.json")])
}

fn has_npm_packages() -> Result<bool> {
    Ok(fingerprint::is_noted(&npm_note(), &npm_fingerprint()?))
}

/// Trunk looks for `wasm-opt` on PATH: npm's, since Debian's old one breaks the client silently.
fn wrap_wasm_opt() -> Result<()> {
    let wrapper = wrappers().join("wasm-opt");
    let program = node_modules().join("binaryen/bin/wasm-opt");
    fs::create_dir_all(wrappers()).context("making a folder for wrappers")?;
    fs::write(
        &wrapper,
        format!("#!/bin/sh\nexec node '{}' \"$@\"\n", program.display()),
    )?;
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn wrappers() -> PathBuf {
    layout::notes().join("bin")
}

/// PATH with these tools before all others.
///
/// # Errors
/// When the cache's place is unknown.
pub(crate) fn path() -> Result<OsString> {
    let mut folders = vec![wrappers()];
    for tool in &TOOLS {
        folders.push(tool.folder()?.join("bin"));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    folders.extend(env::split_paths(&path));
    Ok(env::join_paths(folders)?)
}

//! The machine image, the teaching images, and the daemon that runs machines.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::{layout, step::Step, tools};

/// How long machined may take to stop all machines: each stops in parallel, within 10 s.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// How often an ending machined is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What machines' first process is built for: static, so that it runs in any machine.
const INIT_TARGET: &str = "x86_64-unknown-linux-musl";

/// Builds machines' first process, and installs what Rust needs for that.
///
/// # Errors
/// What the build says.
pub(crate) fn build_init(step: &Step<'_>) -> Result<()> {
    if !tools::has_target(INIT_TARGET)? {
        let added = step.run(Command::new("rustup").args(["target", "add", INIT_TARGET]));
        added.with_context(|| format!("Rust needs its target {INIT_TARGET}"))?;
    }
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--package",
        "init",
        "--profile",
        "init",
        "--target",
        INIT_TARGET,
    ]);
    step.run(cargo.current_dir(layout::root()))
}

/// Builds the root file system of machines, if its definition has changed.
///
/// # Errors
/// What the build says.
pub(crate) fn build_image(step: &Step<'_>, data: &Path) -> Result<()> {
    let build = layout::root().join("images/machine/build");
    let init = layout::target().join(INIT_TARGET).join("init/gyosil-init");
    step.run(
        Command::new(build)
            .arg(data.join("machine-image"))
            .env("GYOSIL_INIT", init),
    )
}

/// Builds the teaching images whose definitions have changed; `machined` are options for the machined
/// that it may have to start.
///
/// # Errors
/// What the build says.
pub(crate) fn build_teaching_images(
    step: &Step<'_>,
    gyosil: &Path,
    data: &Path,
    machined: &[OsString],
) -> Result<()> {
    let mut command = Command::new(gyosil);
    command.args(["images", "build", "--data"]).arg(data);
    command.arg("--images").arg(layout::root().join("images"));
    step.run(command.arg("--").args(machined))
}

/// The machined of a data folder, if one runs.
///
/// # Errors
/// When its note cannot be read.
pub(crate) fn machined(data: &Path) -> Result<Option<Machined>> {
    let file = data.join("run/machined.pid");
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
    };
    let Some(pid) = text.trim().parse().ok().and_then(Pid::from_raw) else {
        return Ok(None);
    };
    // The number may be of an earlier life, and somebody else's by now.
    let program = fs::read_link(format!("/proc/{}/exe", pid.as_raw_nonzero()));
    let name = program
        .ok()
        .map(|path| path.to_string_lossy().into_owned())
        .unwrap_or_default();
    // A rebuilt program shows as "… (deleted)".
    let name = PathBuf::from(name.trim_end_matches(" (deleted)"));
    Ok(name
        .ends_with("gyosil-machined")
        .then_some(Machined { pid }))
}

/// A running machined.
pub(crate) struct Machined {
    pid: Pid,
}

impl Machined {
    /// Tells it to stop its machines, whose disks stay, and to end; waits for that.
    ///
    /// # Errors
    /// When it does not end.
    pub(crate) fn stop(self) -> Result<()> {
        kill_process(self.pid, Signal::TERM).context("telling machined to end")?;
        let told = Instant::now();
        while test_kill_process(self.pid).is_ok() {
            if told.elapsed() > STOP_WITHIN {
                bail!(
                    "machined (process {}) does not end",
                    self.pid.as_raw_nonzero()
                );
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

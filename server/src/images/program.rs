//! Running the host's programs, each with a time limit.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, Result, bail};
use tokio::{process::Command, time::timeout};

/// How much of a failed program's standard error is told, in characters: the last lines name the
/// fault.
const STDERR_TAIL: usize = 2000;

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started, ends badly or takes longer than `limit`; with its last words.
pub(super) async fn run(command: &mut Command, limit: Duration) -> Result<()> {
    let name = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let running = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {name} (is it installed?)"))?;
    let output = timeout(limit, running.wait_with_output())
        .await
        .with_context(|| format!("{name} did not end within {} s", limit.as_secs()))??;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let skipped = stderr.chars().count().saturating_sub(STDERR_TAIL);
        let tail: String = stderr.chars().skip(skipped).collect();
        bail!("{name}: {}\n{}", output.status, tail.trim_end());
    }
    Ok(())
}

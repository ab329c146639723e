//! Programs of the host that machined uses: always with a limit, always in a process group of
//! their own, gone when nobody waits for them any more.

use std::{
    ffi::OsStr,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::{io::AsyncWriteExt, process::Command};

use crate::error::{Doing, HostError};

/// What `ip`, `nft`, `mount`, `runc` and their like may take. They need milliseconds; on a host
/// that swaps or has its disk full of work, seconds.
const LIMIT: Duration = Duration::from_secs(30);

/// How many times as long the host's programs and machines' engines may take: see
/// [`crate::config::Options::patience`]. Of the process, as every program that it starts has it.
static PATIENCE: AtomicU32 = AtomicU32::new(1);

/// Lets everything take so many times as long, from now on.
pub(crate) fn set_patience(times: u32) {
    PATIENCE.store(times, Ordering::Relaxed);
}

/// A limit as this host needs it.
pub(crate) fn patient(limit: Duration) -> Duration {
    limit * PATIENCE.load(Ordering::Relaxed)
}

/// What one of the host's programs may take on this host.
pub(crate) fn limit() -> Duration {
    patient(LIMIT)
}

/// How much of a failed program's standard error goes into the log, in bytes.
const STDERR_KEPT: usize = 2048;

/// Runs a program to its end and returns its standard output.
pub(crate) async fn run<A: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Result<String, HostError> {
    run_with(program, arguments, "").await
}

/// As [`run`], with something on standard input.
pub(crate) async fn run_with<A: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = A>,
    stdin: &str,
) -> Result<String, HostError> {
    let mut command = Command::new(program);
    command.args(arguments);
    command.stdin(if stdin.is_empty() {
        Stdio::null()
    } else {
        Stdio::piped()
    });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    let work = async {
        let mut child = command.spawn().doing(|| format!("start {program}"))?;
        if let Some(mut pipe) = child.stdin.take() {
            // A program that does not read says why with its exit status.
            let _ = pipe.write_all(stdin.as_bytes()).await;
        }
        child
            .wait_with_output()
            .await
            .doing(|| format!("wait for {program}"))
    };
    let Ok(output) = tokio::time::timeout(limit(), work).await else {
        return Err(HostError::Slow {
            program: program.to_owned(),
            limit: limit(),
        });
    };
    let output = output?;
    if !output.status.success() {
        return Err(HostError::Program {
            program: program.to_owned(),
            status: output.status,
            stderr: last(&output.stderr, STDERR_KEPT),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The last `most` bytes as text, without the blank around it.
pub(crate) fn last(bytes: &[u8], most: usize) -> String {
    let tail = &bytes[bytes.len().saturating_sub(most)..];
    String::from_utf8_lossy(tail).trim().to_owned()
}

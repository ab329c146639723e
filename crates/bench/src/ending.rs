//! A measurement's end: its own, or because somebody says so.

use std::process::ExitCode;

use anyhow::{Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// Measures, and prints what went wrong. Told to end, it drops the measurement, whose parts remove what
/// they made.
pub(crate) async fn until_told(measure: impl Future<Output = Result<()>>) -> ExitCode {
    let done = tokio::select! {
        done = measure => done,
        ended = told_to_end() => ended,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn told_to_end() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    bail!("ended before it was done; removing what was made")
}

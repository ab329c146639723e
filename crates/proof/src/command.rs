//! The host's own programs.

use std::{ffi::OsStr, process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

use crate::{Doing, Error};

/// How long a program of the host may take: they take milliseconds, a search some seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// How much of a failing program's words is kept, in bytes.
const WORDS_KEPT: usize = 1024;

/// Runs a program of the host with `stdin`, and returns what it printed.
pub(crate) async fn run<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
    stdin: &str,
) -> Result<String, Error> {
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().doing(|| format!("start {program}"))?;
    let input = child.stdin.take();
    let feed = async {
        if let Some(mut input) = input {
            // A program need not read what it is given.
            let _ = input.write_all(stdin.as_bytes()).await;
        }
    };
    let work = async { tokio::join!(feed, child.wait_with_output()).1 };
    let output = timeout(LIMIT, work)
        .await
        .map_err(std::io::Error::from)
        .and_then(|output| output)
        .doing(|| format!("run {program} to its end"))?;
    if !output.status.success() {
        let words = &output.stderr[output.stderr.len().saturating_sub(WORDS_KEPT)..];
        return Err(Error::Program {
            program: program.to_owned(),
            status: output.status.to_string(),
            stderr: String::from_utf8_lossy(words).trim().to_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

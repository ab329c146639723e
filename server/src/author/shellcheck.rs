//! ShellCheck over a course's scripts, where it is installed. What it finds are warnings: the course
//! works without it, and it knows no classroom.

use std::{io, process::Stdio, thread, time::Duration};

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use tokio::{process::Command, time::timeout};

use super::{
    finding::{Finding, Severity},
    script::{Script, memory_file},
};

/// How long it may look at one script: it takes some tens of milliseconds for a page.
const LOOKS_WITHIN: Duration = Duration::from_secs(20);

/// What it prints with `--format=json1`.
#[derive(Deserialize)]
struct Said {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    line: usize,
    end_line: usize,
    column: usize,
    end_column: usize,
    code: u32,
    message: String,
}

/// What ShellCheck finds in those scripts that the classroom runs (what a student types is no program:
/// nobody quotes `$(docker ps -q)` there); nothing where it is not installed.
///
/// # Errors
/// When it is, and does not do its work.
pub(super) async fn check(scripts: &[Script]) -> Result<Vec<Finding>> {
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    let found = stream::iter(scripts.iter().filter(|script| !script.is_typed))
        .map(check_one)
        .buffered(at_once)
        .try_collect::<Vec<_>>()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn check_one(script: &Script) -> Result<Vec<Finding>> {
    let mut shellcheck = Command::new("shellcheck");
    shellcheck
        // From `warning` on: what it says below that is taste.
        .args(["--norc", "--shell=bash", "--severity=warning"])
        .args(["--format=json1", "-"])
        .stdin(memory_file(&script.text)?)
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = timeout(LOOKS_WITHIN, shellcheck.output())
        .await
        .with_context(|| format!("shellcheck did not end within {LOOKS_WITHIN:?}"))?;
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context("shellcheck cannot be run"),
    };
    let said: Said = serde_json::from_slice(&output.stdout).with_context(|| {
        let error = String::from_utf8_lossy(&output.stderr);
        format!("shellcheck gave an answer that is none: {error}")
    })?;
    Ok(said
        .comments
        .into_iter()
        .map(|comment| comment.finding(script))
        .collect())
}

impl Comment {
    fn finding(self, script: &Script) -> Finding {
        let place = if self.line == self.end_line {
            script.between(self.line, self.column, self.end_column)
        } else {
            script.place(self.line)
        };
        script.finding(
            Severity::Warning,
            format!("SC{}", self.code),
            place,
            self.message,
            format!("https://www.shellcheck.net/wiki/SC{}", self.code),
        )
    }
}

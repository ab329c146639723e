//! `bash -n` over a course's scripts. It only reads them: nothing of a script is ever run.
//!
//! A process for each script would take seconds in a large course, so one bash reads many of them, each
//! closed off from the next. Where that bash complains, the scripts are halved until the faulty one is
//! alone, and what bash says of it alone is what the author reads.

use std::{env, num::NonZeroUsize, process::Stdio, thread, time::Duration};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use tokio::{process::Command, time::timeout};

use super::{
    finding::{Finding, Severity},
    script::{Script, memory_file},
};

/// How long one bash may read. It reads all scripts of a large course in a twentieth of a second.
const READS_WITHIN: Duration = Duration::from_secs(20);

/// Where a script's lines begin in what bash reads of many.
const OPEN: &str = "{ (\n";

/// What closes a script off. A script that is whole ends before this, and the comment is one. Behind an
/// open quote, backquote or brace it is none: the first of its closing marks that fits ends what was
/// open, and `;; )` is an error wherever it stands. Behind an open `if`, `(`, `case` and so on one of
/// the other lines is.
const CLOSE: &str = "\n# } ;; ) ' ;; ) \" ;; ) ` ;; )\n)\n}\n";

/// What bash finds wrong with these scripts.
///
/// # Errors
/// When there is no bash, or it does not come to an end.
pub(super) async fn check(scripts: &[Script]) -> Result<Vec<Finding>> {
    // An open here-document takes in whatever follows, up to its word: such a script is read alone.
    let (alone, together): (Vec<&Script>, Vec<&Script>) = scripts
        .iter()
        .partition(|script| script.text.contains("<<"));
    let mut findings = Vec::new();
    for script in alone {
        findings.extend(check_alone(script).await?);
    }
    // A bash for each processor.
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = together.len().div_ceil(processors).max(1);
    let parts = try_join_all(together.chunks(share).map(check_together)).await?;
    findings.extend(parts.into_iter().flatten());
    Ok(findings)
}

async fn check_together(scripts: &[&Script]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut waiting = vec![scripts];
    while let Some(scripts) = waiting.pop() {
        match scripts {
            [] => {}
            [script] => findings.extend(check_alone(script).await?),
            _ if are_well(scripts).await? => {}
            _ => {
                let (first, second) = scripts.split_at(scripts.len() / 2);
                waiting.extend([first, second]);
            }
        }
    }
    Ok(findings)
}

/// Whether bash has nothing to say of any of these scripts.
async fn are_well(scripts: &[&Script]) -> Result<bool> {
    let mut program = String::new();
    for script in scripts {
        program.extend([OPEN, &script.text, CLOSE]);
    }
    Ok(read(&program).await?.is_empty())
}

async fn check_alone(script: &Script) -> Result<Option<Finding>> {
    let said = read(&script.text).await?;
    let Some(first) = said.lines().find(|line| !line.trim().is_empty()) else {
        return Ok(None);
    };
    // bash: line 3: syntax error near unexpected token `fi'
    let (line, message) = first
        .strip_prefix("bash: line ")
        .and_then(|rest| rest.split_once(": "))
        .and_then(|(line, message)| Some((line.parse::<usize>().ok()?, message)))
        .unwrap_or((1, first));
    let finding = script.finding(
        Severity::Error,
        "bash-syntax".to_owned(),
        script.place(line),
        format!("bash cannot read this script: {message}"),
        "`bash -n` reads a script without running it; close what is open, or mend the spelling"
            .to_owned(),
    );
    Ok(Some(finding))
}

/// What `bash -n` says of a program.
async fn read(program: &str) -> Result<String> {
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-n"])
        // BASH_ENV would name a file to be run first.
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("LC_ALL", "C")
        .stdin(memory_file(program)?)
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(READS_WITHIN, bash.output())
        .await
        .with_context(|| format!("bash did not read the scripts within {READS_WITHIN:?}"))?
        .context("bash, which checks the syntax of scripts, cannot be run: install it")?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

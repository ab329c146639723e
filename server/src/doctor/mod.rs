//! `gyosil doctor`: what this host has and lacks for a classroom, with the mend of each lack; and, with
//! `--prove`, whether anything gets out of a machine.

mod classroom;
mod kernel;
mod limits;
mod programs;
mod proof;
mod row;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use app::{Lang, Words};
use serde::Serialize;
use tokio::process::Command;

use row::{Row, Verdict, say};

/// How long a program may take that is asked something: they take milliseconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What to look at.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The classroom's data folder.
    #[arg(long, default_value = "/var/lib/gyosil")]
    data: PathBuf,
    /// Where the classroom listens, or is to.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The language, ko or en [default: LC_ALL or LANG].
    #[arg(long)]
    lang: Option<Lang>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Start two machines of a classroom of its own, and try to get out of one.
    #[arg(long)]
    prove: bool,
    /// Take the walls away as well, one at a time, and see that the checks notice.
    #[arg(long, requires = "prove")]
    negative: bool,
}

/// Everything that was found, as `--json` prints it.
#[derive(Serialize)]
struct Report {
    checks: Vec<Row>,
    proof: Vec<::proof::Check>,
}

/// Looks at the host, prints what it found, and fails if anything keeps a classroom from running, or
/// anything gets out of a machine.
///
/// # Errors
/// When the suite cannot go on; what was found so far has been printed.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let words = Words(args.lang.unwrap_or_else(language));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(examine(args, words))?;
    if args.json {
        say(&serde_json::to_string(&report)?)?;
    }
    let is_well = report.checks.iter().all(|row| row.verdict != Verdict::Fail)
        && report
            .proof
            .iter()
            .all(|check| check.verdict == ::proof::Verdict::Held);
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn examine(args: &Args, words: Words) -> Result<Report> {
    let mut checks = kernel::rows(words);
    checks.extend(programs::rows(words).await);
    checks.extend(classroom::rows(words, args).await);
    checks.extend(limits::rows(words));
    if !args.json {
        row::print(&checks, words)?;
    }
    let proof = if args.prove {
        proof::prove(args, words).await?
    } else {
        Vec::new()
    };
    Ok(Report { checks, proof })
}

/// The language that the operator's terminal speaks, as locale(7) has it; English for any other.
fn language() -> Lang {
    let named = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok());
    let named = named.into_iter().find(|value| !value.is_empty());
    if named.is_some_and(|value| value.starts_with("ko")) {
        Lang::Ko
    } else {
        Lang::En
    }
}

/// What a program prints; `None` if it is not there, fails or takes too long.
async fn ask(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .kill_on_drop(true)
        .stdin(std::process::Stdio::null());
    let output = tokio::time::timeout(ANSWER_WITHIN, command.output())
        .await
        .ok()?
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The program `gyosil-machined` that belongs to this one.
fn machined() -> Result<PathBuf> {
    Ok(std::env::current_exe()
        .context("finding this executable")?
        .with_file_name("gyosil-machined"))
}

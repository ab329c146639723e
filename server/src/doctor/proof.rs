//! `--prove`: the containment suite, each check printed as it ends.

use std::io;

use anyhow::{Result, bail, ensure};
use app::Words;
use nix::unistd::geteuid;
use proof::{Check, Options, Place, Point, Verdict};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    Args,
    row::{pad, say},
};
use crate::host::WEB_USER;

/// How wide a verdict is printed, in columns.
const VERDICT: usize = 8;

/// Runs the suite; it takes everything away again, also on SIGINT and SIGTERM.
///
/// # Errors
/// When the suite cannot be run to its end.
pub(super) async fn prove(args: &Args, words: Words) -> Result<Vec<Check>> {
    ensure!(
        geteuid().is_root(),
        "only root can start machines: run this command with sudo"
    );
    let options = Options {
        machined: super::machined()?,
        image: args.data.join("machine-image/rootfs"),
        account: WEB_USER.to_owned(),
        negative: args.negative,
    };
    if !args.json {
        say(&format!("\n{}", words.t("proof-begins")))?;
    }
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let (mut checks, mut printed) = (Vec::new(), Ok(()));
    let ended = tokio::select! {
        ended = proof::prove(&options, |check| {
            if !args.json && printed.is_ok() {
                printed = print(check, words);
            }
            checks.push(check.clone());
        }) => Some(ended),
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
    };
    printed?;
    match ended {
        Some(ended) => ended?,
        None => bail!("broken off; everything was taken away again"),
    }
    let failed = checks
        .iter()
        .filter(|check| check.verdict != Verdict::Held)
        .count();
    if !args.json {
        let values = [("checks", checks.len().into()), ("failed", failed.into())];
        say(&words.with("proof-ends", &values))?;
    }
    Ok(checks)
}

fn print(check: &Check, words: Words) -> io::Result<()> {
    let verdict = match check.verdict {
        Verdict::Held => words.t("proof-held"),
        Verdict::Broken => words.t("proof-broken"),
        Verdict::Untried => words.t("proof-untried"),
    };
    let (title, place) = (words.t(title(check.point)), words.t(place(check.place)));
    say(&format!(
        "{}  {:>2} {title} ({place})",
        pad(&verdict, VERDICT),
        check.number
    ))?;
    for line in &check.seen {
        say(&format!("{}     {line}", pad("", VERDICT)))?;
    }
    Ok(())
}

fn title(point: Point) -> &'static str {
    match point {
        Point::Ids => "proof-ids",
        Point::Owners => "proof-owners",
        Point::Files => "proof-files",
        Point::Processes => "proof-processes",
        Point::Knobs => "proof-knobs",
        Point::Devices => "proof-devices",
        Point::Groups => "proof-groups",
        Point::Calls => "proof-calls",
        Point::Descriptors => "proof-descriptors",
        Point::Sockets => "proof-sockets",
        Point::Network => "proof-network",
        Point::Floods => "proof-floods",
        Point::Scripts => "proof-scripts",
        Point::Callers => "proof-callers",
        Point::Leavings => "proof-leavings",
        Point::Negative => "proof-negative",
    }
}

fn place(place: Place) -> &'static str {
    match place {
        Place::Host => "proof-from-host",
        Place::Root => "proof-from-root",
        Place::Privileged => "proof-from-privileged",
        Place::WithoutWall => "proof-without-wall",
    }
}

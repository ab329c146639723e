//! The containment suite: everything that a student must not be able to do with a machine whose root
//! they are, tried for real.
//!
//! [`prove`] starts a machined of its own, on a folder of its own, with two machines, and tries to get
//! out of one of them: as its root, and again from the most privileged container that its engine
//! makes. What it looks for is really there (*canaries*: files, processes, sockets, listeners of its
//! own), and found by the same means where it may be found. It takes everything away again, also when
//! its future is dropped.
//!
//! The attempts themselves are scripts in `probes/`; each prints one line a finding.

mod canary;
mod command;
mod echo;
pub mod footprint;
pub mod namespace;
mod negative;
mod points;
mod probe;
mod stage;

use std::{
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde::Serialize;

pub use crate::points::Point;
use crate::{probe::Seen, stage::Stage};

/// What the suite needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program `gyosil-machined`.
    pub machined: PathBuf,
    /// The machine image's root file system.
    pub image: PathBuf,
    /// The unprivileged account of the host that may ask machined.
    pub account: String,
    /// Whether to take the walls away, one at a time, and see that the checks notice.
    pub negative: bool,
}

/// From where something was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Looked at from the host.
    Host,
    /// In the machine, as its root.
    Root,
    /// In the machine, from `docker run --privileged --pid=host --net=host -v /:/h` and so on.
    Privileged,
    /// In a container that is a machine but for one wall.
    WithoutWall,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The wall held.
    Held,
    /// Something got through, or was left.
    Broken,
    /// It could not be tried, so it says nothing. Counts as a failure.
    Untried,
}

/// One check: a point of the suite, from one place.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was to be shown.
    pub point: Point,
    /// The point's number in the suite, 1 to 16.
    pub number: u8,
    /// From where.
    pub place: Place,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen, in English: first what went wrong.
    pub seen: Vec<String>,
    /// How long the point took, from all places together, in milliseconds.
    pub took_ms: u64,
}

/// Why the suite could not be run, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something of the host's.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A program of the host's.
    #[error("{program} failed ({status}): {stderr}")]
    Program {
        /// Its name.
        program: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        stderr: String,
    },
    /// machined.
    #[error("machined: {0}")]
    Machined(#[from] machine::Error),
    /// A machine did not become ready.
    #[error("the machine {machine} did not start: {why}\n{log}")]
    NotReady {
        /// Its name.
        machine: String,
        /// What it did instead.
        why: String,
        /// The end of machined's log.
        log: String,
    },
}

/// Runs the suite, and hands over each check as it ends. The caller must be root.
///
/// Dropping the future ends the suite; what it had on the host is then taken away before the drop
/// returns, which takes some seconds.
///
/// # Errors
/// When the suite itself cannot go on; checks that were handed over before stand.
pub async fn prove(options: &Options, mut report: impl FnMut(&Check)) -> Result<(), Error> {
    let stage = Stage::set(options).await?;
    for point in Point::IN_MACHINES {
        let since = Instant::now();
        let seen = point.check(&stage).await?;
        let took = since.elapsed();
        for (place, seen) in seen {
            report(&check(point, place, seen, took));
        }
    }
    if options.negative {
        let since = Instant::now();
        for seen in negative::check(&stage).await? {
            report(&check(
                Point::Negative,
                Place::WithoutWall,
                seen,
                since.elapsed(),
            ));
        }
    }
    let since = Instant::now();
    let seen = stage.strike().await?;
    report(&check(Point::Leavings, Place::Host, seen, since.elapsed()));
    Ok(())
}

fn check(point: Point, place: Place, seen: Seen, took: Duration) -> Check {
    Check {
        point,
        number: point.number(),
        place,
        verdict: seen.verdict(),
        seen: seen.lines(),
        took_ms: took.as_millis().try_into().unwrap_or(u64::MAX),
    }
}

/// Says what was tried when it fails.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            what: what(),
            source: source.into(),
        })
    }
}

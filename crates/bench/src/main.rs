//! `gyosil-bench`: machines measured on this host, beside LXD's containers of the same files, and the
//! class's hub in them. `cargo xtask bench machines` and `cargo xtask bench hub` build and run it.

// A person sits before this program.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod claim;
mod class;
mod cold;
mod ending;
mod engine;
mod host;
mod hub;
mod idle;
mod live;
mod lxd;
mod packages;
mod report;
mod samples;
mod terminal;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};

use crate::{class::Programs, report::Report};

/// Measures machines; its last line is one JSON object.
#[derive(Parser)]
struct Cli {
    /// The machined to measure.
    #[arg(long)]
    machined: PathBuf,
    /// The machines' root file system.
    #[arg(long)]
    image: PathBuf,
    /// Only these parts; without any, all.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// How many ready machines to claim.
    #[arg(long, default_value_t = 30)]
    claims: usize,
    /// How many machines to start, and how many of LXD's containers.
    #[arg(long, default_value_t = 15)]
    starts: usize,
    /// How many machines share in the measure of an idle one's memory.
    #[arg(long, default_value_t = 20)]
    idle: usize,
    /// How many machines live at once.
    #[arg(long, default_value_t = 100)]
    live: usize,
    /// For how many seconds somebody types in each of them.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many machines pull an image at once.
    #[arg(long, default_value_t = 30)]
    pulls: usize,
    /// Measure the hub instead, with the images in this folder, a classroom's `registry`.
    #[arg(long)]
    registry: Option<PathBuf>,
    /// Leave LXD out.
    #[arg(long)]
    no_lxd: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From asking for a machine, with one ready, to a prompt that answers.
    Claim,
    /// From asking for a machine, with none ready, to its engine's answer; and LXD's.
    Cold,
    /// What an idle machine takes of the host's memory.
    Idle,
    /// From a key to its echo, with many machines at once.
    Live,
}

#[tokio::main]
async fn main() -> ExitCode {
    ending::until_told(measure(&Cli::parse())).await
}

async fn measure(cli: &Cli) -> Result<()> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "this starts machines, which needs root"
    );
    let programs = Programs::new(&cli.machined, &cli.image)?;
    if let Some(registry) = &cli.registry {
        return hub::measure(&programs, registry, cli.pulls).await?.print();
    }
    let wants = |part| cli.only.is_empty() || cli.only.contains(&part);
    let mut report = Report::new()?;
    if wants(Part::Claim) {
        report.claim = Some(claim::measure(&programs, cli.claims).await?);
    }
    if wants(Part::Cold) {
        report.cold = Some(cold::measure(&programs, cli.starts, !cli.no_lxd).await?);
    }
    if wants(Part::Idle) {
        report.idle = Some(idle::measure(&programs, cli.idle).await?);
    }
    if wants(Part::Live) {
        report.live = Some(live::measure(&programs, cli.live, cli.seconds).await?);
    }
    report.print()
}

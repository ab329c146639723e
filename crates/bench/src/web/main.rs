//! `gyosil-bench-web`: pages, submissions and a class of 300 measured, the first beside nginx, the second
//! beside bare SQLite. `cargo xtask bench web` builds and runs it.
//!
//! The server is the one that is released, with a real record and the real course. machined is not: it
//! is stood in for by something that says of every machine that it is ready, so that neither root nor
//! an image nor three hundred machines are needed.

// A person sits before this program.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod browser;
mod classroom;
#[path = "../ending.rs"]
mod ending;
mod grid;
mod machined;
mod pages;
#[path = "../samples.rs"]
mod samples;
mod submissions;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use serde::Serialize;

use crate::{classroom::Classroom, grid::Grid, pages::Pages, submissions::Submissions};

/// Measures the web server; its last line is one JSON object.
#[derive(Parser)]
struct Cli {
    /// The gyosil to measure.
    #[arg(long)]
    gyosil: PathBuf,
    /// The course to serve.
    #[arg(long)]
    content: PathBuf,
    /// Only these parts; without any, all.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// How often pages and submissions are measured; the middle one counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// For how many seconds each time.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many students there are.
    #[arg(long, default_value_t = 300)]
    students: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Lesson pages a second, beside nginx.
    Pages,
    /// Answers on disk a second, beside bare SQLite.
    Submissions,
    /// How far an instructor's page is behind a class at work, and what the server takes of memory.
    Grid,
}

/// The last line.
#[derive(Default, Serialize)]
struct Figures {
    pages_ratio: Option<f64>,
    submissions_ratio: Option<f64>,
    grid_lag_s: Option<f64>,
    server_mb: Option<f64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    ending::until_told(measure(&Cli::parse())).await
}

async fn measure(cli: &Cli) -> Result<()> {
    let wants = |part| cli.only.is_empty() || cli.only.contains(&part);
    let mut classroom = Classroom::open(&cli.gyosil, &cli.content).await?;
    classroom.students_join(cli.students).await?;
    let mut figures = Figures::default();
    let mut table = Vec::new();
    if wants(Part::Pages) {
        let pages = Pages::measure(&mut classroom, cli.rounds, cli.seconds).await?;
        figures.pages_ratio = Some(rounded(pages.ratio()));
        table.extend(pages.rows());
    }
    if wants(Part::Submissions) {
        let measured = Submissions::measure(&mut classroom, cli.rounds, cli.seconds).await?;
        figures.submissions_ratio = Some(rounded(measured.ratio()));
        table.extend(measured.rows());
    }
    if wants(Part::Grid) {
        let grid = Grid::measure(&mut classroom).await?;
        figures.grid_lag_s = Some(rounded(grid.worst_s()));
        figures.server_mb = Some(rounded(grid.server_mb));
        table.extend(grid.rows());
    }
    println!("\n| | measured |\n|---|---|");
    for (what, measured) in table {
        println!("| {what} | {measured} |");
    }
    println!("\n{}", serde_json::to_string(&figures)?);
    Ok(())
}

/// To two places after the point.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// The middle one.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

//! `cargo xtask`: the project's chores.

// A person sits before this program: it talks to them, and it may wait.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod client;
mod fingerprint;
mod host;
mod install;
mod layout;
mod machines;
mod parts;
mod signals;
mod site;
mod step;
mod test;
mod tools;
mod up;
mod vm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The chores of Gyosil, the self-hosted classroom.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what is missing, build everything and open the classroom.
    Up(up::Args),
    /// Test everything, or some parts of it.
    Test(test::Args),
    /// Measure machines.
    Bench(bench::Args),
    /// Finish the browser client; Trunk calls this.
    #[command(hide = true)]
    FinishSite,
}

fn main() -> ExitCode {
    let done = match Cli::parse().chore {
        Chore::Up(args) => up::run(&args),
        Chore::Test(args) => test::run(&args),
        Chore::Bench(args) => bench::run(&args),
        Chore::FinishSite => site::finish(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}

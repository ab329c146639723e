//! `gyosil`: the classroom's web process and the operator's commands.

mod answers;
mod app_state;
mod author;
mod class_watch;
mod control;
mod course_folder;
mod doctor;
mod enrolment;
mod examiner;
mod host;
mod hub;
mod images;
mod kept;
mod learner;
mod listener;
mod looking;
mod passwords;
mod presence;
mod proxy;
mod record;
mod roster;
mod roster_file;
mod rounds;
mod serve;
mod site;
mod throttle;
mod trouble;
mod turns;
mod visitor;

use std::{io::IsTerminal, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// The system's allocator keeps what a password's hash took, 19 MiB, for each of its arenas: some hundred
/// megabytes for good. It also takes a tenth of a page's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Gyosil, the self-hosted classroom for cloud, virtualization and Docker.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the classroom.
    Serve(serve::Args),
    /// Build the teaching images that students pull.
    Images(images::Args),
    /// Copy the record of accounts and attempts to a file, while the classroom goes on.
    Backup(record::Args),
    /// Put such a copy in place of the record. The classroom must be closed.
    Restore(record::Args),
    /// Say what this host has and lacks for a classroom, and how to mend it.
    Doctor(doctor::Args),
    /// Say everything that is wrong with a course, and how to mend it.
    Lint(author::lint::Args),
    /// List the rows of a course's map that it does not cover yet.
    Rows(author::rows::Args),
    /// Try every exercise of a course on real machines: its solution, and each wrong way.
    TestCourse(author::test_course::Args),
    /// Put a course into one file, or take it out of one.
    Course(author::archive::Args),
    /// Take questions from Moodle, or give it some, in GIFT.
    Gift(author::gift::Args),
}

/// What is logged unless `GYOSIL_LOG` says otherwise. notify complains of folders that have gone, which
/// is what it is there to tell.
const LOGGED: &str = "info,notify=error";

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("GYOSIL_LOG").unwrap_or_else(|_| EnvFilter::new(LOGGED));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let outcome = match Cli::parse().command {
        Command::Serve(args) => serve::run(args).map(|()| ExitCode::SUCCESS),
        Command::Images(args) => images::run(args).map(|()| ExitCode::SUCCESS),
        Command::Backup(args) => record::backup(&args).map(|()| ExitCode::SUCCESS),
        Command::Restore(args) => record::restore(&args).map(|()| ExitCode::SUCCESS),
        Command::Doctor(args) => doctor::run(&args),
        Command::Lint(args) => author::lint::run(&args),
        Command::Rows(args) => author::rows::run(&args),
        Command::TestCourse(args) => author::test_course::run(&args),
        Command::Course(args) => author::archive::run(&args),
        Command::Gift(args) => author::gift::run(&args),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

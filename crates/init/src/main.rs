//! `gyosil-init`: what runs first in a student's machine, and what answers to `systemctl` and
//! `journalctl` there. One executable, several names:
//!
//! - `init`, as process 1: readies what systemd would have readied, starts the enabled services and
//!   looks after them, gathers their output, reaps what others left behind;
//! - `init doze`: puts an engine that nobody uses to sleep, until its socket is knocked at;
//! - `systemctl`, `journalctl`: as systemd's, as far as the services of a lesson need them;
//! - `activate`: becomes a service's program; only process 1 calls it.
//!
//! Why not systemd: it takes 30 MB and a second of each machine, where a student needs two services.
//! What it prints is therefore what systemd 257 prints, so that what is learnt here holds elsewhere.

// These programs are for the terminal and may wait; there is no async runtime to hold up.
#![allow(clippy::disallowed_methods)]

mod activate;
mod boot;
mod cgroup;
mod clock;
mod control;
mod doze;
mod engine;
mod files;
mod journal;
mod journalctl;
mod manager;
mod notify;
mod options;
mod process;
mod service;
mod shutdown;
mod span;
mod systemctl;
mod unit;
mod words;

use std::{ffi::OsString, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let name = Path::new(&name).file_name().unwrap_or_default().to_owned();
    let arguments: Vec<String> = arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    match name.to_str() {
        Some("systemctl") => systemctl::main(&arguments),
        Some("journalctl") => journalctl::main(&arguments),
        Some("activate") => activate::main(std::env::args_os().skip(1).collect::<Vec<OsString>>()),
        _ if arguments == ["doze"] => doze::main(),
        _ if std::process::id() == 1 => manager::main(),
        _ => {
            options::complain("usage: init doze (and, as a machine's process 1: init)");
            ExitCode::from(2)
        }
    }
}

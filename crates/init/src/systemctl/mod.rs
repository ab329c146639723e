//! `systemctl`, as far as a lesson on services needs it: systemctl(1).

mod jobs;
mod links;
mod list;
mod properties;
mod status;

use std::process::ExitCode;

use crate::{
    files,
    options::{self, Known, Page, Read, Takes, complain},
};

/// Options; those that need nothing here are taken and change nothing.
const OPTIONS: [Known; 24] = [
    flag("no-pager", None),
    flag("full", Some('l')),
    flag("quiet", Some('q')),
    flag("now", None),
    flag("all", Some('a')),
    flag("no-legend", None),
    flag("plain", None),
    flag("value", None),
    flag("no-block", None),
    flag("failed", None),
    flag("force", Some('f')),
    flag("system", None),
    flag("no-ask-password", None),
    flag("no-reload", None),
    flag("no-warn", None),
    flag("wait", None),
    flag("help", Some('h')),
    flag("version", None),
    value("lines", Some('n')),
    value("type", Some('t')),
    value("property", Some('p')),
    value("state", None),
    value("output", Some('o')),
    value("P", Some('P')),
];

const fn flag(long: &'static str, short: Option<char>) -> Known {
    Known {
        long,
        short,
        value: Takes::Nothing,
    }
}

const fn value(long: &'static str, short: Option<char>) -> Known {
    Known {
        long,
        short,
        value: Takes::Value,
    }
}

const HELP: &str = "systemctl [OPTIONS...] COMMAND ...

Query or send control commands to the services of this machine.

Unit Commands:
  list-units                          List loaded units
  status [NAME...]                    Show runtime status of units
  show [NAME...]                      Show properties of units
  cat NAME...                         Show files of units
  is-active NAME...                   Check whether units are active
  is-failed NAME...                   Check whether units are failed
  start NAME...                       Start units
  stop NAME...                        Stop units
  restart NAME...                     Start or restart units
  try-restart NAME...                 Restart units if active
  reload NAME...                      Reload units
  reload-or-restart NAME...           Reload units if possible, otherwise restart
  reset-failed [NAME...]              Reset failed state

Unit File Commands:
  list-unit-files                     List installed unit files
  enable [--now] NAME...              Start units at boot
  disable [--now] NAME...             Do not start units at boot
  is-enabled NAME...                  Check whether units start at boot
  mask NAME...                        Make units impossible to start
  unmask NAME...                      Undo this
  daemon-reload                       Read unit files again

Options:
  -a --all  -l --full  -q --quiet  -t --type=  -p --property=  -n --lines=
     --now  --no-block  --no-pager  --no-legend  --plain  --value  --failed";

/// `systemctl`.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let read = match options::read(arguments, &OPTIONS) {
        Ok(read) => read,
        Err(why) => {
            complain(&format!("systemctl: {why}"));
            return ExitCode::FAILURE;
        }
    };
    let mut page = Page::default();
    if read.has("help") {
        page.line(HELP);
        page.send();
        return ExitCode::SUCCESS;
    }
    if read.has("version") {
        page.line(format!("gyosil-init {}", env!("CARGO_PKG_VERSION")));
        page.send();
        return ExitCode::SUCCESS;
    }
    let mut words = read.words.iter();
    let verb = words.next().map_or("list-units", String::as_str);
    let units: Vec<String> = words
        .map(|name| files::own_name(&files::full_name(name)))
        .collect();
    let code = run(verb, &units, &read, &mut page);
    page.send();
    ExitCode::from(code)
}

/// Does it; returns the exit code.
fn run(verb: &str, units: &[String], read: &Read, page: &mut Page) -> u8 {
    let needs_units = !matches!(
        verb,
        "list-units"
            | "list-unit-files"
            | "status"
            | "show"
            | "daemon-reload"
            | "reset-failed"
            | "is-system-running"
    );
    if !is_known(verb) {
        complain(&format!("Unknown command verb '{verb}'."));
        return 1;
    }
    if needs_units && units.is_empty() {
        complain("Too few arguments.");
        return 1;
    }
    match verb {
        "list-units" => list::units(units, read, page),
        "list-unit-files" => list::unit_files(units, read, page),
        "is-system-running" => list::is_running(page),
        "status" => status::show(units, read, page),
        "show" => properties::show(units, read, page),
        "cat" => links::cat(units, page),
        "is-active" => properties::is_active(units, read, page),
        "is-failed" => properties::is_failed(units, read, page),
        "is-enabled" => links::is_enabled(units, read, page),
        "enable" | "disable" | "reenable" | "mask" | "unmask" => links::change(verb, units, read),
        "daemon-reload" => jobs::daemon_reload(),
        _ => jobs::run(verb, units, read),
    }
}

fn is_known(verb: &str) -> bool {
    const VERBS: [&str; 22] = [
        "list-units",
        "list-unit-files",
        "is-system-running",
        "status",
        "show",
        "cat",
        "is-active",
        "is-failed",
        "is-enabled",
        "enable",
        "disable",
        "reenable",
        "mask",
        "unmask",
        "daemon-reload",
        "start",
        "stop",
        "restart",
        "try-restart",
        "reload",
        "reload-or-restart",
        "reset-failed",
    ];
    VERBS.contains(&verb)
}

/// What systemctl says where there is no first process of ours, as in a container.
fn not_booted(error: &std::io::Error) -> u8 {
    complain("System has not been booted with systemd as init system (PID 1). Can't operate.");
    complain(&format!(
        "Failed to connect to system scope bus via local transport: {error}"
    ));
    1
}

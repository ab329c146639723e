//! `systemctl enable` and its like: links in `/etc/systemd/system`; and `cat`.

use std::{fs, io};

use super::{jobs, properties};
use crate::{
    files::{self, LoadError},
    options::{Page, Read, complain},
};

/// `enable`, `disable`, `reenable`, `mask`, `unmask`; returns the exit code.
pub(super) fn change(verb: &str, units: &[String], read: &Read) -> u8 {
    let done = units
        .iter()
        .try_for_each(|unit| change_one(verb, unit, read.has("quiet")));
    if let Err(why) = done {
        complain(&format!("Failed to {verb} unit: {why}"));
        return 1;
    }
    // As systemctl: whoever changes links wants them heeded.
    let reloaded = jobs::daemon_reload();
    match (verb, read.has("now")) {
        (_, false) | ("unmask", true) => reloaded,
        ("enable", true) => jobs::run("start", units, read),
        ("reenable", true) => jobs::run("restart", units, read),
        (_, true) => jobs::run("stop", units, read),
    }
}

fn change_one(verb: &str, unit: &str, is_quiet: bool) -> Result<(), String> {
    let tell = |line: String| {
        if !is_quiet {
            complain(&line);
        }
    };
    if matches!(verb, "disable" | "reenable") {
        for link in files::disable(unit).map_err(|error| explain(unit, &error))? {
            tell(format!("Removed '{}'.", link.display()));
        }
    }
    if matches!(verb, "enable" | "reenable") {
        let made = files::enable(unit).map_err(|error| explain(unit, &error))?;
        if files::enablement(unit) == Some("static") {
            tell(NO_INSTALL.to_owned());
        }
        for (link, target) in made {
            tell(format!(
                "Created symlink '{}' \u{2192} '{}'.",
                link.display(),
                target.display()
            ));
        }
    }
    if verb == "mask" {
        let made = files::mask(unit).map_err(|error| explain_io(unit, &error))?;
        made.iter().for_each(|link| {
            tell(format!(
                "Created symlink '{}' \u{2192} '/dev/null'.",
                link.display()
            ));
        });
    }
    if verb == "unmask" {
        let removed = files::unmask(unit).map_err(|error| explain_io(unit, &error))?;
        removed
            .iter()
            .for_each(|link| tell(format!("Removed '{}'.", link.display())));
    }
    Ok(())
}

const NO_INSTALL: &str =
    "The unit files have no installation config (WantedBy=, RequiredBy=, UpheldBy=,
Also=, or Alias= settings in the [Install] section, and DefaultInstance= for
template units). This means they are not meant to be enabled or disabled using systemctl.";

fn explain(unit: &str, error: &LoadError) -> String {
    match error {
        LoadError::NotFound => format!("Unit {unit} does not exist"),
        LoadError::Masked => format!("Unit {unit} is masked"),
        LoadError::Bad(file, _) => format!("\"{}\" has a bad unit file setting", file.display()),
        LoadError::Io(error) => explain_io(unit, error),
    }
}

fn explain_io(unit: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "Interactive authentication required.".to_owned(),
        io::ErrorKind::AlreadyExists => {
            format!("File '{}/{unit}' already exists.", files::ETC)
        }
        _ => error.to_string(),
    }
}

/// `is-enabled`: 0 if one of them is, 1 if none is, 4 if there is no such unit.
pub(super) fn is_enabled(units: &[String], read: &Read, page: &mut Page) -> u8 {
    let mut code = 4;
    for unit in units {
        let state = files::enablement(unit);
        code = code.min(match state {
            Some("enabled" | "static" | "alias") => 0,
            Some(_) => 1,
            None => 4,
        });
        if !read.has("quiet") {
            page.line(state.unwrap_or("not-found"));
        }
    }
    code
}

/// `cat`: the files of units.
pub(super) fn cat(units: &[String], page: &mut Page) -> u8 {
    let mut is_first = true;
    for unit in units {
        let loaded = match files::load(unit) {
            Ok(loaded) => loaded,
            Err(LoadError::Masked) => {
                complain(&format!("# Unit {unit} is masked."));
                continue;
            }
            Err(_) => {
                complain(&format!("No files found for {unit}."));
                return 1;
            }
        };
        for file in std::iter::once(&loaded.file).chain(&loaded.drop_ins) {
            if !std::mem::take(&mut is_first) {
                page.line("");
            }
            page.line(format!("# {}", file.display()));
            match fs::read(file) {
                Ok(text) => page.line(String::from_utf8_lossy(&text).trim_end_matches('\n')),
                Err(error) => complain(&format!("Failed to open {}: {error}", file.display())),
            }
        }
    }
    warn_of_stale(units);
    0
}

/// Says which units' files have changed since they were read.
pub(super) fn warn_of_stale(units: &[String]) {
    for unit in properties::ask(units).unwrap_or_default() {
        if unit.get("NeedDaemonReload") == "yes" {
            complain(&format!(
                "Warning: The unit file, source configuration file or drop-ins of {} changed on disk. \
                 Run 'systemctl daemon-reload' to reload units.",
                unit.get("Id")
            ));
        }
    }
}

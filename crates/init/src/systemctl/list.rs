//! `systemctl list-units` and `list-unit-files`.

use super::properties::{self, Properties};
use crate::{
    files,
    options::{Page, Read, complain, has_colours},
};

/// `list-units`; returns the exit code.
pub(super) fn units(wanted: &[String], read: &Read, page: &mut Page) -> u8 {
    let mut found = match properties::ask(&[]) {
        Ok(found) => found,
        Err(error) => return super::not_booted(&error),
    };
    let states: Vec<&str> = read
        .values("state")
        .iter()
        .flat_map(|states| states.split(','))
        .collect();
    found.retain(|unit| {
        let (active, sub) = (unit.get("ActiveState"), unit.get("SubState"));
        let is_shown = if read.has("failed") {
            active == "failed"
        } else if states.is_empty() {
            read.has("all") || active != "inactive"
        } else {
            states.contains(&active) || states.contains(&sub)
        };
        is_shown && is_wanted(unit.get("Id"), wanted) && is_of_type(read)
    });
    let columns = [
        ("UNIT", "Id"),
        ("LOAD", "LoadState"),
        ("ACTIVE", "ActiveState"),
        ("SUB", "SubState"),
    ];
    let widths = columns.map(|(title, name)| {
        let widths = found.iter().map(|unit| unit.get(name).len());
        widths.chain([title.len()]).max().unwrap_or(0)
    });
    let row = |cells: [&str; 4], last: &str| {
        let cells = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$} "));
        format!("{}{last}", cells.collect::<String>())
    };
    let has_legend = !read.has("no-legend");
    if has_legend && !found.is_empty() {
        page.line(format!(
            "  {}",
            row(columns.map(|(title, _)| title), "DESCRIPTION")
        ));
    }
    for unit in &found {
        let line = row(
            columns.map(|(_, name)| unit.get(name)),
            unit.get("Description"),
        );
        page.line(format!("{} {line}", mark(unit, read.has("plain"))));
    }
    if has_legend {
        legend(found.len(), read.has("all"), page);
    }
    0
}

/// What stands before a unit that has failed.
fn mark(unit: &Properties, is_plain: bool) -> &'static str {
    match unit.get("ActiveState") {
        "failed" if is_plain => " ",
        "failed" if has_colours() => "\u{1b}[0;1;31m\u{25cf}\u{1b}[0m",
        "failed" => "\u{25cf}",
        _ => " ",
    }
}

fn is_wanted(name: &str, wanted: &[String]) -> bool {
    wanted.is_empty()
        || wanted.iter().any(|pattern| {
            let pattern = pattern.strip_suffix(".service").unwrap_or(pattern);
            match pattern.strip_suffix('*') {
                Some(beginning) => name.starts_with(beginning),
                None => name.strip_suffix(".service") == Some(pattern),
            }
        })
}

/// There are services only.
fn is_of_type(read: &Read) -> bool {
    let types = read.values("type");
    types.is_empty()
        || types
            .iter()
            .any(|types| types.split(',').any(|kind| kind == "service"))
}

fn legend(count: usize, has_all: bool, page: &mut Page) {
    if count > 0 {
        page.line("");
        page.line(
            "Legend: LOAD   \u{2192} Reflects whether the unit definition was properly loaded.",
        );
        page.line("        ACTIVE \u{2192} The high-level unit activation state, i.e. generalization of SUB.");
        page.line("        SUB    \u{2192} The low-level unit activation state, values depend on unit type.");
        page.line("");
    }
    let hint = if has_all {
        ""
    } else {
        " Pass --all to see loaded but inactive units, too."
    };
    page.line(format!("{count} loaded units listed.{hint}"));
    page.line("To show all installed unit files use 'systemctl list-unit-files'.");
}

/// `list-unit-files`; returns the exit code.
pub(super) fn unit_files(wanted: &[String], read: &Read, page: &mut Page) -> u8 {
    let names = files::all()
        .into_iter()
        .filter(|name| is_wanted(name, wanted) && is_of_type(read));
    let mut rows: Vec<(String, &str)> = names
        .map(|name| (name.clone(), files::enablement(&name).unwrap_or("bad")))
        .collect();
    let states = read.values("state");
    rows.retain(|(_, state)| states.is_empty() || states.contains(state));
    let width = rows
        .iter()
        .map(|(name, _)| name.len())
        .chain([9])
        .max()
        .unwrap_or(0);
    if !read.has("no-legend") {
        page.line(format!("{:width$} {:8} PRESET", "UNIT FILE", "STATE"));
    }
    for (name, state) in &rows {
        // Debian enables what it installs.
        let preset = if matches!(*state, "enabled" | "disabled") {
            "enabled"
        } else {
            "-"
        };
        page.line(format!("{name:width$} {state:8} {preset}"));
    }
    if !read.has("no-legend") {
        page.line("");
        page.line(format!("{} unit files listed.", rows.len()));
    }
    0
}

/// `is-system-running`: 0 if nothing has failed.
pub(super) fn is_running(page: &mut Page) -> u8 {
    match properties::ask(&[]) {
        Err(error) => super::not_booted(&error),
        Ok(units) if units.iter().any(|unit| unit.get("ActiveState") == "failed") => {
            page.line("degraded");
            1
        }
        Ok(_) => {
            page.line("running");
            0
        }
    }
}

/// `status` without a unit: the machine's.
pub(super) fn overview(page: &mut Page) -> u8 {
    let found = match properties::ask(&[]) {
        Ok(found) => found,
        Err(error) => return super::not_booted(&error),
    };
    let failed = found
        .iter()
        .filter(|unit| unit.get("ActiveState") == "failed")
        .count();
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let state = if failed == 0 { "running" } else { "degraded" };
    page.line(format!("\u{25cf} {}", name.trim()));
    page.line(format!("    State: {state}"));
    page.line(format!(
        "    Units: {} loaded (incl. loaded aliases)",
        found.len()
    ));
    page.line("     Jobs: 0 queued");
    page.line(format!("   Failed: {failed} units"));
    if failed > 0 {
        complain("Use 'systemctl --failed' to see which.");
    }
    0
}

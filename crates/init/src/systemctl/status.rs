//! `systemctl status`.

use std::{fs, path::Path, time::Duration};

use rustix::termios::tcgetwinsize;

use super::{
    links, list,
    properties::{self, Properties},
};
use crate::{
    cgroup, clock, journal, journalctl,
    options::{Page, Read, complain, has_colours},
    span,
};

/// How many lines of the journal are shown unless `-n` says otherwise: as systemctl.
const LINES: usize = 10;

/// How many ticks of `/proc/PID/stat` are a second: what Linux tells every program.
const TICKS: u64 = 100;

const GREEN: &str = "\u{1b}[0;1;32m";
const RED: &str = "\u{1b}[0;1;31m";
const YELLOW: &str = "\u{1b}[0;1;33m";
const PLAIN: &str = "\u{1b}[0m";

/// Shows units; returns the exit code: 0 if all run, 3 if one does not, 4 if there is no such unit.
pub(super) fn show(units: &[String], read: &Read, page: &mut Page) -> u8 {
    if units.is_empty() {
        return list::overview(page);
    }
    let found = match properties::ask(units) {
        Ok(found) => found,
        Err(error) => return super::not_booted(&error),
    };
    let mut code = 0;
    let mut is_first = true;
    let mut is_cut = false;
    for unit in &found {
        if !unit.is_found() {
            complain(&format!("Unit {} could not be found.", unit.get("Id")));
            code = 4;
            continue;
        }
        if !std::mem::take(&mut is_first) {
            page.line("");
        }
        is_cut |= show_one(unit, read, page);
        if !matches!(unit.get("ActiveState"), "active" | "reloading") && code == 0 {
            code = 3;
        }
    }
    if is_cut {
        page.line("Hint: Some lines were ellipsized, use -l to show in full.");
    }
    links::warn_of_stale(units);
    code
}

fn colour(state: &str) -> &'static str {
    match state {
        _ if !has_colours() => "",
        "active" | "reloading" => GREEN,
        "failed" => RED,
        "activating" | "deactivating" => YELLOW,
        _ => "",
    }
}

fn painted(text: &str, colour: &str) -> String {
    if colour.is_empty() {
        text.to_owned()
    } else {
        format!("{colour}{text}{PLAIN}")
    }
}

/// Shows a unit; whether a line was cut.
fn show_one(unit: &Properties, read: &Read, page: &mut Page) -> bool {
    let name = unit.get("Id");
    let state = unit.get("ActiveState");
    let dot = match state {
        "failed" => "\u{d7}",
        "inactive" => "\u{25cb}",
        _ => "\u{25cf}",
    };
    let dot = painted(dot, colour(state));
    if unit.get("LoadState") != "loaded" {
        page.line(format!("{dot} {name}"));
        show_unusable(unit, page);
        return false;
    }
    page.line(format!("{dot} {name} - {}", unit.get("Description")));
    show_loaded(unit, page);
    show_active(unit, page);
    for (index, address) in unit.get("Documentation").split_whitespace().enumerate() {
        page.line(format!(
            "{:>12} {address}",
            if index == 0 { "Docs:" } else { "" }
        ));
    }
    let width = if read.has("full") {
        usize::MAX
    } else {
        width()
    };
    let is_cut = show_processes(unit, width, page);
    show_journal(name, read, width, page) || is_cut
}

fn show_unusable(unit: &Properties, page: &mut Page) {
    let (name, state) = (unit.get("Id"), unit.get("LoadState"));
    let why = match state {
        "masked" => format!("Unit {name} is masked."),
        "bad-setting" => format!("Unit {name} has a bad unit file setting."),
        _ => format!("Unit {name} cannot be read."),
    };
    page.line(format!("     Loaded: {state} (Reason: {why})"));
    page.line("     Active: inactive (dead)");
    if !unit.get("LoadError").is_empty() {
        page.line("");
        page.line(format!("{name}: {}", unit.get("LoadError")));
    }
}

fn show_loaded(unit: &Properties, page: &mut Page) {
    let enabled = unit.get("UnitFileState");
    let preset = if matches!(enabled, "enabled" | "disabled") {
        "; preset: enabled"
    } else {
        ""
    };
    page.line(format!(
        "     Loaded: loaded ({}; {enabled}{preset})",
        unit.get("FragmentPath")
    ));
    let drop_ins: Vec<&Path> = unit
        .get("DropInPaths")
        .split_whitespace()
        .map(Path::new)
        .collect();
    for (index, file) in drop_ins.iter().enumerate() {
        let folder = file.parent().unwrap_or(file).display();
        page.line(format!(
            "{:>12} {folder}",
            if index == 0 { "Drop-In:" } else { "" }
        ));
        let file = file.file_name().unwrap_or_default().display();
        page.line(format!("             \u{2514}\u{2500}{file}"));
    }
}

fn show_active(unit: &Properties, page: &mut Page) {
    let (state, sub) = (unit.get("ActiveState"), unit.get("SubState"));
    let result = unit.get("Result");
    let mut what = if state == "failed" {
        state.to_owned()
    } else {
        format!("{state} ({sub})")
    };
    if !matches!(result, "success" | "") {
        what.push_str(&format!(" (Result: {result})"));
    }
    let since = match (
        state,
        unit.number("ActiveEnterTimestamp"),
        unit.number("InactiveEnterTimestamp"),
    ) {
        ("active" | "reloading", at, _) => at,
        // Never started.
        ("inactive", _, 0) => 0,
        _ => unit.number("StateChangeTimestamp"),
    };
    let mut line = format!("     Active: {}", painted(&what, colour(state)));
    if since > 0 {
        line.push_str(&format!(
            " since {}; {}",
            clock::full(since),
            clock::ago(since, clock::now())
        ));
    }
    page.line(line);
    let lasted = Duration::from_micros(unit.number("Lasted"));
    if matches!(state, "inactive" | "failed") && !lasted.is_zero() {
        page.line(format!(
            "   Duration: {}",
            span::show(lasted, Duration::from_millis(1))
        ));
    }
}

/// Shows a unit's processes; whether a line was cut.
fn show_processes(unit: &Properties, width: usize, page: &mut Page) -> bool {
    if !unit.get("Past").is_empty() {
        page.line(format!("    Process: {}", unit.get("Past")));
    }
    match unit.number("MainPID") {
        0 if !unit.get("Past").is_empty() => {
            page.line(format!(
                "   Main PID: {} ({})",
                unit.number("ExecMainPID"),
                unit.get("PastEnd")
            ));
        }
        0 => {}
        pid => page.line(format!("   Main PID: {pid} ({})", process_name(pid))),
    }
    if !unit.get("StatusText").is_empty() {
        page.line(format!("     Status: \"{}\"", unit.get("StatusText")));
    }
    let group = unit.get("ControlGroup");
    let processes = cgroup::processes(unit.get("Id"));
    if group.is_empty() || processes.is_empty() {
        return false;
    }
    let sum = processes
        .iter()
        .map(|pid| use_of(*pid))
        .fold(Use::default(), Use::plus);
    page.line(format!("      Tasks: {}", sum.threads));
    page.line(format!("     Memory: {}", bytes(sum.memory)));
    page.line(format!(
        "        CPU: {}",
        span::show(sum.processor, Duration::from_millis(1))
    ));
    page.line(format!("     CGroup: {group}"));
    let mut is_cut = false;
    for (index, pid) in processes.iter().enumerate() {
        let branch = if index + 1 == processes.len() {
            "\u{2514}"
        } else {
            "\u{251c}"
        };
        let line = format!("             {branch}\u{2500}{pid} {}", command_line(*pid));
        is_cut |= add_shortened(&line, width, page);
    }
    is_cut
}

/// What a service's processes use now.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    threads: u64,
    /// In bytes.
    memory: u64,
    processor: Duration,
}

impl Use {
    fn plus(self, other: Self) -> Self {
        Self {
            threads: self.threads + other.threads,
            memory: self.memory + other.memory,
            processor: self.processor + other.processor,
        }
    }
}

/// What a process uses; nothing, if it is gone. proc(5).
fn use_of(pid: u32) -> Use {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| -> u64 {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default();
        line.split_whitespace()
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    };
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    // The 14th to 17th field: its own time and its children's, in user and kernel mode.
    let times = after_name.split(' ').skip(11).take(4);
    let ticks: u64 = times.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Use {
        threads: field("Threads:"),
        memory: field("VmRSS:") * 1024,
        processor: Duration::from_millis(ticks * 1_000 / TICKS),
    }
}

/// `45.3M`, as systemctl writes sizes.
fn bytes(size: u64) -> String {
    let units = ["B", "K", "M", "G"];
    let mut unit = 0;
    let mut tenths = size * 10;
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1_024;
        unit += 1;
    }
    let fraction = if tenths.is_multiple_of(10) {
        String::new()
    } else {
        format!(".{}", tenths % 10)
    };
    format!("{}{fraction}{}", tenths / 10, units[unit])
}

fn process_name(pid: u64) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = bytes
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty());
    let words: Vec<String> = words
        .map(|word| format!("{:?}", String::from_utf8_lossy(word)))
        .collect();
    // Words that need no quotes have none.
    let plain = words.iter().map(|word| {
        let bare = word.trim_matches('"');
        if bare.contains([' ', '\\']) {
            word.as_str()
        } else {
            bare
        }
    });
    plain.collect::<Vec<_>>().join(" ")
}

/// How many columns the terminal has; all, where there is none.
fn width() -> usize {
    tcgetwinsize(std::io::stdout()).map_or(usize::MAX, |size| usize::from(size.ws_col).max(40))
}

/// Adds a line, cut to the width; whether that was necessary.
fn add_shortened(line: &str, width: usize, page: &mut Page) -> bool {
    let shown = shortened(line, width);
    page.line(&shown);
    shown != line
}

fn shortened(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let mut kept: String = line.chars().take(width.saturating_sub(1)).collect();
    kept.push('\u{2026}');
    kept
}

/// Shows the last lines of a unit's journal; whether one was cut.
fn show_journal(unit: &str, read: &Read, width: usize, page: &mut Page) -> bool {
    let lines = read.value("lines").and_then(|lines| lines.parse().ok());
    let lines = lines.unwrap_or(LINES);
    let Ok(entries) = journal::read(unit) else {
        page.line("");
        page.line("Warning: some journal files were not opened due to insufficient permissions.");
        return false;
    };
    let last = entries.iter().skip(entries.len().saturating_sub(lines));
    let mut is_cut = false;
    for (index, entry) in last.enumerate() {
        if index == 0 {
            page.line("");
        }
        is_cut |= add_shortened(&journalctl::short(entry), width, page);
    }
    is_cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_as_systemctl_does() {
        for (size, text) in [
            (0, "0B"),
            (1_536, "1.5K"),
            (47_500_000, "45.2M"),
            (3 << 30, "3G"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn a_long_line_ends_with_an_ellipsis() {
        assert_eq!(shortened("한국어 줄", 4), "한국어\u{2026}");
        assert_eq!(shortened("short", 5), "short");
    }
}

//! `systemctl start` and its like: they ask the first process and wait.

use crate::{
    control::{self, Verb},
    options::{Read, complain},
};

/// Why a job failed, in systemctl's words.
const EXPLANATIONS: [(&str, &str); 6] = [
    (
        "resources",
        "of unavailable resources or another system error",
    ),
    (
        "protocol",
        "the service did not take the steps required by its unit configuration",
    ),
    ("timeout", "a timeout was exceeded"),
    ("exit-code", "the control process exited with error code"),
    (
        "signal",
        "a fatal signal was delivered to the control process",
    ),
    (
        "core-dump",
        "a fatal signal was delivered causing the control process to dump core",
    ),
];

/// Starts, stops, and so on; returns the exit code.
pub(super) fn run(verb: &str, units: &[String], read: &Read) -> u8 {
    let Some(wanted) = Verb::parse(verb) else {
        complain(&format!("Unknown command verb '{verb}'."));
        return 1;
    };
    let units = match units {
        [] => match super::properties::ask(&[]) {
            Ok(all) => all.iter().map(|unit| unit.get("Id").to_owned()).collect(),
            Err(error) => return super::not_booted(&error),
        },
        units => units.to_vec(),
    };
    let answer = if read.has("no-block") {
        control::tell(wanted, &units).map(|()| String::new())
    } else {
        control::ask(wanted, &units)
    };
    match answer {
        Err(error) => super::not_booted(&error),
        Ok(answer) if answer.trim() == "denied" => {
            units.iter().for_each(|unit| denied(verb, unit));
            1
        }
        Ok(answer) => {
            let codes = answer.lines().filter_map(|line| line.split_once(' '));
            let codes = codes.map(|(unit, end)| report(verb, unit, end, read.has("quiet")));
            codes.max().unwrap_or(0)
        }
    }
}

fn denied(verb: &str, unit: &str) {
    complain(&format!(
        "Failed to {verb} {unit}: Interactive authentication required."
    ));
    see(unit);
}

fn see(unit: &str) {
    complain(&format!(
        "See system logs and 'systemctl status {unit}' for details."
    ));
}

/// Says how one unit's job ended, if badly; returns the exit code.
fn report(verb: &str, unit: &str, end: &str, is_quiet: bool) -> u8 {
    let failed = format!("Failed to {verb} {unit}:");
    match end {
        "done" => 0,
        "not-found" => {
            let what = if verb == "stop" {
                "not loaded"
            } else {
                "not found"
            };
            complain(&format!("{failed} Unit {unit} {what}."));
            5
        }
        "masked" => {
            complain(&format!("{failed} Unit {unit} is masked."));
            1
        }
        "bad-setting" => {
            complain(&format!(
                "{failed} Unit {unit} has a bad unit file setting."
            ));
            see(unit);
            1
        }
        "not-active" => {
            complain(&format!("{unit} is not active, cannot reload."));
            1
        }
        "no-reload" => {
            complain(&format!(
                "{failed} Job type reload is not applicable for unit {unit}."
            ));
            see(unit);
            1
        }
        "canceled" => {
            complain(&format!("Job for {unit} canceled."));
            1
        }
        _ => {
            if !is_quiet {
                job_failed(unit, end.strip_prefix("failed ").unwrap_or(end));
            }
            1
        }
    }
}

fn job_failed(unit: &str, result: &str) {
    let because = EXPLANATIONS.iter().find(|(name, _)| *name == result);
    let because = because
        .map(|(_, why)| format!(" because {why}"))
        .unwrap_or_default();
    complain(&format!("Job for {unit} failed{because}."));
    complain(&format!(
        "See \"systemctl status {unit}\" and \"journalctl -xeu {unit}\" for details."
    ));
}

/// `daemon-reload`.
pub(super) fn daemon_reload() -> u8 {
    match control::ask(Verb::DaemonReload, &[]) {
        Err(error) => super::not_booted(&error),
        Ok(answer) if answer.trim() == "denied" => {
            complain("Failed to reload daemon: Interactive authentication required.");
            1
        }
        Ok(_) => 0,
    }
}

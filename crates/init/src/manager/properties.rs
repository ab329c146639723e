//! What `systemctl show` shows: a unit's properties, by systemd's names.

use crate::{
    cgroup,
    files::{self, LoadError},
    process::End,
    service::Service,
};

/// The properties of a service, one a line; an empty line follows. Times are microseconds since 1970,
/// 0 for never.
pub(super) fn of(service: &Service) -> String {
    let unit = &service.loaded.unit;
    let (active, sub) = service.phase.names();
    let file = service.loaded.file.display().to_string();
    let drop_ins: Vec<String> = service
        .loaded
        .drop_ins
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let past = service.past.as_ref();
    let (code, status) = match past.map(|past| past.end) {
        None => (0, 0),
        Some(End::Exited(code)) => (1, code),
        Some(End::Killed {
            signal,
            dumped: false,
        }) => (2, signal),
        Some(End::Killed {
            signal,
            dumped: true,
        }) => (3, signal),
    };
    let group = format!("/{}/{}", cgroup::SLICE, unit.name);
    let can = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let pairs: [(&str, String); 26] = [
        ("Id", unit.name.clone()),
        ("Description", unit.description.clone()),
        ("Documentation", unit.documentation.join(" ")),
        ("LoadState", "loaded".to_owned()),
        ("ActiveState", active.to_owned()),
        ("SubState", sub.to_owned()),
        ("FragmentPath", file),
        ("DropInPaths", drop_ins.join(" ")),
        (
            "UnitFileState",
            files::enablement(&unit.name).unwrap_or_default().to_owned(),
        ),
        ("NeedDaemonReload", can(service.loaded.is_stale())),
        ("CanReload", can(!unit.reload.is_empty())),
        ("Type", kind(unit.kind).to_owned()),
        ("Restart", restart(unit.restart).to_owned()),
        ("Result", service.outcome.name().to_owned()),
        ("NRestarts", service.restarts.to_string()),
        ("MainPID", service.main.unwrap_or_default().to_string()),
        (
            "ExecMainPID",
            past.map(|past| past.pid)
                .or(service.main)
                .unwrap_or_default()
                .to_string(),
        ),
        ("ExecMainCode", code.to_string()),
        ("ExecMainStatus", status.to_string()),
        ("StatusText", service.status.clone()),
        (
            "ControlGroup",
            if service.is_down() {
                String::new()
            } else {
                group
            },
        ),
        (
            "ActiveEnterTimestamp",
            service.active_since.unwrap_or_default().to_string(),
        ),
        (
            "InactiveEnterTimestamp",
            service.inactive_since.unwrap_or_default().to_string(),
        ),
        ("Lasted", service.lasted.to_string()),
        ("StateChangeTimestamp", service.changed.to_string()),
        (
            "ExecStart",
            unit.start
                .first()
                .map(|line| line.text.clone())
                .unwrap_or_default(),
        ),
    ];
    let mut text = String::new();
    for (name, value) in pairs {
        text.push_str(&format!("{name}={value}\n"));
    }
    if let Some(past) = past.filter(|_| service.main.is_none()) {
        let end = past.end.describe();
        text.push_str(&format!(
            "Past={} {} ({end})\nPastEnd={end}\n",
            past.pid, past.command
        ));
    }
    text
}

/// The properties of a unit that cannot be used.
pub(super) fn of_none(name: &str, error: &LoadError) -> String {
    let mut text = format!("Id={name}\nLoadState={error}\nActiveState=inactive\nSubState=dead\n");
    if let LoadError::Bad(file, bad) = error {
        text.push_str(&format!(
            "FragmentPath={}\nLoadError={bad}\n",
            file.display()
        ));
    }
    text.push_str(&format!(
        "UnitFileState={}\n",
        files::enablement(name).unwrap_or_default()
    ));
    text
}

fn kind(kind: crate::unit::Kind) -> &'static str {
    use crate::unit::Kind::{Forking, Notify, Oneshot, Simple};
    match kind {
        Simple => "simple",
        Notify => "notify",
        Forking => "forking",
        Oneshot => "oneshot",
    }
}

fn restart(restart: crate::unit::Restart) -> &'static str {
    use crate::unit::Restart::{Always, No, OnAbnormal, OnAbort, OnFailure, OnSuccess};
    match restart {
        No => "no",
        Always => "always",
        OnSuccess => "on-success",
        OnFailure => "on-failure",
        OnAbnormal => "on-abnormal",
        OnAbort => "on-abort",
    }
}

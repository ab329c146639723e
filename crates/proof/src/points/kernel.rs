//! Points 5 to 8: the kernel's knobs, devices, control groups and system calls.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::{
    Doing, Error, Place, footprint,
    probe::{Probe, Seen},
    stage::Stage,
};

/// Where a machine's notes for `values.pl` go.
const NOTES: &str = "/root/values";

/// The files of a machine's limits, on v1 and v2.
const LIMITS: [&str; 10] = [
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.max",
    "memory.swap.max",
    "pids.max",
    "cpu.cfs_quota_us",
    "cpu.shares",
    "cpu.max",
    "cpu.weight",
    "cpuset.cpus",
];

/// The probe of the kernel's knobs.
pub(crate) fn knobs(roots: &[&str]) -> Probe {
    Probe::perl(include_str!("../../probes/walk.pl")).give("ROOTS", roots)
}

/// The probe of control groups.
pub(crate) fn groups() -> Probe {
    Probe::bash(include_str!("../../probes/groups.sh"))
}

/// The probe of system calls.
pub(crate) fn calls() -> Probe {
    Probe::perl(include_str!("../../probes/calls.pl"))
}

pub(crate) async fn check_knobs(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    let mut checks = stage.run_both(&knobs(&["/proc", "/sys"])).await?;
    let own = change_own(stage).await?;
    if let Some((_, seen)) = checks.first_mut() {
        *seen = std::mem::take(seen).and(own);
    }
    Ok(checks)
}

/// Changes what should be the machine's own: the host's and the neighbour's values must stay.
async fn change_own(stage: &Stage) -> Result<Seen, Error> {
    let (notes, hosts) = (Path::new(NOTES), stage.data().join("values"));
    let mut seen = values("keep", &hosts).on_host().await?;
    for id in [&stage.hong, &stage.kim] {
        seen = seen.and(
            stage
                .run_in(id, Place::Root, &values("keep", notes))
                .await?,
        );
    }
    seen = seen.and(stage.run(Place::Root, &values("change", notes)).await?);
    let host = values("compare", &hosts).on_host().await?;
    let kim = stage
        .run_in(&stage.kim, Place::Root, &values("compare", notes))
        .await?;
    let restored = stage.run(Place::Root, &values("restore", notes)).await?;
    Ok(seen.and(host).and(kim).and(restored))
}

/// The values of what a namespace has of its own; `probes/values.pl` has the modes.
fn values(mode: &str, notes: &Path) -> Probe {
    Probe::perl(include_str!("../../probes/values.pl"))
        .give("MODE", [mode])
        .give("FILE", [notes.display()])
}

pub(crate) async fn check_devices(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    let device = fs::metadata("/")
        .doing(|| "look at the host's root".into())?
        .dev();
    let disk = [rustix::fs::major(device), rustix::fs::minor(device)];
    let probe = Probe::bash(include_str!("../../probes/devices.sh"));
    stage.run_both(&probe.give("DISK", disk)).await
}

pub(crate) async fn check_groups(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    let before = limits(stage).await?;
    let mut checks = stage.run_both(&groups()).await?;
    let after = limits(stage).await?;
    for (_, seen) in &mut checks {
        *seen = std::mem::take(seen)
            .control(!before.is_empty(), "the host has no limits of the machine")
            .broken_if(before != after, || {
                format!("the host's limits were {before:?} and are {after:?}")
            });
    }
    Ok(checks)
}

/// The limits of the machine, as the host has them.
async fn limits(stage: &Stage) -> Result<Vec<(PathBuf, String)>, Error> {
    let container = stage.container(&stage.hong).await?;
    let groups = footprint::group_folders(&stage.prefix()).into_iter();
    let paths = groups.flat_map(|group| LIMITS.map(|file| group.join(&container).join(file)));
    Ok(paths
        .filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?)))
        .collect())
}

//! The control groups that tell which process belongs to which service.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

const ROOT: &str = "/sys/fs/cgroup";

/// The group that this process moves into on cgroup v2; see [`delegate`].
const OWN: &str = "init";

/// Where services have their groups, below the root: as with systemd, so that a path that
/// `systemctl status` shows looks as it does elsewhere.
pub(crate) const SLICE: &str = "system.slice";

/// Whether this is cgroup v2.
fn is_unified() -> bool {
    Path::new(ROOT).join("cgroup.controllers").exists()
}

/// The hierarchy that services have their groups in. On v1 the one without controllers, or the
/// cheapest with one: a group in each hierarchy would cost the machine a megabyte.
fn hierarchy() -> Option<PathBuf> {
    let root = Path::new(ROOT);
    if is_unified() {
        return Some(root.to_owned());
    }
    let hierarchies = ["systemd", "pids"].map(|name| root.join(name));
    hierarchies
        .into_iter()
        .find(|folder| folder.join("cgroup.procs").exists())
}

/// The group of a service.
pub(crate) fn of(unit: &str) -> Option<PathBuf> {
    Some(hierarchy()?.join(SLICE).join(unit))
}

/// The processes of a service, also those in groups below its own.
pub(crate) fn processes(unit: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = of(unit).into_iter().collect();
    while let Some(folder) = folders.pop() {
        let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
        // 0 is a process of another machine's, which there is none of in here.
        found.extend(
            text.lines()
                .filter_map(|pid| pid.parse::<u32>().ok())
                .filter(|pid| *pid > 0),
        );
        let below = fs::read_dir(&folder).into_iter().flatten().flatten();
        folders.extend(below.map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    found.sort_unstable();
    found
}

/// Removes a service's group, which must be empty.
pub(crate) fn remove(unit: &str) {
    if let Some(folder) = of(unit) {
        // One that the service itself divided stays; it is used again.
        let _ = fs::remove_dir(folder);
    }
}

/// cgroup v2: a group that has children with controllers may hold no processes itself, so what runs
/// here moves into a child before the controllers are handed on. Without this, `docker run --memory`
/// fails with "cannot enter cgroupv2 ... with domain controllers".
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn delegate() -> io::Result<()> {
    if !is_unified() {
        return Ok(());
    }
    let root = Path::new(ROOT);
    let own = root.join(OWN);
    fs::create_dir_all(&own)?;
    for pid in fs::read_to_string(root.join("cgroup.procs"))?.lines() {
        // A process may have ended since it was listed.
        let _ = fs::write(own.join("cgroup.procs"), pid);
    }
    let controllers = fs::read_to_string(root.join("cgroup.controllers"))?;
    // One that cannot be handed on is no reason to keep the others.
    let handed_on = controllers.split_whitespace().map(|controller| {
        fs::write(
            root.join("cgroup.subtree_control"),
            format!("+{controller}"),
        )
    });
    handed_on.fold(Ok(()), io::Result::and)
}

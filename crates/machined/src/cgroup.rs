//! Control groups: where a machine's lie, which of their files are the machine's, and thawing.
//!
//! Both layouts are in use: cgroup v2 (all of today's distributions) and v1 with a hierarchy for
//! each controller ("hybrid").

use std::{
    fs, io,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    error::{Doing, HostError},
    ids::IdRange,
    process::kill_if,
};

const ROOT: &str = "/sys/fs/cgroup";

/// The controllers that machines cannot do without. Freezing is no controller of v2's: all groups can.
const NEEDED_V1: [&str; 4] = ["memory", "pids", "cpu", "freezer"];
const NEEDED_V2: [&str; 3] = ["memory", "pids", "cpu"];

/// The files of a v1 group that its owner may write: moving processes and making children. Never a
/// limit's.
const DELEGATED_V1: [&str; 3] = ["cgroup.procs", "tasks", "cgroup.clone_children"];

/// What a kernel without `/sys/kernel/cgroup/delegate` (before 4.15) delegates on v2.
const DELEGATED_V2: &str = "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n";

/// The weight of all machines together where processors or disks are wanted by more, on v1 and v2:
/// half of the kernel's default, which machined and the web server have, so that they answer
/// whatever machines do. Among each other, machines have the default, and so are equal.
const SHARES: (&str, &str) = ("cpu.shares", "512");
const WEIGHT: (&str, &str) = ("cpu.weight", "50");

/// How deep a machine's own groups are followed: a student can nest them as they like.
const DEPTH_MAX: usize = 32;

/// How often it is looked whether a container stands still, and the pause in between: two seconds in
/// all; a process that waits for the disk takes some milliseconds.
const FREEZE_ROUNDS: u32 = 200;
const FREEZE_PAUSE: Duration = Duration::from_millis(10);

/// How often a container's processes are killed until none is left, and the pause in between: two
/// seconds in all, where milliseconds do.
const KILL_ROUNDS: u32 = 100;
const KILL_PAUSE: Duration = Duration::from_millis(20);

/// The classroom's place among the control groups.
#[derive(Clone, Debug)]
pub(crate) struct Cgroups {
    /// Below each hierarchy's root, with a leading slash.
    base: String,
    v2: bool,
}

impl Cgroups {
    /// The place of the classroom with this tag. Under systemd with cgroup v2 that is below
    /// machined's own unit, which must be delegated to it (`Delegate=yes`); machined itself then
    /// moves into a child group, as a group with children may have no processes.
    pub(crate) fn open(tag: &str) -> io::Result<Self> {
        let v2 = Path::new(ROOT).join("cgroup.controllers").exists();
        let name = format!("gyosil-{tag}");
        if !v2 {
            let base = format!("/{name}");
            make(&PathBuf::from(format!("{ROOT}/cpu{base}")), SHARES)?;
            return Ok(Self { base, v2 });
        }
        let own = fs::read_to_string("/proc/self/cgroup")?;
        let own = own
            .lines()
            .find_map(|line| line.strip_prefix("0::"))
            .unwrap_or("/");
        let unit = own
            .strip_suffix("/daemon")
            .unwrap_or(own)
            .trim_end_matches('/');
        if !unit.is_empty() && unit == own {
            let daemon = PathBuf::from(format!("{ROOT}{unit}/daemon"));
            fs::create_dir_all(&daemon)?;
            for pid in fs::read_to_string(format!("{ROOT}{unit}/cgroup.procs"))?.lines() {
                fs::write(daemon.join("cgroup.procs"), pid)?;
            }
        }
        let base = format!("{unit}/{name}");
        let parent = PathBuf::from(format!("{ROOT}{unit}"));
        // What we set ourselves; runc adds what machines need.
        let there = fs::read_to_string(parent.join("cgroup.controllers"))?;
        for name in ["cpu", "io"] {
            if there
                .split_whitespace()
                .any(|controller| controller == name)
            {
                fs::write(parent.join("cgroup.subtree_control"), format!("+{name}"))?;
            }
        }
        make(&PathBuf::from(format!("{ROOT}{base}")), WEIGHT)?;
        Ok(Self { base, v2 })
    }

    /// The path of a container's group, as a bundle names it.
    pub(crate) fn path(&self, container: &str) -> String {
        format!("{}/{container}", self.base)
    }

    /// Those of the controllers without which a machine could take the whole host, or could not be put
    /// to sleep, that are not there for us.
    pub(crate) fn missing_controllers(&self) -> Vec<&'static str> {
        if self.v2 {
            let base = PathBuf::from(format!("{ROOT}{}", self.base));
            let there = fs::read_to_string(base.join("cgroup.controllers")).unwrap_or_default();
            let parent = base
                .parent()
                .map(|parent| parent.join("cgroup.controllers"));
            let parent = parent
                .and_then(|file| fs::read_to_string(file).ok())
                .unwrap_or_default();
            let has = |name: &&str| {
                let mut all = there.split_whitespace().chain(parent.split_whitespace());
                all.any(|controller| controller == *name)
            };
            return NEEDED_V2.into_iter().filter(|name| !has(name)).collect();
        }
        let has = |name: &&str| Path::new(ROOT).join(name).is_dir();
        NEEDED_V1.into_iter().filter(|name| !has(name)).collect()
    }

    /// Whether the host can limit swap: on v1 that takes a kernel with swap accounting.
    pub(crate) fn limits_swap(&self) -> bool {
        self.v2
            || Path::new(ROOT)
                .join("memory/memory.memsw.limit_in_bytes")
                .exists()
    }

    /// Whether the host can limit a disk's speed: that takes a kernel with `CONFIG_BLK_DEV_THROTTLING`
    /// and, on v2, a delegated controller `io`.
    pub(crate) fn limits_disk_speed(&self) -> bool {
        let file = if self.v2 {
            format!("{ROOT}{}/io.max", self.base)
        } else {
            format!("{ROOT}/blkio/blkio.throttle.read_bps_device")
        };
        Path::new(&file).exists()
    }

    /// Hands a machine's group to the machine's root: it may make groups of its own below, and
    /// cannot touch the group's limits.
    pub(crate) fn delegate(&self, container: &str, ids: IdRange) -> Result<(), HostError> {
        let files = if self.v2 {
            fs::read_to_string("/sys/kernel/cgroup/delegate").unwrap_or(DELEGATED_V2.to_owned())
        } else {
            DELEGATED_V1.join("\n")
        };
        for group in self.groups(container) {
            let own = |path: &Path| {
                chown(path, Some(ids.root()), Some(ids.root()))
                    .doing(|| format!("hand over {}", path.display()))
            };
            own(&group)?;
            for file in files
                .lines()
                .map(|name| group.join(name))
                .filter(|file| file.exists())
            {
                own(&file)?;
            }
        }
        Ok(())
    }

    /// Thaws everything in a machine: whoever is root there can freeze it, and what is frozen does
    /// not die of a signal on v1.
    pub(crate) fn thaw(&self, container: &str) {
        for group in self.groups(container) {
            thaw(&group, DEPTH_MAX);
        }
    }

    /// Lets everything in a container stand still, and waits for that. What its student has frozen
    /// themselves stays as it is.
    pub(crate) async fn freeze(&self, container: &str) -> Result<(), HostError> {
        let (file, word) = self.freezer(true);
        self.write_freezer(container, file, word)?;
        for _ in 0..FREEZE_ROUNDS {
            if self.is_frozen(container) {
                return Ok(());
            }
            tokio::time::sleep(FREEZE_PAUSE).await;
        }
        Err(io::Error::from(io::ErrorKind::TimedOut)).doing(|| format!("freeze {container}"))
    }

    /// Lets it go on: the opposite of [`freeze`](Self::freeze), and of nothing else.
    pub(crate) fn wake(&self, container: &str) -> Result<(), HostError> {
        let (file, word) = self.freezer(false);
        self.write_freezer(container, file, word)
    }

    /// Whether it stands still as a whole.
    pub(crate) fn is_frozen(&self, container: &str) -> bool {
        let is = |file, word: &str| {
            self.read(container, file)
                .is_some_and(|text| text.lines().any(|line| line == word))
        };
        is("freezer.state", "FROZEN") || is("cgroup.events", "frozen 1")
    }

    /// The processor time that it has used, all in all.
    pub(crate) fn cpu_time(&self, container: &str) -> Option<Duration> {
        if let Some(nanoseconds) = self.read(container, "cpuacct.usage") {
            return nanoseconds.trim().parse().ok().map(Duration::from_nanos);
        }
        let microseconds = field(&self.read(container, "cpu.stat")?, "usage_usec")?;
        Some(Duration::from_micros(microseconds))
    }

    /// The memory that it uses and that cannot simply be taken back, in bytes.
    pub(crate) fn memory(&self, container: &str) -> Option<u64> {
        let names = [
            ("memory.usage_in_bytes", "total_inactive_file"),
            ("memory.current", "inactive_file"),
        ];
        names.iter().find_map(|(usage, cache)| {
            let used: u64 = self.read(container, usage)?.trim().parse().ok()?;
            let cache = field(&self.read(container, "memory.stat")?, cache)?;
            Some(used.saturating_sub(cache))
        })
    }

    /// The file that freezes, and the word for it.
    fn freezer(&self, freeze: bool) -> (&'static str, &'static str) {
        match (self.v2, freeze) {
            (true, true) => ("cgroup.freeze", "1"),
            (true, false) => ("cgroup.freeze", "0"),
            (false, true) => ("freezer.state", "FROZEN"),
            (false, false) => ("freezer.state", "THAWED"),
        }
    }

    fn write_freezer(&self, container: &str, file: &str, word: &str) -> Result<(), HostError> {
        let groups = self.groups(container).into_iter();
        let path = groups
            .map(|group| group.join(file))
            .find(|path| path.exists());
        let path = path.ok_or(io::ErrorKind::NotFound.into());
        path.and_then(|path: PathBuf| fs::write(path, word))
            .doing(|| format!("write {word} to {file} of {container}"))
    }

    /// What a file of its group says, in whichever hierarchy has it.
    fn read(&self, container: &str, file: &str) -> Option<String> {
        let groups = self.groups(container).into_iter();
        groups
            .filter_map(|group| fs::read_to_string(group.join(file)).ok())
            .next()
    }

    /// The oldest process of one of a machine's services, if it runs: each has a group of its own
    /// (`crates/init/src/cgroup.rs`), in one hierarchy.
    pub(crate) fn service(&self, container: &str, unit: &str) -> Option<u32> {
        let groups = self.groups(container).into_iter();
        let lists = groups.filter_map(|group| {
            fs::read_to_string(group.join("system.slice").join(unit).join("cgroup.procs")).ok()
        });
        lists
            .flat_map(|list| list.lines().filter_map(|pid| pid.parse().ok()).min())
            .min()
    }

    /// Kills everything in a container's groups, frozen or not, and waits for its end as long as
    /// that may take.
    pub(crate) async fn kill(&self, container: &str) {
        for _ in 0..KILL_ROUNDS {
            let mut pids = Vec::new();
            for group in self.groups(container) {
                members(&group, DEPTH_MAX, &mut pids);
            }
            if pids.is_empty() {
                return;
            }
            for pid in pids {
                let path = self.path(container);
                kill_if(pid, || is_below(pid, &path));
            }
            self.thaw(container);
            tokio::time::sleep(KILL_PAUSE).await;
        }
    }

    /// Removes a container's groups, and what a machine made below. They must be empty; a process
    /// that has just died keeps its group for a moment longer.
    pub(crate) async fn remove(&self, container: &str) -> Result<(), HostError> {
        for group in self.groups(container) {
            let mut rounds = 0;
            while let Err(error) = remove(&group, DEPTH_MAX) {
                if error.kind() != io::ErrorKind::ResourceBusy || rounds == KILL_ROUNDS {
                    return Err(error).doing(|| format!("remove {}", group.display()));
                }
                rounds += 1;
                tokio::time::sleep(KILL_PAUSE).await;
            }
        }
        Ok(())
    }

    /// Removes the classroom's place, after its last machine.
    pub(crate) fn close(&self) -> Result<(), HostError> {
        for hierarchy in self.hierarchies() {
            let base = hierarchy.join(self.base.trim_start_matches('/'));
            remove(&base, 0).doing(|| format!("remove {}", base.display()))?;
        }
        Ok(())
    }

    /// The existing folders of a container's group, one in each hierarchy.
    fn groups(&self, container: &str) -> Vec<PathBuf> {
        let path = self.path(container);
        let path = path.trim_start_matches('/');
        self.hierarchies()
            .into_iter()
            .map(|root| root.join(path))
            .filter(|p| p.is_dir())
            .collect()
    }

    fn hierarchies(&self) -> Vec<PathBuf> {
        if self.v2 {
            return vec![ROOT.into()];
        }
        subfolders(Path::new(ROOT))
    }
}

/// Makes a group, if there is none, and sets one of its files, where the host has its controller.
fn make(group: &Path, (file, value): (&str, &str)) -> io::Result<()> {
    use io::ErrorKind::{AlreadyExists, NotFound};
    // Without the controller there may be no hierarchy for it to be in.
    match fs::create_dir(group) {
        Err(error) if ![AlreadyExists, NotFound].contains(&error.kind()) => return Err(error),
        _ => {}
    }
    let file = group.join(file);
    if !file.exists() {
        tracing::warn!(
            file = %file.display(),
            "Machines cannot be made to weigh less than the host's own programs: there is no {} \
             (systemd: Delegate=yes)",
            file.display()
        );
        return Ok(());
    }
    fs::write(file, value)
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    // A group that just went is none.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|e| e.file_type().is_ok_and(|t| t.is_dir()))
        .map(|e| e.path())
        .collect()
}

/// The processes in a group and those below it.
fn members(group: &Path, depth: usize, pids: &mut Vec<u32>) {
    let list = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    pids.extend(list.lines().filter_map(|pid| pid.parse::<u32>().ok()));
    if depth > 0 {
        subfolders(group)
            .iter()
            .for_each(|child| members(child, depth - 1, pids));
    }
}

/// Whether a process is in the group of this path, or below it, in any hierarchy.
fn is_below(pid: u32, path: &str) -> bool {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    groups
        .lines()
        .filter_map(|line| line.splitn(3, ':').nth(2))
        .any(|group| {
            group
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// The number after a name, in a file of lines of both.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(key, _)| *key == name)?.1.parse().ok()
}

fn thaw(group: &Path, depth: usize) {
    // From the top: a child cannot thaw below a frozen parent. What is not there needs no thawing.
    for (file, word) in [("freezer.state", "THAWED"), ("cgroup.freeze", "0")] {
        if group.join(file).exists() {
            let _ = fs::write(group.join(file), word);
        }
    }
    if depth > 0 {
        subfolders(group)
            .iter()
            .for_each(|child| thaw(child, depth - 1));
    }
}

fn remove(group: &Path, depth: usize) -> io::Result<()> {
    if depth > 0 {
        for child in subfolders(group) {
            remove(&child, depth - 1)?;
        }
    }
    match fs::remove_dir(group) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

//! What the kernel must have.

use std::{fs, path::Path};

use app::Words;
use machine::needs;
use nix::unistd::geteuid;

use super::row::{Row, Verdict};

/// The user namespaces that a hundred machines need: one each, and some for what students try in them.
const USER_NAMESPACES: u64 = 1000;

/// The controllers of a machine's limits: cgroup v2's names, and v1's.
const CONTROLLERS_V2: [&str; 4] = ["memory", "pids", "cpu", "io"];
const CONTROLLERS_V1: [&str; 6] = ["memory", "pids", "cpu", "devices", "freezer", "blkio"];

/// The file systems of a machine.
const FILE_SYSTEMS: [&str; 2] = ["overlay", "ext4"];

pub(super) fn rows(words: Words) -> Vec<Row> {
    vec![
        root(words),
        version(words),
        processor(words),
        groups(words),
        swap(words),
        user_namespaces(words),
        seccomp(words),
        file_systems(words),
        loop_devices(words),
    ]
}

fn root(words: Words) -> Row {
    let found = words.t(if geteuid().is_root() {
        "doctor-there"
    } else {
        "doctor-absent"
    });
    Row::ok_or(
        geteuid().is_root(),
        "doctor-root",
        found,
        Verdict::Fail,
        "sudo gyosil doctor".into(),
    )
}

fn version(words: Words) -> Row {
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    let mend = words.t("doctor-kernel-mend");
    Row::ok_or(
        needs::kernel_version(&release) >= needs::KERNEL,
        "doctor-kernel",
        release,
        Verdict::Fail,
        mend,
    )
}

fn processor(words: Words) -> Row {
    let machine = rustix::system::uname()
        .machine()
        .to_string_lossy()
        .into_owned();
    let mend = words.t("doctor-processor-mend");
    Row::ok_or(
        machine == "x86_64",
        "doctor-processor",
        machine,
        Verdict::Fail,
        mend,
    )
}

fn groups(words: Words) -> Row {
    let v2 = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers");
    let (layout, there, wanted) = match &v2 {
        Ok(controllers) => (
            "v2",
            controllers
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
            &CONTROLLERS_V2[..],
        ),
        Err(_) => ("v1", mounted_controllers(), &CONTROLLERS_V1[..]),
    };
    let missing: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|name| !there.iter().any(|there| there == name))
        .collect();
    if missing.is_empty() {
        return Row::ok("doctor-groups", format!("{layout}: {}", wanted.join(" ")));
    }
    let missing = words.with("doctor-missing", &[("what", missing.join(" ").into())]);
    Row::fail(
        "doctor-groups",
        format!("{layout}; {missing}"),
        words.t("doctor-groups-mend"),
    )
}

/// The controllers of the v1 hierarchies that are mounted.
fn mounted_controllers() -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let of_groups = mounts.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        (fields.get(2) == Some(&"cgroup"))
            .then(|| fields.get(3).copied())
            .flatten()
    });
    of_groups
        .flat_map(|options| options.split(','))
        .map(str::to_owned)
        .collect()
}

fn swap(words: Words) -> Row {
    let has_swap = fs::read_to_string("/proc/swaps").is_ok_and(|swaps| swaps.lines().count() > 1);
    let is_limited = Path::new("/sys/fs/cgroup/cgroup.controllers").exists()
        || Path::new("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes").exists();
    let found = match (has_swap, is_limited) {
        (false, _) => words.t("doctor-swap-none"),
        (true, true) => words.t("doctor-swap-limited"),
        (true, false) => words.t("doctor-swap-unlimited"),
    };
    let mend = words.t("doctor-swap-mend");
    Row::ok_or(
        !has_swap || is_limited,
        "doctor-swap",
        found,
        Verdict::Warn,
        mend,
    )
}

fn user_namespaces(words: Words) -> Row {
    let limit = read_number("/proc/sys/user/max_user_namespaces");
    let mend = format!("sysctl -w user.max_user_namespaces={USER_NAMESPACES}");
    match limit {
        None => Row::fail(
            "doctor-user-namespaces",
            words.t("doctor-absent"),
            words.t("doctor-kernel-mend"),
        ),
        Some(0) => Row::fail("doctor-user-namespaces", "0", mend),
        Some(limit) => {
            let enough = limit >= USER_NAMESPACES;
            Row::ok_or(
                enough,
                "doctor-user-namespaces",
                limit.to_string(),
                Verdict::Warn,
                mend,
            )
        }
    }
}

fn seccomp(words: Words) -> Row {
    let actions = fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail").unwrap_or_default();
    let has = actions.split_whitespace().any(|action| action == "errno");
    let found = words.t(if has { "doctor-there" } else { "doctor-absent" });
    Row::ok_or(
        has,
        "doctor-seccomp",
        found,
        Verdict::Fail,
        words.t("doctor-kernel-mend"),
    )
}

fn file_systems(words: Words) -> Row {
    let loaded = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    let modules =
        fs::read_to_string(format!("/lib/modules/{release}/modules.dep")).unwrap_or_default();
    let is_there = |name: &&str| {
        loaded
            .lines()
            .any(|line| line.split_whitespace().last() == Some(name))
            || modules.lines().any(|line| {
                line.split(':')
                    .next()
                    .is_some_and(|path| path.contains(&format!("/{name}.ko")))
            })
    };
    let missing: Vec<&str> = FILE_SYSTEMS
        .into_iter()
        .filter(|name| !is_there(name))
        .collect();
    if missing.is_empty() {
        return Row::ok("doctor-file-systems", FILE_SYSTEMS.join(" "));
    }
    let found = words.with("doctor-missing", &[("what", missing.join(" ").into())]);
    Row::fail("doctor-file-systems", found, words.t("doctor-kernel-mend"))
}

fn loop_devices(words: Words) -> Row {
    let control = Path::new("/dev/loop-control").exists();
    let found = words.t(if control {
        "doctor-there"
    } else {
        "doctor-absent"
    });
    Row::ok_or(
        control,
        "doctor-loop",
        found,
        Verdict::Fail,
        "modprobe loop".into(),
    )
}

/// The number that a file of the kernel's has.
pub(super) fn read_number(path: &str) -> Option<u64> {
    fs::read_to_string(path)
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

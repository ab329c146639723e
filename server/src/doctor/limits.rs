//! The kernel's limits, for a hundred machines on one host.

use app::Words;

use super::{
    kernel::read_number,
    row::{Row, Verdict},
};

/// A limit of the whole host's.
struct Limit {
    check: &'static str,
    file: &'static str,
    sysctl: &'static str,
    /// What a hundred machines take.
    enough: u64,
}

/// What a hundred machines take. Machines count against whoever made their user namespaces, and that
/// is root for all of them (`ucounts`, user_namespaces(7)): its limits are all machines' together.
const LIMITS: [Limit; 6] = [
    // Docker and containerd hold two to four each, and so does much of what students run.
    Limit {
        check: "doctor-inotify-instances",
        file: "/proc/sys/fs/inotify/max_user_instances",
        sysctl: "fs.inotify.max_user_instances",
        enough: 1024,
    },
    Limit {
        check: "doctor-inotify-watches",
        file: "/proc/sys/fs/inotify/max_user_watches",
        sysctl: "fs.inotify.max_user_watches",
        enough: 100_000,
    },
    // A machine with some containers has a hundred processes and threads, and may have 4096.
    Limit {
        check: "doctor-pids",
        file: "/proc/sys/kernel/pid_max",
        sysctl: "kernel.pid_max",
        enough: 100_000,
    },
    Limit {
        check: "doctor-threads",
        file: "/proc/sys/kernel/threads-max",
        sysctl: "kernel.threads-max",
        enough: 50_000,
    },
    Limit {
        check: "doctor-files",
        file: "/proc/sys/fs/file-max",
        sysctl: "fs.file-max",
        enough: 500_000,
    },
    // One table for all network namespaces: the router's and each container's neighbours are in it.
    Limit {
        check: "doctor-neighbours",
        file: "/proc/sys/net/ipv4/neigh/default/gc_thresh3",
        sysctl: "net.ipv4.neigh.default.gc_thresh3",
        enough: 4096,
    },
];

pub(super) fn rows(words: Words) -> Vec<Row> {
    LIMITS.iter().map(|limit| row(limit, words)).collect()
}

fn row(limit: &Limit, words: Words) -> Row {
    let Some(found) = read_number(limit.file) else {
        // A kernel that has no such limit, or does not tell it here.
        return Row::ok(limit.check, words.t("doctor-unlimited"));
    };
    let mend = format!("sysctl -w {}={}", limit.sysctl, limit.enough);
    Row::ok_or(
        found >= limit.enough,
        limit.check,
        found.to_string(),
        Verdict::Warn,
        mend,
    )
}

//! What runc is told: the OCI bundles of a machine and of a sidecar.
//! The format: <https://github.com/opencontainers/runtime-spec/blob/v1.0.2/config.md>.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    cgroup::Cgroups,
    config::{Image, Options},
    disk::Disk,
    ids::{IDS, IdRange},
    ready,
};

/// The name that a machine's prompt shows: `student@gyosil`.
const HOSTNAME: &str = "gyosil";

/// Where programs are looked up in a machine and beside it.
pub(crate) const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a machine may have open, unless the host's own limit is lower: what Docker's packages ask
/// for.
const NOFILE: u64 = 1_048_576;

/// The memory of a sidecar, in bytes: `docker`, the largest tool of a check, takes 60 MB.
const SIDECAR_MEMORY: u64 = 256 << 20;

/// The processes and threads of a sidecar: a pipeline of Go programs has dozens.
const SIDECAR_PIDS: u32 = 256;

/// One period of the processor's share, in microseconds: the kernel's default.
const CPU_PERIOD: u64 = 100_000;

/// The system calls that a machine may use: all of Linux 6.1 for x86 (`asm/unistd_64.h`,
/// `asm/unistd_32.h`), without those for modules and kexec, clocks, swap, quota, accounting and the
/// kernel's log, `bpf`, `io_uring`, `userfaultfd`, `perf_event_open`, `open_by_handle_at`, fanotify,
/// the kernel's keys, and what only museums call. This is much what Docker allows a container with
/// all capabilities (<https://docs.docker.com/engine/security/seccomp/>), but for the calls above.
/// `socketcall`, of the 32 bit x86, is not among them either, as its arguments cannot be looked at.
const SYSTEM_CALLS: &str = include_str!("syscalls.txt");

/// All capabilities. In a user namespace of its own they hold over that namespace only.
const CAPABILITIES: [&str; 41] = [
    "CAP_AUDIT_CONTROL",
    "CAP_AUDIT_READ",
    "CAP_AUDIT_WRITE",
    "CAP_BLOCK_SUSPEND",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_KILL",
    "CAP_LEASE",
    "CAP_LINUX_IMMUTABLE",
    "CAP_MAC_ADMIN",
    "CAP_MAC_OVERRIDE",
    "CAP_MKNOD",
    "CAP_NET_ADMIN",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_RAW",
    "CAP_PERFMON",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYSLOG",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_CHROOT",
    "CAP_SYS_MODULE",
    "CAP_SYS_NICE",
    "CAP_SYS_PACCT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_WAKE_ALARM",
];

/// What a check script's tools need: to read every file, and to look at the network.
const SIDECAR_CAPABILITIES: [&str; 8] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
];

/// The bundle of a machine, whose disk is the device of these numbers.
pub(crate) fn machine(
    options: &Options,
    cgroups: &Cgroups,
    image: &Image,
    disk: &Disk,
    container: &str,
    ids: IdRange,
    device: (u32, u32),
) -> Value {
    let mut memory = json!({ "limit": options.memory.0 });
    if cgroups.limits_swap() {
        // Memory and swap together: as much as the memory, so no swap.
        memory["swap"] = json!(options.memory.0);
    }
    let mut disk_speed = json!({});
    if options.disk_speed.0 > 0 && cgroups.limits_disk_speed() {
        let limit = json!([{ "major": device.0, "minor": device.1, "rate": options.disk_speed.0 }]);
        disk_speed = json!({ "throttleReadBpsDevice": limit, "throttleWriteBpsDevice": limit });
    }
    let quota = (options.cpus * CPU_PERIOD as f64).round() as u64;
    json!({
        "ociVersion": "1.0.2",
        "hostname": HOSTNAME,
        "process": {
            "user": { "uid": 0, "gid": 0 },
            "args": ["/usr/lib/gyosil/init"],
            "env": [PATH, format!("LANG={}", image.lang), "HOME=/root", ready::VARIABLE],
            "cwd": "/",
            "capabilities": capabilities(&CAPABILITIES),
            "rlimits": [nofile()],
        },
        "root": { "path": disk.rootfs() },
        // No masked and no read-only paths in /proc: with a mask, the kernel would not let the
        // machine's own containers mount theirs.
        "mounts": [
            mount("/proc", "proc", "proc", &["nosuid", "noexec", "nodev"]),
            mount("/dev", "tmpfs", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=64k"]),
            mount("/dev/pts", "devpts", "devpts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "max=256", "gid=5"]),
            mount("/dev/shm", "tmpfs", "shm", &["nosuid", "noexec", "nodev", "mode=1777", "size=64m"]),
            mount("/dev/mqueue", "mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
            mount("/sys", "sysfs", "sysfs", &["nosuid", "noexec", "nodev"]),
            mount("/sys/fs/cgroup", "cgroup", "cgroup", &["nosuid", "noexec", "nodev", "rw"]),
            mount("/run", "tmpfs", "tmpfs", &["nosuid", "nodev", "mode=755", "size=64m"]),
            bind("/run/gyosil", &disk.engine(), &[]),
            bind("/var/lib/docker", &disk.docker(), &[]),
        ],
        "linux": {
            "namespaces": [
                { "type": "user" }, { "type": "network" }, { "type": "pid" }, { "type": "ipc" },
                { "type": "uts" }, { "type": "mount" }, { "type": "cgroup" },
            ],
            "uidMappings": mappings(ids),
            "gidMappings": mappings(ids),
            "cgroupsPath": cgroups.path(container),
            "resources": {
                "devices": [{ "allow": false, "access": "rwm" }],
                "memory": memory,
                "cpu": { "quota": quota, "period": CPU_PERIOD },
                "pids": { "limit": options.pids },
                "blockIO": disk_speed,
            },
            "sysctl": {
                "net.ipv6.conf.all.disable_ipv6": "1",
                "net.ipv6.conf.default.disable_ipv6": "1",
                // `ping` for everybody, as systemd has it, as a file's capabilities may be lost.
                "net.ipv4.ping_group_range": format!("0 {}", IDS - 1),
            },
            "seccomp": seccomp(),
            "rootfsPropagation": "private",
        },
    })
}

/// The bundle of a sidecar beside the machine whose first process is `init`: it runs `arguments` in
/// the machine's network, with the machine image's own tools.
pub(crate) fn sidecar(
    cgroups: &Cgroups,
    image: &Image,
    disk: &Disk,
    container: &str,
    ids: IdRange,
    init: u32,
    arguments: &[&str],
) -> Value {
    let mut memory = json!({ "limit": SIDECAR_MEMORY });
    if cgroups.limits_swap() {
        memory["swap"] = json!(SIDECAR_MEMORY);
    }
    json!({
        "ociVersion": "1.0.2",
        "hostname": HOSTNAME,
        "process": {
            "user": { "uid": 0, "gid": 0 },
            "args": arguments,
            "env": [
                PATH,
                format!("LANG={}", image.lang),
                "HOME=/root",
                "DOCKER_HOST=unix:///engine/docker.sock",
            ],
            "cwd": "/root",
            "capabilities": capabilities(&SIDECAR_CAPABILITIES),
            "noNewPrivileges": true,
            "rlimits": [nofile()],
        },
        "root": { "path": disk.side(), "readonly": true },
        "mounts": [
            mount("/proc", "proc", "proc", &["nosuid", "noexec", "nodev"]),
            mount("/dev", "tmpfs", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=64k"]),
            mount("/dev/shm", "tmpfs", "shm", &["nosuid", "noexec", "nodev", "mode=1777", "size=16m"]),
            mount("/run", "tmpfs", "tmpfs", &["nosuid", "nodev", "mode=755", "size=16m"]),
            mount("/tmp", "tmpfs", "tmpfs", &["nosuid", "nodev", "mode=1777", "size=64m"]),
            mount("/root", "tmpfs", "tmpfs", &["nosuid", "nodev", "mode=700", "size=16m"]),
            bind("/machine", &disk.rootfs(), &["ro", "nosuid", "nodev", "noexec"]),
            bind("/engine", &disk.engine(), &["ro", "nosuid", "nodev", "noexec"]),
            bind("/events", &disk.events(), &["ro", "nosuid", "nodev", "noexec"]),
        ],
        "linux": {
            "namespaces": [
                { "type": "user", "path": format!("/proc/{init}/ns/user") },
                { "type": "network", "path": format!("/proc/{init}/ns/net") },
                { "type": "pid" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }, { "type": "cgroup" },
            ],
            // runc 1.1 wants them although it joins a namespace that has them.
            "uidMappings": mappings(ids),
            "gidMappings": mappings(ids),
            "cgroupsPath": cgroups.path(container),
            "resources": {
                "devices": [{ "allow": false, "access": "rwm" }],
                "memory": memory,
                "pids": { "limit": SIDECAR_PIDS },
            },
            "seccomp": seccomp(),
            "rootfsPropagation": "private",
        },
    })
}

fn capabilities(names: &[&str]) -> Value {
    json!({ "bounding": names, "effective": names, "permitted": names, "inheritable": [], "ambient": [] })
}

fn nofile() -> Value {
    // More than the host's own limit cannot be given.
    let host = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let limit = host.map_or(NOFILE, |host| host.min(NOFILE));
    json!({ "type": "RLIMIT_NOFILE", "soft": limit, "hard": limit })
}

fn mappings(ids: IdRange) -> Value {
    json!([{ "containerID": 0, "hostID": ids.root(), "size": IDS }])
}

fn mount(at: &str, kind: &str, source: &str, options: &[&str]) -> Value {
    json!({ "destination": at, "type": kind, "source": source, "options": options })
}

fn bind(at: &str, source: &Path, options: &[&str]) -> Value {
    let options: Vec<&str> = ["bind"].iter().chain(options).copied().collect();
    json!({ "destination": at, "type": "bind", "source": source, "options": options })
}

/// What is not allowed does not exist: with "permission denied" instead, the machine's own runc
/// fails on the kernel's keys, and programs would not fall back to what they did before io_uring.
fn seccomp() -> Value {
    let calls: Vec<&str> = SYSTEM_CALLS.lines().collect();
    let equals = |value: u64| json!([{ "index": 0, "value": value, "op": "SCMP_CMP_EQ" }]);
    let personality = |value: u64| json!({ "names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": equals(value) });
    json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": libc::ENOSYS,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [
            { "names": calls, "action": "SCMP_ACT_ALLOW" },
            // A vsock leads to the hypervisor, where the host is itself a virtual machine.
            {
                "names": ["socket"],
                "action": "SCMP_ACT_ALLOW",
                "args": [{ "index": 0, "value": libc::AF_VSOCK, "op": "SCMP_CMP_NE" }],
            },
            // Linux, 32 bit Linux, each with and without uname 2.6; and asking which it is.
            personality(0x0), personality(0x8), personality(0x2_0000), personality(0x2_0008),
            personality(0xffff_ffff),
        ],
    })
}

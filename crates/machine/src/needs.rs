//! What machined needs of its host: it looks before it starts, and `gyosil doctor` without it.

/// The oldest Linux, as major and minor version: machines share one root file system by idmapped
/// mounts beneath overlayfs, which it has since then (<https://kernelnewbies.org/Linux_5.19>).
pub const KERNEL: (u32, u32) = (5, 19);

/// The programs that machined runs, each with the Debian or Ubuntu package that has it.
pub const PROGRAMS: [(&str, &str); 13] = [
    ("runc", "runc"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("dnsmasq", "dnsmasq-base"),
    ("docker-registry", "docker-registry"),
    ("mkfs.ext4", "e2fsprogs"),
    ("sysctl", "procps"),
    ("setpriv", "util-linux"),
    ("nsenter", "util-linux"),
    ("unshare", "util-linux"),
    ("losetup", "util-linux"),
    ("mount", "mount"),
    ("setsid", "util-linux"),
];

/// The programs that are nowhere on `path`, which is a `PATH`.
pub fn missing_programs(path: &std::ffi::OsStr) -> Vec<(&'static str, &'static str)> {
    let folders: Vec<_> = std::env::split_paths(path).collect();
    let is_there = |program: &str| folders.iter().any(|folder| folder.join(program).is_file());
    let mut programs = PROGRAMS.to_vec();
    programs.retain(|(program, _)| !is_there(program));
    programs
}

/// The running kernel's major and minor version, of its release as `uname` has it; 0 where it says
/// no number.
pub fn kernel_version(release: &str) -> (u32, u32) {
    let mut numbers = release
        .split(['.', '-'])
        .map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

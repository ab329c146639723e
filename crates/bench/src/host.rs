//! What the host says of its memory and its load.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

/// The host's memory that programs could have, in bytes, when nothing is cached that need not be.
pub(crate) fn free_memory() -> Result<u64> {
    // What is not written yet cannot be dropped.
    let synced = Command::new("sync").status().context("cannot start sync")?;
    ensure!(synced.success(), "sync: {synced}");
    // All of it: https://docs.kernel.org/admin-guide/sysctl/vm.html#drop-caches
    fs::write("/proc/sys/vm/drop_caches", "3").context("dropping the host's caches")?;
    number(&fs::read_to_string("/proc/meminfo")?, "MemAvailable:").map(|kib| kib * 1024)
}

/// What the kernel charges the control group of a process with, in bytes, but for cached files: the
/// programs' own memory and the kernel's for them. `container` is the group's name, or the name of
/// one above it.
pub(crate) fn group_memory(proc: &Path, container: &str) -> Result<u64> {
    let groups = fs::read_to_string(proc.join("cgroup"))?;
    let of = |line: &str, hierarchy: &str| {
        let path = line
            .strip_prefix('/')
            .filter(|path| path.contains(container))?;
        let end = path.find(container)? + container.len();
        Some(Path::new(hierarchy).join(&path[..end]))
    };
    let lines = groups
        .lines()
        .filter_map(|line| line.split_once(':')?.1.split_once(':'));
    for (controllers, path) in lines {
        if controllers.split(',').any(|name| name == "memory")
            && let Some(group) = of(path, "/sys/fs/cgroup/memory")
        {
            let stat = fs::read_to_string(group.join("memory.stat"))?;
            let kernel = fs::read_to_string(group.join("memory.kmem.usage_in_bytes"))?;
            return Ok(number(&stat, "total_rss")? + kernel.trim().parse::<u64>()?);
        }
        if controllers.is_empty()
            && let Some(group) = of(path, "/sys/fs/cgroup")
            && let Ok(stat) = fs::read_to_string(group.join("memory.stat"))
        {
            return Ok(number(&stat, "anon")? + number(&stat, "kernel")?);
        }
    }
    anyhow::bail!("the machine {container} has no memory group")
}

/// The number after a word that begins a line.
fn number(text: &str, word: &str) -> Result<u64> {
    let mut lines = text.lines().map(str::split_whitespace);
    let found = lines.find_map(|mut words| {
        if words.next() == Some(word) {
            words.next()
        } else {
            None
        }
    });
    found
        .with_context(|| format!("no {word}"))?
        .parse()
        .context("no number")
}

/// What ran here at the same time: the load of the last minute, as the kernel counts it.
pub(crate) fn load() -> Result<f64> {
    let load = fs::read_to_string("/proc/loadavg")?;
    load.split(' ')
        .next()
        .unwrap_or_default()
        .parse()
        .context("no load")
}

/// This host in one line.
pub(crate) fn describe() -> Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("processor", |(_, model)| model);
    let count = std::thread::available_parallelism()?;
    let memory = number(&fs::read_to_string("/proc/meminfo")?, "MemTotal:")? / (1 << 20);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let v1 = Path::new("/sys/fs/cgroup/memory").exists();
    let groups = if v1 { "v1" } else { "v2" };
    Ok(format!(
        "{count} × {model}, {memory} GiB, Linux {}, cgroup {groups}",
        kernel.trim()
    ))
}

//! What a machine may take of the host, as the host has it.

use std::{fs, os::unix::fs::MetadataExt, path::PathBuf};

use crate::{
    classroom::{Classroom, id},
    footprint::group_folders,
};

/// What a group has in the file of this name, on v1 or v2, in whichever hierarchy it is.
fn read(classroom: &Classroom, container: &str, files: [&str; 2]) -> String {
    let groups = group_folders(&format!("gyosil-{}", classroom.tag()));
    let paths = groups
        .iter()
        .flat_map(|group| files.map(|file| group.join(container).join(file)));
    let mut texts = paths.filter_map(|path| fs::read_to_string(path).ok());
    let text = texts.next().unwrap_or_else(|| panic!("no {files:?}"));
    text.trim().to_owned()
}

/// The device of a machine's disk.
fn device(disk: &PathBuf) -> String {
    let device = fs::metadata(disk).expect("a mounted disk").dev();
    format!(
        "{}:{}",
        rustix::fs::major(device),
        rustix::fs::minor(device)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_has_the_limits_that_the_operator_set() {
    let options = [
        ["--memory", "700M"],
        ["--pids", "300"],
        ["--cpus", "1.5"],
        ["--disk-speed", "3M"],
    ];
    let classroom = Classroom::open(&options.concat()).await;
    let (hong, kim) = (id("hong"), id("kim"));
    let machine = classroom.ready(&hong).await;
    let other = classroom.ready(&kim).await;
    let of = |files| read(&classroom, &machine.generation, files);

    assert_eq!(
        of(["memory.limit_in_bytes", "memory.max"]),
        (700 << 20).to_string()
    );
    // On v1 memory and swap together.
    let swap = of(["memory.memsw.limit_in_bytes", "memory.swap.max"]);
    assert!(
        [(700 << 20).to_string(), "0".into()].contains(&swap),
        "{swap}"
    );
    assert_eq!(of(["pids.max", "pids.max"]), "300");
    let quota = of(["cpu.cfs_quota_us", "cpu.max"]);
    assert_eq!(quota.split(' ').next(), Some("150000"));
    // All machines are equal, and together less than one of the host's own.
    let weight = ["cpu.shares", "cpu.weight"];
    assert_eq!(of(weight), read(&classroom, &other.generation, weight));
    let of_all = read(&classroom, "", weight);
    assert!(["512", "50"].contains(&&*of_all), "{of_all}");

    let disk = classroom
        .data()
        .join("machines")
        .join(&machine.generation)
        .join("disk");
    let speed = of(["blkio.throttle.write_bps_device", "io.max"]);
    let expected = format!("{} ", device(&disk));
    assert!(
        speed.starts_with(&expected) && speed.contains("3145728"),
        "{speed}"
    );
    let inodes = rustix::fs::statvfs(&disk).expect("its numbers").f_files;
    assert!((100_000..140_000).contains(&inodes), "{inodes} for 2 GiB");
    let init = classroom.init(&hong).await;
    let limits = fs::read_to_string(format!("/proc/{init}/limits")).expect("its limits");
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let files: Vec<_> = files.expect("a limit").split_whitespace().collect();
    let hard: u64 = files[4].parse().expect("a number");
    assert!(hard <= 1_048_576, "{hard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_is_as_fast_as_it_may_be_and_no_faster() {
    let classroom = Classroom::open(&["--disk-speed", "3M"]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    // 12 MiB past the page cache, at 3 MiB a second, of which the first may come at once.
    for direction in [
        "if=/dev/zero of=/var/lib/docker/file oflag=direct",
        "if=/var/lib/docker/file of=/dev/null iflag=direct",
    ] {
        let script = format!(
            "start=${{EPOCHREALTIME/.}}; dd bs=1M count=12 {direction} 2>/dev/null
             echo $(((${{EPOCHREALTIME/.}} - start) / 1000))"
        );
        let took = classroom.bash(&hong, &script).await;
        let took: u64 = took.trim().parse().expect("milliseconds");
        assert!(took >= 2500, "{direction}: {took} ms");
    }
}

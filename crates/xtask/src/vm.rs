//! `cargo xtask test vm`: the machine tests in a virtual machine, where Debian 13 with systemd has
//! cgroup v2. It is emulated where the processor cannot be shared with it, and then ten times as slow.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    host, layout, machines,
    parts::Tally,
    signals::End,
    step::{Step, Steps, seconds},
    test::{cargo, data},
};

/// What it takes beyond a classroom.
const QEMU: &str = "qemu-system-x86_64";

/// By how much the tests wait longer: what emulation takes.
const PATIENCE: &str = "10";

/// What the guest's script says at its end.
const ENDED: &str = "all tests have run";

/// The disk of the programs, sparse: they have some 200 MB with what a backtrace needs.
const PROGRAMS_DISK: &str = "1G";

/// The disk of the machine image, sparse: it has some 550 MB.
const IMAGE_DISK: &str = "2G";

/// Builds the virtual machine and the tests, runs them in it (those whose names contain one of `only`,
/// without any all) and reports as the other parts do.
///
/// # Errors
/// When something cannot be built or started.
pub(crate) fn run(only: &[String]) -> Result<ExitCode> {
    let started = Instant::now();
    host::check()?;
    ensure!(
        layout::is_root(),
        "making a virtual machine's disks needs root"
    );
    let data = data()?;
    let vm = data.join("vm");
    let packages = host::missing(&[host::FOR_UP, host::FOR_VM]);
    let prepares = !packages.is_empty() || !host::has_web_user();
    let steps = Steps::new(5 + usize::from(prepares), End::on_signals()?);
    let tally = steps.with_life_signs(|| {
        host::prepare(&steps, &packages)?;
        steps.run("the machine image", |step| {
            machines::build_init(step)?;
            machines::build_image(step, &data)
        })?;
        steps.run("the virtual machine", |step| {
            step.run(Command::new(layout::root().join("crates/xtask/vm/guest")).arg(&vm))
        })?;
        let programs = steps.run("the tests", build_tests)?;
        steps.run("the disks", |step| {
            let image = data.join("machine-image");
            make_disk(step, &image, &vm.join("image.img"), IMAGE_DISK)?;
            lay_out(&programs, only, &vm.join("programs"))?;
            make_disk(
                step,
                &vm.join("programs"),
                &vm.join("programs.img"),
                PROGRAMS_DISK,
            )
        })?;
        steps.run("the tests in the virtual machine", |step| boot(step, &vm))
    })?;
    println!("\nall of it: {}\n{tally}", seconds(started));
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The programs that the guest needs at the paths that they have here, and which of them are tests.
struct Programs {
    all: Vec<PathBuf>,
    tests: Vec<PathBuf>,
}

fn build_tests(step: &Step<'_>) -> Result<Programs> {
    step.run(&mut cargo(&["build", "--package", "hub"]))?;
    let mut build = cargo(&[
        "test",
        "--no-run",
        "--package",
        "machined",
        "--test",
        "machined",
    ]);
    step.run(build.env("GYOSIL_TEST_PATIENCE", PATIENCE))?;
    // Executable tests/machined/main.rs (/…/deps/machined-0123456789abcdef)
    let said = fs::read_to_string(step.log())?;
    let of_line = |line: &str| {
        let (_, path) = line.trim().strip_prefix("Executable ")?.split_once(" (")?;
        Some(layout::root().join(path.strip_suffix(')')?))
    };
    let tests: Vec<PathBuf> = said.lines().filter_map(of_line).collect();
    ensure!(!tests.is_empty(), "cargo names no test program:\n{said}");
    let mut all = tests.clone();
    for program in ["gyosil-machined", "gyosil-hub"] {
        all.push(layout::target().join("debug").join(program));
    }
    Ok(Programs { all, tests })
}

/// Lays the programs out as the guest wants them: crates/xtask/vm/tests says how.
fn lay_out(programs: &Programs, only: &[String], folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for program in &programs.all {
        let there = folder.join("where").join(program.strip_prefix("/")?);
        fs::create_dir_all(there.parent().context("a program at the root")?)?;
        fs::copy(program, &there).with_context(|| format!("copying {}", program.display()))?;
    }
    let list: Vec<_> = programs
        .tests
        .iter()
        .map(|test| format!("{} {}\n", test.display(), only.join(" ")))
        .collect();
    fs::write(folder.join("run"), list.concat())?;
    Ok(())
}

/// Makes a disk of what is in a folder.
fn make_disk(step: &Step<'_>, folder: &Path, disk: &Path, size: &str) -> Result<()> {
    if disk.exists() {
        fs::remove_file(disk)?;
    }
    let mut mke2fs = Command::new("mke2fs");
    mke2fs
        .args(["-q", "-t", "ext4", "-d"])
        .arg(folder)
        .arg(disk)
        .arg(size);
    step.run(&mut mke2fs)
}

/// Runs the virtual machine to its end.
fn boot(step: &Step<'_>, vm: &Path) -> Result<Tally> {
    let mut qemu = Command::new(QEMU);
    // On one thread: with one for each processor the kernel, which patches its own code while it runs,
    // once met a breakpoint that it had just taken away ("Oops: int3"), and panicked.
    qemu.args([
        "-machine",
        "q35",
        "-accel",
        "tcg,thread=single",
        "-cpu",
        "max",
    ]);
    // machined lets one machine in for each 512 MiB beyond 2 GiB, and some tests have five at once.
    // Of the host's memory it is taken only as it is used.
    qemu.args([
        "-smp",
        "2",
        "-m",
        "6144",
        "-no-reboot",
        "-nographic",
        "-nic",
        "none",
    ]);
    qemu.arg("-kernel")
        .arg(vm.join("kernel"))
        .arg("-initrd")
        .arg(vm.join("initrd"));
    qemu.args(["-append", "root=/dev/vda rw console=ttyS0 panic=-1 quiet"]);
    // Whatever it writes is forgotten.
    for disk in ["guest.img", "image.img", "programs.img"] {
        let disk = vm.join(disk);
        qemu.arg("-drive").arg(format!(
            "file={},format=raw,if=virtio,snapshot=on",
            disk.display()
        ));
    }
    let status = step.status(&mut qemu)?;
    let said = fs::read_to_string(step.log())?;
    if !status.success() || !said.contains(ENDED) {
        bail!(
            "the virtual machine broke off; what it said: {}",
            step.log().display()
        );
    }
    let tally = Tally::read(&said);
    if tally.failed > 0 {
        eprintln!("{said}");
    }
    ensure!(
        tally.passed + tally.failed > 0,
        "the virtual machine ran no test"
    );
    Ok(tally)
}

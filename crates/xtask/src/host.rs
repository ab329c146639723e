//! What the host must have: packages, a user, a kernel that is new enough.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use crate::step::Steps;

/// A Debian or Ubuntu package, and by what one sees that it is there: a program on PATH, or a file
/// if it begins with a slash. (Programs, since they may have come from elsewhere: Node.js, runc.)
pub(crate) struct Package {
    name: &'static str,
    seen: &'static str,
}

const fn package(name: &'static str, seen: &'static str) -> Package {
    Package { name, seen }
}

/// What building and running a classroom takes.
pub(crate) const FOR_UP: &[Package] = &[
    // For Rust, and for SQLite, which is compiled from C.
    package("build-essential", "cc"),
    // The browser client's npm packages and their compression.
    package("nodejs", "node"),
    package("npm", "npm"),
    package("brotli", "brotli"),
    // The machine image and the teaching images.
    package("mmdebstrap", "mmdebstrap"),
    package("gpg", "gpg"),
    package("openssl", "openssl"),
    package(
        "debian-archive-keyring",
        // Older ones lack the keys of the release that images are made of.
        "/usr/share/keyrings/debian-archive-bookworm-automatic.gpg",
    ),
    package("skopeo", "skopeo"),
    package("docker-registry", "docker-registry"),
    // Machines.
    package("runc", "runc"),
    package("iproute2", "ip"),
    package("nftables", "nft"),
    package("dnsmasq-base", "dnsmasq"),
    package("e2fsprogs", "mkfs.ext4"),
];

/// What testing takes beyond that.
pub(crate) const FOR_TEST: &[Package] = &[
    package("chromium", "chromium"),
    // A host with Docker's rules, in a network namespace.
    package("iptables", "iptables"),
    package(
        "fonts-noto-cjk",
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    ),
    // The record's other database; machines without systemd do not start it by themselves.
    package("postgresql", "/usr/lib/postgresql"),
    // What lint asks where it is there.
    package("shellcheck", "shellcheck"),
    // The reference of mastery and item analysis.
    package("python3-scipy", "/usr/lib/python3/dist-packages/scipy"),
];

/// What measuring the web server takes.
pub(crate) const FOR_WEB_BENCH: &[Package] =
    &[package("nginx-light", "nginx"), package("wrk", "wrk")];

/// What a virtual machine takes beyond that.
pub(crate) const FOR_VM: &[Package] = &[package("qemu-system-x86", "qemu-system-x86_64")];

/// The user that the web process becomes.
const WEB_USER: &str = "gyosil";

/// Machines share one root file system by idmapped mounts beneath overlayfs, which Linux has since
/// this version.
const KERNEL: (u32, u32) = (5, 19);

/// The oldest Node.js whose npm installs the client's packages.
const NODE: u32 = 18;

/// Fails early, and with the mend, where machines could not run at all.
///
/// # Errors
/// On another operating system, another processor or an old kernel.
pub(crate) fn check() -> Result<()> {
    ensure!(
        find("apt-get").is_some(),
        "this needs Debian 12 or newer, or Ubuntu 22.04 or newer"
    );
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    let mut numbers = release
        .split(['.', '-'])
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    ensure!(
        version >= KERNEL,
        "machines need Linux {}.{} or newer, and this is {release} \
         (on Ubuntu 22.04: apt-get install linux-generic-hwe-22.04, then restart)",
        KERNEL.0,
        KERNEL.1
    );
    Ok(())
}

/// The packages that are not there.
pub(crate) fn missing(packages: &[&'static [Package]]) -> Vec<&'static Package> {
    let all = packages.iter().flat_map(|list| list.iter());
    all.filter(|package| !is_there(package.seen)).collect()
}

fn is_there(seen: &str) -> bool {
    if seen.starts_with('/') {
        Path::new(seen).exists()
    } else {
        find(seen).is_some()
    }
}

fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Many users lack the folders of what root alone can use.
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(Into::into))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Whether the web process's user exists.
pub(crate) fn has_web_user() -> bool {
    let ask = Command::new("getent")
        .args(["passwd", WEB_USER])
        .stdout(Stdio::null())
        .status();
    ask.is_ok_and(|status| status.success())
}

fn names(packages: &[&Package]) -> Vec<&'static str> {
    packages.iter().map(|package| package.name).collect()
}

/// Installs packages and makes the user, as root. Asks nothing.
///
/// # Errors
/// What apt says, or that a package does not hold what it should.
pub(crate) fn prepare(steps: &Steps, packages: &[&'static Package]) -> Result<()> {
    if !packages.is_empty() {
        steps.run("packages of the host", |step| {
            if starts_registry(packages) {
                step.run(Command::new("systemctl").args(MASK))?;
            }
            step.run(&mut apt(&["update"]))?;
            step.run(apt(&["install", "-y", "--no-install-recommends"]).args(names(packages)))?;
            packages.iter().try_for_each(|package| {
                let Package { name, seen } = package;
                ensure!(
                    is_there(seen),
                    "{name} is installed, but has no {seen}: it is too old"
                );
                Ok(())
            })
        })?;
    }
    if !has_web_user() {
        steps.run("the user gyosil", |step| {
            step.run(Command::new("useradd").args(USERADD))
        })?;
    }
    Ok(())
}

/// Whether installing these would start a registry of its own, on all addresses.
fn starts_registry(packages: &[&Package]) -> bool {
    names(packages).contains(&"docker-registry") && Path::new("/run/systemd/system").exists()
}

const MASK: [&str; 2] = ["mask", "docker-registry.service"];

const USERADD: [&str; 7] = [
    "--system",
    "--no-create-home",
    "--home-dir",
    "/nonexistent",
    "--shell",
    "/usr/sbin/nologin",
    WEB_USER,
];

fn apt(arguments: &[&str]) -> Command {
    let mut apt = Command::new("apt-get");
    apt.arg("-q")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

/// Without root nothing is installed: this says what has to be, in one line.
///
/// # Errors
/// When something is missing.
pub(crate) fn ask_for(packages: &[&Package]) -> Result<()> {
    let mut commands = Vec::new();
    if !packages.is_empty() {
        let list = names(packages).join(" ");
        if starts_registry(packages) {
            commands.push(format!("sudo systemctl {}", MASK.join(" ")));
        }
        commands.push("sudo apt-get update".to_owned());
        commands.push(format!(
            "sudo apt-get install -y --no-install-recommends {list}"
        ));
    }
    if !has_web_user() {
        commands.push(format!("sudo useradd {}", USERADD.join(" ")));
    }
    if commands.is_empty() {
        return Ok(());
    }
    bail!(
        "Something is missing on this host. Run this, then try again:\n{}",
        commands.join(" && ")
    )
}

/// Fails where Node.js is too old for the client's packages.
///
/// # Errors
/// With what to do.
pub(crate) fn check_node() -> Result<()> {
    let output = Command::new("node")
        .arg("--version")
        .output()
        .context("cannot start node")?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .unwrap_or_default();
    ensure!(
        major.parse::<u32>().is_ok_and(|major| major >= NODE),
        "Node.js {NODE} or newer is needed, and this is {version} (Ubuntu 22.04 has only 12): \
         install one from https://nodejs.org/en/download"
    );
    Ok(())
}

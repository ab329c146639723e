//! The Debian packages of LXD, where the host has not got them.

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// What Debian 12 has of it, what its btrfs pool and its bridge take.
const NEEDED: [&str; 4] = ["lxd", "lxd-client", "btrfs-progs", "dnsmasq-base"];

/// What its installation makes and its removal leaves: an account, and ranges of ids in these files.
const ACCOUNT: &str = "_lxd";
const GROUP: &str = "lxd";
const RANGES: [&str; 2] = ["/etc/subuid", "/etc/subgid"];

/// Packages that were installed; dropped, they are removed again, with what they made.
pub(crate) struct Packages {
    new: BTreeSet<String>,
    ranges: Vec<(&'static str, String)>,
}

impl Packages {
    /// Installs what is missing, with what it needs.
    pub(crate) fn install() -> Result<Self> {
        let before = installed()?;
        let missing: Vec<_> = NEEDED
            .iter()
            .filter(|name| !before.contains(**name))
            .collect();
        let mut packages = Self {
            new: BTreeSet::new(),
            ranges: Vec::new(),
        };
        if missing.is_empty() {
            return Ok(packages);
        }
        for file in RANGES {
            packages.ranges.push((file, fs::read_to_string(file)?));
        }
        println!("installing, for this run: {missing:?}");
        let done = apt(&["install", "--no-install-recommends"])
            .args(missing)
            .status();
        // Part of them may be there even so.
        packages.new = installed()?.difference(&before).cloned().collect();
        ensure!(
            done.context("cannot start apt-get")?.success(),
            "apt-get cannot install them"
        );
        Ok(packages)
    }

    fn remove(&self) -> Result<()> {
        run(apt(&["purge"]).args(&self.new))?;
        if self.new.contains("lxd") {
            run(Command::new("userdel").arg(ACCOUNT))?;
            // The account's own group went with it where it has the account's name.
            let _ = Command::new("groupdel")
                .arg(GROUP)
                .stderr(Stdio::null())
                .status();
            for (file, text) in &self.ranges {
                fs::write(file, text).with_context(|| format!("writing {file}"))?;
            }
        }
        Ok(())
    }
}

impl Drop for Packages {
    fn drop(&mut self) {
        if self.new.is_empty() {
            return;
        }
        if let Err(error) = self.remove() {
            eprintln!(
                "something is left of the packages {:?}: {error:#}",
                self.new
            );
        }
    }
}

fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot start {name}"))?;
    ensure!(status.success(), "{name}: {status}");
    Ok(())
}

fn apt(arguments: &[&str]) -> Command {
    let mut apt = Command::new("apt-get");
    apt.args(["-q", "-y"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    apt.stdin(Stdio::null()).stdout(Stdio::null());
    apt
}

/// The packages of this host, by name.
fn installed() -> Result<BTreeSet<String>> {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat", "${db:Status-Abbrev} ${Package}\n"]);
    // A local database, which answers at once.
    #[allow(clippy::disallowed_methods)]
    let list = query.output().context("cannot start dpkg-query")?;
    ensure!(list.status.success(), "dpkg-query: {}", list.status);
    let list = String::from_utf8(list.stdout)?;
    Ok(list
        .lines()
        .filter_map(|line| line.strip_prefix("ii  "))
        .map(Into::into)
        .collect())
}

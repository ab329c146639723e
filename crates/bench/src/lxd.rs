//! LXD, the peer: system containers on the same host from the same root file system, with
//! `security.nesting`, so that Docker runs in them. It gets what a machine gets: a range of ids of
//! its own, a network, limits of memory and processes.
//!
//! Its daemon lives in mount, network and process namespaces of its own, with a data folder of its
//! own: an LXD that the operator has is not touched, nothing reaches the network, and what it made
//! ends with the namespaces.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{engine, packages::Packages};

/// How long one of its commands may take: it unpacks 500 MB.
const PATIENCE: Duration = Duration::from_secs(120);

/// The image's name.
const IMAGE: &str = "machine";

/// Run as the first process of the namespaces. `/sys` is mounted anew, to show this network's
/// interfaces; the control groups in there stay the host's.
const INSIDE: &str = r#"
set -e
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir /run/groups
mount --rbind /sys/fs/cgroup /run/groups
mount -t sysfs sysfs /sys
mount --rbind /run/groups /sys/fs/cgroup
umount -l /run/groups
lxd --group root &
wait
"#;

/// Where a container's files lie.
#[derive(Clone, Copy)]
pub(crate) enum Pool {
    /// btrfs, what LXD takes where it can: a container begins as a snapshot of its image.
    Snapshots,
    /// Folders, what it takes elsewhere: a container begins as a copy.
    Folders,
}

impl Pool {
    fn name(self) -> &'static str {
        match self {
            Self::Snapshots => "snapshots",
            Self::Folders => "folders",
        }
    }
}

/// An LXD with the image. Dropped, everything that it made is gone, and its packages, if they were
/// installed for it.
pub(crate) struct Lxd {
    daemon: Child,
    folder: TempDir,
    groups_before: BTreeSet<PathBuf>,
    // Last, as fields are dropped in this order: its programs are needed until then.
    _packages: Packages,
}

impl Lxd {
    /// Installs it where it is not, starts it and imports the image.
    pub(crate) async fn open(image: &Path) -> Result<Self> {
        let packages = Packages::install()?;
        let folder = tempfile::Builder::new()
            .prefix("gyosil-bench-lxd-")
            .tempdir_in("/var/tmp")?;
        fs::create_dir(folder.path().join("data"))?;
        let log = fs::File::create(folder.path().join("lxd.log"))?;
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--net", "--mount", "--propagation", "private"])
            .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["bash", "-c", INSIDE])
            .env("LXD_DIR", folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let groups_before = groups();
        let daemon = unshare.spawn().context("cannot start unshare")?;
        let lxd = Self {
            daemon,
            folder,
            groups_before,
            _packages: packages,
        };
        lxd.prepare(image).await.with_context(|| {
            let log = fs::read_to_string(lxd.folder.path().join("lxd.log"));
            format!("LXD said:\n{}", log.unwrap_or_default())
        })?;
        Ok(lxd)
    }

    async fn prepare(&self, image: &Path) -> Result<()> {
        let answers = async {
            while self.run("lxc", &["query", "/1.0"]).await.is_err() {
                sleep(Duration::from_millis(100)).await;
            }
        };
        ensure!(
            timeout(PATIENCE, answers).await.is_ok(),
            "LXD does not answer"
        );
        let settings = self.folder.path().join("settings.yaml");
        fs::write(&settings, SETTINGS)?;
        let mut init = self.command("lxd", &["init", "--preseed"]);
        finish(init.stdin(fs::File::open(settings)?)).await?;
        fs::write(self.folder.path().join("metadata.yaml"), METADATA)?;
        let (about, files) = (
            self.tar(self.folder.path(), "metadata.yaml"),
            self.tar(image, "."),
        );
        let (about, files) = (about.await?, files.await?);
        self.run(
            "lxc",
            &["image", "import", &about, &files, "--alias", IMAGE],
        )
        .await?;
        Ok(())
    }

    /// Packs what is in a folder; tells the archive's path.
    async fn tar(&self, folder: &Path, what: &str) -> Result<String> {
        let folder = folder.to_str().context("a path that is no text")?;
        let archive = self
            .folder
            .path()
            .join(format!("{}.tar", what.trim_matches('.')));
        let archive = archive
            .to_str()
            .context("a path that is no text")?
            .to_owned();
        self.run(
            "tar",
            &["--create", "--file", &archive, "--directory", folder, what],
        )
        .await?;
        Ok(archive)
    }

    /// Starts a container and removes it again; tells how long it took from `lxc launch` to the
    /// engine's answer.
    pub(crate) async fn start(&self, name: &str, pool: Pool) -> Result<Duration> {
        let begin = Instant::now();
        self.run("lxc", &["launch", IMAGE, name, "--storage", pool.name()])
            .await?;
        let state = self
            .run("lxc", &["query", &format!("/1.0/instances/{name}/state")])
            .await?;
        let state: serde_json::Value = serde_json::from_str(&state)?;
        let pid = state["pid"]
            .as_u64()
            .context("LXD does not tell the container's process")?;
        // By the namespaces' own numbers, so through their own /proc.
        let proc = format!("/proc/{}/root/proc/{pid}", self.first()?);
        engine::answers(proc.as_ref()).await?;
        let took = begin.elapsed();
        self.run("lxc", &["delete", "--force", name]).await?;
        Ok(took)
    }

    /// The namespaces' first process, as the host numbers it.
    fn first(&self) -> Result<String> {
        let unshare = self.daemon.id();
        let children = fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children"))?;
        let first = children.split_whitespace().next();
        first.map(Into::into).context("LXD has ended")
    }

    fn command(&self, program: &str, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(program);
        command
            .args(arguments)
            .env("LXD_DIR", self.folder.path().join("data"));
        command.stdin(Stdio::null());
        command
    }

    async fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        finish(&mut self.command(program, arguments)).await
    }
}

impl Drop for Lxd {
    fn drop(&mut self) {
        let first = self.first();
        // With the namespaces' first process all others in there end; the kernel reaps them before
        // it.
        let ended = self.daemon.kill().and_then(|()| self.daemon.wait());
        if let Err(error) = ended {
            eprintln!("LXD cannot be ended: {error}");
        }
        while first
            .as_ref()
            .is_ok_and(|pid| Path::new("/proc").join(pid).exists())
        {
            std::thread::yield_now();
        }
        for group in groups().difference(&self.groups_before) {
            if let Err(error) = remove_group(group) {
                eprintln!("the control group {} is left: {error}", group.display());
            }
        }
    }
}

/// What describes an image to LXD: <https://documentation.ubuntu.com/lxd/en/latest/reference/image_format/>.
const METADATA: &str =
    "architecture: x86_64\ncreation_date: 1\nproperties: {description: a machine}\n";

/// What `lxd init --preseed` reads. The bridge is there for what a start with a network takes;
/// nothing is reached through it.
const SETTINGS: &str = r#"
storage_pools:
- {name: snapshots, driver: btrfs, config: {size: 20GiB}}
- {name: folders, driver: dir}
networks:
- name: bridge
  type: bridge
  config: {ipv4.address: 10.89.0.1/24, ipv4.nat: "false", ipv6.address: none}
profiles:
- name: default
  config:
    security.nesting: "true"
    security.idmap.isolated: "true"
    limits.memory: 1500MiB
    limits.processes: "4096"
    environment.PATH: /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    environment.HOME: /root
    raw.lxc: lxc.init.cmd = /usr/lib/gyosil/init
  devices:
    root: {type: disk, path: /, pool: snapshots}
    eth0: {type: nic, network: bridge}
"#;

/// Runs a program to its end; what it prints is the answer.
async fn finish(command: &mut tokio::process::Command) -> Result<String> {
    let name = format!("{:?}", command.as_std());
    let output = timeout(PATIENCE, command.kill_on_drop(true).output()).await;
    let output = output.map_err(|_| anyhow::anyhow!("{name} does not end"))??;
    if !output.status.success() {
        bail!(
            "{name}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The host's control groups that are LXC's, in each hierarchy.
fn groups() -> BTreeSet<PathBuf> {
    let below = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .collect::<Vec<_>>()
    };
    let root = Path::new("/sys/fs/cgroup");
    let hierarchies = [root.to_owned()].into_iter().chain(below(root));
    let is_lxc = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("lxc."))
    };
    hierarchies
        .flat_map(|hierarchy| below(&hierarchy))
        .filter(is_lxc)
        .collect()
}

/// Removes a control group and those below it, which have no processes.
fn remove_group(group: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_group(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}

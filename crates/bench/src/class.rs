//! A classroom made for a measurement.

use std::{
    fs::{self, File},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use machine::{Client, Machine, MachineId, State};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// How long anything may take that is waited for: far beyond what is measured, so that only what is
/// stuck ends a run.
const PATIENCE: Duration = Duration::from_secs(120);

/// An unprivileged account that every Linux has.
pub(crate) const ACCOUNT: &str = "nobody";

/// Where ranges of ids are claimed; a claim names the folder of the machine that has it.
const CLAIMS: &str = "/var/lib/gyosil-ids";

/// How many machines are started or deleted at once where their number is what is measured, not
/// their start: a class comes through the door one after the other.
const AT_ONCE: usize = 4;

/// What is measured.
pub(crate) struct Programs {
    machined: PathBuf,
    image: PathBuf,
}

impl Programs {
    pub(crate) fn new(machined: &Path, image: &Path) -> Result<Self> {
        let find = |path: &Path| {
            path.canonicalize()
                .with_context(|| format!("there is no {}", path.display()))
        };
        Ok(Self {
            machined: find(machined)?,
            image: find(image)?,
        })
    }

    pub(crate) fn image(&self) -> &Path {
        &self.image
    }
}

/// A data folder with a machined. Dropped, it is gone with all of its machines.
pub(crate) struct Class {
    machined: Child,
    client: Client,
    folder: TempDir,
}

impl Class {
    /// Opens a classroom with these options of machined.
    pub(crate) async fn open(programs: &Programs, options: &[&str]) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("gyosil-bench-")
            .tempdir_in("/var/tmp")?;
        let data = folder.path();
        // The account has to pass to the socket.
        fs::set_permissions(data, fs::Permissions::from_mode(0o755))?;
        fs::create_dir(data.join("machine-image"))?;
        symlink(&programs.image, data.join("machine-image/rootfs"))?;
        let socket = data.join("run/machined.sock");
        let machined = Command::new(&programs.machined)
            .arg("--data")
            .arg(data)
            .arg("--socket")
            .arg(&socket)
            .args(["--socket-user", ACCOUNT])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(data.join("machined.log"))?)
            .spawn()
            .context("cannot start machined")?;
        let mut class = Self {
            machined,
            client: Client::new(socket),
            folder,
        };
        class.wait_for_machined().await?;
        Ok(class)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    async fn wait_for_machined(&mut self) -> Result<()> {
        let answers = async {
            while self.client.health().await.is_err() {
                if let Some(status) = self.machined.try_wait()? {
                    bail!("machined ended ({status})");
                }
                sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        };
        let answered = timeout(PATIENCE, answers).await;
        answered
            .unwrap_or_else(|_| bail!("machined does not answer"))
            .with_context(|| self.log())
    }

    /// Waits until the pool has this many machines.
    pub(crate) async fn pool_of(&self, count: usize) -> Result<()> {
        let full = async {
            while self.client.health().await?.pool < count {
                sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        };
        let filled = timeout(PATIENCE, full).await;
        filled
            .unwrap_or_else(|_| bail!("the pool does not fill"))
            .with_context(|| self.log())
    }

    /// Starts a machine and waits until it is ready.
    pub(crate) async fn start(&self, id: &MachineId) -> Result<Machine> {
        let machine = self.client.ensure(id).await?;
        if machine.state == State::Ready {
            return Ok(machine);
        }
        self.wait_until(id, |state| *state == State::Ready).await
    }

    /// Waits for a state; another that nothing follows is an error.
    pub(crate) async fn wait_until(
        &self,
        id: &MachineId,
        is_meant: impl Fn(&State) -> bool,
    ) -> Result<Machine> {
        let wait = async {
            let mut states = self.client.watch(id).await?;
            while let Some(machine) = states.try_next().await? {
                if is_meant(&machine.state) {
                    return Ok(machine);
                }
                if let State::Failed { problem } = machine.state {
                    bail!("{id} failed: {problem}");
                }
            }
            bail!("{id} was deleted")
        };
        let came = timeout(PATIENCE, wait).await;
        came.unwrap_or_else(|_| bail!("{id} did not come that far"))
            .with_context(|| self.log())
    }

    /// Does the same with each of these machines, a few at a time; the first error ends it.
    pub(crate) async fn each<T>(
        &self,
        ids: &[MachineId],
        work: impl AsyncFn(&MachineId) -> Result<T>,
    ) -> Result<Vec<T>> {
        stream::iter(ids)
            .map(|id| work(id))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Deletes these machines; they need no time to end their programs then.
    pub(crate) async fn delete(&self, ids: &[MachineId]) -> Result<()> {
        self.each(ids, async |id| Ok(self.client.delete(id).await?))
            .await
            .map(drop)
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.data().join("machined.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(20)..];
        format!("machined said last:\n{}", last.join("\n"))
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        let pid = i32::try_from(self.machined.id())
            .ok()
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself, which the run has told of.
            let _ = kill_process(pid, Signal::TERM);
        }
        let ended = self.machined.wait();
        // An orderly end keeps disks, and the ids for them: those go with the folder.
        for claim in claims(self.data()) {
            if let Err(error) = fs::remove_file(&claim) {
                eprintln!("{} is left: {error}", claim.display());
            }
        }
        if !ended.is_ok_and(|status| status.success()) {
            eprintln!("machined did not end well\n{}", self.log());
        }
    }
}

/// The claims of ids of the machines in a data folder.
fn claims(data: &Path) -> Vec<PathBuf> {
    let claims = fs::read_dir(CLAIMS).into_iter().flatten().flatten();
    let is_ours = |claim: &PathBuf| {
        fs::read_to_string(claim).is_ok_and(|owner| Path::new(&owner).starts_with(data))
    };
    claims.map(|claim| claim.path()).filter(is_ours).collect()
}

/// Names of machines.
pub(crate) fn names(prefix: &str, count: usize) -> Result<Vec<MachineId>> {
    (1..=count)
        .map(|number| Ok(format!("{prefix}{number}").parse()?))
        .collect()
}

/// The folder in `/proc` of a machine's first process. It is in runc's own note of the container;
/// `runc state` would say the same, but its start takes as long as some of what is measured.
pub(crate) fn first_process(data: &Path, container: &str) -> Result<PathBuf> {
    let note = data.join("runc").join(container).join("state.json");
    let note = fs::read(&note).with_context(|| format!("reading {}", note.display()))?;
    let note: serde_json::Value = serde_json::from_slice(&note)?;
    let pid = note["init_process_pid"]
        .as_u64()
        .context("runc's note has no process")?;
    Ok(PathBuf::from(format!("/proc/{pid}")))
}

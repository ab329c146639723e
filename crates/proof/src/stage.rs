//! Where the suite plays: a machined of its own with two machines, and what is laid out around them.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures::StreamExt;
use machine::{Client, ExecRequest, MachineId, MachineUser, Outcome, State};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{
    Doing, Error, Options, Place,
    canary::{self, Canary},
    command::run,
    footprint::{self, Footprint},
    probe::{Probe, Seen},
};

/// The machines' limits: small, so that going to them costs the host little. In MiB, and a number.
pub(crate) const MEMORY_MIB: u32 = 512;
pub(crate) const PROCESSES: u32 = 512;
pub(crate) const DISK_MIB: u32 = 512;

/// How long anything may take that is waited for, on a host with other work.
const SOON: Duration = Duration::from_secs(60);

/// How long one probe may take.
const PROBE_WITHIN: Duration = Duration::from_secs(60);

/// How often something that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How much of machined's log is shown, in lines.
const LOG_LINES: usize = 12;

/// Gives a machine's engine the image `tiny`, with bash, sleep and chroot, from its own files.
const MAKE_TINY: &str = "cd / && tar -c bin lib lib64 sbin usr/bin/bash usr/bin/sleep usr/bin/yes usr/sbin/chroot \
     usr/lib64 usr/lib/x86_64-linux-gnu/ld-linux-* usr/lib/x86_64-linux-gnu/libc.so.* \
     usr/lib/x86_64-linux-gnu/libtinfo.so.* | docker import - tiny";

/// Docker's most privileged container, in the machine's own root.
const PRIVILEGED: [&str; 16] = [
    "docker",
    "run",
    "--rm",
    "-i",
    "--privileged",
    "--pid=host",
    "--net=host",
    "--ipc=host",
    "--uts=host",
    "--cgroupns=host",
    "--security-opt=seccomp=unconfined",
    "-v",
    "/:/h",
    "tiny",
    "chroot",
    "/h",
];

/// The stage.
#[derive(Debug)]
pub(crate) struct Stage {
    machined: Child,
    // After `machined`, so that it is removed when nothing is mounted in it any more.
    folder: Option<TempDir>,
    data: PathBuf,
    account: String,
    client: Client,
    /// Who tries to get out.
    pub(crate) hong: MachineId,
    /// The neighbour.
    pub(crate) kim: MachineId,
    /// What is on the host to be found by nobody.
    pub(crate) outside: Canary,
    /// The word in the neighbour's files and processes.
    pub(crate) beside: String,
    /// What the classroom had on the host before the machines came.
    before: Footprint,
    disks: Vec<(String, Option<File>)>,
}

impl Stage {
    /// Sets everything up.
    pub(crate) async fn set(options: &Options) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("gyosil-proof-")
            .tempdir_in("/var/tmp");
        let folder = folder.doing(|| "make a folder in /var/tmp".into())?;
        let data = folder
            .path()
            .canonicalize()
            .doing(|| "find that folder".into())?;
        let image = options.image.canonicalize();
        let image =
            image.doing(|| format!("find the machine image {}", options.image.display()))?;
        prepare(&data, &image).doing(|| format!("prepare {}", data.display()))?;
        let outside = Canary::new(&data.join("web"))?;
        let socket = data.join("run/machined.sock");
        let client = Client::new(&socket);
        let (hong, kim) = (name("hong")?, name("kim")?);
        let machined = start(&data, &socket, options)?;
        let mut stage = Self {
            machined,
            folder: Some(folder),
            data,
            account: options.account.clone(),
            client,
            hong,
            kim,
            outside,
            beside: canary::token(),
            before: Footprint::new(),
            disks: Vec::new(),
        };
        stage.wait_for_machined().await?;
        stage.before = stage.footprint().await?;
        tokio::try_join!(stage.ready(&stage.hong), stage.ready(&stage.kim))?;
        for id in [stage.hong.clone(), stage.kim.clone()] {
            // Held, so that no other file gets its numbers.
            let file = stage.machine_folder(&id).await?.join("disk.img");
            let disk = File::open(&file).and_then(|disk| Ok((footprint::disk(&disk)?, Some(disk))));
            stage
                .disks
                .push(disk.doing(|| format!("open {}", file.display()))?);
        }
        stage.prepare_machines().await?;
        Ok(stage)
    }

    async fn prepare_machines(&self) -> Result<(), Error> {
        self.bash(&self.hong, MAKE_TINY).await?;
        let beside = &self.beside;
        let hide = format!(
            "echo {beside} >/home/student/{beside}; echo {beside} >/var/lib/docker/{beside}
             CANARY={beside} setsid bash -c '{}' {beside} /root/hits </dev/null >/dev/null 2>&1 &",
            canary::LISTENING.replace('\'', r"'\''")
        );
        self.bash(&self.kim, &hide).await.map(drop)
    }

    /// machined's client.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// machined's socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.data.join("run/machined.sock")
    }

    /// The account of the host that may ask machined.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// What is before the names of the class's things on the host.
    pub(crate) fn prefix(&self) -> String {
        format!("gyosil-{}", footprint::tag(&self.data))
    }

    /// The class's router.
    pub(crate) fn router(&self) -> PathBuf {
        Path::new("/run/netns").join(self.prefix())
    }

    /// What a machine's folder, container and control group are called on the host.
    pub(crate) async fn container(&self, id: &MachineId) -> Result<String, Error> {
        Ok(self
            .client
            .get(id)
            .await?
            .map(|machine| machine.generation)
            .unwrap_or_default())
    }

    /// A machine's folder.
    pub(crate) async fn machine_folder(&self, id: &MachineId) -> Result<PathBuf, Error> {
        Ok(self.data.join("machines").join(self.container(id).await?))
    }

    /// A machine's control group, below each hierarchy's root or a unit's group.
    pub(crate) async fn group(&self, id: &MachineId) -> Result<String, Error> {
        Ok(format!("{}/{}", self.prefix(), self.container(id).await?))
    }

    /// The machine's first process, as the host numbers it.
    pub(crate) async fn init(&self, id: &MachineId) -> Result<u32, Error> {
        let runc = self.data.join("runc").display().to_string();
        let state = run(
            "runc",
            ["--root", &runc, "state", &self.container(id).await?],
            "",
        )
        .await?;
        let state: serde_json::Value = serde_json::from_str(&state)
            .map_err(io::Error::from)
            .doing(|| "understand runc".into())?;
        let pid = state["pid"].as_u64().and_then(|pid| pid.try_into().ok());
        pid.ok_or_else(|| io::Error::other("it names no process"))
            .doing(|| "understand runc".into())
    }

    /// Starts a machine if it does not run, and waits until it is ready.
    pub(crate) async fn ready(&self, id: &MachineId) -> Result<(), Error> {
        self.client.ensure(id).await?;
        let mut states = self.client.watch(id).await?;
        let wait = async {
            while let Some(machine) = states.next().await {
                match machine?.state {
                    State::Ready => return Ok(None),
                    State::Failed { problem } => return Ok(Some(problem.to_string())),
                    _ => {}
                }
            }
            Ok::<_, Error>(Some("it was deleted".into()))
        };
        let why = timeout(SOON, wait)
            .await
            .unwrap_or_else(|_| Ok(Some("it took too long".into())))?;
        why.map_or(Ok(()), |why| Err(self.not_ready(id.as_str(), why)))
    }

    fn not_ready(&self, machine: &str, why: String) -> Error {
        Error::NotReady {
            machine: machine.to_owned(),
            why,
            log: self.log(),
        }
    }

    /// Runs a bash script in a machine, as its root; the script must succeed.
    pub(crate) async fn bash(&self, id: &MachineId, script: &str) -> Result<String, Error> {
        let outcome = self
            .exec(id, &["bash", "-s"], MachineUser::Root, script)
            .await?;
        if outcome.exit != Some(0) {
            return Err(Error::Program {
                program: format!("bash in {id}"),
                status: format!("{:?}", outcome.exit),
                stderr: outcome.stderr,
            });
        }
        Ok(outcome.stdout)
    }

    pub(crate) async fn exec(
        &self,
        id: &MachineId,
        argv: &[&str],
        user: MachineUser,
        stdin: &str,
    ) -> Result<Outcome, Error> {
        let request = ExecRequest {
            argv: argv.iter().copied().map(Into::into).collect(),
            user,
            stdin: stdin.to_owned(),
            timeout_ms: PROBE_WITHIN.as_millis().try_into().unwrap_or(u64::MAX),
        };
        Ok(self.client.exec(id, &request).await?)
    }

    /// Runs a probe in the machine that tries to get out.
    pub(crate) async fn run(&self, place: Place, probe: &Probe) -> Result<Seen, Error> {
        self.run_in(&self.hong, place, probe).await
    }

    /// Runs a probe in a machine.
    pub(crate) async fn run_in(
        &self,
        id: &MachineId,
        place: Place,
        probe: &Probe,
    ) -> Result<Seen, Error> {
        let command = probe.command();
        let argv = if place == Place::Privileged {
            [&PRIVILEGED[..], &command].concat()
        } else {
            command.to_vec()
        };
        let outcome = self
            .exec(id, &argv, MachineUser::Root, &probe.script())
            .await?;
        Ok(Seen::read(&outcome.stdout, &outcome.stderr))
    }

    /// Runs a probe as a machine's root, and from its most privileged container.
    pub(crate) async fn run_both(&self, probe: &Probe) -> Result<Vec<(Place, Seen)>, Error> {
        let mut seen = Vec::new();
        for place in [Place::Root, Place::Privileged] {
            seen.push((place, self.run(place, probe).await?));
        }
        Ok(seen)
    }

    pub(crate) async fn footprint(&self) -> Result<Footprint, Error> {
        let disks: Vec<String> = self
            .disks
            .iter()
            .map(|(numbers, _)| numbers.clone())
            .collect();
        footprint::measure(&self.data, &disks).await
    }

    /// Takes everything away, as an operator would, and looks at what is left.
    pub(crate) async fn strike(mut self) -> Result<Seen, Error> {
        // What is held is in use.
        self.disks.iter_mut().for_each(|(_, file)| *file = None);
        for id in [&self.hong, &self.kim] {
            self.client.delete(id).await?;
        }
        let mut left = self.what_changed().await?;
        let since = tokio::time::Instant::now();
        // The kernel takes some things away a moment later.
        while !left.is_empty() && since.elapsed() < SOON {
            sleep(LOOK_EVERY).await;
            left = self.what_changed().await?;
        }
        let mut seen = Seen::default();
        for what in left {
            seen = seen.broken(format!("after the machines were deleted: {what}"));
        }
        self.terminate();
        let group = self.prefix();
        for (kind, found) in self.footprint().await? {
            for found in found {
                seen = seen.broken(format!("after machined ended, of {kind}: {found}"));
            }
        }
        let names = [self.router(), Path::new("/run").join(&group)];
        for path in footprint::group_folders(&group).iter().chain(&names) {
            seen = seen.broken_if(path.exists(), || {
                format!("after machined ended: {}", path.display())
            });
        }
        // With their names, nothing of the classroom's is among the host's own.
        let own =
            run("ip", ["-o", "link"], "").await? + &run("nft", ["list", "ruleset"], "").await?;
        seen = seen.broken_if(own.contains(&group), || {
            "after machined ended: an interface or a firewall rule of the host's".into()
        });
        let kinds: Vec<_> = self.before.keys().copied().collect();
        Ok(seen.saw(format!("nothing left of {}", kinds.join(", "))))
    }

    /// What the classroom has on the host that it did not have before the machines came, or has no
    /// more.
    async fn what_changed(&self) -> Result<Vec<String>, Error> {
        let now = self.footprint().await?;
        let changed = now
            .iter()
            .filter(|(kind, found)| self.before.get(*kind) != Some(*found));
        Ok(changed
            .map(|(kind, found)| format!("{kind} {found:?}"))
            .collect())
    }

    async fn wait_for_machined(&mut self) -> Result<(), Error> {
        let since = tokio::time::Instant::now();
        while self.client.health().await.is_err() {
            let ended = self
                .machined
                .try_wait()
                .doing(|| "look at machined".into())?;
            if ended.is_some() || since.elapsed() > SOON {
                return Err(self.not_ready("any", "machined does not answer".into()));
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// The end of machined's log.
    fn log(&self) -> String {
        let log = fs::read_to_string(log(&self.data)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// Asks machined to end, as an operator does, and waits for it.
    fn terminate(&mut self) {
        let pid = i32::try_from(self.machined.id())
            .ok()
            .and_then(Pid::from_raw);
        if let (Ok(None), Some(pid)) = (self.machined.try_wait(), pid) {
            // It may end by itself meanwhile.
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.machined.wait();
        // A stopped machine keeps its claim of ids for its disk, and that goes with the folder.
        for claim in footprint::claims(&self.data) {
            let _ = fs::remove_file(claim);
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.disks.clear();
        self.terminate();
        // Whatever is still mounted there keeps it, and what is left is seen in /var/tmp.
        drop(self.folder.take());
    }
}

fn name(text: &str) -> Result<MachineId, Error> {
    text.parse::<MachineId>()
        .map_err(io::Error::other)
        .doing(|| format!("name a machine {text}"))
}

fn prepare(data: &Path, image: &Path) -> io::Result<()> {
    // The account has to pass through it to the socket.
    fs::set_permissions(data, fs::Permissions::from_mode(0o755))?;
    for folder in ["machine-image", "run", "web"] {
        fs::create_dir(data.join(folder))?;
    }
    fs::set_permissions(data.join("web"), fs::Permissions::from_mode(0o700))?;
    symlink(image, data.join("machine-image/rootfs"))
}

/// Starts machined; it is asked to end when this process ends, however that comes.
fn start(data: &Path, socket: &Path, options: &Options) -> Result<Child, Error> {
    let log = log(data);
    let log = File::create(&log).doing(|| format!("write {}", log.display()))?;
    Command::new("setpriv")
        .args(["--pdeathsig", "TERM"])
        .arg(&options.machined)
        .arg("--data")
        .arg(data)
        .arg("--socket")
        .arg(socket)
        .args(["--socket-user", &options.account])
        .args([
            "--memory",
            &format!("{MEMORY_MIB}M"),
            "--disk",
            &format!("{DISK_MIB}M"),
        ])
        .args(["--pids", &PROCESSES.to_string(), "--pool", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .doing(|| format!("start {}", options.machined.display()))
}

fn log(data: &Path) -> PathBuf {
    data.join("machined.log")
}

//! A classroom of a test.

use std::{
    fs::{self, File},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use futures::StreamExt;
use machine::{CheckRequest, Client, ExecRequest, Machine, MachineId, MachineUser, Outcome, State};
use tempfile::TempDir;
use tokio::time::timeout;

/// The usual place of the machine image on a developer's machine.
const IMAGE: &str = "/var/lib/gyosil-dev/machine-image/rootfs";

/// By how much everything may take longer than usual; in an emulated virtual machine, 10. Read when
/// the tests are built (crates/xtask/src/vm.rs).
pub(crate) const PATIENCE: u32 = match option_env!("GYOSIL_TEST_PATIENCE") {
    Some(text) => match u32::from_str_radix(text, 10) {
        Ok(patience) => patience,
        Err(_) => panic!("GYOSIL_TEST_PATIENCE is no number"),
    },
    None => 1,
};

/// How long anything may take that is waited for, on a host with other work.
pub(crate) const SOON: Duration = Duration::from_secs(60 * PATIENCE as u64);

/// An unprivileged account that every Linux has.
const ACCOUNT: &str = "nobody";

/// A data folder with a machined on it.
pub(crate) struct Classroom {
    machined: Child,
    options: Vec<&'static str>,
    /// The network namespace that machined runs in.
    namespace: PathBuf,
    // After `machined`, so that it is removed when nothing is mounted in it any more.
    folder: Option<TempDir>,
    data: PathBuf,
    disks: Mutex<Vec<(String, Option<File>)>>,
}

/// The pristine root file system; without it nothing can be tested.
pub(crate) fn image() -> PathBuf {
    let image = std::env::var_os("GYOSIL_TEST_IMAGE").map_or(IMAGE.into(), PathBuf::from);
    assert!(
        image.join("usr/lib/gyosil/init").exists(),
        "there is no machine image: sudo images/machine/build {}",
        image.parent().unwrap_or(&image).display()
    );
    image.canonicalize().expect("the image's path")
}

pub(crate) fn id(name: &str) -> MachineId {
    name.parse().expect("a machine's name")
}

impl Classroom {
    /// A classroom with a running machined.
    pub(crate) async fn open(options: &[&'static str]) -> Self {
        Self::open_within(Path::new("/proc/self/ns/net"), options).await
    }

    /// A classroom whose machined runs in this network namespace.
    pub(crate) async fn open_within(namespace: &Path, options: &[&'static str]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("gyosil-test-")
            .tempdir_in("/var/tmp");
        let folder = folder.expect("a folder");
        let data = folder.path().to_owned();
        Self::open_in(data, Some(folder), namespace, options).await
    }

    /// A classroom in a folder that the test looks after.
    pub(crate) async fn open_at(data: &Path) -> Self {
        let own = Path::new("/proc/self/ns/net");
        Self::open_in(data.to_owned(), None, own, &[]).await
    }

    async fn open_in(
        data: PathBuf,
        folder: Option<TempDir>,
        namespace: &Path,
        options: &[&'static str],
    ) -> Self {
        let hub = Path::new(env!("CARGO_BIN_EXE_gyosil-machined")).with_file_name("gyosil-hub");
        assert!(hub.exists(), "build it first: cargo build -p hub");
        fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("an open folder");
        fs::create_dir(data.join("machine-image")).expect("a folder for the image");
        symlink(image(), data.join("machine-image/rootfs")).expect("the image");
        let machined = start(&data, namespace, options);
        let mut classroom = Self {
            machined,
            options: options.to_vec(),
            namespace: namespace.to_owned(),
            folder,
            data,
            disks: Mutex::default(),
        };
        classroom.wait_for_machined().await;
        classroom
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn socket(&self) -> PathBuf {
        socket(&self.data)
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.socket())
    }

    /// What tells this classroom's names on the host from another's.
    pub(crate) fn tag(&self) -> String {
        proof::footprint::tag(&self.data)
    }

    /// The class's network.
    pub(crate) fn router(&self) -> PathBuf {
        format!("/run/netns/gyosil-{}", self.tag()).into()
    }

    /// Starts a machine and waits until it is ready.
    pub(crate) async fn ready(&self, id: &MachineId) -> Machine {
        self.client().ensure(id).await.expect("a machine");
        let ready = self
            .wait_until(id, |state| matches!(state, State::Ready))
            .await;
        self.note_disk(&ready.generation);
        ready
    }

    /// Waits for a state; fails at another that nothing follows.
    pub(crate) async fn wait_until(
        &self,
        id: &MachineId,
        is_meant: impl Fn(&State) -> bool,
    ) -> Machine {
        self.wait_for(id, |machine| is_meant(&machine.state)).await
    }

    /// Waits until a machine is as it is meant to be; likewise.
    pub(crate) async fn wait_for(
        &self,
        id: &MachineId,
        is_meant: impl Fn(&Machine) -> bool,
    ) -> Machine {
        let wait = async {
            let mut states = self.client().watch(id).await.expect("its states");
            while let Some(machine) = states.next().await {
                let machine = machine.expect("a state");
                if is_meant(&machine) {
                    return machine;
                }
                if let State::Failed { problem } = machine.state {
                    panic!("{id} failed: {problem}\n{}", self.log());
                }
            }
            panic!("{id} was deleted");
        };
        match timeout(SOON, wait).await {
            Ok(machine) => machine,
            Err(_) => panic!("{id} did not come that far\n{}", self.log()),
        }
    }

    /// Runs a bash script in a machine, as its root; the script must succeed.
    pub(crate) async fn bash(&self, id: &MachineId, script: &str) -> String {
        let outcome = self.try_bash(id, script, MachineUser::Root).await;
        assert_eq!(
            outcome.exit,
            Some(0),
            "{script}\n{}{}",
            outcome.stdout,
            outcome.stderr
        );
        outcome.stdout
    }

    pub(crate) async fn try_bash(
        &self,
        id: &MachineId,
        script: &str,
        user: MachineUser,
    ) -> Outcome {
        let argv = ["bash", "-s"].map(Into::into).into();
        let timeout_ms = u64::from(60_000 * PATIENCE);
        let request = ExecRequest {
            argv,
            user,
            stdin: script.to_owned(),
            timeout_ms,
        };
        self.client().exec(id, &request).await.expect("an outcome")
    }

    /// Runs a check beside a machine.
    pub(crate) async fn check(&self, id: &MachineId, script: &str, timeout_ms: u64) -> Outcome {
        let longest = machine::CHECK_TIMEOUT_MAX.as_millis();
        let longest = u64::try_from(longest).expect("a minute");
        let request = CheckRequest {
            script: script.to_owned(),
            timeout_ms: (timeout_ms * u64::from(PATIENCE)).min(longest),
            counts_as_use: true,
        };
        self.client().check(id, &request).await.expect("an outcome")
    }

    /// Gives a machine's engine an image, `tiny`, with bash, sleep and chroot.
    pub(crate) async fn import_tiny(&self, id: &MachineId) {
        let files = "bin lib lib64 sbin tmp usr/bin/bash usr/bin/sleep usr/bin/true usr/sbin/chroot usr/lib64 \
             usr/lib/x86_64-linux-gnu/ld-linux-* usr/lib/x86_64-linux-gnu/libc.so.* \
             usr/lib/x86_64-linux-gnu/libtinfo.so.*";
        let tar = tokio::process::Command::new("bash")
            .args(["-c", &format!("tar -c {files}")])
            .current_dir(image())
            .output()
            .await
            .expect("an archive");
        assert!(
            tar.status.success(),
            "{}",
            String::from_utf8_lossy(&tar.stderr)
        );
        let pieces: Vec<_> = tar
            .stdout
            .chunks(10_000)
            .map(|p| Ok(p.to_vec().into()))
            .collect();
        let argv = ["docker", "import", "-", "tiny"].map(Into::into).into();
        let timeout_ms = u64::from(60_000 * PATIENCE);
        let (user, stdin) = (MachineUser::Root, String::new());
        let request = ExecRequest {
            argv,
            user,
            stdin,
            timeout_ms,
        };
        let output = self
            .client()
            .pipe(id, &request, futures::stream::iter(pieces))
            .await;
        let output: Vec<_> = output.expect("a pipe").collect().await;
        let output: Result<Vec<_>, _> = output.into_iter().collect();
        let output = output.expect("an import that succeeds").concat();
        assert!(
            output.starts_with(b"sha256:"),
            "{}",
            String::from_utf8_lossy(&output)
        );
    }

    /// What a machine is called on the host.
    pub(crate) async fn generation(&self, id: &MachineId) -> String {
        let machine = self.client().get(id).await.expect("an answer");
        machine.expect("a machine").generation
    }

    /// The machine's first process, as the host numbers it.
    pub(crate) async fn init(&self, id: &MachineId) -> u32 {
        let state = tokio::process::Command::new("runc")
            .arg("--root")
            .arg(self.data.join("runc"))
            .args(["state", &self.generation(id).await])
            .output()
            .await
            .expect("runc");
        let state: serde_json::Value = serde_json::from_slice(&state.stdout).expect("its state");
        state["pid"]
            .as_u64()
            .and_then(|pid| pid.try_into().ok())
            .expect("a process")
    }

    /// Kills machined, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.machined.kill().expect("a running machined");
        self.machined.wait().expect("its end");
    }

    /// Takes everything away that does not outlive a restart of the host: processes, mounts, control
    /// groups, namespaces, `/run`.
    pub(crate) async fn lose_what_a_restart_of_the_host_loses(&mut self) {
        self.kill();
        self.let_disks_go();
        let script = r#"
            killed() { for pid in $(cat $(find /sys/fs/cgroup -path "*/$NAME/*" -name cgroup.procs) /dev/null | sort -u); do
                kill -9 $pid && echo $pid; done 2>/dev/null; }
            while [ -n "$(killed)" ]; do sleep 0.1; done
            awk -v data="$DATA/" 'index($5, data) == 1 { print $5 }' /proc/self/mountinfo | tac | while read -r at; do umount "$at"; done
            ip netns del "$NAME"
            rm -rf "/run/$NAME"
            for i in 1 2 3 4 5 6 7 8; do find /sys/fs/cgroup -depth -type d -path "*/$NAME*" -exec rmdir {} + 2>/dev/null && break; sleep 0.2; done
            ! grep -F "$DATA/" /proc/self/mountinfo"#;
        let name = format!("gyosil-{}", self.tag());
        let lost = tokio::process::Command::new("bash")
            .args(["-c", script])
            .env("NAME", name)
            .env("DATA", &self.data)
            .output()
            .await
            .expect("bash");
        assert!(
            lost.status.success(),
            "{}",
            String::from_utf8_lossy(&lost.stderr)
        );
    }

    /// What is held is in use.
    fn let_disks_go(&self) {
        let mut disks = self.disks.lock().expect("a lock");
        disks.iter_mut().for_each(|(_, file)| *file = None);
    }

    /// Asks machined to end, as an operator does, and waits for it.
    pub(crate) fn terminate(&mut self) {
        self.let_disks_go();
        let pid = i32::try_from(self.machined.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        // It may have ended already, with the test that ended it.
        let _ =
            rustix::process::kill_process(pid.expect("a number"), rustix::process::Signal::TERM);
        self.machined.wait().expect("its end");
    }

    /// Starts machined again.
    pub(crate) async fn restart(&mut self) {
        self.machined = start(&self.data, &self.namespace, &self.options);
        self.wait_for_machined().await;
    }

    /// Starts a second machined on the same data folder, and waits for its end.
    pub(crate) fn start_another(&self) -> std::process::ExitStatus {
        start(&self.data, &self.namespace, &self.options)
            .wait()
            .expect("its end")
    }

    /// The device and inode of each disk that was seen, as `losetup` writes them.
    pub(crate) fn disks(&self) -> Vec<String> {
        self.disks
            .lock()
            .expect("a lock")
            .iter()
            .map(|(numbers, _)| numbers.clone())
            .collect()
    }

    /// Notes a machine's disk, and holds it, so that no other file gets its numbers.
    pub(crate) fn note_disk(&self, generation: &str) {
        let path = self.data.join("machines").join(generation).join("disk.img");
        let file = File::open(path).expect("its disk");
        let numbers = proof::footprint::disk(&file).expect("its disk");
        self.disks
            .lock()
            .expect("a lock")
            .push((numbers, Some(file)));
    }

    /// What machined said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(log(&self.data)).unwrap_or_default()
    }

    async fn wait_for_machined(&mut self) {
        let wait = async {
            while self.client().health().await.is_err() {
                let ended = self.machined.try_wait().expect("its state");
                assert_eq!(ended, None, "machined ended\n{}", self.log());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(
            timeout(SOON, wait).await.is_ok(),
            "machined does not answer\n{}",
            self.log()
        );
    }
}

impl Drop for Classroom {
    #[allow(clippy::print_stderr, reason = "why a test failed")]
    fn drop(&mut self) {
        if matches!(self.machined.try_wait(), Ok(Some(_))) {
            // A test killed it: another one cleans up.
            self.machined = start(&self.data, &self.namespace, &self.options);
            while !self.socket().exists() && matches!(self.machined.try_wait(), Ok(None)) {
                std::thread::yield_now();
            }
        }
        self.terminate();
        if std::thread::panicking() {
            eprintln!("machined of the failed test said:\n{}", self.log());
        }
        // The disks go with the folder; machined would keep their ids for them.
        for claim in crate::footprint::claims(&self.data) {
            let _ = fs::remove_file(claim);
        }
        if let Some(folder) = self.folder.take() {
            folder.close().expect("a folder that nothing is mounted in");
        }
    }
}

fn start(data: &Path, namespace: &Path, options: &[&str]) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(log(data))
        .expect("a log");
    // nsenter becomes machined.
    Command::new("nsenter")
        .arg(format!("--net={}", namespace.display()))
        .arg(env!("CARGO_BIN_EXE_gyosil-machined"))
        .arg("--data")
        .arg(data)
        .arg("--socket")
        .arg(socket(data))
        .args(["--socket-user", ACCOUNT, "--disk", "2G"])
        .args(["--patience", &PATIENCE.to_string()])
        // A test that is not about the pool wants to see only its own machines.
        .args(if options.contains(&"--pool") {
            &[][..]
        } else {
            &["--pool", "0"]
        })
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("machined")
}

fn socket(data: &Path) -> PathBuf {
    data.join("run/machined.sock")
}

fn log(data: &Path) -> PathBuf {
    data.join("machined.log")
}

//! runc, as far as machined uses it.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::Deserialize;
use tokio::{
    process::{ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::{
    command::{self, limit},
    error::{Doing, HostError},
    output::{Keep, Output},
    process::Process,
};

/// How much of runc's log goes into ours when it fails, in bytes.
const LOG_KEPT: usize = 2048;

/// runc with a folder of its own for what it knows of its containers.
#[derive(Clone, Debug)]
pub(crate) struct Runc {
    root: PathBuf,
}

/// A program that runs; it is our child.
#[derive(Debug)]
pub(crate) struct Launched {
    /// Its number on the host.
    pub(crate) pid: u32,
    pub(crate) process: Process,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// A container as runc sees it.
#[derive(Debug, Deserialize)]
struct Container {
    /// Its first process, as the host numbers it.
    pid: u32,
    /// `creating`, `created`, `running`, `paused` or `stopped`.
    status: String,
}

impl Runc {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The names of all containers, whatever their state. (`runc list` fails when one goes while it
    /// looks.)
    pub(crate) fn names(&self) -> Result<Vec<String>, HostError> {
        let entries = fs::read_dir(&self.root).doing(|| "list the containers".into())?;
        // One that goes meanwhile is none.
        Ok(entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect())
    }

    /// The first process of a container, as the host numbers it, if the container runs.
    pub(crate) async fn running(&self, container: &str) -> Result<Option<u32>, HostError> {
        if !self.root.join(container).is_dir() {
            return Ok(None);
        }
        let json = self.run(&["state", container]).await?;
        let state: Container =
            serde_json::from_str(&json).doing(|| "understand runc's state".into())?;
        // One that sleeps is paused to runc.
        let runs = matches!(&*state.status, "running" | "paused");
        Ok(runs.then_some(state.pid))
    }

    /// Makes a container of the bundle; it waits for [`start`](Self::start). `stdout` becomes its
    /// first process's standard output, the other standard streams lead nowhere. Returns that
    /// process.
    pub(crate) async fn create(
        &self,
        bundle: &Path,
        container: &str,
        stdout: Stdio,
    ) -> Result<u32, HostError> {
        let pid_file = bundle.join("init.pid");
        let bundle_option = OsString::from(bundle);
        let arguments = [
            "create".into(),
            "--bundle".into(),
            bundle_option,
            "--pid-file".into(),
            pid_file.clone().into(),
            container.into(),
        ];
        self.run_detached(&bundle.join("runc.log"), arguments, stdout)
            .await?;
        let pid = read_pid(&pid_file).doing(|| format!("read {}", pid_file.display()))?;
        // Numbers are used again: nobody may take it from here later.
        fs::remove_file(&pid_file).doing(|| format!("remove {}", pid_file.display()))?;
        Ok(pid)
    }

    pub(crate) async fn start(&self, container: &str) -> Result<(), HostError> {
        self.run(&["start", container]).await.map(drop)
    }

    /// Sends the container's first process a signal.
    pub(crate) async fn signal(&self, container: &str, signal: &str) -> Result<(), HostError> {
        self.run(&["kill", container, signal]).await.map(drop)
    }

    /// Kills all of a container and forgets it. No error if there is none.
    pub(crate) async fn delete(&self, container: &str) -> Result<(), HostError> {
        self.run(&["delete", "--force", container]).await.map(drop)
    }

    /// Runs a program that leaves something behind which inherits its standard streams: they lead
    /// nowhere but for `stdout`, and its words go through a log file, which is gone afterwards.
    pub(crate) async fn run_detached(
        &self,
        log: &Path,
        arguments: impl IntoIterator<Item = OsString>,
        stdout: Stdio,
    ) -> Result<(), HostError> {
        let mut command = self.command();
        command.arg("--log").arg(log).args(arguments);
        command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::null());
        command.kill_on_drop(true);
        let ended = timeout(limit(), command.status()).await;
        // It holds what it was given: whoever reads the other end waits for its last holder.
        drop(command);
        let words = fs::read(log).unwrap_or_default();
        let _ = fs::remove_file(log);
        let program = "runc".to_owned();
        match ended {
            Err(_) => Err(HostError::Slow {
                program,
                limit: limit(),
            }),
            Ok(status) => match status.doing(|| "start runc".into())? {
                status if status.success() => Ok(()),
                status => {
                    let stderr = command::last(&words, LOG_KEPT);
                    Err(HostError::Program {
                        program,
                        status,
                        stderr,
                    })
                }
            },
        }
    }

    /// Runs a program, in a container or as one, that goes on when runc has started it: its standard
    /// streams are ours, with no runc in between that would wait for the last daemon to close them.
    ///
    /// `arguments` are options of `exec` or `run`, after which a container may be named. A program
    /// that could not be started is a [`HostError::Program`]. Who drops this before it is done has
    /// to see to what was started so far.
    pub(crate) async fn launch(
        &self,
        verb: &str,
        pid_file: &Path,
        arguments: impl IntoIterator<Item = OsString>,
        has_stdin: bool,
    ) -> Result<Launched, HostError> {
        let mut command = self.command();
        // What it says by the way is not the program's to say; why it fails it says on both.
        command.args(["--log", "/dev/null"]);
        command
            .args([verb, "--detach", "--pid-file"])
            .arg(pid_file)
            .args(arguments);
        command.stdin(if has_stdin {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut runc = command.spawn().doing(|| "start runc".into())?;
        let (stdin, stdout, stderr) = (runc.stdin.take(), runc.stdout.take(), runc.stderr.take());
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe)).doing(|| "talk to runc".into());
        };
        let program = format!("runc {verb}");
        let status = match timeout(limit(), runc.wait()).await {
            Ok(status) => status.doing(|| "wait for runc".into())?,
            Err(_) => {
                return Err(HostError::Slow {
                    program,
                    limit: limit(),
                });
            }
        };
        if !status.success() {
            let stderr = Output::read(stderr, LOG_KEPT, Keep::Last).text().await;
            return Err(HostError::Program {
                program,
                status,
                stderr,
            });
        }
        let pid = read_pid(pid_file).doing(|| format!("read {}", pid_file.display()))?;
        let process = Process::open(pid).doing(|| "hold a program".into())?;
        Ok(Launched {
            pid,
            process,
            stdin,
            stdout,
            stderr,
        })
    }

    /// A command of this runc, in a process group of its own.
    fn command(&self) -> Command {
        let mut command = Command::new("runc");
        command.arg("--root").arg(&self.root).process_group(0);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Result<String, HostError> {
        let root = [OsString::from("--root"), self.root.clone().into()];
        command::run(
            "runc",
            root.into_iter().chain(arguments.iter().map(OsString::from)),
        )
        .await
    }
}

/// Reads the process number that runc wrote.
pub(crate) fn read_pid(file: &Path) -> io::Result<u32> {
    fs::read_to_string(file)?
        .trim()
        .parse()
        .map_err(io::Error::other)
}

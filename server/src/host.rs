//! The host beneath the classroom: starting machined while there is still root, and giving root up.

use std::{
    ffi::OsString,
    fs::{self, File, Permissions},
    io::{self, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{
            fs::{PermissionsExt, chown},
            net::UnixStream,
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use machine::{Health, Limits};
use nix::unistd::{Gid, Uid, User, geteuid, setgid, setgroups, setuid};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::{sync::oneshot, time::timeout};

/// The system user that the web process becomes, and that owns what it writes: `<data>/web` and
/// `<data>/registry`.
pub(crate) const WEB_USER: &str = "gyosil";

/// How long machined may take from its start to its first answer: it adopts the machines that an
/// earlier one left, at some tens of milliseconds each, and starts the registry.
const START_WITHIN: Duration = Duration::from_secs(30);

/// How often a starting machined is asked: it answers after about 100 ms.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// How long a running machined may take to say that it is well.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// The longest answer to that, in bytes: ten times what it is.
const HEALTH_MAX: u64 = 16 * 1024;

/// How much of machined's log is shown when it does not start, in lines.
const LOG_TAIL_LINES: usize = 12;

/// How long machined may take to stop all machines: each stops in parallel, within 10 s.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// What a command passes on to machined where it starts it.
#[derive(Debug, clap::Args)]
pub(crate) struct MachinedOptions {
    /// Options for machined where it is started here, such as how many machines run at once: see
    /// `gyosil-machined --help`.
    #[arg(last = true, value_name = "MACHINED OPTION")]
    machined: Vec<OsString>,
}

/// A machined that answers.
#[derive(Debug)]
pub(crate) struct Machined {
    socket: PathBuf,
    started: Option<Started>,
}

/// A machined that was started here.
#[derive(Debug)]
struct Started {
    process: OwnedFd,
    ended: oneshot::Receiver<()>,
}

impl Machined {
    /// Where its API listens; only root and the web process's user may connect.
    pub(crate) fn socket(&self) -> PathBuf {
        self.socket.clone()
    }

    /// Ends it if it was started here, with all its machines, whose disks stay; leaves it alone if it
    /// ran before.
    ///
    /// # Errors
    /// When it does not end.
    pub(crate) async fn end_if_started(self) -> Result<()> {
        let Some(Started { process, ended }) = self.started else {
            return Ok(());
        };
        pidfd_send_signal(&process, Signal::TERM).context("telling machined to end")?;
        timeout(STOP_WITHIN, ended)
            .await
            .with_context(|| format!("machined does not end within {STOP_WITHIN:?}"))?
            .context("nobody waits for machined")?;
        Ok(())
    }
}

/// Makes the web process's own folder, `<data>/web`, which nobody else may look into.
///
/// # Errors
/// When a folder cannot be made, or `user` does not exist.
pub(crate) fn prepare_web_folder(data: &Path, user: &str) -> Result<()> {
    let web = data.join("web");
    fs::create_dir_all(&web).with_context(|| format!("cannot make {}", web.display()))?;
    if geteuid().is_root() {
        own(&web, &account(user)?)?;
    }
    fs::set_permissions(&web, Permissions::from_mode(0o700))
        .with_context(|| format!("cannot close {} to others", web.display()))
}

/// Gives a folder and the files in it to `user`: an operator may have copied a backup in as root.
fn own(folder: &Path, user: &User) -> Result<()> {
    let give = |path: &Path| {
        chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
            .with_context(|| format!("cannot give {} to {}", path.display(), user.name))
    };
    give(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            give(&entry.path())?;
        }
    }
    Ok(())
}

/// Finds the machined of this data folder, or starts it in a session of its own, so that it and its
/// machines outlive the web process. Its output goes to `<data>/log/machined.log`. `options` are for
/// one that is started here; one that runs keeps its own, which is said.
///
/// # Errors
/// When it does not run and cannot be started; with the end of its log, or with what to do.
pub(crate) fn ensure_machined(data: &Path, options: &MachinedOptions) -> Result<Machined> {
    let socket = data.join("run/machined.sock");
    if let Some(health) = health(&socket) {
        if !options.machined.is_empty() {
            say_settings(data, &health);
        }
        return Ok(Machined {
            socket,
            started: None,
        });
    }
    ensure!(
        geteuid().is_root(),
        "machined does not answer at {}, and only root can start it: run this command with sudo, \
         or as the user who may use that socket",
        socket.display()
    );
    for folder in ["run", "log"] {
        let folder = data.join(folder);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let log = data.join("log/machined.log");
    let mut child = start(data, &socket, &options.machined, &log)?;
    let deadline = Instant::now() + START_WITHIN;
    while health(&socket).is_none() {
        if let Some(status) = child.try_wait()? {
            bail!("machined ended at once ({status}); {}", end_of(&log));
        }
        if Instant::now() > deadline {
            child
                .kill()
                .context("ending a machined that does not answer")?;
            child.wait()?;
            bail!(
                "machined did not answer within {} s; {}",
                START_WITHIN.as_secs(),
                end_of(&log)
            );
        }
        pause(ASK_EVERY);
    }
    tracing::info!(pid = child.id(), "machined runs");
    let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
    let (tell, ended) = oneshot::channel();
    // It is this process's child: somebody has to take notice of its end.
    std::thread::Builder::new()
        .name("machined-reaper".into())
        .spawn(move || {
            match child.wait() {
                Ok(status) if status.success() => tracing::info!("machined has ended"),
                Ok(status) => tracing::warn!(%status, "machined has ended: {status}"),
                Err(error) => tracing::error!(%error, "machined cannot be waited for: {error}"),
            }
            // Most commands do not wait for that.
            let _ = tell.send(());
        })?;
    Ok(Machined {
        socket,
        started: Some(Started { process, ended }),
    })
}

fn start(data: &Path, socket: &Path, options: &[OsString], log: &Path) -> Result<Child> {
    let here = std::env::current_exe().context("finding this executable")?;
    let machined = here.with_file_name("gyosil-machined");
    ensure!(
        machined.is_file(),
        "gyosil-machined is not beside {}: build or install both together (`cargo build --release`)",
        here.display()
    );
    let log = File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    // `setsid` (util-linux) rather than a process group: a session of its own also outlives the
    // terminal. It replaces itself by machined, so the child is machined.
    Command::new("setsid")
        .arg(&machined)
        .arg("--data")
        .arg(data)
        .arg("--socket")
        .arg(socket)
        .args(["--socket-user", WEB_USER])
        .args(options)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", machined.display()))
}

/// What a machined at `socket` says of itself, if one is there and well. Without the async client:
/// tokio's threads must not exist before the privileges are gone.
fn health(socket: &Path) -> Option<Health> {
    let ask = || -> io::Result<String> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        stream
            .write_all(b"GET /v1/health HTTP/1.1\r\nhost: machined\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(HEALTH_MAX).read_to_string(&mut answer)?;
        Ok(answer)
    };
    // Any error is a no: nobody there, not yet there, somebody else's socket.
    let answer = ask().ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let well = head.starts_with("HTTP/1.1 200");
    well.then(|| serde_json::from_str(body).ok())?
}

/// An operator who gave options must not believe that they are in force.
fn say_settings(data: &Path, health: &Health) {
    let Limits {
        max_machines,
        idle_freeze_s,
        idle_stop_s,
        lifetime_s,
        extend_s,
        keep_s,
        memory,
        disk,
        cpus,
        pids,
        internet,
        ..
    } = health.limits;
    let mib = 1024 * 1024;
    tracing::warn!(
        "machined runs already, with settings of its own: --max-machines {max_machines} \
         --memory {}M --cpus {cpus} --pids {pids} --disk {}M --idle-freeze {idle_freeze_s}s \
         --idle-stop {idle_stop_s}s --lifetime {lifetime_s}s --extend {extend_s}s \
         --keep-disks {keep_s}s, internet: {internet}. If you want others, end it, which stops all \
         machines and keeps their disks, and start this again: kill $(cat {})",
        memory / mib,
        disk / mib,
        data.join("run/machined.pid").display(),
    );
}

fn end_of(log: &Path) -> String {
    match fs::read_to_string(log) {
        Ok(text) => {
            let lines: Vec<&str> = text.lines().collect();
            let tail = &lines[lines.len().saturating_sub(LOG_TAIL_LINES)..];
            format!("the end of {}:\n{}", log.display(), tail.join("\n"))
        }
        Err(error) => format!("its log {} cannot be read: {error}", log.display()),
    }
}

// No runtime is there yet whose worker this could block.
#[allow(clippy::disallowed_methods)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Turns the whole process into `user`, for good: user, groups, capabilities, and no way to gain
/// any through a setuid program. Started by anybody but root, there is nothing to give up but that.
///
/// Call it before tokio starts: `no_new_privs` is inherited by threads made afterwards.
///
/// # Errors
/// When `user` does not exist, or the kernel would still let this process be root.
pub(crate) fn drop_privileges(user: &str) -> Result<()> {
    if geteuid().is_root() {
        let user = account(user)?;
        ensure!(
            !user.uid.is_root(),
            "{} is root: name another user",
            user.name
        );
        // glibc does each of these for all threads of the process.
        setgroups(&[user.gid]).context("giving up root's groups")?;
        setgid(user.gid).context("giving up root's group")?;
        setuid(user.uid).context("giving up root")?;
        no_way_back(user.uid, user.gid)?;
        tracing::info!(user = user.name, "no longer root, but {}", user.name);
    }
    rustix::thread::set_no_new_privs(true).context("forbidding new privileges")
}

/// Fails unless every thread is `uid` and `gid` through and through, without any capability.
fn no_way_back(uid: Uid, gid: Gid) -> Result<()> {
    ensure!(
        setuid(Uid::from_raw(0)).is_err(),
        "root could be regained: not serving"
    );
    for task in fs::read_dir("/proc/self/task")? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        let all_are = |field: &str, wanted: &str| {
            let values = status.lines().find_map(|line| line.strip_prefix(field));
            values.is_some_and(|values| values.split_whitespace().all(|value| value == wanted))
        };
        ensure!(
            all_are("Uid:", &uid.to_string())
                && all_are("Gid:", &gid.to_string())
                && all_are("CapEff:", "0000000000000000")
                && all_are("CapPrm:", "0000000000000000"),
            "a thread has kept privileges: not serving"
        );
    }
    Ok(())
}

fn account(name: &str) -> Result<User> {
    User::from_name(name)
        .with_context(|| format!("looking up the user {name}"))?
        .with_context(|| {
            format!(
                "the system user {name} is missing; make it with: useradd --system --no-create-home \
                 --home-dir /nonexistent --shell /usr/sbin/nologin {name}"
            )
        })
}

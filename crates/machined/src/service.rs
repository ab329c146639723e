//! Unprivileged programs, most of them in the class's network, which run for as long as machined does.

use std::{
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{config::Account, network::Router};

/// How long it stays down after it ended by itself: long enough that a broken one does not keep a
/// processor busy, short enough that a student's next try finds it again.
const PAUSE: Duration = Duration::from_secs(1);

/// How long it may take to end when asked to, which takes milliseconds.
const END_WITHIN: Duration = Duration::from_secs(3);

/// What becomes of what a program says on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// It goes into machined's log.
    Logged,
    /// It goes nowhere: students could make it say so much that the log fills the disk.
    Dropped,
}

/// Which network a program is in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// The class's.
    Router(&'a Router),
    /// The host's, as machined itself.
    Host,
}

/// A program that is kept running.
#[derive(Debug)]
pub(crate) struct Service {
    running: Arc<AtomicBool>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Service {
    /// Starts a program in this network, as `account` and without any privilege, and starts it again whenever it ends. `name` is what the log calls it; `command` must stay in
    /// the foreground.
    pub(crate) fn start(
        name: &'static str,
        place: Place<'_>,
        account: &Account,
        command: &[OsString],
        words: Words,
    ) -> Self {
        let service = Self {
            running: Arc::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let (running, stop) = (service.running.clone(), service.stop.clone());
        let command = unprivileged(place, account, command, words);
        service
            .tasks
            .spawn(async move { keep(name, command, &running, &stop).await });
        service
    }

    /// Whether it is running now.
    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Ends it.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Its life hangs on machined's: it is asked to end when machined is killed, so that it can end its
/// own children.
fn unprivileged(
    place: Place<'_>,
    account: &Account,
    command: &[OsString],
    words: Words,
) -> Command {
    let mut whole = match place {
        Place::Router(router) => {
            let mut inside = Command::new("nsenter");
            inside.arg(format!("--net={}", router.namespace().display()));
            inside.arg("setpriv");
            inside
        }
        Place::Host => Command::new("setpriv"),
    };
    whole
        .args(["--pdeathsig", "TERM"])
        .args(["--clear-groups", "--no-new-privs"])
        .arg(format!("--reuid={}", account.uid))
        .arg(format!("--regid={}", account.gid))
        .args(["--inh-caps=-all", "--bounding-set=-all"])
        .args(command)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    if words == Words::Dropped {
        whole.stderr(Stdio::null());
    }
    whole
}

/// Starts it again and again.
async fn keep(
    name: &'static str,
    mut command: Command,
    running: &AtomicBool,
    stop: &CancellationToken,
) {
    while !stop.is_cancelled() {
        match command.spawn() {
            Ok(child) => {
                running.store(true, Ordering::Relaxed);
                let status = run(child, stop).await;
                running.store(false, Ordering::Relaxed);
                if !stop.is_cancelled() {
                    tracing::warn!(name, ?status, "The {name} ended; it is started again");
                }
            }
            Err(error) => tracing::error!(name, %error, "The {name} could not be started"),
        }
        stop.run_until_cancelled(sleep(PAUSE)).await;
    }
}

/// Waits for its end, and sees to it when it is wanted.
async fn run(mut child: Child, stop: &CancellationToken) -> io::Result<ExitStatus> {
    if let Some(status) = stop.run_until_cancelled(child.wait()).await {
        return status;
    }
    let pid = child.id().and_then(|pid| pid.try_into().ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        kill_process(pid, Signal::TERM)?;
    }
    match timeout(END_WITHIN, child.wait()).await {
        Ok(status) => status,
        Err(_) => {
            child.kill().await?;
            child.wait().await
        }
    }
}

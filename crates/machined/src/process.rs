//! Processes that are not this program's own children to begin with: a container's first process
//! and the shells of terminals. runc makes them and leaves them to machined, the subreaper.

use std::{collections::BTreeSet, fs, io, os::fd::OwnedFd, time::Duration};

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid,
};
use tokio::io::unix::AsyncFd;

use crate::sys;

/// How often a session that makes processes faster than they are killed is gone through. The
/// machine's limit on processes ends such a race.
const KILL_ROUNDS: u32 = 20;

/// How long a dead child is left to whoever waits for it, which takes milliseconds. A machine cannot
/// end before a dead program of its is taken, and runc waits for 10 s for the machine to end.
const STRAY_AFTER: Duration = Duration::from_secs(1);

/// A process, held by more than its number, which may be used again.
#[derive(Debug)]
pub(crate) struct Process {
    fd: AsyncFd<OwnedFd>,
}

impl Process {
    /// The process of this number now.
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        // Nonblocking, so that `waitid` does not wait either.
        let fd = pidfd_open(number(pid)?, PidfdFlags::NONBLOCK)?;
        Ok(Self {
            fd: sys::watch(fd)?,
        })
    }

    /// Waits for its end. Its exit code, 128 and the signal's number if a signal ended it; `None`
    /// if it was another's child, whose business that is.
    pub(crate) async fn ended(&self) -> Option<i32> {
        // An error can only be that of a runtime that is shutting down.
        let _ = self.fd.readable().await;
        let fd = WaitId::PidFd(std::os::fd::AsFd::as_fd(self.fd.get_ref()));
        let status = waitid(fd, WaitIdOptions::EXITED | WaitIdOptions::NOHANG).ok()??;
        status
            .exit_status()
            .or_else(|| status.terminating_signal().map(|signal| 128 + signal))
    }
}

/// Takes the exit codes of children that nobody waits for, for ever: programs that a runc left which
/// was killed on the way. A child that is dead for two rounds has nobody.
pub(crate) async fn reap_strays() {
    let mut before = BTreeSet::new();
    loop {
        tokio::time::sleep(STRAY_AFTER).await;
        let dead: BTreeSet<u32> = children()
            .into_iter()
            .filter(|&pid| stat(pid).is_some_and(|s| s.is_dead))
            .collect();
        for pid in before.intersection(&dead) {
            // An error means that somebody was there after all.
            let _ = number(*pid).map(|pid| {
                waitid(
                    WaitId::Pid(pid),
                    WaitIdOptions::EXITED | WaitIdOptions::NOHANG,
                )
            });
        }
        before = dead;
    }
}

/// Kills all processes of the session that `leader` began. A process of a machine that began a
/// session of its own stays, as a daemon would.
pub(crate) fn kill_session(leader: u32) {
    for _ in 0..KILL_ROUNDS {
        let members = session_members(leader);
        if members.is_empty() {
            return;
        }
        for pid in members {
            kill_if(pid, || session(pid) == Some(leader));
        }
    }
}

/// Kills the process of this number if, held fast, it is still the one that is meant.
pub(crate) fn kill_if(pid: u32, is_meant: impl Fn() -> bool) {
    // No error means anything but that it is gone.
    if let Ok(pid) = number(pid)
        && let Ok(process) = pidfd_open(pid, PidfdFlags::empty())
        && is_meant()
    {
        let _ = pidfd_send_signal(process, Signal::KILL);
    }
}

/// Its leader first: a shell must not go on with what follows the program that was killed.
fn session_members(leader: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut members: Vec<u32> = pids.filter(|&pid| session(pid) == Some(leader)).collect();
    members.sort_unstable_by_key(|&pid| pid != leader);
    members
}

/// The session of a living process.
fn session(pid: u32) -> Option<u32> {
    stat(pid)
        .filter(|stat| !stat.is_dead)
        .map(|stat| stat.session)
}

fn children() -> Vec<u32> {
    let tasks = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split(' ')
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}

struct Stat {
    is_dead: bool,
    session: u32,
}

fn stat(pid: u32) -> Option<Stat> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses is the process's to choose; what follows the last one is the kernel's:
    // state, parent, group, session.
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
    let is_dead = matches!(fields.next()?, "Z" | "X");
    Some(Stat {
        is_dead,
        session: fields.nth(2)?.parse().ok()?,
    })
}

fn number(pid: u32) -> io::Result<Pid> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
}

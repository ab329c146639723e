//! Starting and signalling the processes of services, and how they ended.

use std::{
    collections::BTreeMap,
    fs, io,
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::Path,
    process::{Command, Stdio},
};

use command_fds::{CommandFdExt, FdMapping};
use rustix::{
    pipe::{PipeFlags, pipe_with},
    process::{Pid, Signal, WaitOptions, kill_process, wait},
};

use crate::{
    activate::Activation,
    cgroup, notify,
    unit::{self, Line, Unit},
};

/// The first number that socket activation uses: sd_listen_fds(3).
const FIRST_SOCKET: i32 = 3;

/// This executable, also when a student has removed or replaced its file.
const OURSELVES: &str = "/proc/self/exe";

/// Where services' programs are looked up, as systemd has it.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";

/// A started process.
pub(crate) struct Started {
    pub(crate) pid: u32,
    /// What it prints comes out here.
    pub(crate) output: OwnedFd,
    /// The name of its program.
    pub(crate) identifier: String,
}

/// Starts a program of a service.
///
/// # Errors
/// When an environment file that must be there cannot be read, or the kernel has no process to give.
pub(crate) fn start(
    unit: &Unit,
    line: &Line,
    main_pid: Option<u32>,
    sockets: &[BorrowedFd<'_>],
) -> io::Result<Started> {
    let variables = environment(unit, main_pid)?;
    let program = crate::words::expand(&line.words, &variables);
    let identifier = Path::new(&line.words[0]).file_name().unwrap_or_default();
    let identifier = identifier.to_string_lossy().into_owned();
    let activation = Activation {
        unit: unit.name.clone(),
        cgroup: cgroup::of(&unit.name),
        user: unit.user.clone().filter(|_| !line.as_root),
        group: unit.group.clone().filter(|_| !line.as_root),
        folder: unit.folder.clone(),
        umask: unit.umask,
        sockets: sockets.len(),
        program,
    };
    let (output, input) = pipe_with(PipeFlags::CLOEXEC)?;
    let mut command = Command::new(OURSELVES);
    command
        .arg0("activate")
        .args(activation.arguments())
        .env_clear()
        .envs(&variables)
        .stdin(Stdio::null())
        .stdout(Stdio::from(input.try_clone()?))
        .stderr(Stdio::from(input));
    let mappings = sockets.iter().zip(FIRST_SOCKET..).map(|(socket, number)| {
        Ok(FdMapping {
            parent_fd: socket.try_clone_to_owned()?,
            child_fd: number,
        })
    });
    let mappings: Vec<FdMapping> = mappings.collect::<io::Result<_>>()?;
    if !mappings.is_empty() {
        command.fd_mappings(mappings).map_err(io::Error::other)?;
    }
    let child = command.spawn()?;
    Ok(Started {
        pid: child.id(),
        output,
        identifier,
    })
}

/// The variables that a service's programs have.
fn environment(unit: &Unit, main_pid: Option<u32>) -> io::Result<BTreeMap<String, String>> {
    let mut variables = BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]);
    if let Ok(lang) = std::env::var("LANG") {
        variables.insert("LANG".to_owned(), lang);
    }
    variables.extend(unit.environment.clone());
    for file in &unit.environment_files {
        match fs::read_to_string(&file.path) {
            Ok(text) => variables.extend(unit::variables(&text)),
            Err(_) if file.may_be_missing => {}
            Err(error) => return Err(error),
        }
    }
    if unit.kind == unit::Kind::Notify {
        variables.insert("NOTIFY_SOCKET".to_owned(), notify::SOCKET.to_owned());
    }
    if let Some(folder) = unit.runtime_folders.first() {
        variables.insert("RUNTIME_DIRECTORY".to_owned(), format!("/run/{folder}"));
    }
    if let Some(pid) = main_pid {
        variables.insert("MAINPID".to_owned(), pid.to_string());
    }
    Ok(variables)
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exited(i32),
    Killed { signal: i32, dumped: bool },
}

impl End {
    /// `code=exited, status=1/FAILURE`, as systemctl writes it.
    pub(crate) fn describe(self) -> String {
        match self {
            End::Exited(code) => {
                let name = exit_name(code)
                    .map(|name| format!("/{name}"))
                    .unwrap_or_default();
                format!("code=exited, status={code}{name}")
            }
            End::Killed { signal, dumped } => {
                let code = if dumped { "dumped" } else { "killed" };
                format!("code={code}, status={signal}/{}", signal_name(signal))
            }
        }
    }
}

/// What an exit code is called: systemd.exec(5), "Process Exit Codes".
fn exit_name(code: i32) -> Option<&'static str> {
    Some(match code {
        0 => "SUCCESS",
        1 => "FAILURE",
        2 => "INVALIDARGUMENT",
        3 => "NOTIMPLEMENTED",
        4 => "NOPERMISSION",
        5 => "NOTINSTALLED",
        6 => "NOTCONFIGURED",
        7 => "NOTRUNNING",
        crate::activate::CHDIR => "CHDIR",
        crate::activate::EXEC => "EXEC",
        crate::activate::GROUP => "GROUP",
        crate::activate::USER => "USER",
        crate::activate::CGROUP => "CGROUP",
        _ => return None,
    })
}

fn signal_name(signal: i32) -> &'static str {
    let name = signal_hook::low_level::signal_name(signal).unwrap_or("RTMIN");
    name.strip_prefix("SIG").unwrap_or(name)
}

/// The signal of this name, without `SIG`; `TERM` if there is none.
pub(crate) fn signal(name: &str) -> Signal {
    match name {
        "HUP" => Signal::HUP,
        "INT" => Signal::INT,
        "QUIT" => Signal::QUIT,
        "KILL" => Signal::KILL,
        "USR1" => Signal::USR1,
        "USR2" => Signal::USR2,
        "WINCH" => Signal::WINCH,
        _ => Signal::TERM,
    }
}

/// Sends a signal to a process, which may be gone.
pub(crate) fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Takes note of a process that has ended, our own child or one that its parent left behind.
pub(crate) fn reap() -> Option<(u32, End)> {
    let (pid, status) = wait(WaitOptions::NOHANG).ok()??;
    let end = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => End::Killed {
            signal: signal.unwrap_or_default(),
            // The kernel's bit for "wrote a core file".
            dumped: status.as_raw() & 0x80 != 0,
        },
    };
    Some((pid.as_raw_nonzero().get().unsigned_abs(), end))
}

/// Whether there is such a process, and it is no zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in parentheses, may have anything in it.
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

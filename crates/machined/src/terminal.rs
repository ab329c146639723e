//! Terminals: login shells that belong to machined and not to a connection, so that they outlive a
//! closed tab and a restarted web server.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs,
    io::{self, IoSliceMut},
    mem::MaybeUninit,
    os::fd::OwnedFd,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::body::Bytes;
use machine::{MachineUser, TERMINAL_SIDE_MAX};
use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg},
    termios::{Winsize, tcsetwinsize},
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    net::UnixListener,
    sync::{Mutex as AsyncMutex, broadcast, watch},
    time::timeout,
};

use crate::{
    command::limit,
    error::{ApiError, Doing, HostError},
    host::lock,
    life::Machine,
    process::Process,
    program,
    ring::Ring,
    runc, sys,
};

/// How many terminals a machine has at most: tabs beside one text.
const TERMINALS_MAX: usize = 8;

/// What makes a shell of `runc exec`: a terminal of its own, and nobody who waits for it.
const TTY_OPTIONS: [&str; 4] = ["--tty", "--detach", "--env", "TERM=xterm-256color"];

/// How many pieces of output wait for a reader, and how long a piece is: 512 KiB for each reader.
const PIECES: usize = 64;
const PIECE: usize = 8 * 1024;

/// How long a reader whose pieces are many may hold up the shell. One that takes longer loses some,
/// and is sent away by [`Attached::next`].
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether the readers have caught up.
const LOOK: Duration = Duration::from_millis(5);

/// How long a shell that hung up may take to be gone, for its exit code.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// The name of a terminal that waits for its first caller, who gives it theirs: no caller's has no
/// letter.
const UNNAMED: &str = "";

/// The window of one that waits: a terminal's ancient size.
const UNNAMED_SIZE: (u16, u16) = (80, 24);

/// The terminals of one machine.
#[derive(Debug, Default)]
pub(crate) struct Terminals {
    open: Arc<Mutex<HashMap<String, Arc<Terminal>>>>,
    /// Held while one is opened, so that two callers get the same.
    opening: AsyncMutex<()>,
}

#[derive(Debug)]
struct Terminal {
    master: AsyncFd<OwnedFd>,
    output: Mutex<Sent>,
    exit: watch::Sender<Option<i32>>,
}

/// What a shell wrote: for those who are there, and for those who come.
#[derive(Debug)]
struct Sent {
    last: Ring,
    now: broadcast::Sender<Bytes>,
}

/// A reader and writer of a terminal.
#[derive(Debug)]
pub(crate) struct Attached {
    terminal: Arc<Terminal>,
    output: broadcast::Receiver<Bytes>,
    exit: watch::Receiver<Option<i32>>,
}

/// What comes from a terminal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Output(Bytes),
    Exit(i32),
    /// The reader was too slow and has lost output.
    Lost,
}

impl Terminals {
    /// Attaches to the terminal of this name, opening it if there is none; also what it wrote last.
    pub(crate) async fn attach(
        &self,
        machine: &Arc<Machine>,
        name: &str,
        cols: u16,
        rows: u16,
    ) -> Result<(Attached, Vec<u8>), ApiError> {
        let _opening = self.opening.lock().await;
        let terminal = match self.find(name) {
            Some(terminal) => terminal,
            None => self.open(machine, name, (cols, rows)).await?,
        };
        terminal.resize(cols, rows)?;
        let output = lock(&terminal.output);
        let (last, receiver) = (output.last.replay(), output.now.subscribe());
        drop(output);
        let exit = terminal.exit.subscribe();
        Ok((
            Attached {
                terminal,
                output: receiver,
                exit,
            },
            last,
        ))
    }

    /// Opens a terminal for whoever comes first, so that they find a prompt.
    pub(crate) async fn prepare(&self, machine: &Arc<Machine>) -> Result<(), ApiError> {
        let _opening = self.opening.lock().await;
        self.open(machine, UNNAMED, UNNAMED_SIZE).await.map(drop)
    }

    /// The terminal of this name, which may be one that waited for it.
    fn find(&self, name: &str) -> Option<Arc<Terminal>> {
        let mut open = lock(&self.open);
        if let Some(terminal) = open.get(name) {
            return Some(terminal.clone());
        }
        let terminal = open.remove(UNNAMED)?;
        open.insert(name.to_owned(), terminal.clone());
        Some(terminal)
    }

    async fn open(
        &self,
        machine: &Arc<Machine>,
        name: &str,
        (cols, rows): (u16, u16),
    ) -> Result<Arc<Terminal>, ApiError> {
        if lock(&self.open).len() >= TERMINALS_MAX {
            return Err(ApiError::Busy);
        }
        let (terminal, shell) = Terminal::open(machine, cols, rows).await?;
        let terminal = Arc::new(terminal);
        lock(&self.open).insert(name.to_owned(), terminal.clone());
        self.tend(terminal.clone(), shell);
        Ok(terminal)
    }

    /// Forgets all; their shells go with the machine.
    pub(crate) fn close(&self) {
        lock(&self.open).clear();
    }

    /// Passes the shell's output on until it ends.
    fn tend(&self, terminal: Arc<Terminal>, shell: Process) {
        let open = self.open.clone();
        tokio::spawn(async move {
            terminal.pass_on().await;
            let code = timeout(GONE_WITHIN, shell.ended()).await.ok().flatten();
            lock(&open).retain(|_, now| !Arc::ptr_eq(now, &terminal));
            // Its terminal hung up while it lives on, or it was killed with the machine.
            terminal
                .exit
                .send_replace(Some(code.unwrap_or(128 + libc::SIGHUP)));
        });
    }
}

impl Terminal {
    /// Starts a login shell.
    async fn open(
        machine: &Arc<Machine>,
        cols: u16,
        rows: u16,
    ) -> Result<(Self, Process), ApiError> {
        let running = machine.awake().await?;
        let scratch = |kind| machine.host.scratch(&machine.generation, kind);
        let (socket, pid_file, log) = (scratch("console"), scratch("pid"), scratch("log"));
        let result = async {
            let listener = UnixListener::bind(&socket).doing(|| "listen for a console".into())?;
            let mut arguments = vec!["exec".into()];
            arguments.extend(program::exec_arguments(&running, MachineUser::Student));
            arguments.extend(TTY_OPTIONS.map(OsString::from));
            arguments.push("--console-socket".into());
            arguments.extend([
                socket.clone().into(),
                "--pid-file".into(),
                pid_file.clone().into(),
            ]);
            arguments.extend([&*machine.generation, "/bin/bash", "-l"].map(OsString::from));
            let (started, master) = tokio::join!(
                machine
                    .host
                    .runc
                    .run_detached(&log, arguments, Stdio::null()),
                timeout(limit(), receive_console(&listener)),
            );
            started?;
            let late = |_| HostError::Slow {
                program: "runc exec".into(),
                limit: limit(),
            };
            let master = master.map_err(late)?.doing(|| "receive a console".into())?;
            let shell = runc::read_pid(&pid_file).and_then(Process::open);
            Ok((master, shell.doing(|| "hold a shell".into())?))
        };
        let result: Result<_, HostError> = result.await;
        for file in [&socket, &pid_file] {
            let _ = fs::remove_file(file);
        }
        let (master, shell) = result?;
        let output = Sent {
            last: Ring::default(),
            now: broadcast::Sender::new(PIECES),
        };
        let master = non_blocking(master)
            .and_then(sys::watch)
            .doing(|| "hold a console".into())?;
        let terminal = Self {
            master,
            output: Mutex::new(output),
            exit: watch::Sender::new(None),
        };
        terminal.resize(cols, rows)?;
        Ok((terminal, shell))
    }

    /// Reads the shell's output to its end.
    async fn pass_on(&self) {
        let mut piece = vec![0; PIECE];
        loop {
            let read = self.master.async_io(Interest::READABLE, |fd| {
                Ok(rustix::io::read(fd, &mut piece[..])?)
            });
            // A terminal whose last program has gone reads as an I/O error.
            let Ok(count @ 1..) = read.await else { return };
            {
                let mut output = lock(&self.output);
                output.last.push(&piece[..count]);
                // No receiver, no sending.
                let _ = output.now.send(Bytes::copy_from_slice(&piece[..count]));
            }
            let caught_up = async {
                while lock(&self.output).now.len() > PIECES / 2 {
                    tokio::time::sleep(LOOK).await;
                }
            };
            let _ = timeout(PATIENCE, caught_up).await;
        }
    }

    fn resize(&self, cols: u16, rows: u16) -> Result<(), HostError> {
        let side = |wanted: u16| wanted.clamp(1, TERMINAL_SIDE_MAX);
        let size = Winsize {
            ws_col: side(cols),
            ws_row: side(rows),
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.master, size).doing(|| "size a terminal".into())
    }
}

impl Attached {
    /// What comes next.
    pub(crate) async fn next(&mut self) -> Next {
        tokio::select! {
            biased;
            output = self.output.recv() => match output {
                Ok(output) => Next::Output(output),
                Err(_) => Next::Lost,
            },
            exit = self.exit.wait_for(Option::is_some) => match exit {
                Ok(code) => Next::Exit(code.unwrap_or_default()),
                Err(_) => Next::Lost,
            },
        }
    }

    /// The same terminal, to write to.
    pub(crate) fn writer(&self) -> Writer {
        Writer {
            terminal: self.terminal.clone(),
        }
    }
}

/// Writes to a terminal.
#[derive(Debug)]
pub(crate) struct Writer {
    terminal: Arc<Terminal>,
}

impl Writer {
    /// Types; waits when the program reads nothing.
    pub(crate) async fn write(&self, mut typed: &[u8]) -> io::Result<()> {
        while !typed.is_empty() {
            let master = &self.terminal.master;
            let written =
                master.async_io(Interest::WRITABLE, |fd| Ok(rustix::io::write(fd, typed)?));
            typed = &typed[written.await?..];
        }
        Ok(())
    }

    pub(crate) fn resize(&self, cols: u16, rows: u16) -> Result<(), HostError> {
        self.terminal.resize(cols, rows)
    }
}

/// Takes the terminal's master end, which runc sends.
async fn receive_console(listener: &UnixListener) -> io::Result<OwnedFd> {
    let (stream, _) = listener.accept().await?;
    let receive = || {
        let mut name = [0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        recvmsg(
            &stream,
            &mut [IoSliceMut::new(&mut name)],
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC,
        )?;
        let fd = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        fd.ok_or_else(|| io::Error::other("runc sent no console"))
    };
    stream.async_io(Interest::READABLE, receive).await
}

fn non_blocking(fd: OwnedFd) -> io::Result<OwnedFd> {
    fcntl_setfl(&fd, fcntl_getfl(&fd)? | OFlags::NONBLOCK)?;
    Ok(fd)
}

//! How systemctl talks to the machine's first process: a unix socket, a request of lines (what to do,
//! then the units), an answer of lines.

use std::{
    fs::{self, Permissions},
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
};

use rustix::net::sockopt;

/// Where the first process has its sockets.
pub(crate) const FOLDER: &str = "/run/init";

const SOCKET: &str = "/run/init/control";

/// The longest request, in bytes: some hundred units.
const MAX_REQUEST: usize = 16 << 10;

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Properties of units.
    Show,
    /// Properties of all units that are loaded.
    List,
    Start,
    Stop,
    Restart,
    /// Restart, if it runs.
    TryRestart,
    Reload,
    /// Reload, or restart what cannot.
    ReloadOrRestart,
    ResetFailed,
    /// Read the unit files again.
    DaemonReload,
    /// Whether the engine sleeps: `asleep`, `awake` or `busy`.
    IsAsleep,
    /// Put the engine to sleep: `asleep`, if that was done.
    Doze,
}

const VERBS: [(Verb, &str); 12] = [
    (Verb::Show, "show"),
    (Verb::List, "list"),
    (Verb::Start, "start"),
    (Verb::Stop, "stop"),
    (Verb::Restart, "restart"),
    (Verb::TryRestart, "try-restart"),
    (Verb::Reload, "reload"),
    (Verb::ReloadOrRestart, "reload-or-restart"),
    (Verb::ResetFailed, "reset-failed"),
    (Verb::DaemonReload, "daemon-reload"),
    (Verb::IsAsleep, "is-asleep"),
    (Verb::Doze, "doze"),
];

impl Verb {
    /// Whether anybody may.
    pub(crate) fn is_harmless(self) -> bool {
        matches!(self, Verb::Show | Verb::List | Verb::IsAsleep)
    }

    pub(crate) fn name(self) -> &'static str {
        VERBS
            .iter()
            .find(|(verb, _)| *verb == self)
            .map_or("", |(_, name)| name)
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        VERBS
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(verb, _)| *verb)
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) verb: Verb,
    pub(crate) units: Vec<String>,
}

impl Request {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let verb = Verb::parse(lines.next()?)?;
        Some(Self {
            verb,
            units: lines.map(str::to_owned).collect(),
        })
    }
}

/// Asks the first process, and waits for the whole answer.
///
/// # Errors
/// When it cannot be reached.
pub(crate) fn ask(verb: Verb, units: &[String]) -> io::Result<String> {
    let mut answer = String::new();
    send(verb, units)?.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Asks the first process, and does not wait.
///
/// # Errors
/// As [`ask`].
pub(crate) fn tell(verb: Verb, units: &[String]) -> io::Result<()> {
    send(verb, units).map(drop)
}

fn send(verb: Verb, units: &[String]) -> io::Result<UnixStream> {
    let mut socket = UnixStream::connect(SOCKET)?;
    let mut text = verb.name().to_owned();
    for unit in units {
        text.push('\n');
        text.push_str(unit);
    }
    socket.write_all(text.as_bytes())?;
    socket.shutdown(Shutdown::Write)?;
    Ok(socket)
}

/// Opens the socket.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn listen() -> io::Result<UnixListener> {
    let _ = fs::remove_file(SOCKET);
    let socket = UnixListener::bind(SOCKET)?;
    // Anybody may look; who may act is asked of the kernel.
    fs::set_permissions(SOCKET, Permissions::from_mode(0o666))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Somebody who asks.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) socket: UnixStream,
    request: Vec<u8>,
    /// Its request has been read.
    pub(crate) is_heard: bool,
    /// What it wants to see when its job has ended.
    pub(crate) then: Option<Request>,
    /// How many of its jobs are under way.
    pub(crate) waits_for: usize,
    answer: String,
}

/// What reading from a client came to.
pub(crate) enum Heard {
    Request(Request),
    /// Not all of it yet.
    More,
    /// Nonsense, or gone.
    Nothing,
}

impl Client {
    pub(crate) fn new(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            request: Vec::new(),
            is_heard: false,
            then: None,
            waits_for: 0,
            answer: String::new(),
        })
    }

    /// Whether it is root, as the kernel says.
    pub(crate) fn is_root(&self) -> bool {
        sockopt::socket_peercred(&self.socket).is_ok_and(|peer| peer.uid.is_root())
    }

    /// Reads on; call it when there is something.
    pub(crate) fn hear(&mut self) -> Heard {
        let mut bytes = [0; 4096];
        match self.socket.read(&mut bytes) {
            Ok(0) => {
                self.is_heard = true;
                let text = String::from_utf8_lossy(&self.request);
                Request::parse(&text).map_or(Heard::Nothing, Heard::Request)
            }
            Ok(count) if self.request.len() + count <= MAX_REQUEST => {
                self.request.extend_from_slice(&bytes[..count]);
                Heard::More
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Heard::More,
            Ok(_) | Err(_) => Heard::Nothing,
        }
    }

    /// Adds a line to its answer.
    pub(crate) fn say(&mut self, line: &str) {
        self.answer.push_str(line);
        self.answer.push('\n');
    }

    /// Sends the answer. One that does not take it gets none: nobody waits for it.
    pub(crate) fn finish(mut self) {
        let _ = self.socket.write_all(self.answer.as_bytes());
    }
}

//! The words that machined and its client share; as JSON on the wire.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A machine's name, chosen by machined's caller: 1 to 32 of `a-z`, `0-9` and `-`, first a letter.
/// It is part of paths, cgroup names and interface tables, hence the narrow alphabet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MachineId(String);

/// The longest [`MachineId`], in bytes: with a prefix it still fits every name the kernel limits.
pub const MACHINE_ID_MAX: usize = 32;

/// A string that cannot name a machine.
#[derive(Debug, thiserror::Error)]
#[error("a machine's name is 1 to {MACHINE_ID_MAX} of a-z, 0-9 and '-', first a letter")]
pub struct BadMachineId;

impl MachineId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MachineId {
    type Err = BadMachineId;

    fn from_str(text: &str) -> Result<Self, BadMachineId> {
        let first_is_letter = text.starts_with(|c: char| c.is_ascii_lowercase());
        let alphabet = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if first_is_letter && text.len() <= MACHINE_ID_MAX && text.bytes().all(alphabet) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadMachineId)
        }
    }
}

impl TryFrom<String> for MachineId {
    type Error = BadMachineId;

    fn try_from(text: String) -> Result<Self, BadMachineId> {
        text.parse()
    }
}

impl From<MachineId> for String {
    fn from(id: MachineId) -> Self {
        id.0
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A machine as machined sees it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name.
    pub id: MachineId,
    /// Where it is in its life.
    pub state: State,
    /// Which disk it has: another after a machine was reset, or deleted and made again, so that what
    /// was prepared on the old disk is prepared again. Empty while it waits for its first one. It
    /// is also what the machine is called on the host: its folder, its container.
    pub generation: String,
    /// What it is about to run out of.
    #[serde(default)]
    pub low: Vec<Low>,
    /// The limit that is about to strike; told [`Limits::warn_s`] before it does.
    #[serde(default)]
    pub deadline: Option<Deadline>,
}

/// A machine's life: queued -> starting (step by step) -> ready <-> frozen -> stopped; failed from
/// anywhere. A stopped one that is started again keeps its disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// The host is full: it starts when its turn comes.
    Queued {
        /// 1 for the next one.
        place: u32,
        /// About how long that takes, in seconds, from what is known of the machines that run;
        /// `None` if nothing is known.
        wait_s: Option<u64>,
    },
    /// On its way up.
    Starting {
        /// What is being done right now.
        step: Step,
    },
    /// Booted, with the Docker Engine answering, or ready to at the first call.
    Ready,
    /// Asleep after a time without use: its programs stand still where they were, and go on at the
    /// first key, program or check, or when it is woken.
    Frozen,
    /// Not running; its disk is kept.
    Stopped {
        /// What stopped it.
        by: StoppedBy,
    },
    /// Could not start, or broke.
    Failed {
        /// Why, as far as somebody can act on it.
        problem: Problem,
    },
}

/// What stopped a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoppedBy {
    /// A caller.
    Caller,
    /// Nobody used it for [`Limits::idle_stop_s`], or it slept while others waited for a place.
    Idle,
    /// It ran for as long as one may.
    Lifetime,
    /// machined or the host ended.
    Host,
}

/// A limit that is about to strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// What will happen.
    pub limit: Limit,
    /// When, in seconds since 1970.
    pub at: u64,
}

/// What a limit on time does when it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// An unused machine falls asleep ([`State::Frozen`]).
    IdleFreeze,
    /// A machine that sleeps is stopped.
    IdleStop,
    /// A machine that has run for long is stopped. [`extend`](crate::Client::extend) moves it.
    Lifetime,
    /// The disk of a stopped machine is deleted.
    Keep,
}

/// Something that a machine is about to run out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Low {
    /// What.
    pub resource: Resource,
    /// How much of it is used, in percent: [`LOW_PERCENT`] to 100.
    pub percent: u8,
}

/// From how much use on a resource is [`Low`], in percent: with the usual memory of 1.5 GB that is
/// 150 MB before programs are killed, with the usual disk of 8 GB 800 MB, two images.
pub const LOW_PERCENT: u8 = 90;

/// What a machine has a limited amount of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// Memory of all its programs. At the limit the kernel kills one of them.
    Memory,
    /// Disk, of all its images, containers, volumes and files.
    Disk,
}

/// The steps of a start, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Making or mounting the disk.
    Disk,
    /// Plugging in the network.
    Network,
    /// Starting the container.
    Boot,
    /// Waiting for the Docker Engine.
    Engine,
}

/// Why a machine is not there, in kinds that a student or an operator can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// The host's disk has no room for the machine's.
    #[error("no space is left on the host for the machine's disk")]
    NoSpace,
    /// The machine's image is not there; `gyosil` names the command that builds it.
    #[error("the machine image has not been built")]
    NoImage,
    /// The Docker Engine did not answer in time.
    #[error("the machine's Docker Engine did not answer in time")]
    EngineSilent,
    /// The machine was running and is no more.
    #[error("the machine ended unexpectedly")]
    Ended,
    /// Anything else: the log of machined has it.
    #[error("the machine could not be started; machined's log says why")]
    Internal,
}

/// A script to run in a sidecar beside a machine: it sees the machine's root at `/machine`
/// (read-only), its network and its engine, with tools that the student cannot replace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckRequest {
    /// A whole bash program; it reaches bash on standard input and is stored nowhere.
    pub script: String,
    /// After this many milliseconds the sidecar is ended. At most [`CHECK_TIMEOUT_MAX`].
    pub timeout_ms: u64,
    /// Whether the machine is woken for it and stays awake by it. A page that looks by itself says
    /// no, or an open page would keep its machine awake for ever.
    #[serde(default = "yes")]
    pub counts_as_use: bool,
}

fn yes() -> bool {
    true
}

/// The longest a check may take: longer than a lesson's own limit (10 s), short enough that a
/// hanging check does not hold a place for minutes.
pub const CHECK_TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// A program to run in a machine, as setup and solution scripts do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExecRequest {
    /// The program and its arguments; the program is looked up in the machine's PATH.
    pub argv: Vec<String>,
    /// `root` or `student`.
    pub user: MachineUser,
    /// Given to the program as its standard input.
    #[serde(default)]
    pub stdin: String,
    /// After this many milliseconds the program is killed. At most [`EXEC_TIMEOUT_MAX`].
    pub timeout_ms: u64,
}

/// The longest one program may run through exec: pulling or building an image in a setup script.
pub const EXEC_TIMEOUT_MAX: Duration = Duration::from_secs(600);

/// The two accounts of a machine that the classroom uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MachineUser {
    /// Root inside, nobody outside.
    Root,
    /// Who the terminal logs in: uid 1000, in the docker group, with sudo.
    Student,
}

/// How a program beside or in a machine ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The exit code; `None` when the time limit ended it.
    pub exit: Option<i32>,
    /// Standard output, at most [`OUTPUT_MAX`] bytes, invalid UTF-8 replaced.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

/// The most that is kept of each output stream, in bytes: a verdict and a few lines for an author,
/// not a log.
pub const OUTPUT_MAX: usize = 64 * 1024;

/// What a caller may send on a terminal's WebSocket as a text frame; bytes typed are binary frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum TerminalControl {
    /// The window now has this many columns and rows.
    Resize {
        /// Columns, 1 to 1000.
        cols: u16,
        /// Rows, 1 to 1000.
        rows: u16,
    },
}

/// What a caller gets on a terminal's WebSocket as a text frame; the shell's output is binary frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum TerminalEvent {
    /// The shell ended; the WebSocket closes after this.
    Exit {
        /// The shell's exit code; 128 and more for a signal, as shells count.
        code: i32,
    },
}

/// A terminal's name within its machine: 1 to [`TERMINAL_NAME_MAX`] of `a-z`, `0-9` and `-`.
pub fn is_terminal_name(name: &str) -> bool {
    let alphabet = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=TERMINAL_NAME_MAX).contains(&name.len()) && name.bytes().all(alphabet)
}

/// The longest terminal name, in bytes: a tab's number or a word, not a sentence.
pub const TERMINAL_NAME_MAX: usize = 16;

/// The most columns or rows of a terminal: beyond any screen, and far below what a student could
/// make a program allocate for a window.
pub const TERMINAL_SIDE_MAX: u16 = 1000;

/// The longest script or standard input of a request, in bytes: scripts are pages, not archives;
/// archives go through `pipe`.
pub const SCRIPT_MAX: usize = 256 * 1024;

/// The longest `argv` of a request, all arguments together, in bytes: half of what the kernel lets
/// one argument have, and still small enough for a header of a `pipe` request.
pub const ARGV_MAX: usize = 8 * 1024;

/// What machined says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// machined's version.
    pub version: String,
    /// Whether the machine image has been built, so that machines can start.
    pub image: bool,
    /// Whether the class's hub runs, which is docker.io in machines.
    pub hub: bool,
    /// Machines that run or are on their way up, the pool's among them.
    pub running: usize,
    /// Machines that wait for their turn.
    pub queued: usize,
    /// Machines without a name that run, so that whoever comes next need not wait.
    pub pool: usize,
    /// What the operator has set.
    pub limits: Limits,
}

/// What the operator has set: times in seconds (0 means never), sizes in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// The most machines that run at once.
    pub max_machines: usize,
    /// After how long without use a machine falls asleep.
    pub idle_freeze_s: u64,
    /// After how long without use a machine that sleeps is stopped.
    pub idle_stop_s: u64,
    /// How long a machine runs at most, from its start.
    pub lifetime_s: u64,
    /// How much longer it may run when its student asks for it.
    pub extend_s: u64,
    /// How long the disk of a stopped machine is kept.
    pub keep_s: u64,
    /// How long before a limit strikes it is told of.
    pub warn_s: u64,
    /// A machine's memory.
    pub memory: u64,
    /// A machine's disk.
    pub disk: u64,
    /// How many processors' time a machine may use.
    pub cpus: f64,
    /// How many processes and threads a machine may have.
    pub pids: u32,
    /// Whether machines reach the internet.
    pub internet: bool,
}

/// How many machines the class may need, for the size of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// How many students may come who have no machine yet.
    pub expected: u32,
}

/// The body of every answer of machined that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The kind, for programs: `bad-request`, `no-such-machine`, `not-ready`, `busy`, or a
    /// [`Problem`].
    pub error: String,
    /// The sentence, for people.
    pub message: String,
}

/// The header of a `pipe` request that holds its [`ExecRequest`] as JSON: the body is taken.
pub const PIPE_REQUEST_HEADER: &str = "gyosil-exec";

/// The trailer of a `pipe` answer that holds its [`PipeEnd`] as JSON. An answer without it broke
/// off.
pub const PIPE_END_TRAILER: &str = "gyosil-end";

/// How a program behind `pipe` ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipeEnd {
    /// The exit code; `None` when the time limit ended it.
    pub exit: Option<i32>,
    /// The last of its standard error, at most [`PIPE_STDERR_MAX`] bytes, invalid UTF-8 replaced.
    pub stderr: String,
}

/// The most that is kept of a pipe's standard error, in bytes: it travels in a trailer, and the
/// last lines say what went wrong.
pub const PIPE_STDERR_MAX: usize = 2 * 1024;

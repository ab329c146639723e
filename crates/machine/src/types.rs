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
    /// Counts fresh disks: a machine that was deleted and made again has another generation, so
    /// that what was prepared on the old disk is prepared again.
    pub generation: String,
}

/// A machine's life: stopped -> starting (step by step) -> ready -> stopped; failed from anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// On its way up.
    Starting {
        /// What is being done right now.
        step: Step,
    },
    /// Booted, with the Docker Engine answering.
    Ready,
    /// Not running; its disk is kept.
    Stopped,
    /// Could not start, or broke.
    Failed {
        /// Why, as far as somebody can act on it.
        problem: Problem,
    },
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
    /// As many machines run as the operator allows.
    #[error("the host runs as many machines as it is allowed to")]
    HostFull,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// machined's version.
    pub version: String,
    /// Whether the machine image has been built, so that machines can start.
    pub image: bool,
    /// Whether the classroom's registry answers.
    pub registry: bool,
    /// Machines that run or are on their way up.
    pub running: usize,
    /// The most that may run at once.
    pub max_machines: usize,
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

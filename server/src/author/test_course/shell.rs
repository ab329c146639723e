//! A student's terminal, and somebody who types into it line by line and waits for the prompt.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::{SinkExt as _, StreamExt as _};
use machine::{Client, MachineId, TerminalEvent};
use tokio::{
    net::UnixStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

/// The terminal's name: a lesson's page has `main`.
const NAME: &str = "test";

/// The window: wide enough that a table of `docker ps` is not wrapped where somebody has to read it.
const COLUMNS: u16 = 200;
const ROWS: u16 = 50;

/// The prompts by which we know that the shell has done a line, and that it wants more of it. Others
/// for each script: a terminal that is there already shows first what the one before it ended with.
struct Prompts {
    number: u32,
    done: String,
    more: String,
}

impl Prompts {
    fn new() -> Self {
        let number = rand::random();
        Self {
            number,
            done: format!("@gyosil{number}@$ "),
            more: format!("@gyosil{number}@> "),
        }
    }

    /// Sets them: written apart, so that the line's echo is no prompt. A tab is typed as it is, as in
    /// a pasted text, where it completes nothing.
    fn line(&self) -> String {
        let number = self.number;
        format!(
            " PROMPT_COMMAND= PS1='@gyo''sil{number}@$ ' PS2='@gyo''sil{number}@> '; bind '\"\\t\": self-insert'"
        )
    }
}

/// How long the shell may take to be there.
const OPENS_WITHIN: Duration = Duration::from_secs(20);

/// How long all lines of a script may take together: one may pull or build an image.
const SCRIPT_WITHIN: Duration = Duration::from_secs(180);

/// How long nothing is shown until it is taken that a program waits for what is typed.
#[derive(Clone, Copy)]
struct Patience {
    /// Wherever the program left off.
    silent: Duration,
    /// Where what it has shown ends like a prompt.
    asking: Duration,
}

/// Between two lines. If the program was only busy, the shell reads the line afterwards, so nothing is
/// lost by typing too soon.
const BETWEEN: Patience = Patience {
    silent: Duration::from_secs(5),
    asking: Duration::from_secs(1),
};

/// Behind the last line: whatever still runs then may run for ever. `docker stop` is silent for 10 s
/// where a container does not listen.
const AT_END: Patience = Patience {
    silent: Duration::from_secs(20),
    asking: Duration::from_secs(5),
};

/// While the shell comes up, whose own prompt is not yet the one that counts.
const AT_START: Patience = Patience {
    silent: OPENS_WITHIN,
    asking: OPENS_WITHIN,
};

/// How long a prompt has to stand where lines were typed ahead, which the shell may read now.
const SETTLES: Duration = Duration::from_millis(700);

/// The most that is kept of what the shell shows, in bytes: the end of it is what matters.
const SHOWN_MAX: usize = 256 * 1024;

/// What became of a script that was typed.
#[derive(Debug)]
pub(super) struct Typed {
    /// What the terminal showed, without colours; `$` and `>` stand for the prompts.
    pub(super) shown: String,
    /// What is odd about the end; the machine is to be looked at all the same.
    pub(super) end: End,
}

/// How typing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a prompt.
    Prompt,
    /// A program still runs in the foreground.
    Running,
    /// The shell waits for the rest of a line: a quote or an `if` is open.
    Unfinished,
    /// It took longer than it may.
    TooLong,
}

/// Types a script into a terminal of the machine, as a student would.
///
/// # Errors
/// When there is no terminal.
pub(super) async fn type_script(client: &Client, id: &MachineId, script: &str) -> Result<Typed> {
    let mut shell = Shell::open(client, id).await?;
    let until = Instant::now() + SCRIPT_WITHIN;
    let mut lines = script.lines().peekable();
    let mut end = End::Prompt;
    while let Some(line) = lines.next() {
        let patience = if lines.peek().is_some() {
            BETWEEN
        } else {
            AT_END
        };
        shell.enter(line).await?;
        end = match shell.until_quiet(patience, until).await? {
            Seen::Exit if lines.peek().is_some() => {
                shell.reopen(client, id).await?;
                End::Prompt
            }
            Seen::Prompt | Seen::Exit => End::Prompt,
            Seen::More => End::Unfinished,
            Seen::Quiet => End::Running,
            Seen::TooLong => End::TooLong,
        };
        if end == End::TooLong {
            break;
        }
    }
    Ok(Typed {
        shown: shell.shown(),
        end,
    })
}

/// What came of waiting.
#[derive(Debug)]
enum Seen {
    Prompt,
    More,
    /// Nothing more is shown, and there is no prompt.
    Quiet,
    /// The shell has ended.
    Exit,
    TooLong,
}

struct Shell {
    socket: WebSocketStream<UnixStream>,
    prompts: Prompts,
    /// What was shown since the prompts were set.
    shown: Vec<u8>,
    /// Whether lines were typed without a prompt.
    is_ahead: bool,
}

impl Shell {
    async fn open(client: &Client, id: &MachineId) -> Result<Self> {
        let mut shell = Self {
            socket: client.terminal(id, NAME, COLUMNS, ROWS).await?,
            prompts: Prompts::new(),
            shown: Vec::new(),
            is_ahead: false,
        };
        shell.prepare().await?;
        shell.shown = shell.prompts.done.clone().into();
        Ok(shell)
    }

    /// Logs in again, as a student does who has typed `exit`.
    async fn reopen(&mut self, client: &Client, id: &MachineId) -> Result<()> {
        let shown = std::mem::take(&mut self.shown);
        self.socket = client.terminal(id, NAME, COLUMNS, ROWS).await?;
        self.is_ahead = false;
        self.prepare().await?;
        self.shown = [&shown[..], b"\n", self.prompts.done.as_bytes()].concat();
        Ok(())
    }

    async fn prepare(&mut self) -> Result<()> {
        self.enter(&self.prompts.line()).await?;
        let until = Instant::now() + OPENS_WITHIN;
        match self.until_quiet(AT_START, until).await? {
            Seen::Prompt => Ok(()),
            seen => bail!("no shell came up ({seen:?}); it showed: {}", self.shown()),
        }
    }

    async fn enter(&mut self, line: &str) -> Result<()> {
        let keys = format!("{line}\r").into_bytes();
        let sent = self.socket.send(Message::Binary(keys.into())).await;
        sent.context("typing into the terminal")
    }

    /// Waits for a prompt, or until nothing was shown for so long.
    async fn until_quiet(&mut self, patience: Patience, until: Instant) -> Result<Seen> {
        // What stands there now was there before the line was typed.
        let mut is_new = false;
        loop {
            let prompt = self.prompt().filter(|_| is_new);
            let quiet = match &prompt {
                Some(_) if !self.is_ahead => Duration::ZERO,
                Some(_) => SETTLES,
                None if is_new && self.ends_like_a_prompt() => patience.asking,
                None => patience.silent,
            };
            let waiting = timeout_at(until, timeout(quiet, self.socket.next()));
            let message = match waiting.await {
                Err(_) => return Ok(Seen::TooLong),
                Ok(Err(_)) => {
                    self.is_ahead = prompt.is_none();
                    return Ok(prompt.unwrap_or(Seen::Quiet));
                }
                Ok(Ok(message)) => message.context("the terminal was closed")?,
            };
            match message.context("reading the terminal")? {
                Message::Binary(bytes) => {
                    is_new = true;
                    self.shown.extend_from_slice(&bytes);
                    let surplus = self.shown.len().saturating_sub(SHOWN_MAX);
                    self.shown.drain(..surplus);
                }
                Message::Text(event) => {
                    let TerminalEvent::Exit { .. } = serde_json::from_str(&event)?;
                    return Ok(Seen::Exit);
                }
                Message::Close(_) => return Ok(Seen::Exit),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// The prompt with which what is shown ends.
    fn prompt(&self) -> Option<Seen> {
        if self.shown.ends_with(self.prompts.done.as_bytes()) {
            Some(Seen::Prompt)
        } else if self.shown.ends_with(self.prompts.more.as_bytes()) {
            Some(Seen::More)
        } else {
            None
        }
    }

    /// Whether a program seems to ask for something: `# `, `mysql> `, `Password: `.
    fn ends_like_a_prompt(&self) -> bool {
        let shown = plain(&self.shown);
        let line = shown.lines().last().unwrap_or_default();
        ["# ", "$ ", "> ", ": ", "? "]
            .iter()
            .any(|end| line.ends_with(end))
    }

    fn shown(&self) -> String {
        plain(&self.shown)
            .replace(&self.prompts.done, "$ ")
            .replace(&self.prompts.more, "> ")
    }
}

/// What a terminal shows in the end, without colours: of a line that was drawn over and over the last.
fn plain(shown: &[u8]) -> String {
    let lines = shown.split(|&byte| byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let last = line.rsplit(|&byte| byte == b'\r').next().unwrap_or(line);
        let text = strip_ansi_escapes::strip(last);
        String::from_utf8_lossy(&text).into_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

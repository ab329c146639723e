//! Listens to a machine's engine: every event that it reports is recorded ([`crate::events`]).
//!
//! An engine that nobody uses ends, and would start again when it is called (`crates/init`). So it is
//! called only where it runs, which its control group says; and it lets itself be ended although we
//! are connected. It remembers what it reported last, 256 events: what happened before we listened is
//! asked for.

use std::{
    io,
    os::fd::AsRawFd,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    time::sleep,
};

use crate::{disk::Disk, life::Machine};

/// The engine's service in a machine, and its socket in the folder that checks see.
const SERVICE: &str = "docker.service";
const SOCKET: &str = "docker.sock";

/// How often it is looked whether an engine runs that is not listened to.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long an engine that has ended its stream is left alone, unless another one runs before: it is
/// about to end, and a call in this time would have it started again.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// The longest line that is read, in bytes; longer ones are dropped. Only labels make one longer than
/// a few hundred.
const LINE_MAX: usize = 256 << 10;

/// How much is read of one engine in a second, in bytes, each line counting for [`LINE_COSTS`] more:
/// 500 events, many times what a lesson makes. What calls itself an engine could write gigabytes.
const READ_A_SECOND: usize = 512 << 10;
const LINE_COSTS: usize = 512;

/// Why the engine is not listened to.
#[derive(Debug, thiserror::Error)]
enum Deaf {
    #[error("could not reach it: {0}")]
    Io(#[from] io::Error),
    #[error("it answers something else")]
    Answer,
}

/// Records what a machine's engine reports, for as long as the machine runs.
pub(crate) async fn record(machine: Arc<Machine>) {
    let mut heard: Option<(u32, Instant)> = None;
    loop {
        let engine = machine
            .host
            .cgroups
            .service(&machine.generation, SERVICE)
            .filter(|&engine| {
                heard
                    .is_none_or(|(before, ended)| before != engine || ended.elapsed() > ENDS_WITHIN)
            });
        if let Some(engine) = engine {
            match listen(&machine).await {
                Ok(()) => heard = Some((engine, Instant::now())),
                Err(why) => tracing::debug!(
                    machine = machine.who(), %why,
                    "The engine of machine {} is not heard: {why}", machine.who()
                ),
            }
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Listens until the engine ends the stream.
async fn listen(machine: &Machine) -> Result<(), Deaf> {
    let mut engine = connect(&machine.disk).await?;
    let request = format!(
        "GET /events?since={} HTTP/1.0\r\nHost: engine\r\n\r\n",
        machine.events.newest()
    );
    engine.write_all(request.as_bytes()).await?;
    let mut lines = Lines::new(engine);
    // No limit on time: it may be standing still.
    let is_good = lines.next().await?.is_some_and(|status| {
        let code = status.split(|&byte| byte == b' ').nth(1);
        code == Some(b"200")
    });
    if !is_good {
        return Err(Deaf::Answer);
    }
    while lines.next().await?.is_some_and(|field| field != b"\r") {}
    while let Some(line) = lines.next().await? {
        if let Err(error) = machine.events.add(line) {
            tracing::error!(
                machine = machine.who(), %error,
                "An event of machine {} could not be recorded: {error}", machine.who()
            );
        }
    }
    Ok(())
}

/// Connects to the engine's second socket. It lies in a folder that is the machine's: what is there is
/// opened by its last name only, through no link, and nothing but a socket is touched. Only the
/// machine's own processes can have bound one on its disk.
async fn connect(disk: &Disk) -> io::Result<UnixStream> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = openat(CWD, disk.engine(), flags | OFlags::DIRECTORY, Mode::empty())?;
    let socket = openat(&folder, SOCKET, flags, Mode::empty())?;
    if FileType::from_raw_mode(fstat(&socket)?.st_mode) != FileType::Socket {
        return Err(io::ErrorKind::NotFound.into());
    }
    UnixStream::connect(format!("/proc/self/fd/{}", socket.as_raw_fd())).await
}

/// The lines of an engine, none of them too long, and not too many in a second.
struct Lines {
    from: BufReader<UnixStream>,
    line: Vec<u8>,
    second: Instant,
    read: usize,
}

impl Lines {
    fn new(from: UnixStream) -> Self {
        Self {
            from: BufReader::new(from),
            line: Vec::new(),
            second: Instant::now(),
            read: 0,
        }
    }

    /// The next line, without its line break; `None` at the end.
    async fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let mut is_too_long = false;
        loop {
            let read = self.from.fill_buf().await?;
            if read.is_empty() {
                return Ok(None);
            }
            let end = read.iter().position(|&byte| byte == b'\n');
            let piece = &read[..end.unwrap_or(read.len())];
            is_too_long |= self.line.len() + piece.len() > LINE_MAX;
            if !is_too_long {
                self.line.extend_from_slice(piece);
            }
            let taken = piece.len() + usize::from(end.is_some());
            self.from.consume(taken);
            self.spend(taken).await;
            if end.is_none() {
                continue;
            }
            self.spend(LINE_COSTS).await;
            if !is_too_long {
                return Ok(Some(&self.line));
            }
            self.line.clear();
            is_too_long = false;
        }
    }

    /// Waits for the next second when this one's share is spent.
    async fn spend(&mut self, bytes: usize) {
        self.read += bytes;
        let elapsed = self.second.elapsed();
        if self.read > READ_A_SECOND {
            sleep(Duration::from_secs(1).saturating_sub(elapsed)).await;
        }
        if self.read > READ_A_SECOND || elapsed > Duration::from_secs(1) {
            (self.second, self.read) = (Instant::now(), 0);
        }
    }
}

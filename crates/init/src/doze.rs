//! `init doze`: puts the engine to sleep, if nobody would notice.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    process::ExitCode,
    time::Duration,
};

use crate::{
    control::{self, Verb},
    engine::{SIDE_SOCKET, SOCKET},
    options::complain,
};

/// How long the engine may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The longest answer that is read, in bytes; `/info` has some 5 KiB.
const MAX_ANSWER: u64 = 256 << 10;

/// `/proc/net/unix`: the flag of a listening socket, and the state of a connected one.
const LISTENS: &str = "00010000";
const CONNECTED: &str = "03";

/// Why the engine stays awake.
#[derive(Debug, thiserror::Error)]
enum Awake {
    #[error("somebody is connected to it")]
    Connected,
    #[error("containers run")]
    Containers,
    #[error("it is part of a swarm")]
    Swarm,
    #[error("it is not simply running")]
    Busy,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Puts the engine to sleep: 0 if it sleeps, 1 if it was left awake.
pub(crate) fn main() -> ExitCode {
    match doze() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            complain(&format!("The engine stays awake: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn doze() -> Result<(), Awake> {
    let state = control::ask(Verb::IsAsleep, &[])?;
    match state.trim() {
        "asleep" => return Ok(()),
        "awake" => {}
        _ => return Err(Awake::Busy),
    }
    // A build, a pull, `docker logs -f`, `docker events`: they all hold a connection.
    if is_connected(&fs::read_to_string("/proc/net/unix")?) {
        return Err(Awake::Connected);
    }
    // Running ones, and paused and restarting ones.
    if get("/containers/json")?.trim() != "[]" {
        return Err(Awake::Containers);
    }
    if !get("/info")?.contains("\"LocalNodeState\":\"inactive\"") {
        return Err(Awake::Swarm);
    }
    match control::ask(Verb::Doze, &[])?.trim() {
        "asleep" => Ok(()),
        _ => Err(Awake::Busy),
    }
}

/// Whether anybody has a connection to the engine by the students' socket. By the other one come
/// checks and machined's own look at events.
fn is_connected(sockets: &str) -> bool {
    sockets.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        matches!(fields[..], [_, _, _, flags, _, state, _, path]
            if path == SOCKET && flags != LISTENS && state == CONNECTED)
    })
}

/// Asks the engine; HTTP/1.0, so that the answer comes in one piece and ends with the connection.
fn get(path: &str) -> Result<String, Awake> {
    let mut socket = UnixStream::connect(SIDE_SOCKET)?;
    socket.set_read_timeout(Some(ANSWER_WITHIN))?;
    socket.write_all(format!("GET {path} HTTP/1.0\r\nHost: engine\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    socket.take(MAX_ANSWER).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.split(' ').nth(1) == Some("200") => Ok(body.to_owned()),
        _ => Err(Awake::Busy),
    }
}

#[cfg(test)]
mod tests {
    use super::is_connected;

    #[test]
    fn a_connection_to_the_engine_is_seen() {
        let head = "Num       RefCount Protocol Flags    Type St Inode Path\n";
        let listens = "0: 00000002 00000000 00010000 0001 01 11 /run/docker.sock\n";
        let side = "0: 00000003 00000000 00000000 0001 03 13 /run/gyosil/docker.sock\n";
        let client = "0: 00000003 00000000 00000000 0001 03 14\n";
        let server = "0: 00000003 00000000 00000000 0001 03 12 /run/docker.sock\n";
        assert!(!is_connected(&[head, listens, side, client].concat()));
        assert!(is_connected(&[head, listens, client, server].concat()));
    }
}

//! The Docker Engine of a machine or container, asked from the host, in the same way for both.

use std::{io, path::Path, time::Duration};

use anyhow::{Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::{sleep, timeout},
};

/// How long an engine may take for its first answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is asked: seldom enough not to slow its start, often enough to measure it.
const EVERY: Duration = Duration::from_millis(5);

/// Asks until it answers. `proc` is the folder in `/proc` of the first process in there.
pub(crate) async fn answers(proc: &Path) -> Result<()> {
    let socket = proc.join("root/run/docker.sock");
    let wait = async {
        while !ping(&socket).await.is_ok_and(|answer| answer) {
            sleep(EVERY).await;
        }
    };
    if timeout(PATIENCE, wait).await.is_err() {
        bail!("no engine answers at {}", socket.display());
    }
    Ok(())
}

/// The engine's own question for life: <https://docs.docker.com/reference/api/engine/>, `SystemPing`.
async fn ping(socket: &Path) -> io::Result<bool> {
    let mut stream = UnixStream::connect(socket).await?;
    stream
        .write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
        .await?;
    // Status line and headers have some 300 bytes.
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer).await?;
    Ok(answer.split_whitespace().nth(1) == Some("200"))
}

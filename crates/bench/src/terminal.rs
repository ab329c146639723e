//! Somebody at a terminal, as the web server attaches them.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use machine::{Client, MachineId};
use tokio::{net::UnixStream, time::timeout};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

/// How long anything typed may take to show: far beyond what is measured.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the shell's prompt ends with.
const PROMPT: &str = "$ ";

/// A terminal of a machine.
pub(crate) struct Terminal {
    socket: WebSocketStream<UnixStream>,
    /// Shown, and not yet waited for.
    shown: Vec<u8>,
}

impl Terminal {
    /// Opens a machine's terminal; a shell is started.
    pub(crate) async fn open(client: &Client, id: &MachineId) -> Result<Self> {
        let socket = client.terminal(id, "main", 80, 24).await?;
        Ok(Self {
            socket,
            shown: Vec::new(),
        })
    }

    pub(crate) async fn prompt(&mut self) -> Result<()> {
        self.shows(PROMPT).await
    }

    pub(crate) async fn type_keys(&mut self, keys: &str) -> Result<()> {
        let keys = Message::binary(keys.to_owned());
        self.socket.send(keys).await.context("typing")
    }

    /// Waits until this is shown, and takes it and all before it as seen.
    pub(crate) async fn shows(&mut self, text: &str) -> Result<()> {
        let wait = async {
            loop {
                let at = self
                    .shown
                    .windows(text.len())
                    .position(|shown| shown == text.as_bytes());
                if let Some(at) = at {
                    self.shown.drain(..at + text.len());
                    return Ok(());
                }
                self.read().await?;
            }
        };
        let came = timeout(PATIENCE, wait).await;
        came.unwrap_or_else(|_| {
            let shown = String::from_utf8_lossy(&self.shown);
            bail!("{text:?} does not show, but {shown:?}")
        })
    }

    /// Waits until anything more is shown.
    pub(crate) async fn shows_anything(&mut self) -> Result<()> {
        self.shown.clear();
        let came = timeout(PATIENCE, self.read()).await;
        came.unwrap_or_else(|_| bail!("nothing more shows"))
    }

    async fn read(&mut self) -> Result<()> {
        match self.socket.next().await {
            Some(Ok(Message::Binary(bytes))) => self.shown.extend(&bytes),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(other)) => bail!("the terminal says {other:?}"),
            Some(Err(error)) => return Err(error).context("reading the terminal"),
            None => bail!("the terminal is closed"),
        }
        Ok(())
    }
}

//! How long a key takes from a terminal's reader to the shell and back.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use futures::{SinkExt, StreamExt};
use machine::{Client, MachineId};
use tokio::{
    net::UnixStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::{Doing, Error};

/// How long a shell may take to its prompt.
const PROMPT_WITHIN: Duration = Duration::from_secs(20);

/// How long one key is waited for; it then counts as this long.
const KEY_WITHIN: Duration = Duration::from_secs(5);

/// The pause between two keys: ten times a fast typist's pace, so that there are enough of them.
const PAUSE: Duration = Duration::from_millis(10);

/// So many keys make a line, which is then taken back.
const LINE: usize = 40;

/// A terminal of a machine.
#[derive(Debug)]
pub(crate) struct Terminal {
    socket: WebSocketStream<UnixStream>,
}

/// What keys took, sorted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Echoes(Vec<Duration>);

impl Terminal {
    pub(crate) async fn open(client: &Client, id: &MachineId, name: &str) -> Result<Self, Error> {
        let mut terminal = Self {
            socket: client.terminal(id, name, 80, 24).await?,
        };
        // The typed words are not the printed ones.
        terminal.send(b"echo pro''mpt\n").await?;
        let shown = timeout(PROMPT_WITHIN, terminal.read_until(b"prompt")).await;
        shown
            .map_err(std::io::Error::from)
            .doing(|| "wait for a shell's prompt".into())??;
        Ok(terminal)
    }

    async fn send(&mut self, keys: &[u8]) -> Result<(), Error> {
        self.socket
            .send(Message::binary(keys.to_vec()))
            .await
            .map_err(std::io::Error::other)
            .doing(|| "type".into())
    }

    /// Reads until the output, from now on, has `text`.
    async fn read_until(&mut self, text: &[u8]) -> Result<(), Error> {
        let mut shown = Vec::new();
        while !shown.windows(text.len()).any(|window| window == text) {
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => shown.extend_from_slice(&bytes),
                other => {
                    let what = std::io::Error::other(format!("{other:?} instead of output"));
                    return Err(what).doing(|| "read a terminal".into());
                }
            }
        }
        Ok(())
    }

    /// Has a program print as fast as it can, and reads all of it.
    pub(crate) async fn shout(&mut self, time: Duration) -> Result<(), Error> {
        self.send(format!("timeout {} yes\n", time.as_secs()).as_bytes())
            .await?;
        let read = async { while let Some(Ok(_)) = self.socket.next().await {} };
        // It ends by the clock.
        let _ = timeout(time, read).await;
        Ok(())
    }

    /// Types, a key at a time, and measures each one's way: for this long at least, and then until
    /// `over` says so.
    pub(crate) async fn echoes(
        &mut self,
        time: Duration,
        over: &AtomicBool,
    ) -> Result<Echoes, Error> {
        let (until, mut echoes) = (Instant::now() + time, Vec::new());
        while Instant::now() < until || !over.load(Ordering::Relaxed) {
            let key = [b'a' + (echoes.len() % 26) as u8];
            let typed = Instant::now();
            self.send(&key).await?;
            match timeout(KEY_WITHIN, self.read_until(&key)).await {
                Ok(shown) => shown?,
                Err(_) => {
                    echoes.push(KEY_WITHIN);
                    continue;
                }
            }
            echoes.push(typed.elapsed());
            sleep(PAUSE).await;
            if echoes.len() % LINE == 0 {
                // Ctrl-U; what it shows has none of the next keys.
                self.send(b"\x15").await?;
                sleep(PAUSE).await;
            }
        }
        echoes.sort();
        Ok(Echoes(echoes))
    }
}

impl Echoes {
    /// What `percent` of the keys stayed below.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let index = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(index).copied().unwrap_or_default()
    }

    /// `p50 1.2 ms, p99 3.4 ms of 100 keys`.
    pub(crate) fn words(&self) -> String {
        let ms = |percent| self.percentile(percent).as_secs_f64() * 1000.0;
        format!(
            "p50 {:.1} ms, p99 {:.1} ms of {} keys",
            ms(50),
            ms(99),
            self.0.len()
        )
    }
}

//! What programs write: read as it comes, kept as far as anybody needs it.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    task::JoinHandle,
    time::Duration,
};

use crate::host::lock;

/// How long output is waited for after its program ended. What it left in the pipe is there at once;
/// a daemon that it started may hold the pipe open for ever.
pub(crate) const DRAIN: Duration = Duration::from_millis(200);

/// Which end of the output is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    First,
    Last,
}

/// An output that is being read. All of it is taken, so that its program never waits.
#[derive(Debug)]
pub(crate) struct Output {
    kept: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
}

impl Output {
    /// Reads `from` to its end and keeps at most `most` bytes.
    pub(crate) fn read(
        from: impl AsyncRead + Send + Unpin + 'static,
        most: usize,
        keep: Keep,
    ) -> Self {
        let kept = Arc::default();
        let reading = tokio::spawn(take(from, most, keep, Arc::clone(&kept)));
        Self { kept, reading }
    }

    /// What is kept, after the program's end.
    pub(crate) async fn text(mut self) -> String {
        let _ = tokio::time::timeout(DRAIN, &mut self.reading).await;
        self.reading.abort();
        String::from_utf8_lossy(&lock(&self.kept)).into_owned()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn take(
    mut from: impl AsyncRead + Unpin,
    most: usize,
    keep: Keep,
    kept: Arc<Mutex<Vec<u8>>>,
) {
    let mut buffer = vec![0; 8192];
    // An error is an end like any other.
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let mut kept = lock(&kept);
        match keep {
            Keep::First => {
                let room = most - kept.len();
                kept.extend_from_slice(&buffer[..count.min(room)]);
            }
            Keep::Last => {
                kept.extend_from_slice(&buffer[..count]);
                let excess = kept.len().saturating_sub(most);
                kept.drain(..excess);
            }
        }
    }
}

//! A machine's own word that its engine answers: a pipe that its first process writes one line to.
//! Asking the engine instead takes a sidecar, and a look every so often.

use std::{io, os::fd::OwnedFd, process::Stdio, time::Duration};

use rustix::fs::{Gid, Uid, fchown};
use tokio::{io::AsyncReadExt, net::unix::pipe, time::timeout};

use crate::ids::IdRange;

/// What the first process is told: the number of its pipe, which is its standard output.
pub(crate) const VARIABLE: &str = "GYOSIL_READY_FD=1";

/// The line that says so.
const READY: &[u8] = b"ready\n";

/// The reading end. What comes through it is a student's to choose.
#[derive(Debug)]
pub(crate) struct Word(pipe::Receiver);

/// A pipe whose writing end is for the first process of a machine with these ids.
pub(crate) fn pipe(ids: IdRange) -> io::Result<(Word, Stdio)> {
    let (reader, writer) = io::pipe()?;
    // It is opened anew inside, by whom it would otherwise not belong to.
    let root = ids.root();
    fchown(
        &writer,
        Some(Uid::from_raw(root)),
        Some(Gid::from_raw(root)),
    )?;
    let reader = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
    Ok((Word(reader), Stdio::from(writer)))
}

impl Word {
    /// Waits for the word; whether it came, within the limit. Nothing is read beyond it.
    pub(crate) async fn comes(mut self, limit: Duration) -> bool {
        let mut word = [0; READY.len()];
        let read = timeout(limit, self.0.read_exact(&mut word)).await;
        matches!(read, Ok(Ok(_))) && word == *READY
    }
}

//! What services print becomes lines of the journal.

use std::os::fd::OwnedFd;

use super::Manager;
use crate::journal::{MAX_LINE, Speaker};

/// The output of a service.
pub(super) struct Output {
    pub(super) pipe: OwnedFd,
    unit: String,
    speaker: Speaker,
    /// What has come of a line whose end has not.
    begun: Vec<u8>,
}

impl Manager {
    /// Reads on from an output; at its end, forgets it.
    pub(super) fn read_output(&mut self, index: usize) {
        let Some(output) = self.outputs.get_mut(index) else {
            return;
        };
        let mut bytes = [0; MAX_LINE];
        let count = rustix::io::read(&output.pipe, &mut bytes).unwrap_or(0);
        output.begun.extend_from_slice(&bytes[..count]);
        while let Some(end) = output.end_of_line(count == 0) {
            let line: Vec<u8> = output.begun.drain(..end).collect();
            let line = String::from_utf8_lossy(&line);
            self.context.journal.write(
                &output.unit,
                &output.speaker,
                line.trim_end_matches(['\n', '\r']),
            );
        }
        if count == 0 {
            self.outputs.remove(index);
        }
    }
}

impl Output {
    pub(super) fn new(pipe: OwnedFd, unit: String, speaker: Speaker) -> Self {
        Self {
            pipe,
            unit,
            speaker,
            begun: Vec::new(),
        }
    }

    /// Where the first line ends, if it does: a long one ends nonetheless, and all ends at the end.
    fn end_of_line(&self, is_end: bool) -> Option<usize> {
        let newline = self
            .begun
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|at| at + 1);
        let is_long = self.begun.len() >= MAX_LINE;
        let rest = ((is_end || is_long) && !self.begun.is_empty())
            .then_some(self.begun.len().min(MAX_LINE));
        newline.filter(|end| *end <= MAX_LINE).or(rest)
    }
}

//! The last output of a terminal, for who attaches later.

use std::collections::VecDeque;

/// What is kept, in bytes: about three thousand full lines, more than anybody scrolls back.
const KEPT: usize = 256 * 1024;

/// How far into what is left of a cut output a line's end is looked for, in bytes.
const LINE_SEARCH: usize = 4096;

/// The last [`KEPT`] bytes of an output.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    bytes: VecDeque<u8>,
    is_cut: bool,
}

impl Ring {
    pub(crate) fn push(&mut self, output: &[u8]) {
        self.bytes.extend(output);
        if self.bytes.len() > KEPT {
            self.bytes.drain(..self.bytes.len() - KEPT);
            self.is_cut = true;
        }
    }

    /// What is kept, beginning where a terminal can begin: at a line's start, or else at a
    /// character's. In the middle of an escape sequence, its rest would be shown as text.
    pub(crate) fn replay(&self) -> Vec<u8> {
        let all = || self.bytes.iter().copied();
        let start = if self.is_cut {
            let line = all()
                .take(LINE_SEARCH)
                .position(|byte| byte == b'\n')
                .map(|end| end + 1);
            let is_start = |byte: u8| byte & 0b1100_0000 != 0b1000_0000;
            line.or_else(|| all().position(is_start)).unwrap_or(0)
        } else {
            0
        };
        all().skip(start).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Ring};

    #[test]
    fn a_short_output_is_kept_whole() {
        let mut ring = Ring::default();
        ring.push("가나\n".as_bytes());
        ring.push(b"x");
        assert_eq!(ring.replay(), "가나\nx".as_bytes());
    }

    #[test]
    fn a_cut_output_begins_with_a_line() {
        let mut ring = Ring::default();
        for number in 0..100_000 {
            ring.push(format!("\x1b[31m{number:06}\x1b[0m\n").as_bytes());
        }
        let replay = String::from_utf8(ring.replay()).expect("whole characters");
        assert!(replay.len() <= KEPT && replay.len() > KEPT - 100);
        assert!(replay.starts_with("\x1b[31m0"), "{:?}", &replay[..20]);
        assert!(replay.ends_with("099999\x1b[0m\n"));
    }

    #[test]
    fn a_cut_output_without_lines_begins_with_a_character() {
        let mut ring = Ring::default();
        // Three bytes each, so that the cut falls inside of one.
        ring.push("한".repeat(KEPT / 3 + 100).as_bytes());
        assert!(
            String::from_utf8(ring.replay())
                .expect("whole characters")
                .starts_with('한')
        );
    }
}

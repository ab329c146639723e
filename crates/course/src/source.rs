//! Files as lines, pieces of them to be rendered, and places in them.

use std::fmt::{self, Display, Write as _};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::problem::{CODES, PROBLEMS_MAX, Problem};

/// How much of a line is shown before the place in question, in characters. Lines of prose are as
/// long as paragraphs; a report that repeated them whole could not be read.
const BEFORE_MAX: usize = 100;

/// How much of the place itself is shown.
const WIDTH_MAX: usize = 100;

/// A file of the course.
pub(crate) struct Source<'a> {
    /// Its path, relative to the course's folder.
    pub(crate) path: &'a str,
    /// Its lines, without their ends.
    pub(crate) lines: Vec<&'a str>,
    /// How many problems have been told.
    told: AtomicUsize,
}

/// A place in a file. Bytes, since they cost nothing: characters are counted when somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Index of the line, from 0.
    pub(crate) line: usize,
    /// Byte of the line at which it begins.
    pub(crate) start: usize,
    /// Its length in bytes.
    pub(crate) len: usize,
}

impl<'a> Source<'a> {
    pub(crate) fn new(path: &'a str, text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            path,
            lines: text.lines().collect(),
            told: AtomicUsize::new(0),
        }
    }

    /// The whole of a line, without its indentation.
    pub(crate) fn line(&self, line: usize) -> Spot {
        let text = self.lines.get(line).copied().unwrap_or_default();
        Spot {
            line,
            start: text.len() - text.trim_start().len(),
            len: text.trim().len(),
        }
    }

    /// A part of a line, given in bytes of it.
    pub(crate) fn within(&self, line: usize, bytes: Range<usize>) -> Spot {
        Spot {
            line,
            start: bytes.start,
            len: bytes.len(),
        }
    }

    /// A problem at this place; `None` when as many of this file have been told as a report holds. A
    /// page may have any number of them, and each costs its words and its line: enough is enough.
    pub(crate) fn problem(
        &self,
        spot: Spot,
        code: &'static str,
        message: impl Display,
        help: impl Display,
    ) -> Option<Problem> {
        debug_assert!(
            CODES.contains(&code),
            "{code} is not among the codes that docs/authoring.md explains"
        );
        if self.told.fetch_add(1, Ordering::Relaxed) >= PROBLEMS_MAX {
            return None;
        }
        let text = self.lines.get(spot.line).copied().unwrap_or_default();
        let chars = |bytes: &str| bytes.chars().count();
        let start = text.floor_char_boundary(spot.start);
        let end = text.floor_char_boundary(spot.start + spot.len);
        let column = chars(&text[..start]);
        let skipped = column.saturating_sub(BEFORE_MAX);
        Some(Problem {
            code,
            file: self.path.to_owned(),
            line: spot.line + 1,
            column: column + 1,
            width: chars(&text[start..end]).clamp(1, WIDTH_MAX),
            source: text
                .chars()
                .skip(skipped)
                .take(BEFORE_MAX + WIDTH_MAX)
                .collect(),
            skipped,
            message: message.to_string(),
            help: help.to_string(),
        })
    }
}

/// Markdown made of lines of a file, each perhaps with its indentation cut, with lines of our own
/// between them. It remembers where each line is from.
#[derive(Default)]
pub(crate) struct Fragment {
    pub(crate) text: String,
    /// Per line of the text: where it begins in it, which line of the file it is, and how many
    /// bytes of that were cut.
    lines: Vec<(usize, usize, usize)>,
}

impl Fragment {
    /// Adds a line of the file, without its first `cut` bytes.
    pub(crate) fn push(&mut self, line: usize, text: &str, cut: usize) {
        self.lines.push((self.text.len(), line, cut));
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Adds a paragraph of our own in place of a line of the file.
    pub(crate) fn push_paragraph(&mut self, line: usize, text: fmt::Arguments<'_>) {
        self.push(line, "", 0);
        self.lines.push((self.text.len(), line, 0));
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{text}");
        self.push(line, "", 0);
    }

    /// Lines of a file as they are.
    pub(crate) fn of_lines(source: &Source<'_>, range: Range<usize>) -> Self {
        let mut fragment = Self::default();
        for line in range {
            fragment.push(line, source.lines[line], 0);
        }
        fragment
    }

    /// A single line's part, from this byte of it on.
    pub(crate) fn of_tail(source: &Source<'_>, line: usize, from: usize) -> Self {
        let mut fragment = Self::default();
        let text = source.lines[line];
        fragment.push(line, &text[from..], from);
        fragment
    }

    /// The text before this byte, and that from `skip` bytes behind it on.
    pub(crate) fn cut(&self, at: usize, skip: usize) -> (Self, Self) {
        let mut parts = (Self::default(), Self::default());
        for (index, (start, line, cut)) in self.lines.iter().enumerate() {
            let end = self
                .lines
                .get(index + 1)
                .map_or(self.text.len(), |next| next.0);
            let text = self.text[*start..end].trim_end_matches('\n');
            if end <= at {
                parts.0.push(*line, text, *cut);
            } else if *start > at {
                parts.1.push(*line, text, *cut);
            } else {
                let (before, after) = (&text[..at - start], &text[at - start + skip..]);
                parts.0.push(*line, before, *cut);
                parts.1.push(*line, after, cut + at - start + skip);
            }
        }
        parts
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Where in the file this part of the text is; of a part of several lines, the first.
    pub(crate) fn spot(&self, range: Range<usize>) -> Spot {
        let index = self
            .lines
            .partition_point(|(start, ..)| *start <= range.start)
            .saturating_sub(1);
        let Some(&(start, line, cut)) = self.lines.get(index) else {
            return Spot {
                line: 0,
                start: 0,
                len: 0,
            };
        };
        let part = self.text.get(range.clone()).unwrap_or_default();
        Spot {
            line,
            start: cut + range.start.saturating_sub(start),
            len: part.find('\n').unwrap_or(part.len()),
        }
    }
}

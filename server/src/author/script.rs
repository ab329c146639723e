//! A course's script as the tools that check it see it.

use std::{
    fs::File,
    io::{self, Seek as _, Write as _},
};

use course::ScriptAt;
use rustix::fs::{MemfdFlags, memfd_create};

use super::finding::{Finding, Severity};

/// A script, and where it stands.
#[derive(Debug)]
pub(super) struct Script {
    /// The file, relative to the course's folder.
    pub(super) file: String,
    /// The line of that file where its first line stands, from 1.
    pub(super) line: usize,
    /// What is to be checked: with values in the places of vars.
    pub(super) text: String,
    /// What the author wrote.
    pub(super) written: String,
    /// Whether a student types it, as against what the classroom runs.
    pub(super) is_typed: bool,
}

/// A place in a script.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// From 1, counted in the script.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
    /// In characters.
    pub(super) width: usize,
}

impl Script {
    pub(super) fn of(at: ScriptAt<'_>) -> Self {
        // Any student's values will do: they are words of letters and digits for all of them.
        let values = at.lesson.values(at.exercise, "student");
        Self {
            line: at.line,
            text: at.script.with(&values),
            written: at.script.as_str().to_owned(),
            is_typed: at.what == "solution" || at.what.starts_with("wrong"),
            file: at.file,
        }
    }

    /// A line without its indentation: the last one, where a tool complains about the end.
    pub(super) fn place(&self, line: usize) -> Place {
        let line = line.clamp(1, self.written.lines().count().max(1));
        let text = self.source(line);
        let indent = text.chars().take_while(|c| c.is_whitespace()).count();
        Place {
            line,
            column: indent + 1,
            width: text.trim().chars().count().max(1),
        }
    }

    /// The place between two columns of a line, as a tool counts them in `text`.
    pub(super) fn between(&self, line: usize, column: usize, end: usize) -> Place {
        // Where values stand for vars, columns of the one are none of the other.
        if self.text.lines().nth(line.saturating_sub(1)) != Some(self.source(line)) {
            return self.place(line);
        }
        Place {
            line,
            column: column.max(1),
            width: end.saturating_sub(column).max(1),
        }
    }

    /// A finding about a place of this script.
    pub(super) fn finding(
        &self,
        severity: Severity,
        code: String,
        place: Place,
        message: String,
        help: String,
    ) -> Finding {
        Finding {
            severity,
            code,
            file: self.file.clone(),
            line: self.line + place.line - 1,
            column: place.column,
            width: place.width,
            source: self.source(place.line).to_owned(),
            skipped: 0,
            message,
            help,
        }
    }

    fn source(&self, line: usize) -> &str {
        self.written
            .lines()
            .nth(line.saturating_sub(1))
            .unwrap_or_default()
    }
}

/// A file in memory, for a program's standard input: nobody has to write while the program reads.
pub(super) fn memory_file(text: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("scripts", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

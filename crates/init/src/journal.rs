//! The journal: what services print, a file for each, bounded in size and in rate.
//!
//! A line is `MICROSECONDS IDENTIFIER[PID] MESSAGE`. Root and the groups `adm` and
//! `systemd-journal` may read it, as on Debian.

use std::{
    collections::HashMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::clock::{self, Micros};

/// Where the files are; none other than ours.
pub(crate) const FOLDER: &str = "/var/log/journal";

/// How large a service's file grows, in bytes, before it becomes the old one and a new one is begun:
/// some 40,000 lines of dockerd, and with the old one a thousandth of a machine's disk.
const MAX_SIZE: u64 = 4 << 20;

/// How many lines of one service are kept within [`BURST_TIME`]: journald's own limit.
const BURST: u32 = 10_000;
const BURST_TIME: Duration = Duration::from_secs(30);

/// The longest line that is kept whole, in bytes: longer ones become several. dockerd's longest, of
/// an image pull, have 1 KiB.
pub(crate) const MAX_LINE: usize = 8 << 10;

/// Who says something: a program, and which of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Speaker {
    pub(crate) identifier: String,
    pub(crate) pid: u32,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: Micros,
    pub(crate) speaker: Speaker,
    pub(crate) message: String,
}

/// The files, for writing.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    services: HashMap<String, Service>,
}

/// The file of one service, and how much came of it lately.
#[derive(Debug)]
struct Service {
    file: Option<File>,
    size: u64,
    since: Instant,
    lines: u32,
    dropped: u32,
}

impl Journal {
    /// Notes what a service printed.
    pub(crate) fn write(&mut self, unit: &str, speaker: &Speaker, message: &str) {
        let service = self
            .services
            .entry(unit.to_owned())
            .or_insert_with(|| Service {
                file: None,
                size: 0,
                since: Instant::now(),
                lines: 0,
                dropped: 0,
            });
        if service.since.elapsed() > BURST_TIME {
            service.tell_dropped(unit);
            service.since = Instant::now();
            service.lines = 0;
        }
        service.lines += 1;
        // A full disk must not stop a service; what could not be kept is told when there is room.
        if service.lines > BURST || service.append(unit, speaker, message).is_err() {
            service.dropped += 1;
        }
    }

    /// Notes what the machine's first process has to say of a service. It goes by systemd's name, as
    /// everything that is written about services expects.
    pub(crate) fn note(&mut self, unit: &str, message: &str) {
        self.write(unit, &manager(), message);
    }
}

fn manager() -> Speaker {
    Speaker {
        identifier: "systemd".to_owned(),
        pid: 1,
    }
}

impl Service {
    fn tell_dropped(&mut self, unit: &str) {
        if self.dropped > 0 {
            let message = format!("Suppressed {} messages from {unit}", self.dropped);
            let speaker = Speaker {
                identifier: "systemd-journald".to_owned(),
                pid: 1,
            };
            if self.append(unit, &speaker, &message).is_ok() {
                self.dropped = 0;
            }
        }
    }

    fn append(&mut self, unit: &str, speaker: &Speaker, message: &str) -> io::Result<()> {
        let line = format!(
            "{} {}[{}] {}\n",
            clock::now(),
            speaker.identifier,
            speaker.pid,
            printable(message)
        );
        let is_gone = |file: &File| file.metadata().is_ok_and(|meta| meta.nlink() == 0);
        if self.file.as_ref().is_some_and(is_gone) {
            self.file = None;
        } else if self.size + line.len() as u64 > MAX_SIZE {
            self.file = None;
            fs::rename(current(unit), old(unit))?;
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = open(unit)?;
                self.size = file.metadata()?.len();
                none.insert(file)
            }
        };
        file.write_all(line.as_bytes())?;
        self.size += line.len() as u64;
        Ok(())
    }
}

/// What would move a terminal's cursor, or change its colours, is no text.
fn printable(message: &str) -> String {
    message
        .chars()
        .map(|c| {
            if c.is_control() && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

fn current(unit: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{unit}.log"))
}

fn old(unit: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{unit}.log.old"))
}

fn open(unit: &str) -> io::Result<File> {
    let group = nix::unistd::Group::from_name("adm").ok().flatten();
    let group = group.map(|group| group.gid.as_raw());
    if !Path::new(FOLDER).is_dir() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(FOLDER)?;
    }
    let path = current(unit);
    let is_new = !path.exists();
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .open(&path)?;
    if is_new {
        chown(&path, None, group)?;
    }
    Ok(file)
}

/// Reads a line of a file; `None` if it is none, such as one that a full disk cut short.
pub(crate) fn parse(line: &str) -> Option<Entry> {
    let (at, rest) = line.split_once(' ')?;
    let (speaker, message) = rest.split_once("] ")?;
    let (identifier, pid) = speaker.rsplit_once('[')?;
    Some(Entry {
        at: at.parse().ok()?,
        speaker: Speaker {
            identifier: identifier.to_owned(),
            pid: pid.parse().ok()?,
        },
        message: message.to_owned(),
    })
}

/// The services that have said something; with [`read`], what they have said.
pub(crate) fn units() -> Vec<String> {
    let entries = fs::read_dir(FOLDER).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut units: Vec<String> = names
        .filter_map(|name| {
            let unit = name
                .strip_suffix(".log")
                .or_else(|| name.strip_suffix(".log.old"));
            unit.map(str::to_owned)
        })
        .collect();
    units.sort();
    units.dedup();
    units
}

/// Another number once somebody has said something more.
pub(crate) fn stamp() -> u64 {
    let files = fs::read_dir(FOLDER).into_iter().flatten().flatten();
    let sizes = files.filter_map(|file| Some(file.metadata().ok()?.len()));
    sizes.fold(0, |sum, size| sum.wrapping_mul(31).wrapping_add(size))
}

/// All that a service has said, oldest first.
///
/// # Errors
/// When the files cannot be read; none are fine.
pub(crate) fn read(unit: &str) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for path in [old(unit), current(unit)] {
        match fs::read(path) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                entries.extend(text.lines().filter_map(parse));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_an_entry() {
        let entry = parse("1795515072000000 dockerd[42] time=\"x\" [a] b").expect("an entry");
        assert_eq!(entry.at, 1_795_515_072_000_000);
        assert_eq!(
            entry.speaker,
            Speaker {
                identifier: "dockerd".into(),
                pid: 42
            }
        );
        assert_eq!(entry.message, "time=\"x\" [a] b");
        assert_eq!(parse("1795515072000000 dockerd[4"), None);
    }

    #[test]
    fn a_terminals_commands_are_no_text() {
        assert_eq!(printable("a\u{1b}[2Jb\tc한"), "a\u{fffd}[2Jb\tc한");
    }

    proptest! {
        #[test]
        fn any_line_is_an_entry_or_none(line in "\\PC{0,60}|[0-9]{1,20} a\\[[0-9]{0,9}\\] ?.*") {
            let _ = parse(&line);
        }
    }
}

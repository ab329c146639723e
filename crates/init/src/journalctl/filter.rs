//! Which entries are wanted.

use std::{fs, io};

use crate::{
    clock::{self, Micros},
    journal::{self, Entry},
};

/// How many ticks of `/proc/PID/stat` are a second: what Linux tells every program.
const TICKS: u64 = 100;

/// What is wanted; an empty list wants all.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) units: Vec<String>,
    pub(super) since: Option<Micros>,
    pub(super) until: Option<Micros>,
    pub(super) identifiers: Vec<String>,
    pub(super) texts: Vec<String>,
}

impl Filter {
    /// The wanted entries, oldest first.
    ///
    /// # Errors
    /// When the journal must not be read.
    pub(super) fn read(&self) -> io::Result<Vec<Entry>> {
        let units = if self.units.is_empty() {
            journal::units()
        } else {
            self.units.clone()
        };
        let mut entries = Vec::new();
        for unit in units {
            let all = journal::read(&unit)?;
            entries.extend(all.into_iter().filter(|entry| self.wants(entry)));
        }
        // Each unit's are in order already, and stay so where two have the same time.
        entries.sort_by_key(|entry| entry.at);
        Ok(entries)
    }

    /// The wanted entries that are newer.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(super) fn read_after(&self, last: Option<Micros>) -> io::Result<Vec<Entry>> {
        let mut entries = self.read()?;
        entries.retain(|entry| Some(entry.at) > last);
        Ok(entries)
    }

    fn wants(&self, entry: &Entry) -> bool {
        let is_one = |list: &[String], test: &dyn Fn(&String) -> bool| {
            list.is_empty() || list.iter().any(test)
        };
        self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at <= until)
            && is_one(&self.identifiers, &|name| *name == entry.speaker.identifier)
            && is_one(&self.texts, &|text| entry.message.contains(text.as_str()))
    }
}

/// When the machine's first process began: its start, counted from the host's, and the host's.
pub(super) fn booted() -> Micros {
    let stat = fs::read_to_string("/proc/1/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name
        .split(' ')
        .nth(19)
        .and_then(|ticks| ticks.parse().ok())
        .unwrap_or(0);
    let host = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let up: f64 = host
        .split(' ')
        .next()
        .and_then(|up| up.parse().ok())
        .unwrap_or(0.0);
    let up = std::time::Duration::from_secs_f64(up.max(0.0)).as_micros();
    let ago = u64::try_from(up)
        .unwrap_or(0)
        .saturating_sub(ticks * 1_000_000 / TICKS);
    // The kernel counts in hundredths of a second.
    clock::now().saturating_sub(ago + 20_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Speaker;

    #[test]
    fn an_entry_has_to_be_all_that_is_wanted() {
        let entry = Entry {
            at: 100,
            speaker: Speaker {
                identifier: "dockerd".into(),
                pid: 1,
            },
            message: "API listen".into(),
        };
        let wants = |filter: Filter| filter.wants(&entry);
        let one = |text: &str| vec![text.to_owned()];
        assert!(wants(Filter::default()));
        assert!(wants(Filter {
            since: Some(100),
            until: Some(100),
            ..Filter::default()
        }));
        assert!(!wants(Filter {
            since: Some(101),
            ..Filter::default()
        }));
        assert!(!wants(Filter {
            until: Some(99),
            ..Filter::default()
        }));
        assert!(!wants(Filter {
            identifiers: one("systemd"),
            ..Filter::default()
        }));
        assert!(wants(Filter {
            texts: one("API"),
            identifiers: one("dockerd"),
            ..Filter::default()
        }));
    }
}

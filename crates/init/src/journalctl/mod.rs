//! `journalctl`, as far as a lesson on services needs it: journalctl(1).

mod filter;

use std::{process::ExitCode, time::Duration};

use filter::Filter;

use crate::{
    clock, files,
    journal::{self, Entry},
    options::{self, Known, Page, Takes, complain},
};

/// Options; those that need nothing here are taken and change nothing.
const OPTIONS: [Known; 22] = [
    known("unit", Some('u'), Takes::Value),
    known("catalog", Some('x'), Takes::Nothing),
    known("pager-end", Some('e'), Takes::Nothing),
    known("follow", Some('f'), Takes::Nothing),
    known("lines", Some('n'), Takes::Maybe),
    known("no-tail", None, Takes::Nothing),
    known("reverse", Some('r'), Takes::Nothing),
    known("output", Some('o'), Takes::Value),
    known("since", Some('S'), Takes::Value),
    known("until", Some('U'), Takes::Value),
    known("boot", Some('b'), Takes::Maybe),
    known("identifier", Some('t'), Takes::Value),
    known("grep", Some('g'), Takes::Value),
    known("no-pager", None, Takes::Nothing),
    known("no-hostname", None, Takes::Nothing),
    known("utc", None, Takes::Nothing),
    known("all", Some('a'), Takes::Nothing),
    known("full", Some('l'), Takes::Nothing),
    known("quiet", Some('q'), Takes::Nothing),
    known("system", None, Takes::Nothing),
    known("help", Some('h'), Takes::Nothing),
    known("merge", Some('m'), Takes::Nothing),
];

const fn known(long: &'static str, short: Option<char>, value: Takes) -> Known {
    Known { long, short, value }
}

const HELP: &str = "journalctl [OPTIONS...]

Show what the services of this machine have said.

  -u --unit=UNIT             Show logs from the specified unit
  -S --since=DATE            Show entries not older than the specified date
  -U --until=DATE            Show entries not newer than the specified date
  -b --boot                  Show the current boot only
  -t --identifier=STRING     Show entries with the specified identifier
  -g --grep=TEXT             Show entries with the specified text
  -o --output=FORMAT         short, short-iso, short-full, cat
  -n --lines[=INTEGER]       Number of journal entries to show
  -r --reverse               Show the newest entries first
  -e --pager-end             Show the last 1000 entries
  -f --follow                Follow the journal
     --no-hostname  --no-pager  -q --quiet  -a --all  -x --catalog";

/// How many lines `-e` shows, and `-n` and `-f` without a number: as journalctl.
const END_LINES: usize = 1_000;
const SOME_LINES: usize = 10;

/// How often `-f` looks for more.
const FOLLOW_EVERY: Duration = Duration::from_millis(200);

/// How a line is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Short,
    Iso,
    Full,
    /// The message alone.
    Cat,
}

/// `Nov 24 10:11:12 gyosil dockerd[123]: …`.
pub(crate) fn short(entry: &Entry) -> String {
    show(entry, Format::Short, &host())
}

/// This machine's name, with a blank before it.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!(" {}", name.trim())
}

fn show(entry: &Entry, format: Format, host: &str) -> String {
    let time = match format {
        Format::Cat => return entry.message.clone(),
        Format::Short => clock::short(entry.at),
        Format::Iso => clock::iso(entry.at),
        Format::Full => clock::full(entry.at),
    };
    let speaker = &entry.speaker;
    format!(
        "{time}{host} {}[{}]: {}",
        speaker.identifier, speaker.pid, entry.message
    )
}

/// What to show, and how.
struct Plan {
    filter: Filter,
    /// None: all.
    lines: Option<usize>,
    format: Format,
    host: String,
    is_reversed: bool,
    follows: bool,
    is_quiet: bool,
}

/// `journalctl`.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let plan = options::read(arguments, &OPTIONS)
        .map_err(|why| format!("journalctl: {why}"))
        .and_then(|read| plan(&read));
    match plan {
        Ok(Some(plan)) => run(&plan),
        Ok(None) => {
            let mut page = Page::default();
            page.line(HELP);
            page.send();
            ExitCode::SUCCESS
        }
        Err(why) => {
            complain(&why);
            ExitCode::FAILURE
        }
    }
}

/// What the options ask for; nothing, where they ask for help.
fn plan(read: &options::Read) -> Result<Option<Plan>, String> {
    if read.has("help") {
        return Ok(None);
    }
    if let Some(word) = read.words.first() {
        return Err(format!("Failed to add match '{word}': Invalid argument"));
    }
    let format = match read.value("output") {
        None | Some("short") => Format::Short,
        Some("short-iso") => Format::Iso,
        Some("short-full") => Format::Full,
        Some("cat") => Format::Cat,
        Some(other) => return Err(format!("Unknown output format '{other}'.")),
    };
    let follows = read.has("follow");
    let lines = match read.value("lines") {
        Some("all") => None,
        Some(number) => {
            let number = number.trim_start_matches('+').parse();
            Some(number.map_err(|_| "Failed to parse lines".to_owned())?)
        }
        None if read.has("lines") || (follows && !read.has("no-tail")) => Some(SOME_LINES),
        None if read.has("pager-end") => Some(END_LINES),
        None => None,
    };
    Ok(Some(Plan {
        filter: filter(read)?,
        lines,
        format,
        host: if read.has("no-hostname") {
            String::new()
        } else {
            host()
        },
        is_reversed: read.has("reverse"),
        follows,
        is_quiet: read.has("quiet"),
    }))
}

fn filter(read: &options::Read) -> Result<Filter, String> {
    let now = clock::now();
    let time = |name: &str| match read.value(name) {
        None => Ok(None),
        Some(text) => clock::parse(text, now)
            .map(Some)
            .ok_or_else(|| format!("Failed to parse timestamp: {text}")),
    };
    let units = read
        .values("unit")
        .into_iter()
        .map(|unit| files::own_name(&files::full_name(unit)));
    let boot = match read.value("boot") {
        None | Some("0" | "-0") if read.has("boot") => Some(filter::booted()),
        None => None,
        Some(_) => {
            return Err(
                "Data from the specified boot is not available: No such boot ID in journal"
                    .to_owned(),
            );
        }
    };
    Ok(Filter {
        units: units.collect(),
        since: time("since")?.max(boot),
        until: time("until")?,
        identifiers: read
            .values("identifier")
            .into_iter()
            .map(str::to_owned)
            .collect(),
        texts: read.values("grep").into_iter().map(str::to_owned).collect(),
    })
}

fn run(plan: &Plan) -> ExitCode {
    let mut entries = match plan.filter.read() {
        Ok(entries) => entries,
        Err(_) => {
            complain(
                "Hint: You are currently not seeing messages from other users and the system.\n      \
                 Users in groups 'adm', 'systemd-journal' can see all messages.\n      \
                 Pass -q to turn off this notice.",
            );
            complain("No journal files were opened due to insufficient permissions.");
            return ExitCode::FAILURE;
        }
    };
    if let Some(lines) = plan.lines {
        entries.drain(..entries.len().saturating_sub(lines));
    }
    let mut last = entries.last().map(|entry| entry.at);
    if plan.is_reversed {
        entries.reverse();
    }
    let mut page = Page::default();
    if entries.is_empty() && !plan.is_quiet && !plan.follows {
        page.line("-- No entries --");
    }
    let mut seen = journal::stamp();
    loop {
        for entry in &entries {
            page.line(show(entry, plan.format, &plan.host));
        }
        if !page.send() || !plan.follows {
            return ExitCode::SUCCESS;
        }
        while journal::stamp() == seen {
            std::thread::sleep(FOLLOW_EVERY);
        }
        seen = journal::stamp();
        // What cannot be read for a moment, while it is being renamed, is read the next time.
        entries = plan.filter.read_after(last).unwrap_or_default();
        last = entries.last().map(|entry| entry.at).max(last);
    }
}

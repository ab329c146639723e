//! Probes: scripts that try something, and what they print.
//!
//! A line is `broken: …` for what got through, `untried: …` for what could not be tried, `saw: …` for
//! the rest worth knowing; the last one is `done`.

use std::fmt::Display;

use crate::{Error, Verdict, command::run};

/// A script for bash or perl with what it is given.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    is_perl: bool,
    text: &'static str,
    given: String,
}

impl Probe {
    pub(crate) fn bash(text: &'static str) -> Self {
        Self {
            is_perl: false,
            text,
            given: String::new(),
        }
    }

    pub(crate) fn perl(text: &'static str) -> Self {
        Self {
            is_perl: true,
            text,
            given: String::new(),
        }
    }

    /// Gives the script a list. Words with anything but a path's or an address's letters in them are
    /// left out: they could not be quoted alike in both languages, and no canary has such a name.
    pub(crate) fn give<T: Display>(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let plain = |word: &String| {
            let letter = |b: u8| b.is_ascii_alphanumeric() || b"./:_-@,".contains(&b);
            !word.is_empty() && word.bytes().all(letter)
        };
        let words: Vec<String> = values
            .into_iter()
            .map(|v| v.to_string())
            .filter(plain)
            .collect();
        let words = words.join(" ");
        self.given += &if self.is_perl {
            format!("our @{name} = qw({words});\n")
        } else {
            format!("{name}=({words})\n")
        };
        self
    }

    /// The command that reads [`script`](Self::script) from its standard input.
    pub(crate) fn command(&self) -> [&'static str; 2] {
        if self.is_perl {
            ["perl", "-"]
        } else {
            ["bash", "-s"]
        }
    }

    pub(crate) fn script(&self) -> String {
        format!("{}{}", self.given, self.text)
    }

    /// Runs it on the host itself.
    pub(crate) async fn on_host(&self) -> Result<Seen, Error> {
        let [program, argument] = self.command();
        let output = run(program, [argument], &self.script()).await?;
        Ok(Seen::read(&output, ""))
    }
}

/// What a check saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    broken: Vec<String>,
    untried: Vec<String>,
    saw: Vec<String>,
}

/// The most lines of one kind that are kept: a wall that is down altogether would fill the screen.
const LINES_MAX: usize = 24;

impl Seen {
    /// Understands a probe's output.
    pub(crate) fn read(output: &str, stderr: &str) -> Self {
        let mut seen = Self::default();
        for line in output.lines() {
            match line.split_once(": ") {
                Some(("broken", what)) => seen.broken.push(what.to_owned()),
                Some(("untried", what)) => seen.untried.push(what.to_owned()),
                Some(("saw", what)) => seen.saw.push(what.to_owned()),
                _ => {}
            }
        }
        if output.lines().last() != Some("done") {
            let last = stderr.trim().lines().last().unwrap_or_default();
            seen.untried
                .push(format!("the probe did not come to its end: {last}"));
        }
        seen
    }

    pub(crate) fn broken(mut self, what: impl Into<String>) -> Self {
        self.broken.push(what.into());
        self
    }

    pub(crate) fn untried(mut self, what: impl Into<String>) -> Self {
        self.untried.push(what.into());
        self
    }

    pub(crate) fn saw(mut self, what: impl Into<String>) -> Self {
        self.saw.push(what.into());
        self
    }

    /// `what` got through if `bad`.
    pub(crate) fn broken_if(self, bad: bool, what: impl FnOnce() -> String) -> Self {
        if bad { self.broken(what()) } else { self }
    }

    /// Whether what the probe should find where it may was found: else nothing is said by not finding
    /// it elsewhere.
    pub(crate) fn control(self, good: bool, what: &str) -> Self {
        if good {
            self
        } else {
            self.untried(format!("the control failed: {what}"))
        }
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.broken.extend(other.broken);
        self.untried.extend(other.untried);
        self.saw.extend(other.saw);
        self
    }

    /// Forgets what could not be tried: the probe was to go as far as it can, and is told no.
    pub(crate) fn forgive(mut self) -> Self {
        self.untried.clear();
        self
    }

    pub(crate) fn what_broke(&self) -> &[String] {
        &self.broken
    }

    pub(crate) fn verdict(&self) -> Verdict {
        if !self.broken.is_empty() {
            Verdict::Broken
        } else if !self.untried.is_empty() {
            Verdict::Untried
        } else {
            Verdict::Held
        }
    }

    /// What was seen, the worst first.
    pub(crate) fn lines(&self) -> Vec<String> {
        let few = |lines: &[String]| {
            let more = lines.len().saturating_sub(LINES_MAX);
            let rest = (more > 0).then(|| format!("and {more} more"));
            lines
                .iter()
                .take(LINES_MAX)
                .cloned()
                .chain(rest)
                .collect::<Vec<_>>()
        };
        [few(&self.broken), few(&self.untried), few(&self.saw)].concat()
    }
}

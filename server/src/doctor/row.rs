//! The rows of the doctor's table.

use std::io::{self, Write};

use app::Words;
use serde::Serialize;

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    Ok,
    /// A classroom runs, but not as well as it could.
    Warn,
    /// No classroom runs like this.
    Fail,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    /// What was looked at: the key of its name among the words.
    check: &'static str,
    pub(super) verdict: Verdict,
    found: String,
    /// What to do about it: a command to type, or a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Row {
    pub(super) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Ok,
            found: found.into(),
            mend: None,
        }
    }

    pub(super) fn warn(
        check: &'static str,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            check,
            verdict: Verdict::Warn,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }

    pub(super) fn fail(
        check: &'static str,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Fail,
            ..Self::warn(check, found, mend)
        }
    }

    /// `ok`, or what is wrong and its mend.
    pub(super) fn ok_or(
        is_ok: bool,
        check: &'static str,
        found: String,
        otherwise: Verdict,
        mend: String,
    ) -> Self {
        if is_ok {
            return Self::ok(check, found);
        }
        Self {
            verdict: otherwise,
            ..Self::warn(check, found, mend)
        }
    }
}

/// Prints the table.
pub(super) fn print(rows: &[Row], words: Words) -> io::Result<()> {
    let names: Vec<String> = rows.iter().map(|row| words.t(row.check)).collect();
    let wide = names
        .iter()
        .map(|name| width(name))
        .max()
        .unwrap_or_default();
    let verdicts =
        [Verdict::Ok, Verdict::Warn, Verdict::Fail].map(|verdict| verdict_word(verdict, words));
    let first = verdicts
        .iter()
        .map(|word| width(word))
        .max()
        .unwrap_or_default();
    for (row, name) in rows.iter().zip(names) {
        let verdict = verdict_word(row.verdict, words);
        say(&format!(
            "{}  {}  {}",
            pad(&verdict, first),
            pad(&name, wide),
            row.found
        ))?;
        if let Some(mend) = &row.mend {
            say(&format!("{}  {}  → {mend}", pad("", first), pad("", wide)))?;
        }
    }
    Ok(())
}

fn verdict_word(verdict: Verdict, words: Words) -> String {
    match verdict {
        Verdict::Ok => words.t("doctor-ok"),
        Verdict::Warn => words.t("doctor-warn"),
        Verdict::Fail => words.t("doctor-fail"),
    }
}

/// Prints a line.
pub(super) fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// A word, filled up with blanks to a width in columns.
pub(super) fn pad(word: &str, wide: usize) -> String {
    format!("{word}{}", " ".repeat(wide.saturating_sub(width(word))))
}

/// How many columns of a terminal a text takes: Hangul takes two (East Asian Width W, UAX #11).
fn width(text: &str) -> usize {
    let is_wide = |c: &char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7a3}');
    text.chars().count() + text.chars().filter(is_wide).count()
}

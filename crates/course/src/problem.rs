//! What is wrong with a course, told so that its author can mend it.

use std::fmt;

/// The most problems that one report holds: beyond that, something is wrong with the folder and not
/// with its lines.
pub const PROBLEMS_MAX: usize = 500;

/// Every code that a problem can have, in order. docs/authoring.md says of each what it means and how
/// to mend it; a test holds the two together.
pub const CODES: [&str; 71] = [
    "all-right",
    "bad-attributes",
    "bad-id",
    "bad-need",
    "bad-points",
    "bad-row",
    "bad-tabs",
    "bad-vars",
    "code-option",
    "colons",
    "dead-footnote",
    "dead-image",
    "dead-link",
    "diagram",
    "double-footnote",
    "duplicate-choice",
    "duplicate-explain",
    "duplicate-id",
    "empty",
    "empty-script",
    "file",
    "front-matter",
    "glossary",
    "heading-in-item",
    "heading-in-tab",
    "indented-directive",
    "manifest",
    "map",
    "missing-alt",
    "missing-file",
    "missing-id",
    "missing-kind",
    "no-mark",
    "no-pair",
    "no-proof",
    "no-right-choice",
    "no-solution",
    "note-on-answer",
    "odd-character",
    "one-paragraph",
    "raw-html",
    "script-in-translation",
    "second-script",
    "second-title",
    "several-right",
    "stray-close",
    "stray-mark",
    "swallowed-directive",
    "text-after-choices",
    "too-deep",
    "too-few-choices",
    "too-many-choices",
    "too-many-items",
    "translation-differs",
    "unclosed-code",
    "unclosed-directive",
    "unclosed-html",
    "unknown-attribute",
    "unknown-concept",
    "unknown-directive",
    "unknown-feedback",
    "unknown-kind",
    "unknown-language",
    "unknown-row",
    "unknown-script",
    "unknown-var",
    "unlisted-lesson",
    "unused-feedback",
    "unused-footnote",
    "unused-term",
    "unused-var",
];

/// A problem at one place of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind it is, to be looked up, such as `unknown-concept`: one of [`CODES`].
    pub code: &'static str,
    /// The file, relative to the course's folder.
    pub file: String,
    /// Line, from 1; 0 where the whole file is meant.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How many characters are meant, at least 1.
    pub width: usize,
    /// The line, or what is around the place where it is long; empty where the whole file is meant.
    pub source: String,
    /// How many characters of the line stand before `source`.
    pub skipped: usize,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

/// All problems of a course, by file and line. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems as a report; `None` when there are none.
    pub(crate) fn of(mut problems: Vec<Problem>) -> Option<Self> {
        problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        problems.dedup();
        problems.truncate(PROBLEMS_MAX);
        (!problems.is_empty()).then_some(Self(problems))
    }

    /// A report of one problem.
    pub(crate) fn one(problem: Problem) -> Self {
        Self(vec![problem])
    }

    /// All of them.
    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.0
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problem {
    /// As rustc shows one: message, place, the line with the words in question underlined, help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error[{}]: {}", self.code, self.message)?;
        if self.line == 0 {
            writeln!(f, "  --> {}", self.file)?;
            return write!(f, "  = help: {}", self.help);
        }
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let source = self.source.replace('\t', " ");
        let column = self.column.saturating_sub(1 + self.skipped);
        let before: String = source.chars().take(column).collect();
        let meant: String = source.chars().skip(column).take(self.width).collect();
        writeln!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{margin} |")?;
        let cut = if self.skipped > 0 { "…" } else { "" };
        let before = format!("{cut}{before}");
        let underline = "^".repeat(columns(&meant).max(1));
        writeln!(f, "{number} | {cut}{source}")?;
        writeln!(f, "{margin} | {}{underline}", " ".repeat(columns(&before)))?;
        write!(f, "{margin} = help: {}", self.help)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}\n")?;
        }
        match self.0.len() {
            1 => write!(f, "one problem in the course"),
            count => write!(f, "{count} problems in the course"),
        }
    }
}

impl std::error::Error for Problems {}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// How many columns a terminal takes for a text: two for the wide letters of Korean, Chinese and
/// Japanese (Unicode Standard Annex 11, its blocks W and F that such a course has).
fn columns(text: &str) -> usize {
    text.chars()
        .map(|letter| match letter {
            '\u{1100}'..='\u{115f}'
            | '\u{2e80}'..='\u{a4cf}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff00}'..='\u{ff60}' => 2,
            _ => 1,
        })
        .sum()
}

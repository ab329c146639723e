//! What lint has found: a problem of the course, or of one of its scripts; as a report for people, and
//! as JSON for editors.

use std::{fmt, path::Path};

use miette::{
    Diagnostic, GraphicalReportHandler, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};
use serde::Serialize;

/// Whether a finding keeps a course from being served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    /// It does.
    Error,
    /// It does not, but somebody should look.
    Warning,
}

/// Something wrong at one place of one file.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// To be looked up: `unknown-concept`, `bash-syntax`, `SC2086`.
    pub(super) code: String,
    /// The file, relative to the course's folder.
    pub(super) file: String,
    /// From 1; 0 where the whole file is meant.
    pub(super) line: usize,
    /// In characters, from 1.
    pub(super) column: usize,
    /// How many characters are meant.
    pub(super) width: usize,
    /// The line, or what of it is around the place.
    pub(super) source: String,
    /// How many characters of the line stand before `source`.
    pub(super) skipped: usize,
    pub(super) message: String,
    pub(super) help: String,
}

impl From<&course::Problem> for Finding {
    fn from(problem: &course::Problem) -> Self {
        Self {
            severity: Severity::Error,
            code: problem.code.to_owned(),
            file: problem.file.clone(),
            line: problem.line,
            column: problem.column,
            width: problem.width,
            source: problem.source.clone(),
            skipped: problem.skipped,
            message: problem.message.clone(),
            help: problem.help.clone(),
        }
    }
}

/// A finding as `--json` prints it, one object a line. Editors rely on these names: docs/authoring.md
/// lists them.
#[derive(Serialize)]
struct Json<'a> {
    severity: Severity,
    code: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    end_column: usize,
    message: &'a str,
    help: &'a str,
}

impl Finding {
    /// One line of JSON; `dir` is the course's folder as it was named.
    ///
    /// # Errors
    /// serde_json's, which has none for text and numbers.
    pub(super) fn json(&self, dir: &Path) -> serde_json::Result<String> {
        // Who means the whole file points to its beginning: every editor can show that.
        let column = self.column.max(1);
        serde_json::to_string(&Json {
            severity: self.severity,
            code: &self.code,
            file: &shown(dir, &self.file),
            line: self.line.max(1),
            column,
            end_column: column + if self.line == 0 { 0 } else { self.width },
            message: &self.message,
            help: &self.help,
        })
    }

    /// The report for people.
    pub(super) fn report(&self, dir: &Path, by: &GraphicalReportHandler) -> String {
        let mut report = String::new();
        // Writing to a string does not fail, and `read_span` below has what it is asked for.
        if by
            .render_report(&mut report, &Report::of(self, dir))
            .is_err()
        {
            report = format!("{}: {}\n", shown(dir, &self.file), self.message);
        }
        report
    }
}

/// A file of the course as seen from where the command was typed, so that terminals can open it.
fn shown(dir: &Path, file: &str) -> String {
    dir.join(file).display().to_string()
}

/// A finding, as miette wants it: the text is the one line that the finding has.
#[derive(Debug)]
struct Report<'a> {
    finding: &'a Finding,
    file: String,
    line: Line,
}

/// The only line of a report.
#[derive(Debug)]
struct Line {
    name: String,
    text: String,
    /// Counted from 0.
    number: usize,
    /// Counted from 0, in characters of the file's line.
    column: usize,
}

impl<'a> Report<'a> {
    fn of(finding: &'a Finding, dir: &Path) -> Self {
        let file = shown(dir, &finding.file);
        let cut = if finding.skipped > 0 { "…" } else { "" };
        let mut text = format!("{cut}{}", finding.source.replace('\t', " "));
        if finding.skipped + finding.source.chars().count() < finding.column {
            // What is missing at the end of a line is shown behind it.
            text.push(' ');
        }
        Self {
            finding,
            line: Line {
                name: file.clone(),
                text,
                number: finding.line.saturating_sub(1),
                column: finding.column.saturating_sub(1),
            },
            file,
        }
    }

    /// What is underlined, in bytes of the line's text.
    fn span(&self) -> SourceSpan {
        let text = &self.line.text;
        let cut = usize::from(self.finding.skipped > 0);
        let first = (self.finding.column + cut).saturating_sub(1 + self.finding.skipped);
        let byte = |character: usize| {
            text.char_indices()
                .nth(character)
                .map_or(text.len(), |(at, _)| at)
        };
        let (from, to) = (byte(first), byte(first + self.finding.width));
        (from, to.saturating_sub(from)).into()
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.finding.line == 0 {
            write!(f, "{}: ", self.file)?;
        }
        f.write_str(&self.finding.message)
    }
}

impl std::error::Error for Report<'_> {}

impl Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.finding.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = &self.finding.help;
        (!help.is_empty()).then(|| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (self.finding.line > 0).then_some(&self.line)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (self.finding.line > 0).then(|| {
            let span = LabeledSpan::new_primary_with_span(None, self.span());
            Box::new(std::iter::once(span)) as Box<dyn Iterator<Item = LabeledSpan>>
        })
    }
}

impl SourceCode for Line {
    fn read_span<'a>(
        &'a self,
        _span: &SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            self.text.as_bytes(),
            (0, self.text.len()).into(),
            self.number,
            self.column,
            1,
        )))
    }
}

//! Finding directives and code blocks among a file's lines.
//!
//! ```text
//! ::::exercise publish-port {points=2}      an outer directive: four colons
//! :::hint                                   an inner one: three
//! :::
//! ::::
//! ```

use std::ops::Range;

use crate::problem::Problem;
use crate::source::{Source, Spot};

/// What directives are called.
const NAMES: [&str; 10] = [
    "exercise", "explain", "feedback", "hint", "note", "quiz", "tab", "tabs", "tip", "warning",
];

/// A piece of a file or of a directive, in order.
pub(crate) enum Piece<'a> {
    /// A line of Markdown.
    Line(usize),
    /// A code block with the text behind its opening fence. In prose its lines are Markdown too.
    Code(Code<'a>),
    /// A directive.
    Directive(Directive<'a>),
}

/// A fenced code block.
pub(crate) struct Code<'a> {
    /// What follows the opening fence: `bash check`.
    pub(crate) info: &'a str,
    /// The line of the opening fence.
    pub(crate) line: usize,
    /// The lines between the fences.
    pub(crate) body: Range<usize>,
}

impl Code<'_> {
    /// All its lines, the fences as well.
    pub(crate) fn lines(&self, end: usize) -> Range<usize> {
        self.line..(self.body.end + 1).min(end)
    }
}

/// A directive with its head not yet taken apart.
pub(crate) struct Directive<'a> {
    /// `exercise`, `hint` …
    pub(crate) name: &'a str,
    /// Where the name stands.
    pub(crate) spot: Spot,
    /// Byte of its first line at which what follows the name begins.
    pub(crate) rest: usize,
    /// Its first line.
    pub(crate) line: usize,
    /// The lines between the first and the last.
    pub(crate) body: Range<usize>,
    /// Whether it is an outer one.
    pub(crate) outer: bool,
}

/// An opening or closing line of colons.
struct Colons<'a> {
    count: usize,
    name: &'a str,
    /// Byte at which the name begins.
    start: usize,
}

/// Takes a range of lines apart, down to the directives in it but not into them.
pub(crate) fn scan<'a>(
    source: &Source<'a>,
    range: Range<usize>,
    problems: &mut Vec<Problem>,
) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let text = source.lines[at];
        if let Some(code) = code_block(source, at, range.end) {
            if code.body.end == range.end {
                problems.extend(source.problem(
                    source.line(at),
                    "unclosed-code",
                    "this code block is not closed",
                    "put a line with the same fence behind it",
                ));
            }
            at = code.lines(range.end).end;
            pieces.push(Piece::Code(code));
            continue;
        }
        match colons(text) {
            None => {
                if is_indented_directive(text) {
                    problems.extend(source.problem(
                        source.line(at),
                        "indented-directive",
                        "a directive starts at the beginning of its line",
                        "take the spaces before the colons away",
                    ));
                }
                pieces.push(Piece::Line(at));
                at += 1;
            }
            Some(found) => {
                let (directive, next) = directive(source, at, &found, range.end, problems);
                pieces.extend(directive.map(Piece::Directive));
                at = next;
            }
        }
    }
    pieces
}

/// The directive that begins at this line, and the line after it.
fn directive<'a>(
    source: &Source<'_>,
    line: usize,
    found: &Colons<'a>,
    end: usize,
    problems: &mut Vec<Problem>,
) -> (Option<Directive<'a>>, usize) {
    let spot = source.within(line, found.start..found.start + found.name.len());
    let outer = found.count == 4;
    let wrong = if found.name.is_empty() {
        Some((
            "stray-close",
            "these colons close nothing",
            "take them away, or open a directive above",
        ))
    } else if !(3..=4).contains(&found.count) {
        Some((
            "colons",
            "a directive has three or four colons",
            "write `::::` for an exercise, a quiz or tabs, `:::` for what stands in it and for notes",
        ))
    } else {
        None
    };
    if let Some((code, message, help)) = wrong {
        problems.extend(source.problem(source.line(line), code, message, help));
        return (None, line + 1);
    }
    let (body_end, closed) = close(source, line + 1, end, found.count);
    if !closed {
        let fence = ":".repeat(found.count);
        problems.extend(source.problem(
            spot,
            "unclosed-directive",
            format_args!("this `{}` is not closed", found.name),
            format_args!("put a line `{fence}` behind its last line"),
        ));
    }
    let directive = Directive {
        name: found.name,
        spot,
        rest: found.start + found.name.len(),
        line,
        body: line + 1..body_end,
        outer,
    };
    (
        Some(directive),
        if closed { body_end + 1 } else { body_end },
    )
}

/// Where the directive's closing line is; if there is none, where it must have ended: before the
/// next directive of the same or an outer kind.
fn close(source: &Source<'_>, from: usize, end: usize, count: usize) -> (usize, bool) {
    let mut at = from;
    while at < end {
        if let Some(code) = code_block(source, at, end) {
            at = code.lines(end).end;
            continue;
        }
        if let Some(found) = colons(source.lines[at]) {
            if found.count == count && found.name.is_empty() {
                return (at, true);
            }
            if found.count >= count {
                return (at, false);
            }
        }
        at += 1;
    }
    (end, false)
}

fn colons(text: &str) -> Option<Colons<'_>> {
    let start = text.len() - text.trim_start_matches(':').len();
    if start < 2 {
        return None;
    }
    let rest = &text[start..];
    let name_at = start + (rest.len() - rest.trim_start().len());
    let rest = &text[name_at..];
    let len = rest
        .find(|letter: char| letter.is_whitespace() || letter == '{')
        .unwrap_or(rest.len());
    let name = &rest[..len];
    // Two colons may be anything, unless one of our names follows.
    if start == 2 && !NAMES.contains(&name) {
        return None;
    }
    Some(Colons {
        count: start,
        name,
        start: name_at,
    })
}

fn is_indented_directive(text: &str) -> bool {
    let trimmed = text.trim_start();
    trimmed.len() < text.len()
        && trimmed.starts_with(":::")
        && trimmed
            .trim_start_matches(':')
            .starts_with(|letter: char| letter.is_ascii_lowercase())
}

/// The code block whose opening fence is this line. Fences may be indented by any number of spaces,
/// as they are in lists. Not closed: its body ends at `end`.
fn code_block<'a>(source: &Source<'a>, line: usize, end: usize) -> Option<Code<'a>> {
    let (fence, len, info) = fence(source.lines[line])?;
    let closes = |text: &&str| {
        let text = text.trim();
        text.len() >= len && text.chars().all(|letter| letter == fence)
    };
    let body = line + 1;
    let close = source.lines[body..end]
        .iter()
        .position(closes)
        .map_or(end, |offset| body + offset);
    Some(Code {
        info,
        line,
        body: body..close,
    })
}

fn fence(text: &str) -> Option<(char, usize, &str)> {
    let text = text.trim();
    let fence = text
        .chars()
        .next()
        .filter(|letter| "`~".contains(*letter))?;
    let info = text.trim_start_matches(fence);
    let len = text.len() - info.len();
    (len >= 3 && !(fence == '`' && info.contains('`'))).then(|| (fence, len, info.trim()))
}

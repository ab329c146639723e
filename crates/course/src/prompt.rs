//! Text that has directives in it: a page, or what an item asks.

use crate::render::{MARK, Mark, Renderer};
use crate::scan::{Code, Directive, Piece};
use crate::source::{Fragment, Source, Spot};

/// The longest title made from a prompt, in characters: a column's head in the class table.
const TITLE_MAX: usize = 40;

/// The text of an item or page being gathered: lines, and marks for what is among them.
#[derive(Default)]
pub(crate) struct Prompt<'a> {
    pub(crate) fragment: Fragment,
    pub(crate) marks: Vec<Mark<'a>>,
}

impl<'a> Prompt<'a> {
    pub(crate) fn line(&mut self, source: &Source<'_>, line: usize) {
        self.fragment.push(line, source.lines[line], 0);
    }

    /// A code block to be shown.
    pub(crate) fn code(&mut self, source: &Source<'_>, code: &Code<'_>, end: usize) {
        for line in code.lines(end) {
            self.line(source, line);
        }
    }

    pub(crate) fn mark(&mut self, line: usize, mark: Mark<'a>) {
        let number = self.marks.len();
        self.fragment
            .push_paragraph(line, format_args!("{MARK}{number}{MARK}"));
        self.marks.push(mark);
    }

    /// A line, a code block to be shown or an admonition; complains about other directives, of
    /// which `known` may stand here.
    pub(crate) fn piece(&mut self, renderer: &mut Renderer<'a>, piece: Piece<'a>, known: &str) {
        let source = renderer.source;
        match piece {
            Piece::Line(line) => self.line(source, line),
            Piece::Code(code) => self.code(source, &code, source.lines.len()),
            Piece::Directive(inner) => match admonition(renderer, &inner) {
                Some(open) => {
                    self.mark(inner.line, open);
                    for line in inner.body.clone() {
                        self.line(source, line);
                    }
                    self.mark(inner.body.end.min(source.lines.len() - 1), Mark::Close);
                }
                None => renderer.problem(
                    inner.spot,
                    "unknown-directive",
                    format_args!("`{}` cannot stand here", inner.name),
                    format_args!("here may stand: {known}"),
                ),
            },
        }
    }

    /// Renders an item's prompt.
    pub(crate) fn render(&self, renderer: &mut Renderer<'_>, spot: Spot) -> (crate::Html, String) {
        let rendered = renderer.block(&self.fragment, &self.marks);
        if rendered.0.is_empty() {
            renderer.problem(
                spot,
                "empty",
                "it does not say what to do",
                "write the task first, then the rest",
            );
        }
        rendered
    }
}

/// The beginning of an admonition, when the directive is one.
fn admonition<'a>(renderer: &Renderer<'a>, directive: &Directive<'a>) -> Option<Mark<'a>> {
    use crate::Lang::{En, Ko};
    let (kind, default) = match (directive.name, renderer.env.lang) {
        _ if directive.outer => return None,
        ("note", Ko) => ("note", "참고"),
        ("note", En) => ("note", "Note"),
        ("tip", Ko) => ("tip", "도움말"),
        ("tip", En) => ("tip", "Tip"),
        ("warning", Ko) => ("warning", "주의"),
        ("warning", En) => ("warning", "Warning"),
        _ => return None,
    };
    let title = renderer.source.lines[directive.line][directive.rest..].trim();
    let title = if title.is_empty() { default } else { title };
    Some(Mark::Open { kind, title })
}

/// A title for a table, from the first paragraph of what is asked: its first sentence, cut at a
/// word where it is long.
pub(crate) fn title_of(plain: &str) -> String {
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = plain
        .char_indices()
        .find(|(at, letter)| {
            let next = plain[at + letter.len_utf8()..].chars().next();
            ".?!".contains(*letter) && next.is_none_or(char::is_whitespace)
        })
        .map_or(plain.as_str(), |(at, letter)| {
            &plain[..at + if letter == '.' { 0 } else { letter.len_utf8() }]
        });
    let Some((cut, _)) = sentence.char_indices().nth(TITLE_MAX) else {
        return sentence.to_owned();
    };
    let short = &sentence[..cut];
    let short = short.rsplit_once(' ').map_or(short, |(words, _)| words);
    format!("{short}…")
}

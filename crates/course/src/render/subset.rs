//! The little HTML that lessons may have. Everything else is a problem, and nothing of it comes into
//! a page: tags are written anew from the names below, and what stands between them has no `<`.

use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::MARK;
use super::pass::{DEPTH_MAX, Pass, Placed, end_of, html_text};
use crate::source::Spot;

/// Elements that stand in a line.
const INLINE: [&str; 11] = [
    "abbr", "br", "kbd", "mark", "rp", "rt", "ruby", "small", "sub", "sup", "u",
];

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 5] = ["dd", "details", "dl", "dt", "summary"];

/// The one that has no end.
const EMPTY: &str = "br";

static FOREIGN_HELP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "use Markdown, `[[Ctrl]]` for keys, `:::note` for boxes; of HTML there are {} and {}; or write `\\<` for the sign itself",
        INLINE.join(", "),
        BLOCKS.join(", ")
    )
});

/// A piece of HTML as an author wrote it.
enum Piece<'t> {
    /// Anything without `<`.
    Text(&'t str),
    /// Left out of the page.
    Comment,
    /// The beginning of an element.
    Open(&'static str, Title<'t>),
    Close(&'static str),
    /// What may not be.
    Foreign,
}

/// The `title` of an `<abbr>`, as it was written: a text without `"`, `<` and `>`.
type Title<'t> = Option<&'t str>;

/// What an author's HTML stands in: an element of it, begun here, or one of Markdown.
pub(super) enum Open {
    Html(&'static str, Spot),
    Markdown,
}

impl<'e> Pass<'_, '_, 'e> {
    /// HTML between Markdown, written anew. What is wrong with it is told by [`Self::check_html`].
    pub(super) fn raw_html(&mut self, text: &str) {
        let mut html = String::new();
        for (_, piece) in pieces(text) {
            match piece {
                Piece::Text(text) => {
                    self.add_plain(text);
                    html.push_str(&characters(text));
                }
                Piece::Open(name, None) => html.extend(["<", name, ">"]),
                Piece::Open(name, Some(title)) => {
                    html.extend(["<", name, " title=\"", &characters(title), "\">"]);
                }
                Piece::Close(name) => html.extend(["</", name, ">"]),
                Piece::Comment | Piece::Foreign => {}
            }
        }
        if !html.trim().is_empty() {
            self.raw_inline(html);
        }
    }

    /// Complains about HTML that lessons may not have, and about elements that do not end where they
    /// began: each must end in the paragraph, the item or the part of the page in which it begins.
    pub(super) fn check_html(&mut self, events: &[Placed<'e>]) {
        let has_html =
            |(event, _): &Placed<'e>| matches!(event, Event::Html(_) | Event::InlineHtml(_));
        if self.open.is_empty() && !events.iter().any(has_html) {
            return;
        }
        let mut at = 0;
        while let Some((event, range)) = events.get(at) {
            at += 1;
            match event {
                Event::Start(Tag::HtmlBlock) => {
                    let end = end_of(events, at, TagEnd::HtmlBlock);
                    self.check_block(&events[at..end]);
                    at = end + 1;
                }
                Event::InlineHtml(text) => self.check_text(text, |_| range.start, true),
                Event::Start(_) => {
                    if matches!(events.get(at), Some((Event::Text(text), _)) if text.starts_with(MARK))
                    {
                        self.unclosed();
                    }
                    self.open.push(Open::Markdown);
                }
                Event::End(_) => {
                    self.unclosed();
                    self.open.pop();
                }
                _ => {}
            }
        }
    }

    fn check_block(&mut self, lines: &[Placed<'e>]) {
        let mut text = String::new();
        // Where each line begins in the text, and where in the fragment.
        let mut starts = Vec::new();
        for (event, range) in lines {
            starts.push((text.len(), range.start));
            text.push_str(html_text(event));
        }
        let place = |at: usize| {
            let line = starts
                .partition_point(|(start, _)| *start <= at)
                .saturating_sub(1);
            starts
                .get(line)
                .map_or(0, |(start, byte)| byte + at - start)
        };
        self.check_text(&text, place, false);
    }

    /// `place` tells where in the fragment a byte of the text stands.
    fn check_text(&mut self, text: &str, place: impl Fn(usize) -> usize, in_line: bool) {
        for (range, piece) in pieces(text) {
            let start = place(range.start);
            let spot = self.fragment.spot(start..start + range.len());
            match piece {
                Piece::Open(name, _) | Piece::Close(name) if in_line && BLOCKS.contains(&name) => {
                    self.renderer.problem(
                        spot,
                        "raw-html",
                        format_args!("`<{name}>` cannot stand in a line of text"),
                        "put it at the beginning of a line, with an empty line before it",
                    );
                }
                Piece::Open(EMPTY, _) => {}
                Piece::Open(name, _) => {
                    if self.open.len() >= DEPTH_MAX {
                        self.too_deep(spot);
                    }
                    self.open.push(Open::Html(name, spot));
                }
                Piece::Close(name) => match self.open.last() {
                    Some(Open::Html(last, _)) if *last == name => {
                        self.open.pop();
                    }
                    _ => self.renderer.problem(
                        spot,
                        "unclosed-html",
                        format_args!("`</{name}>` does not end what was begun last here"),
                        format_args!("put `<{name}>` before it, in the same paragraph or part of the page"),
                    ),
                },
                Piece::Foreign => self.renderer.problem(
                    spot,
                    "raw-html",
                    "this HTML is not for lessons: what stands in a page acts in the name of whoever reads it",
                    &*FOREIGN_HELP,
                ),
                Piece::Text(_) | Piece::Comment => {}
            }
        }
    }

    /// What was begun since the last element of Markdown should have ended by now.
    pub(super) fn unclosed(&mut self) {
        while let Some(Open::Html(name, spot)) = self.open.last() {
            self.renderer.problem(
                *spot,
                "unclosed-html",
                format_args!("this `<{name}>` does not end where it began"),
                format_args!("put `</{name}>` into the same paragraph or part of the page, with no directive between"),
            );
            self.open.pop();
        }
    }
}

/// Takes HTML apart, with the place of each piece.
fn pieces(text: &str) -> impl Iterator<Item = (Range<usize>, Piece<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let (len, piece) = first(rest);
        at += len;
        Some((at - len..at, piece))
    })
}

/// The first piece and its length.
fn first(text: &str) -> (usize, Piece<'_>) {
    if let Some(comment) = text.strip_prefix("<!--") {
        return match comment.find("-->") {
            Some(end) => (end + 7, Piece::Comment),
            None => (text.len(), Piece::Foreign),
        };
    }
    if !text.starts_with('<') {
        let end = text.find('<').unwrap_or(text.len());
        return (end, Piece::Text(&text[..end]));
    }
    match text.find('>') {
        Some(end) => (end + 1, tag(&text[..=end]).unwrap_or(Piece::Foreign)),
        None => (text.len(), Piece::Foreign),
    }
}

/// What has no `<`, and as a title no `"`, as HTML that is nothing but characters. As in Markdown,
/// `&name;` and `&#39;` are one of them, and any other `&` is itself.
fn characters(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '>']) {
        let (before, sign) = rest.split_at(at);
        html.push_str(before);
        html.push_str(match sign.strip_prefix('&') {
            Some(name) if is_reference(name) => "&",
            Some(_) => "&amp;",
            None => "&gt;",
        });
        rest = &sign[1..];
    }
    html.push_str(rest);
    html
}

/// Whether behind an `&` a character's name or number follows.
fn is_reference(text: &str) -> bool {
    let end = text.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '#'));
    end.is_some_and(|end| end > 0 && text[end..].starts_with(';'))
}

/// A tag that lessons may have. Written as strictly as can be: what is not understood is not guessed.
fn tag(tag: &str) -> Option<Piece<'_>> {
    let inner = tag.strip_prefix('<')?.strip_suffix('>')?;
    if let Some(name) = inner.strip_prefix('/') {
        return known(name).filter(|name| *name != EMPTY).map(Piece::Close);
    }
    let len = inner
        .find(|letter: char| !letter.is_ascii_lowercase())
        .unwrap_or(inner.len());
    let (name, attributes) = inner.split_at(len);
    let name = known(name)?;
    let title = match (name, attributes.trim()) {
        (_, "") | (EMPTY, "/") => None,
        ("abbr", title) => {
            let title = title.strip_prefix("title=\"")?.strip_suffix('"')?;
            Some(title)
                .filter(|title| !title.contains(['"', '<']))?
                .into()
        }
        _ => return None,
    };
    Some(Piece::Open(name, title))
}

fn known(name: &str) -> Option<&'static str> {
    let mut all = INLINE.into_iter().chain(BLOCKS);
    all.find(|known| *known == name)
}

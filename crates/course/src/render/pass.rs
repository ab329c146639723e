//! One fragment of Markdown becoming HTML, block by block.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use pulldown_cmark::{CowStr, Event, Tag, TagEnd, html};

use super::{Chunk, MARK, Mark, Renderer, pieces, subset};
use crate::highlight::escape;
use crate::model::Html;
use crate::source::{Fragment, Spot};

/// The longest key name in `[[…]]`, in characters: `Ctrl + Shift + Esc` and a little more.
const KEY_MAX: usize = 24;

/// How many quotes, lists, their items and elements may stand in each other: far more than anybody
/// follows, and a fifth of the 512 at which browsers begin to flatten pages (Chromium's limit on the
/// depth of a document, which other engines have as well).
pub(super) const DEPTH_MAX: usize = 100;

/// An event of the parser, and where in the fragment its text is.
pub(super) type Placed<'e> = (Event<'e>, Range<usize>);

/// Where a fragment stands decides what may be in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Page,
    Item,
    /// One paragraph, in a label or a meaning.
    Inline,
}

/// Rendering of one fragment.
pub(super) struct Pass<'r, 'a, 'e> {
    pub(super) renderer: &'r mut Renderer<'a>,
    pub(super) fragment: &'e Fragment,
    marks: &'e [Mark<'e>],
    pub(super) place: Place,
    /// What has been made since the last item.
    pub(super) out: Vec<Event<'e>>,
    /// Where it becomes HTML: one room for all blocks.
    html: String,
    /// The byte of the fragment at which that begins.
    began: Option<usize>,
    chunks: Vec<Chunk>,
    /// Labels of footnotes in the order in which they are first referred to.
    pub(super) footnotes: Vec<CowStr<'e>>,
    /// The number of each, from 1.
    pub(super) footnote_numbers: HashMap<CowStr<'e>, usize>,
    /// Their text.
    pub(super) definitions: BTreeMap<String, Vec<Event<'e>>>,
    /// What was being made when a footnote's text began, and its label.
    pub(super) outside: Option<(Vec<Event<'e>>, CowStr<'e>)>,
    pub(super) table: pieces::Table,
    seen_marks: usize,
    /// How many paragraphs there have been.
    paragraphs: usize,
    /// Whether a tab is open.
    pub(super) in_tab: bool,
    /// What of HTML and Markdown is open.
    pub(super) open: Vec<subset::Open>,
    /// How many elements are open at this place.
    depth: isize,
    plain: String,
    plain_done: bool,
}

impl<'r, 'a, 'e> Pass<'r, 'a, 'e> {
    pub(super) fn new(
        renderer: &'r mut Renderer<'a>,
        fragment: &'e Fragment,
        marks: &'e [Mark<'e>],
        place: Place,
    ) -> Self {
        Self {
            renderer,
            fragment,
            marks,
            place,
            out: Vec::new(),
            html: String::new(),
            began: None,
            chunks: Vec::new(),
            footnotes: Vec::new(),
            footnote_numbers: HashMap::new(),
            definitions: BTreeMap::new(),
            outside: None,
            table: pieces::Table::default(),
            seen_marks: 0,
            paragraphs: 0,
            in_tab: false,
            open: Vec::new(),
            depth: 0,
            plain: String::new(),
            plain_done: false,
        }
    }

    /// Renders all of it. Returns its pieces, and its first paragraph as plain text.
    pub(super) fn run(
        mut self,
        mut events: impl Iterator<Item = Placed<'e>>,
    ) -> (Vec<Chunk>, String) {
        let mut block = Vec::new();
        while self.gather(&mut events, &mut block) {
            self.block(&block);
        }
        self.finish();
        (self.chunks, self.plain)
    }

    /// Gathers the events of the next paragraph, list, quote … Block by block, so that no more of a
    /// page than its longest block is held in this form, which takes a hundred times its text's room.
    fn gather(
        &mut self,
        events: &mut impl Iterator<Item = Placed<'e>>,
        block: &mut Vec<Placed<'e>>,
    ) -> bool {
        block.clear();
        let mut depth = 0;
        let mut too_deep = None;
        for placed in events {
            match placed.0 {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                _ => {}
            }
            if depth > DEPTH_MAX {
                too_deep.get_or_insert(placed.1);
            } else if too_deep.is_none() {
                block.push(placed);
            }
            if depth == 0 {
                break;
            }
        }
        if let Some(range) = too_deep {
            block.clear();
            self.too_deep(self.fragment.spot(range));
            return true;
        }
        !block.is_empty()
    }

    pub(super) fn too_deep(&mut self, spot: Spot) {
        self.renderer.problem(
            spot,
            "too-deep",
            format_args!("this stands in more than {DEPTH_MAX} lists, quotes or elements"),
            "take it out of most of them",
        );
    }

    fn block(&mut self, events: &[Placed<'e>]) {
        if self.place == Place::Inline {
            self.only_a_paragraph(events);
        }
        self.check_html(events);
        let mut at = 0;
        while at < events.len() {
            if self.place == Place::Page && self.depth == 0 {
                self.flush();
            }
            let next = self.event(events, at);
            let opened: isize = events[at..next].iter().map(|(event, _)| opens(event)).sum();
            // Raw HTML may close what it never opened; that is told where it is read.
            self.depth = (self.depth + opened).max(0);
            at = next;
        }
    }

    fn finish(&mut self) {
        self.unclosed();
        if self.place == Place::Page {
            self.flush();
        }
        self.add_footnotes();
        self.flush();
        if self.seen_marks < self.marks.len() {
            self.renderer.problem(
                self.fragment.spot(0..0),
                "swallowed-directive",
                "a directive of this text stands where it cannot be one, in an HTML comment perhaps",
                "end the comment, or take the directive out of it",
            );
        }
    }

    /// Handles the event at this index and returns the index of the next.
    fn event(&mut self, events: &[Placed<'e>], at: usize) -> usize {
        let (event, range) = &events[at];
        self.began.get_or_insert(range.start);
        match event {
            Event::Start(Tag::Paragraph) => return self.paragraph(events, at),
            Event::Start(Tag::CodeBlock(kind)) => return self.code_block(events, at, kind),
            Event::Start(Tag::Image { .. }) => {
                let end = end_of(events, at, TagEnd::Image);
                let image = self.image(events, at..end, false);
                self.raw_inline(image);
                return end + 1;
            }
            Event::Start(Tag::Heading { level, .. }) => self.heading(events, at, *level),
            Event::End(TagEnd::Heading(level)) => {
                self.raw(format!("</{}>\n", pieces::shown(*level)))
            }
            Event::Start(Tag::Table(columns)) => self.table(columns),
            Event::Start(Tag::TableHead) => self.table_row("<thead><tr>"),
            Event::Start(Tag::TableRow) => self.table_row("<tr>"),
            Event::Start(Tag::TableCell) => self.table_cell(),
            Event::End(TagEnd::TableCell) => self.raw_inline(format!("</{}>", self.table.cell())),
            Event::End(TagEnd::TableRow) => self.raw("</tr>\n"),
            Event::End(TagEnd::TableHead) => {
                self.table.in_head = false;
                self.raw("</tr></thead>\n<tbody>\n");
            }
            Event::End(TagEnd::Table) => self.raw("</tbody></table></div>\n"),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let open = self.link(dest_url, range);
                self.raw_inline(open);
            }
            Event::End(TagEnd::Link) => self.raw_inline("</a>"),
            Event::FootnoteReference(label) => self.footnote_reference(label),
            Event::Start(Tag::FootnoteDefinition(label)) => {
                self.outside = Some((std::mem::take(&mut self.out), label.clone()));
            }
            Event::End(TagEnd::FootnoteDefinition) => self.footnote_defined(range),
            Event::Start(Tag::HtmlBlock) => {
                let end = end_of(events, at, TagEnd::HtmlBlock);
                let text: String = events[at..end]
                    .iter()
                    .map(|(event, _)| html_text(event))
                    .collect();
                self.raw_html(&text);
                return end + 1;
            }
            Event::InlineHtml(text) => self.raw_html(text),
            Event::TaskListMarker(done) => self.task(*done),
            Event::Text(text) => self.text(text, range),
            Event::Code(code) => {
                self.add_plain(code);
                self.out.push(event.clone());
            }
            Event::SoftBreak | Event::HardBreak => {
                self.add_plain(" ");
                self.out.push(event.clone());
            }
            Event::End(TagEnd::Paragraph) => {
                self.plain_done = true;
                if self.place != Place::Inline {
                    self.out.push(event.clone());
                }
            }
            _ => self.out.push(event.clone()),
        }
        at + 1
    }

    /// A paragraph may be one of our marks, or an image with a caption.
    fn paragraph(&mut self, events: &[Placed<'e>], at: usize) -> usize {
        if let Some((Event::Text(text), _)) = events.get(at + 1)
            && let Some(number) = text
                .strip_prefix(MARK)
                .and_then(|text| text.strip_suffix(MARK))
            && let Some(mark) = number
                .parse()
                .ok()
                .and_then(|number: usize| self.marks.get(number))
        {
            self.seen_marks += 1;
            self.mark(mark);
            return at + 3;
        }
        if let Some((Event::Start(Tag::Image { title, .. }), _)) = events.get(at + 1)
            && !title.is_empty()
            && self.place != Place::Inline
        {
            let end = end_of(events, at + 1, TagEnd::Image);
            if let Some((Event::End(TagEnd::Paragraph), _)) = events.get(end + 1) {
                let image = self.image(events, at + 1..end, true);
                self.raw(format!(
                    "<figure>{image}<figcaption>{}</figcaption></figure>\n",
                    escape(title)
                ));
                return end + 2;
            }
        }
        if self.place != Place::Inline {
            self.out.push(events[at].0.clone());
        }
        at + 1
    }

    fn mark(&mut self, mark: &Mark<'_>) {
        self.depth += opened_by(mark);
        match mark {
            Mark::Item(item) => {
                self.flush();
                self.chunks.push(Chunk::Item(*item));
            }
            Mark::Open { kind, title } => self.raw(format!(
                "<aside class=\"admonition\" data-kind=\"{kind}\">\n<p class=\"title\">{}</p>\n",
                escape(title)
            )),
            Mark::Close => self.raw("</aside>\n"),
            Mark::TabsOpen => self.tabs_open(),
            Mark::TabOpen { title, is_first } => self.tab_open(title, *is_first),
            Mark::TabClose => {
                self.in_tab = false;
                self.raw("</div>\n");
            }
            Mark::TabsClose => self.raw("</fieldset>\n"),
        }
    }

    /// Text, in which `[[Ctrl]]` is a key.
    fn text(&mut self, text: &CowStr<'e>, range: &Range<usize>) {
        self.add_plain(text);
        if !text.contains('[') {
            self.out.push(Event::Text(text.clone()));
            return;
        }
        if let Some(at) = text.find("[^").filter(|at| text[*at..].contains(']')) {
            let start = range.start + at;
            self.renderer.problem(
                self.fragment.spot(start..start + 2),
                "dead-footnote",
                "this footnote has no text",
                "write it somewhere in the page: `[^name]: …`",
            );
        }
        let mut rest = text.as_ref();
        while let Some((before, key, after)) = next_key(rest) {
            self.out.push(Event::Text(before.to_owned().into()));
            self.raw_inline(format!("<kbd>{}</kbd>", escape(key)));
            rest = after;
        }
        self.out.push(Event::Text(if rest.len() == text.len() {
            text.clone()
        } else {
            rest.to_owned().into()
        }));
    }

    fn only_a_paragraph(&mut self, events: &[Placed<'e>]) {
        let wrong = events.iter().find(|(event, _)| match event {
            Event::Start(Tag::Paragraph) => {
                self.paragraphs += 1;
                self.paragraphs > 1
            }
            Event::Start(tag) => matches!(
                tag,
                Tag::BlockQuote(_)
                    | Tag::CodeBlock(_)
                    | Tag::Heading { .. }
                    | Tag::HtmlBlock
                    | Tag::List(_)
                    | Tag::Table(_)
            ),
            Event::Rule => true,
            _ => false,
        });
        if let Some((_, range)) = wrong {
            self.renderer.problem(
                self.fragment.spot(range.clone()),
                "one-paragraph",
                "a choice, or a meaning in the glossary, is a single paragraph",
                "put code in backticks, and what is longer somewhere else",
            );
        }
    }

    pub(super) fn add_plain(&mut self, text: &str) {
        if !self.plain_done {
            self.plain.push_str(text);
        }
    }

    pub(super) fn raw(&mut self, html: impl Into<CowStr<'e>>) {
        self.out.push(Event::Html(html.into()));
    }

    pub(super) fn raw_inline(&mut self, html: impl Into<CowStr<'e>>) {
        self.out.push(Event::InlineHtml(html.into()));
    }

    fn flush(&mut self) {
        self.html.clear();
        html::push_html(&mut self.html, self.out.drain(..));
        let text = self.html.trim();
        // What comes of no place of its own, as footnotes do, comes last.
        let end = self.fragment.text.len().saturating_sub(1);
        let began = self.began.take().unwrap_or(end);
        if !text.is_empty() {
            let line = self.fragment.spot(began..began).line + 1;
            self.chunks
                .push(Chunk::Html(Html::rendered(text.to_owned()), line));
        }
    }
}

/// Index of the end of what starts at this index; of the last event where there is none.
pub(super) fn end_of(events: &[Placed<'_>], start: usize, end: TagEnd) -> usize {
    events[start..]
        .iter()
        .position(|(event, _)| *event == Event::End(end))
        .map_or(events.len() - 1, |offset| start + offset)
}

/// How many elements a mark opens, less those that it closes.
fn opened_by(mark: &Mark<'_>) -> isize {
    match mark {
        Mark::Item(_) => 0,
        Mark::Open { .. } | Mark::TabsOpen | Mark::TabOpen { .. } => 1,
        Mark::Close | Mark::TabsClose | Mark::TabClose => -1,
    }
}

/// How many elements an event opens, less those that it closes.
fn opens(event: &Event<'_>) -> isize {
    match event {
        Event::Start(_) => 1,
        Event::End(_) => -1,
        Event::Html(text) | Event::InlineHtml(text) => text
            .split('<')
            .skip(1)
            .map(|tag| match tag.as_bytes().first() {
                Some(b'/') => -1,
                Some(first) if first.is_ascii_alphabetic() && !tag.starts_with("br") => 1,
                _ => 0,
            })
            .sum(),
        _ => 0,
    }
}

pub(super) fn html_text<'t>(event: &'t Event<'_>) -> &'t str {
    match event {
        Event::Html(text) => text,
        _ => "",
    }
}

pub(super) fn plain_text(events: &[Placed<'_>]) -> String {
    events
        .iter()
        .map(|(event, _)| match event {
            Event::Text(text) | Event::Code(text) => text.as_ref(),
            Event::SoftBreak | Event::HardBreak => " ",
            _ => "",
        })
        .collect()
}

/// The text before the next `[[key]]`, the key and the text behind it.
fn next_key(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text[from..].find("[[")?;
        let inner = &text[open + 2..];
        let close = inner.find(['[', ']'])?;
        let key = &inner[..close];
        let is_key = !key.is_empty() && key.trim() == key && key.chars().nth(KEY_MAX).is_none();
        if is_key && inner[close..].starts_with("]]") {
            return Some((&text[..open], key, &inner[close + 2..]));
        }
        from = open + 1;
    }
}

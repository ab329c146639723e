//! Markdown to HTML, once, when a course is read.
//!
//! An author is trusted less than our code: of HTML only a safe little may stand in a lesson, links lead to lessons or to the
//! web, images are files of the course.

mod footnotes;
mod pieces;
mod subset;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Display;
use std::ops::Range;

use pulldown_cmark::{
    BrokenLink, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeWithOffset, html,
};

use crate::highlight::{Colours, escape};
use crate::ids::LessonId;
use crate::lang::Lang;
use crate::model::{Heading, Html};
use crate::problem::Problem;
use crate::source::{Fragment, Source, Spot};
use crate::vars::Vars;

/// Around the number of a [`Mark`], as a paragraph of its own: a private-use character, which
/// authors' text may not have.
pub(crate) const MARK: char = '\u{e000}';

/// Before the ids of terms on the glossary's page, for the same reason as [`HEADING_ID`].
pub(crate) const TERM_ID: &str = "term-";

/// Whether a letter is one that texts may not have: Unicode's private use area, of which we take
/// some ourselves. No font that we could count on shows any of it.
pub(crate) const fn is_private(letter: char) -> bool {
    matches!(letter, '\u{e000}'..='\u{f8ff}')
}

/// Before the ids of headings, so that no heading can take the id of one of the page's own elements.
pub(crate) const HEADING_ID: &str = "s-";

/// The longest key name in `[[…]]`, in characters: `Ctrl + Shift + Esc` and a little more.
const KEY_MAX: usize = 24;

/// What stands in a page's Markdown in place of a directive.
pub(crate) enum Mark {
    /// An exercise or question, by its place among the file's items.
    Item(usize),
    /// The beginning of an admonition.
    Open {
        /// `note`, `tip`, `warning`.
        kind: &'static str,
        /// Its title, plain text.
        title: String,
    },
    /// Its end.
    Close,
    /// The beginning of a block of tabs.
    TabsOpen,
    /// The beginning of one of them.
    TabOpen {
        /// Its title, plain text.
        title: String,
        /// Whether it is the one shown at first.
        is_first: bool,
    },
    /// Its end.
    TabClose,
    /// The end of the block.
    TabsClose,
}

impl Mark {
    /// How many elements it opens, less those that it closes.
    fn opens(&self) -> isize {
        match self {
            Self::Item(_) => 0,
            Self::Open { .. } | Self::TabsOpen | Self::TabOpen { .. } => 1,
            Self::Close | Self::TabsClose | Self::TabClose => -1,
        }
    }
}

/// A piece of rendered text.
pub(crate) enum Chunk {
    /// HTML, and the line of the file where it begins, from 1.
    Html(Html, usize),
    /// The item of this number stands here.
    Item(usize),
}

/// What is around the file being rendered.
#[derive(Clone, Copy)]
pub(crate) struct Env<'a> {
    pub(crate) lang: Lang,
    /// The lesson that the file belongs to; `None` for the glossary.
    pub(crate) lesson: Option<&'a LessonId>,
    /// All lessons of the course.
    pub(crate) lessons: &'a BTreeSet<LessonId>,
    /// All image files of the course, `unit/file`.
    pub(crate) images: &'a BTreeSet<String>,
    /// The rows of the course's map, where it has one.
    pub(crate) rows: Option<&'a BTreeSet<String>>,
    /// The terms of its glossary; `None` where that cannot be read, so that nothing can be said.
    pub(crate) terms: Option<&'a BTreeSet<String>>,
    /// `None` where code need not be coloured, since only problems are looked for.
    pub(crate) colours: Option<&'a Colours>,
}

/// A link to a heading, to be looked at when all headings are known.
pub(crate) struct HeadingLink {
    pub(crate) lesson: LessonId,
    /// The heading's id, without [`HEADING_ID`].
    pub(crate) heading: String,
    pub(crate) spot: Spot,
}

/// Renders the pieces of one file.
pub(crate) struct Renderer<'a> {
    pub(crate) env: Env<'a>,
    pub(crate) source: &'a Source<'a>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) assets: BTreeSet<String>,
    pub(crate) toc: Vec<Heading>,
    pub(crate) heading_links: Vec<HeadingLink>,
    /// The terms that it links to.
    pub(crate) terms: BTreeSet<String>,
    /// The vars of the exercise being read.
    pub(crate) vars: Vars,
    heading_ids: BTreeMap<String, usize>,
    fragments: usize,
    /// How many tables there are so far: each region of a page has a name of its own.
    tables: usize,
    /// How many blocks of tabs, and how many tabs in the last of them: each has an id of its own.
    tabs: (usize, usize),
}

/// Where a fragment stands decides what may be in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Page,
    Item,
    /// One paragraph, in a label or a meaning.
    Inline,
}

/// Rendering of one fragment.
struct Pass<'r, 'a, 'e> {
    renderer: &'r mut Renderer<'a>,
    fragment: &'e Fragment,
    marks: &'e [Mark],
    place: Place,
    /// What has been made since the last item.
    out: Vec<Event<'e>>,
    /// The byte of the fragment at which that begins.
    began: Option<usize>,
    chunks: Vec<Chunk>,
    /// Labels of footnotes in the order in which they are first referred to.
    footnotes: Vec<CowStr<'e>>,
    /// The number of each, from 1.
    footnote_numbers: HashMap<CowStr<'e>, usize>,
    /// Their text.
    definitions: BTreeMap<String, Vec<Event<'e>>>,
    /// What was being made when a footnote's text began, and its label.
    outside: Option<(Vec<Event<'e>>, CowStr<'e>)>,
    table: pieces::Table,
    seen_marks: usize,
    /// Whether a tab is open.
    in_tab: bool,
    /// How many elements are open at this place.
    depth: isize,
    plain: String,
    plain_done: bool,
}

impl<'a> Renderer<'a> {
    pub(crate) fn new(env: Env<'a>, source: &'a Source<'a>) -> Self {
        Self {
            env,
            source,
            problems: Vec::new(),
            assets: BTreeSet::new(),
            toc: Vec::new(),
            heading_links: Vec::new(),
            terms: BTreeSet::new(),
            vars: Vars::default(),
            heading_ids: BTreeMap::new(),
            fragments: 0,
            tables: 0,
            tabs: (0, 0),
        }
    }

    /// A lesson's page, cut into its blocks: paragraphs, lists, asides, items.
    pub(crate) fn page(&mut self, fragment: &Fragment, marks: &[Mark]) -> Vec<Chunk> {
        self.render(fragment, marks, Place::Page).0
    }

    /// Text of an item, with its first paragraph as plain text.
    pub(crate) fn block(&mut self, fragment: &Fragment, marks: &[Mark]) -> (Html, String) {
        let (chunks, plain) = self.render(fragment, marks, Place::Item);
        (first_html(chunks), plain)
    }

    /// A single paragraph without its element, for a label; also as plain text.
    pub(crate) fn inline(&mut self, fragment: &Fragment) -> (Html, String) {
        let (chunks, plain) = self.render(fragment, &[], Place::Inline);
        (first_html(chunks), plain)
    }

    pub(crate) fn problem(
        &mut self,
        spot: Spot,
        code: &'static str,
        message: impl Display,
        help: impl Display,
    ) {
        self.problems
            .extend(self.source.problem(spot, code, message, help));
    }

    fn render(
        &mut self,
        fragment: &Fragment,
        marks: &[Mark],
        place: Place,
    ) -> (Vec<Chunk>, String) {
        self.fragments += 1;
        let mut broken: Vec<Range<usize>> = Vec::new();
        let note_broken = |link: BrokenLink<'_>| {
            if matches!(link.link_type, LinkType::Reference | LinkType::Collapsed) {
                broken.push(link.span);
            }
            None
        };
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS;
        let parser =
            Parser::new_with_broken_link_callback(&fragment.text, options, Some(note_broken));
        let events: Vec<_> = TextMergeWithOffset::new(parser.into_offset_iter()).collect();
        for span in broken {
            self.problem(
                fragment.spot(span),
                "dead-link",
                "this link refers to an address that is not defined",
                "write the address in round brackets, or define it: `[name]: https://…`",
            );
        }
        let mut pass = Pass {
            renderer: self,
            fragment,
            marks,
            place,
            out: Vec::new(),
            began: None,
            chunks: Vec::new(),
            footnotes: Vec::new(),
            footnote_numbers: HashMap::new(),
            definitions: BTreeMap::new(),
            outside: None,
            table: pieces::Table::default(),
            seen_marks: 0,
            in_tab: false,
            depth: 0,
            plain: String::new(),
            plain_done: false,
        };
        pass.run(&events);
        (pass.chunks, pass.plain)
    }
}

impl<'e> Pass<'_, '_, 'e> {
    fn run(&mut self, events: &[(Event<'e>, Range<usize>)]) {
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
    fn event(&mut self, events: &[(Event<'e>, Range<usize>)], at: usize) -> usize {
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
            Event::End(TagEnd::TableRow) => self.raw("</tr>\n".to_owned()),
            Event::End(TagEnd::TableHead) => {
                self.table.in_head = false;
                self.raw("</tr></thead>\n<tbody>\n".to_owned());
            }
            Event::End(TagEnd::Table) => self.raw("</tbody></table></div>\n".to_owned()),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let open = self.link(dest_url, range);
                self.raw_inline(open);
            }
            Event::End(TagEnd::Link) => self.raw_inline("</a>".to_owned()),
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
    fn paragraph(&mut self, events: &[(Event<'e>, Range<usize>)], at: usize) -> usize {
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

    fn mark(&mut self, mark: &Mark) {
        self.depth += mark.opens();
        match mark {
            Mark::Item(item) => {
                self.flush();
                self.chunks.push(Chunk::Item(*item));
            }
            Mark::Open { kind, title } => self.raw(format!(
                "<aside class=\"admonition\" data-kind=\"{kind}\">\n<p class=\"title\">{}</p>\n",
                escape(title)
            )),
            Mark::Close => self.raw("</aside>\n".to_owned()),
            Mark::TabsOpen => self.tabs_open(),
            Mark::TabOpen { title, is_first } => self.tab_open(title, *is_first),
            Mark::TabClose => {
                self.in_tab = false;
                self.raw("</div>\n".to_owned());
            }
            Mark::TabsClose => self.raw("</fieldset>\n".to_owned()),
        }
    }

    /// Text, in which `[[Ctrl]]` is a key.
    fn text(&mut self, text: &CowStr<'e>, range: &Range<usize>) {
        self.add_plain(text);
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
        self.out.push(Event::Text(rest.to_owned().into()));
    }

    fn only_a_paragraph(&mut self, events: &[(Event<'e>, Range<usize>)]) {
        let block = events.iter().find(|(event, _)| match event {
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
        let second = events
            .iter()
            .filter(|(event, _)| matches!(event, Event::Start(Tag::Paragraph)))
            .nth(1);
        if let Some((_, range)) = block.or(second) {
            self.renderer.problem(
                self.fragment.spot(range.clone()),
                "one-paragraph",
                "a choice, or a meaning in the glossary, is a single paragraph",
                "put code in backticks, and what is longer somewhere else",
            );
        }
    }

    fn add_plain(&mut self, text: &str) {
        if !self.plain_done {
            self.plain.push_str(text);
        }
    }

    fn raw(&mut self, html: String) {
        self.out.push(Event::Html(html.into()));
    }

    fn raw_inline(&mut self, html: String) {
        self.out.push(Event::InlineHtml(html.into()));
    }

    fn flush(&mut self) {
        let mut text = String::new();
        html::push_html(&mut text, self.out.drain(..));
        let text = text.trim();
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

fn first_html(chunks: Vec<Chunk>) -> Html {
    chunks
        .into_iter()
        .find_map(|chunk| match chunk {
            Chunk::Html(html, _) => Some(html),
            Chunk::Item(_) => None,
        })
        .unwrap_or_default()
}

/// Index of the end of what starts at this index; of the last event where there is none.
fn end_of(events: &[(Event<'_>, Range<usize>)], start: usize, end: TagEnd) -> usize {
    events[start..]
        .iter()
        .position(|(event, _)| *event == Event::End(end))
        .map_or(events.len() - 1, |offset| start + offset)
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

fn html_text<'t>(event: &'t Event<'_>) -> &'t str {
    match event {
        Event::Html(text) => text,
        _ => "",
    }
}

fn plain_text(events: &[(Event<'_>, Range<usize>)]) -> String {
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

//! Markdown to HTML, once, when a course is read.
//!
//! An author is trusted less than our code: raw HTML is refused, links lead to lessons or to the
//! web, images are files of the course.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use pulldown_cmark::{
    BrokenLink, CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd,
    TextMergeWithOffset, html,
};

use crate::highlight::{self, escape};
use crate::ids::LessonId;
use crate::lang::Lang;
use crate::links;
use crate::model::{Heading, Html};
use crate::problem::Problem;
use crate::source::{Fragment, Source, Spot};

/// Around the number of a [`Mark`], as a paragraph of its own: a private-use character, which
/// authors' text may not have.
pub(crate) const MARK: char = '\u{e000}';

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
}

/// A piece of rendered text.
pub(crate) enum Chunk {
    /// HTML.
    Html(Html),
    /// The item of this number stands here.
    Item(usize),
}

/// What is around the file being rendered.
#[derive(Clone, Copy)]
pub(crate) struct Env<'a> {
    pub(crate) lang: Lang,
    /// The lesson that the file belongs to.
    pub(crate) lesson: &'a LessonId,
    /// All lessons of the course.
    pub(crate) lessons: &'a BTreeSet<LessonId>,
    /// All image files of the course, `unit/file`.
    pub(crate) images: &'a BTreeSet<String>,
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
    heading_ids: BTreeMap<String, usize>,
    fragments: usize,
}

/// Where a fragment stands decides what may be in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Page,
    Item,
    /// One paragraph, in a label.
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
    chunks: Vec<Chunk>,
    /// Labels of footnotes in the order in which they are first referred to.
    footnotes: Vec<CowStr<'e>>,
    /// Their text.
    definitions: BTreeMap<String, Vec<Event<'e>>>,
    /// What was being made when a footnote's text began, and its label.
    outside: Option<(Vec<Event<'e>>, CowStr<'e>)>,
    seen_marks: usize,
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
            heading_ids: BTreeMap::new(),
            fragments: 0,
        }
    }

    /// A lesson's page, cut at its items.
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
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let problem = self.source.problem(spot, code, message, help);
        self.problems.push(problem);
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
            chunks: Vec::new(),
            footnotes: Vec::new(),
            definitions: BTreeMap::new(),
            outside: None,
            seen_marks: 0,
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
        let mut at = 0;
        while at < events.len() {
            at = self.event(events, at);
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
            Event::End(TagEnd::Heading(level)) => self.raw(format!("</{}>\n", shown(*level))),
            Event::Start(Tag::Table(_)) => {
                let label = match self.renderer.env.lang {
                    Lang::Ko => "표",
                    Lang::En => "Table",
                };
                self.raw(format!(
                    "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"{label}\">\n"
                ));
                self.out.push(event.clone());
            }
            Event::End(TagEnd::Table) => {
                self.out.push(event.clone());
                self.raw("</div>\n".to_owned());
            }
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
            Event::Html(text) | Event::InlineHtml(text) => self.raw_html(text, range),
            // The tags around a block of HTML, which is either refused or a comment.
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
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
        }
    }

    fn heading(&mut self, events: &[(Event<'e>, Range<usize>)], at: usize, level: HeadingLevel) {
        let end = end_of(events, at, TagEnd::Heading(level));
        let spot = self.fragment.spot(events[at].1.clone());
        if self.place != Place::Page {
            self.renderer.problem(
                spot,
                "heading-in-item",
                "an exercise or question has no headings of its own",
                "give it a title: `{title=\"…\"}` behind its id, or write the line in bold",
            );
        } else if level == HeadingLevel::H1 {
            self.renderer.problem(
                spot,
                "second-title",
                "the page's title is the one in the front matter",
                "begin this heading with `##`",
            );
        }
        let text = plain_text(&events[at..end]);
        let id = self.renderer.heading_id(&text);
        let tag = shown(level);
        self.raw(format!("<{tag} id=\"{HEADING_ID}{id}\">"));
        let listed = match level {
            HeadingLevel::H1 | HeadingLevel::H2 => Some(2),
            HeadingLevel::H3 => Some(3),
            _ => None,
        };
        if let Some(level) = listed {
            self.renderer.toc.push(Heading {
                level,
                id: format!("{HEADING_ID}{id}"),
                text,
            });
        }
    }

    fn code_block(
        &mut self,
        events: &[(Event<'e>, Range<usize>)],
        at: usize,
        kind: &CodeBlockKind<'e>,
    ) -> usize {
        let end = end_of(events, at, TagEnd::CodeBlock);
        let code: String = plain_text(&events[at..end]);
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.as_ref(),
            CodeBlockKind::Indented => "",
        };
        let mut words = info.split_whitespace();
        let name = words.next().unwrap_or("text");
        let option = words.next();
        let spot = self.fragment.spot(events[at].1.clone());
        if !highlight::is_known(name) {
            self.renderer.problem(
                spot,
                "unknown-language",
                format!("`{name}` is no language that code can be shown in"),
                format!("one of {}", highlight::known()),
            );
        }
        if !matches!(option, None | Some("no-run")) || words.next().is_some() {
            self.renderer.problem(
                spot,
                "code-option",
                format!("`{info}` means nothing here"),
                "scripts (`bash check` and the like) stand directly in an exercise; elsewhere only `no-run` may follow the language",
            );
        }
        let lang = escape(name);
        let run = match option {
            None if highlight::is_shell(name) && self.place == Place::Page => " data-run",
            _ => "",
        };
        let class = if highlight::is_plain(name) {
            " output"
        } else {
            ""
        };
        let html = highlight::highlight(name, &code);
        self.raw(format!(
            "<div class=\"code{class}\"><pre tabindex=\"0\" data-lang=\"{lang}\"{run}><code>{html}</code></pre></div>\n"
        ));
        end + 1
    }

    /// An `<img>`, from its start to before its end. `captioned`: its title is shown below it.
    fn image(
        &mut self,
        events: &[(Event<'e>, Range<usize>)],
        part: Range<usize>,
        captioned: bool,
    ) -> String {
        let (
            Event::Start(Tag::Image {
                dest_url, title, ..
            }),
            range,
        ) = &events[part.start]
        else {
            return String::new();
        };
        let spot = self.fragment.spot(range.clone());
        let alt = plain_text(&events[part]);
        if alt.trim().is_empty() {
            self.renderer.problem(
                spot,
                "missing-alt",
                "this image has no text for those who do not see it",
                "say between the square brackets what it shows",
            );
        }
        let env = self.renderer.env;
        match links::image(dest_url, env.lesson.unit(), env.images) {
            Ok(path) => {
                let title = match title.as_ref() {
                    title if captioned || title.is_empty() => String::new(),
                    title => format!(" title=\"{}\"", escape(title)),
                };
                let html = format!(
                    "<img src=\"/assets/{path}\" alt=\"{}\"{title} loading=\"lazy\" decoding=\"async\">",
                    escape(&alt)
                );
                self.renderer.assets.insert(path);
                html
            }
            Err((message, help)) => {
                self.renderer.problem(spot, "dead-image", message, help);
                String::new()
            }
        }
    }

    fn link(&mut self, address: &str, range: &Range<usize>) -> String {
        let spot = self.fragment.spot(range.clone());
        let env = self.renderer.env;
        match links::link(address, env.lesson, env.lessons) {
            Ok(links::Link::Web(address)) => {
                format!("<a href=\"{}\" rel=\"noopener\">", escape(&address))
            }
            Ok(links::Link::Lesson { lesson, heading }) => {
                let mut href = if lesson == *env.lesson && heading.is_some() {
                    String::new()
                } else {
                    format!("/{}/lessons/{lesson}", env.lang)
                };
                if let Some(heading) = heading {
                    let _ = write!(href, "#{HEADING_ID}{}", escape(&heading));
                    self.renderer.heading_links.push(HeadingLink {
                        lesson,
                        heading,
                        spot,
                    });
                }
                format!("<a href=\"{href}\">")
            }
            Err((message, help)) => {
                self.renderer.problem(spot, "dead-link", message, help);
                "<a>".to_owned()
            }
        }
    }

    fn raw_html(&mut self, text: &str, range: &Range<usize>) {
        let text = text.trim();
        if text.is_empty() || (text.starts_with("<!--") && text.ends_with("-->")) {
            return;
        }
        self.renderer.problem(
            self.fragment.spot(range.clone()),
            "raw-html",
            "HTML is not for lessons: what stands in a page acts in the name of whoever reads it",
            "use Markdown, `[[Ctrl]]` for keys, `:::note` for boxes, `![…](file.svg \"caption\")` for figures; or write `\\<` for the sign itself",
        );
    }

    fn task(&mut self, done: bool) {
        let (checked, label) = match (done, self.renderer.env.lang) {
            (true, Lang::Ko) => (" checked", "했음"),
            (true, Lang::En) => (" checked", "done"),
            (false, Lang::Ko) => ("", "할 일"),
            (false, Lang::En) => ("", "to do"),
        };
        self.raw_inline(format!(
            "<input type=\"checkbox\" disabled aria-label=\"{label}\"{checked}>"
        ));
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

    fn footnote_reference(&mut self, label: &CowStr<'e>) {
        let known = self.footnotes.iter().position(|known| known == label);
        let number = known.unwrap_or_else(|| {
            self.footnotes.push(label.clone());
            self.footnotes.len() - 1
        }) + 1;
        // Only the first reference can be come back to.
        let id = match known {
            None => format!(" id=\"{}\"", self.footnote_id("fnref", number)),
            Some(_) => String::new(),
        };
        let target = self.footnote_id("fn", number);
        self.raw_inline(format!(
            "<sup class=\"footnote-ref\"><a href=\"#{target}\"{id} role=\"doc-noteref\">{number}</a></sup>"
        ));
    }

    fn footnote_defined(&mut self, range: &Range<usize>) {
        let Some((outside, label)) = self.outside.take() else {
            return;
        };
        let text = std::mem::replace(&mut self.out, outside);
        if self.definitions.insert(label.to_string(), text).is_some() {
            self.renderer.problem(
                self.fragment.spot(range.clone()),
                "double-footnote",
                "there is another footnote of this name",
                "give one of them another name",
            );
        }
    }

    fn add_footnotes(&mut self) {
        let mut definitions = std::mem::take(&mut self.definitions);
        let labels = std::mem::take(&mut self.footnotes);
        if !labels.is_empty() {
            self.raw("<section class=\"footnotes\" role=\"doc-endnotes\">\n<ol>\n".to_owned());
            for (index, label) in labels.iter().enumerate() {
                let (id, back) = (
                    self.footnote_id("fn", index + 1),
                    self.footnote_id("fnref", index + 1),
                );
                let to_text = match self.renderer.env.lang {
                    Lang::Ko => "본문으로",
                    Lang::En => "Back to the text",
                };
                self.raw(format!("<li id=\"{id}\">\n"));
                self.out
                    .extend(definitions.remove(label.as_ref()).unwrap_or_default());
                self.raw(format!(
                    "<a class=\"footnote-backref\" href=\"#{back}\" role=\"doc-backlink\" aria-label=\"{to_text}\">↩</a></li>\n"
                ));
            }
            self.raw("</ol>\n</section>\n".to_owned());
        }
        for label in definitions.into_keys() {
            self.renderer.problem(
                self.fragment.spot(0..0),
                "unused-footnote",
                format!("nothing refers to the footnote `{label}`"),
                format!("write `[^{label}]` where it belongs, or take it out"),
            );
        }
    }

    fn footnote_id(&self, what: &str, number: usize) -> String {
        match self.place {
            Place::Page => format!("{what}-{number}"),
            _ => format!("{what}-{}-{number}", self.renderer.fragments),
        }
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
                "choice-text",
                "a choice is a single paragraph",
                "put code in `single quotes of code`, and what is longer into the question",
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
        if !text.is_empty() {
            self.chunks
                .push(Chunk::Html(Html::rendered(text.to_owned())));
        }
    }
}

impl Renderer<'_> {
    /// A heading's id, from its words: letters of any script, digits and dashes; numbered from the
    /// second of the same on.
    fn heading_id(&mut self, text: &str) -> String {
        let words: Vec<String> = text
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let id = words.join("-");
        let count = self.heading_ids.entry(id.clone()).or_default();
        *count += 1;
        match *count {
            1 => id,
            count => format!("{id}-{count}"),
        }
    }
}

fn first_html(chunks: Vec<Chunk>) -> Html {
    chunks
        .into_iter()
        .find_map(|chunk| match chunk {
            Chunk::Html(html) => Some(html),
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

/// A heading's element: never `h1`, which is the page's title.
fn shown(level: HeadingLevel) -> &'static str {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 => "h2",
        HeadingLevel::H3 => "h3",
        HeadingLevel::H4 => "h4",
        HeadingLevel::H5 => "h5",
        HeadingLevel::H6 => "h6",
    }
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

//! Markdown to HTML, once, when a course is read.
//!
//! An author is trusted less than our code: of HTML only a safe little may stand in a lesson, links lead to lessons or to the
//! web, images are files of the course.

mod footnotes;
mod pass;
mod pieces;
mod subset;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::Range;

use pulldown_cmark::{BrokenLink, LinkType, Options, Parser, TextMergeWithOffset};

use self::pass::{Pass, Place};
use crate::highlight::Colours;
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

/// What stands in a page's Markdown in place of a directive.
pub(crate) enum Mark<'a> {
    /// An exercise or question, by its place among the file's items.
    Item(usize),
    /// The beginning of an admonition.
    Open {
        /// `note`, `tip`, `warning`.
        kind: &'static str,
        /// Its title, plain text.
        title: &'a str,
    },
    /// Its end.
    Close,
    /// The beginning of a block of tabs.
    TabsOpen,
    /// The beginning of one of them.
    TabOpen {
        /// Its title, plain text.
        title: &'a str,
        /// Whether it is the one shown at first.
        is_first: bool,
    },
    /// Its end.
    TabClose,
    /// The end of the block.
    TabsClose,
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
    pub(crate) fn page(&mut self, fragment: &Fragment, marks: &[Mark<'_>]) -> Vec<Chunk> {
        self.render(fragment, marks, Place::Page).0
    }

    /// Text of an item, with its first paragraph as plain text.
    pub(crate) fn block(&mut self, fragment: &Fragment, marks: &[Mark<'_>]) -> (Html, String) {
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
        marks: &[Mark<'_>],
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
        let events = TextMergeWithOffset::new(parser.into_offset_iter());
        let rendered = Pass::new(self, fragment, marks, place).run(events);
        for span in broken {
            self.problem(
                fragment.spot(span),
                "dead-link",
                "this link refers to an address that is not defined",
                "write the address in round brackets, or define it: `[name]: https://…`",
            );
        }
        rendered
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

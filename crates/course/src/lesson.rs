//! One file of a lesson: front matter, page and items.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use serde::Deserialize;

use crate::ids::ItemId;
use crate::item::{self, Body, Item, KindName};
use crate::lang::Lang;
use crate::map::{ROW_FORM, is_row};
use crate::model::{Block, Page};
use crate::problem::Problem;
use crate::prompt::Prompt;
use crate::quiz;
use crate::render::{Chunk, Env, HeadingLink, Mark, Renderer, is_private};
use crate::scan::{Directive, Piece, scan};
use crate::source::Source;
use crate::tabs::{self, Tabs};
use crate::vars_block::FoundVars;

/// The longest lesson, in minutes: what is longer is several.
const MINUTES_MAX: u16 = 240;

/// The longest front matter, in bytes: four times what its keys can say. A reader of YAML may take
/// quadratic time on text that is none.
const FRONT_MAX: usize = 4096;

/// The most exercises and questions of a lesson: a page with more could not be used.
const ITEMS_MAX: usize = 200;

/// The longest title or summary, in characters.
const LINE_MAX: usize = 200;

/// What stands between the `---` of a lesson.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Front {
    pub(crate) title: String,
    pub(crate) summary: Option<String>,
    pub(crate) rows: Option<Vec<String>>,
    pub(crate) minutes: Option<u16>,
}

/// A file, read and rendered.
pub(crate) struct File {
    pub(crate) lang: Lang,
    /// `None` where it could not be read; told already.
    pub(crate) front: Option<Front>,
    pub(crate) page: Page,
    pub(crate) items: Vec<Item>,
    pub(crate) assets: BTreeSet<String>,
    pub(crate) heading_links: Vec<HeadingLink>,
    /// The terms that it links to.
    pub(crate) terms: BTreeSet<String>,
    /// Its blocks of tabs.
    pub(crate) tabs: Vec<Tabs>,
    pub(crate) known: Known,
    pub(crate) problems: Vec<Problem>,
}

/// What items of a file have to know of others: of those above them, or, in a translation, of their
/// own in the default language.
#[derive(Default)]
pub(crate) struct Known {
    /// Kinds of questions.
    pub(crate) kinds: HashMap<ItemId, KindName>,
    /// Vars of exercises that have some.
    pub(crate) vars: HashMap<ItemId, FoundVars>,
}

impl Known {
    fn add(&mut self, item: &Item) {
        match &item.body {
            Body::Question(question) => {
                if let Some((kind, _)) = question.kind {
                    self.kinds.insert(item.id.clone(), kind);
                }
            }
            Body::Exercise(exercise) if !exercise.vars.vars.is_empty() => {
                self.vars.insert(item.id.clone(), exercise.vars.clone());
            }
            Body::Exercise(_) => {}
        }
    }
}

impl File {
    /// Reads and renders a lesson's file. `default` is what is known of the default language's when
    /// this is a translation.
    pub(crate) fn read(env: Env<'_>, source: &Source<'_>, default: Option<&Known>) -> Self {
        let mut renderer = Renderer::new(env, source);
        refuse_odd_characters(&mut renderer);
        let (front, body) = front(&mut renderer);
        let mut page = Prompt::default();
        let mut items = Vec::new();
        let mut known = Known::default();
        let mut tabs = Vec::new();
        for piece in scan(source, body, &mut renderer.problems) {
            match piece {
                Piece::Directive(directive) if directive.outer && directive.name == "tabs" => {
                    tabs.push(tabs::add(&mut renderer, &mut page, &directive));
                }
                Piece::Directive(directive) if directive.outer => {
                    if items.len() == ITEMS_MAX {
                        renderer.problem(
                            directive.spot,
                            "too-many-items",
                            format_args!(
                                "a lesson has at most {ITEMS_MAX} exercises and questions"
                            ),
                            "make several lessons of it",
                        );
                        break;
                    }
                    if let Some(item) = outer(&mut renderer, &directive, &known, default) {
                        known.add(&item);
                        page.mark(directive.line, Mark::Item(items.len()));
                        items.push(item);
                    }
                }
                piece => page.piece(
                    &mut renderer,
                    piece,
                    "exercise, quiz and tabs with four colons, note, tip, warning with three",
                ),
            }
        }
        refuse_double_ids(&mut renderer, &items);
        if default.is_none() {
            check_needs(&mut renderer, &items);
        }
        let (blocks, lines) = renderer
            .page(&page.fragment, &page.marks)
            .into_iter()
            .filter_map(|chunk| block(chunk, &items))
            .unzip();
        let title = front
            .as_ref()
            .map_or_else(String::new, |front| front.title.clone());
        let summary = front.as_ref().and_then(|front| front.summary.clone());
        Self {
            lang: env.lang,
            front,
            page: Page {
                title,
                summary: summary.unwrap_or_default(),
                blocks,
                lines,
                toc: renderer.toc,
            },
            items,
            assets: renderer.assets,
            heading_links: renderer.heading_links,
            terms: renderer.terms,
            tabs,
            known,
            problems: renderer.problems,
        }
    }
}

/// A block of the page, and the line where it begins.
fn block(chunk: Chunk, items: &[Item]) -> Option<(Block, usize)> {
    Some(match chunk {
        Chunk::Html(html, line) => (Block::Prose(html), line),
        Chunk::Item(index) => {
            let item = items.get(index)?;
            let block = match item.body {
                Body::Exercise(_) => Block::Exercise(item.id.clone()),
                Body::Question(_) => Block::Question(item.id.clone()),
            };
            (block, item.spot.line + 1)
        }
    })
}

fn outer(
    renderer: &mut Renderer<'_>,
    directive: &Directive<'_>,
    above: &Known,
    default: Option<&Known>,
) -> Option<Item> {
    let known = default.unwrap_or(above);
    let pieces = scan(
        renderer.source,
        directive.body.clone(),
        &mut renderer.problems,
    );
    match directive.name {
        "exercise" => item::exercise(renderer, directive, pieces, known, default.is_some()),
        "quiz" => quiz::question(renderer, directive, pieces, |id| {
            default?.kinds.get(id).copied()
        }),
        name => {
            renderer.problem(
                directive.spot,
                "unknown-directive",
                format_args!("there is no `{name}` with four colons"),
                "with four colons: exercise, quiz, tabs; with three: note, tip, warning, and inside others feedback, hint, explain, tab",
            );
            None
        }
    }
}

fn front(renderer: &mut Renderer<'_>) -> (Option<Front>, Range<usize>) {
    let source = renderer.source;
    let all = source.lines.len();
    let opened = source
        .lines
        .first()
        .is_some_and(|line| line.trim_end() == "---");
    let close = source
        .lines
        .iter()
        .skip(1)
        .position(|line| line.trim_end() == "---");
    let (true, Some(close)) = (opened, close) else {
        let (message, help) = if opened {
            (
                "the front matter is not closed",
                "put a line `---` behind it",
            )
        } else {
            (
                "the lesson does not begin with its front matter",
                "begin the file with `---`, `title: …`, `---`",
            )
        };
        renderer.problem(source.line(0), "front-matter", message, help);
        return (None, if opened { all..all } else { 0..all });
    };
    let end = close + 1;
    let yaml = source.lines[1..end].join("\n");
    if yaml.len() > FRONT_MAX {
        renderer.problem(
            source.line(0),
            "front-matter",
            "the front matter is too long",
            format_args!("it has at most {FRONT_MAX} bytes; put a line `---` behind it"),
        );
        return (None, end + 1..all);
    }
    let front = match serde_yaml_ng::from_str::<Front>(&yaml) {
        Ok(front) => Some(front),
        Err(error) => {
            let spot = error.location().map_or(source.line(0), |at| {
                let line = at.line().min(end - 1);
                let text = source.lines[line];
                let column = at.column().saturating_sub(1);
                let start = text
                    .char_indices()
                    .nth(column)
                    .map_or(text.len(), |(byte, _)| byte);
                source.within(line, start..start)
            });
            renderer.problem(
                spot,
                "front-matter",
                format_args!("the front matter cannot be read: {}", without_place(&error.to_string())),
                "it has `title`, and if wanted `summary`; in the default language `rows: [N09]` and `minutes: 15` as well; a title with a colon stands in quotes",
            );
            None
        }
    };
    if let Some(front) = &front {
        check_front(renderer, front, end);
    }
    (front, end + 1..all)
}

/// serde's message without its "at line 2 column 3", which counts from after the first `---`.
fn without_place(message: &str) -> &str {
    message
        .find(" at line ")
        .map_or(message, |at| &message[..at])
}

fn check_front(renderer: &mut Renderer<'_>, front: &Front, end: usize) {
    let source = renderer.source;
    let spot = |key: &str| {
        let line = source.lines[..end]
            .iter()
            .position(|line| line.starts_with(key));
        source.line(line.unwrap_or(0))
    };
    for (key, text) in [
        ("title", Some(&front.title)),
        ("summary", front.summary.as_ref()),
    ] {
        let Some(text) = text else { continue };
        if text.trim().is_empty() || text.chars().nth(LINE_MAX).is_some() || text.contains('\n') {
            renderer.problem(
                spot(key),
                "front-matter",
                format_args!("the {key} is empty or too long"),
                format_args!("write one line of at most {LINE_MAX} characters"),
            );
        }
    }
    if front
        .minutes
        .is_some_and(|minutes| !(1..=MINUTES_MAX).contains(&minutes))
    {
        renderer.problem(
            spot("minutes"),
            "front-matter",
            "no lesson takes so many minutes",
            format_args!("write 1 to {MINUTES_MAX}"),
        );
    }
    for row in front.rows.iter().flatten() {
        if !is_row(row) {
            let message = format!("`{row}` is no row of a course map");
            renderer.problem(spot("rows"), "bad-row", message, ROW_FORM);
        } else if renderer.env.rows.is_some_and(|rows| !rows.contains(row)) {
            renderer.problem(
                spot("rows"),
                "unknown-row",
                format_args!("the course's map has no row `{row}`"),
                "rows are listed in map.toml, under [[rows]]",
            );
        }
    }
}

fn refuse_odd_characters(renderer: &mut Renderer<'_>) {
    let source = renderer.source;
    for (index, line) in source.lines.iter().enumerate() {
        if !line.bytes().fold(false, |odd, byte| odd | may_be_odd(byte)) {
            continue;
        }
        let odd = line
            .char_indices()
            .find(|(_, letter)| is_private(*letter) || (letter.is_control() && *letter != '\t'));
        if let Some((at, letter)) = odd {
            renderer.problem(
                source.within(index, at..at + letter.len_utf8()),
                "odd-character",
                format_args!(
                    "the character U+{:04X} has no place in a lesson",
                    u32::from(letter)
                ),
                "take it out: it cannot be seen, and came by copying perhaps",
            );
        }
    }
}

/// Whether an odd character may begin with this byte of UTF-8: a quick look, which lets through nearly
/// every line, be it Korean or English. U+0080 to U+00BF begin with C2, private ones with EE and EF.
const fn may_be_odd(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') | matches!(byte, 0x7f | 0xc2 | 0xee | 0xef)
}

fn refuse_double_ids(renderer: &mut Renderer<'_>, items: &[Item]) {
    let mut seen = BTreeSet::new();
    for item in items {
        if !seen.insert(&item.id) {
            renderer.problem(
                item.spot,
                "duplicate-id",
                format_args!("there is another `{}` in this lesson", item.id),
                "give one of them another id",
            );
        }
    }
}

/// What an exercise builds on is an exercise above it.
fn check_needs(renderer: &mut Renderer<'_>, items: &[Item]) {
    for (index, item) in items.iter().enumerate() {
        let Body::Exercise(exercise) = &item.body else {
            continue;
        };
        let needs = exercise.needs.iter().flatten();
        for word in needs.clone() {
            let found = items
                .iter()
                .position(|other| other.id.as_str() == word.text);
            let is_exercise =
                found.is_some_and(|found| matches!(items[found].body, Body::Exercise(_)));
            let wrong = match found {
                Some(found) if found < index && is_exercise => continue,
                Some(found) if found == index => "an exercise cannot need itself".to_owned(),
                Some(_) if is_exercise => format!("`{}` stands below this exercise", word.text),
                Some(_) => format!("`{}` is a question, not an exercise", word.text),
                None => format!("the lesson has no exercise `{}`", word.text),
            };
            let help = "it can need exercises of this lesson that stand above it";
            renderer.problem(word.spot, "bad-need", wrong, help);
        }
        if let Some((of, spot)) = &exercise.vars.named
            && !needs.clone().any(|word| word.text == of.as_str())
        {
            renderer.problem(
                *spot,
                "bad-vars",
                format_args!("this exercise does not need `{of}`, whose values it takes"),
                format_args!("write `{{needs=\"{of}\"}}` behind its id"),
            );
        }
    }
}

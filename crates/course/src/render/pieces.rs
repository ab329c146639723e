//! What becomes other HTML than Markdown usually does: headings, code, images, links.

use std::fmt::Write as _;
use std::ops::Range;

use pulldown_cmark::{Alignment, CodeBlockKind, CowStr, Event, HeadingLevel, Tag, TagEnd};

use super::pass::{Pass, Place, Placed, end_of, plain_text};
use super::{HEADING_ID, HeadingLink, Renderer, TERM_ID};
use crate::diagram;
use crate::highlight::{self, escape};
use crate::lang::Lang;
use crate::links;
use crate::model::Heading;
use crate::source::Spot;

/// Where in a table the renderer is.
#[derive(Default)]
pub(super) struct Table {
    columns: Vec<Alignment>,
    column: usize,
    pub(super) in_head: bool,
}

impl Table {
    /// The element of a cell.
    pub(super) fn cell(&self) -> &'static str {
        if self.in_head { "th" } else { "td" }
    }
}

impl<'e> Pass<'_, '_, 'e> {
    /// Begins a table. Alignment becomes a class: pages forbid styles in attributes.
    pub(super) fn table(&mut self, columns: &[Alignment]) {
        self.table = Table {
            columns: columns.to_vec(),
            column: 0,
            in_head: true,
        };
        let label = match self.renderer.env.lang {
            Lang::Ko => "표",
            Lang::En => "Table",
        };
        self.renderer.tables += 1;
        let number = self.renderer.tables;
        self.raw(format!(
            "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"{label} {number}\"><table>\n"
        ));
    }

    pub(super) fn table_row(&mut self, open: &'static str) {
        self.table.column = 0;
        self.raw(open);
    }

    pub(super) fn table_cell(&mut self) {
        let class = match self.table.columns.get(self.table.column) {
            Some(Alignment::Right) => " class=\"right\"",
            Some(Alignment::Center) => " class=\"center\"",
            _ => "",
        };
        let scope = if self.table.in_head {
            " scope=\"col\""
        } else {
            ""
        };
        self.table.column += 1;
        self.raw_inline(format!("<{}{scope}{class}>", self.table.cell()));
    }

    /// Begins a block of tabs: radio buttons, which work without script, by keyboard and for those
    /// who do not see them. The style sheet shows the text of the chosen one.
    pub(super) fn tabs_open(&mut self) {
        self.renderer.tabs = (self.renderer.tabs.0 + 1, 0);
        let legend = match self.renderer.env.lang {
            Lang::Ko => "하나를 고르세요",
            Lang::En => "Choose one",
        };
        self.raw(format!(
            "<fieldset class=\"tabs\">\n<legend class=\"visually-hidden\">{legend}</legend>\n"
        ));
    }

    pub(super) fn tab_open(&mut self, title: &str, is_first: bool) {
        self.in_tab = true;
        self.renderer.tabs.1 += 1;
        let (block, tab) = self.renderer.tabs;
        let checked = if is_first { " checked" } else { "" };
        self.raw(format!(
            "<input type=\"radio\" name=\"tabs-{block}\" id=\"tabs-{block}-{tab}\"{checked}><label for=\"tabs-{block}-{tab}\">{}</label>\n<div class=\"tab\">\n",
            escape(title)
        ));
    }

    pub(super) fn heading(&mut self, events: &[Placed<'e>], at: usize, level: HeadingLevel) {
        let end = end_of(events, at, TagEnd::Heading(level));
        let spot = self.fragment.spot(events[at].1.clone());
        if self.place != Place::Page {
            self.renderer.problem(
                spot,
                "heading-in-item",
                "an exercise or question has no headings of its own",
                "give it a title: `{title=\"…\"}` behind its id, or write the line in bold",
            );
        } else if self.in_tab {
            self.renderer.problem(
                spot,
                "heading-in-tab",
                "a tab has no headings: a link to one would lead to what is not shown",
                "put the heading before the tabs, or write the line in bold",
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

    pub(super) fn code_block(
        &mut self,
        events: &[Placed<'e>],
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
        if name == highlight::DIAGRAM {
            self.diagram(info, &code, spot);
            return end + 1;
        }
        if !highlight::is_known(name) {
            self.renderer.problem(
                spot,
                "unknown-language",
                format_args!("`{name}` is no language that code can be shown in"),
                format_args!("one of {}", *highlight::KNOWN),
            );
        }
        if !matches!(option, None | Some("no-run")) || words.next().is_some() {
            self.renderer.problem(
                spot,
                "code-option",
                format_args!("`{info}` means nothing here"),
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
        let vars = &self.renderer.vars;
        let html = match self.renderer.env.colours {
            Some(colours) => vars.kept_whole(&code, |code| colours.of(name, code)),
            None => escape(&code),
        };
        self.raw(format!(
            "<div class=\"code{class}\"><pre tabindex=\"0\" data-lang=\"{lang}\"{run}><code>{html}</code></pre></div>\n"
        ));
        end + 1
    }

    /// A diagram: its title, which is for those who do not see it, stands behind the language's name.
    fn diagram(&mut self, info: &str, code: &str, spot: Spot) {
        let title = info.trim_start_matches(highlight::DIAGRAM).trim();
        let title = title.trim_matches('"').trim();
        if title.is_empty() {
            self.renderer.problem(
                spot,
                "missing-alt",
                "this diagram has no text for those who do not see it",
                "say behind `mermaid`, in quotes, what it shows",
            );
        }
        match diagram::draw(code, title) {
            Ok(html) => self.raw(html),
            Err(wrong) => {
                let line = self.renderer.source.line(spot.line + 1 + wrong.line);
                self.renderer
                    .problem(line, "diagram", wrong.message, wrong.help);
            }
        }
    }

    /// An `<img>`, from its start to before its end. `captioned`: its title is shown below it.
    pub(super) fn image(
        &mut self,
        events: &[Placed<'e>],
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
        match links::image(dest_url, &env) {
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
            Err(dead) => {
                let help = dead.help();
                self.renderer.problem(spot, "dead-image", dead, help);
                String::new()
            }
        }
    }

    pub(super) fn link(&mut self, address: &str, range: &Range<usize>) -> CowStr<'static> {
        let spot = self.fragment.spot(range.clone());
        let env = self.renderer.env;
        match links::link(address, &env) {
            Ok(links::Link::Web(address)) => {
                format!("<a href=\"{}\" rel=\"noopener\">", escape(address)).into()
            }
            Ok(links::Link::Lesson { lesson, heading }) => {
                let mut href = if Some(&lesson) == env.lesson && heading.is_some() {
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
                format!("<a href=\"{href}\">").into()
            }
            Ok(links::Link::Term(term)) => {
                let href = format!("/{}/glossary#{TERM_ID}{term}", env.lang);
                self.renderer.terms.insert(term);
                format!("<a class=\"term\" href=\"{}\">", escape(&href)).into()
            }
            Err(dead) => {
                let help = dead.help();
                self.renderer.problem(spot, "dead-link", dead, help);
                CowStr::Borrowed("<a>")
            }
        }
    }

    pub(super) fn task(&mut self, done: bool) {
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
}

impl Renderer<'_> {
    /// A heading's id, from its words: letters of any script, digits and dashes; numbered from the
    /// second of the same on.
    pub(super) fn heading_id(&mut self, text: &str) -> String {
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

/// A heading's element: never `h1`, which is the page's title.
pub(super) fn shown(level: HeadingLevel) -> &'static str {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 => "h2",
        HeadingLevel::H3 => "h3",
        HeadingLevel::H4 => "h4",
        HeadingLevel::H5 => "h5",
        HeadingLevel::H6 => "h6",
    }
}

//! Tabs: the same thing for several systems, of which one is shown.

use crate::prompt::Prompt;
use crate::render::{Mark, Renderer};
use crate::scan::{Directive, Piece, scan};
use crate::source::Spot;

/// The most tabs beside each other: more do not fit a phone's line.
const TABS_MAX: usize = 6;

/// How tabs are written.
const FORM: &str =
    "between `::::tabs` and `::::` stand 2 to 6 times `:::tab Its title`, its text, `:::`";

/// A block of tabs: how many it has, and where it begins.
pub(crate) type Tabs = (usize, Spot);

/// Adds a block of tabs to a page.
pub(crate) fn add<'a>(
    renderer: &mut Renderer<'a>,
    page: &mut Prompt<'a>,
    directive: &Directive<'a>,
) -> Tabs {
    let source = renderer.source;
    let behind = source.lines[directive.line][directive.rest..].trim();
    if !behind.is_empty() {
        let message = format_args!("`{behind}` means nothing here");
        renderer.problem(directive.spot, "unknown-attribute", message, FORM);
    }
    let pieces = scan(source, directive.body.clone(), &mut renderer.problems);
    page.mark(directive.line, Mark::TabsOpen);
    let mut count = 0;
    for piece in pieces {
        match piece {
            Piece::Line(line) if source.lines[line].trim().is_empty() => {}
            Piece::Directive(tab) if tab.name == "tab" && !tab.outer => {
                let title = source.lines[tab.line][tab.rest..].trim();
                if title.is_empty() {
                    let message = "this tab has no title";
                    renderer.problem(tab.spot, "bad-tabs", message, "write it behind `tab`");
                }
                page.mark(
                    tab.line,
                    Mark::TabOpen {
                        title,
                        is_first: count == 0,
                    },
                );
                for line in tab.body.clone() {
                    page.line(source, line);
                }
                page.mark(tab.body.end.min(source.lines.len() - 1), Mark::TabClose);
                count += 1;
            }
            piece => {
                let spot = match piece {
                    Piece::Line(line) => source.line(line),
                    Piece::Code(code) => source.line(code.line),
                    Piece::Directive(inner) => inner.spot,
                };
                renderer.problem(spot, "bad-tabs", "this stands in no tab", FORM);
            }
        }
    }
    let end = directive.body.end.min(source.lines.len() - 1);
    page.mark(end, Mark::TabsClose);
    if !(2..=TABS_MAX).contains(&count) {
        let message = format!("a block of tabs has 2 to {TABS_MAX}, not {count}");
        renderer.problem(directive.spot, "bad-tabs", message, FORM);
    }
    (count, directive.spot)
}

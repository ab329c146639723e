//! Diagrams in a little of Mermaid's language, drawn as SVG when a course is read: no script and no
//! foreign host is needed to see them.

mod flow;
mod layout;
mod parse;
mod sequence;
mod svg;

/// The longest text of a diagram, in bytes: what is longer cannot be looked at in one piece.
const TEXT_MAX: usize = 8192;

/// The most boxes, and the most lines between them: layouts take time with their square.
const BOXES_MAX: usize = 60;
const EDGES_MAX: usize = 120;

/// The longest line of a label, in characters: a box that is wider is a paragraph.
const LABEL_MAX: usize = 60;

/// Why a diagram cannot be drawn.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Line of its text, from 0.
    pub(crate) line: usize,
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

/// A place or a size, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

/// Draws a diagram. `title` is what it shows, for those who do not see it.
pub(crate) fn draw(text: &str, title: &str) -> Result<String, Wrong> {
    if text.len() > TEXT_MAX {
        return Err(wrong(
            0,
            "this diagram is too long",
            "make several diagrams of it",
        ));
    }
    let mut lines = parse::statements(text);
    let Some((line, head)) = lines.next() else {
        return Err(wrong(0, "this diagram is empty", HEADS));
    };
    let across = match head {
        "sequenceDiagram" => {
            let sequence = sequence::read(lines)?;
            return Ok(sequence::draw(&sequence, title));
        }
        "flowchart LR" | "graph LR" => true,
        "flowchart TD" | "flowchart TB" | "graph TD" | "graph TB" => false,
        _ => {
            let message = format!("`{head}` is no diagram that can be drawn here");
            return Err(wrong(line, message, HEADS));
        }
    };
    let chart = parse::flowchart(lines)?;
    let layout = layout::of(&chart, across);
    Ok(flow::draw(&chart, &layout, across, title))
}

/// How a diagram begins.
const HEADS: &str = "begin it with `flowchart LR` (from left to right), `flowchart TD` (from the top down) or `sequenceDiagram`";

fn wrong(line: usize, message: impl Into<String>, help: &'static str) -> Wrong {
    Wrong {
        line,
        message: message.into(),
        help,
    }
}

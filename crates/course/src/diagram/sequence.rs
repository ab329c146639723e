//! Sequence diagrams: who says what to whom, from the top down.

use super::parse::label;
use super::svg::{self, LINE, MARGIN, Picture};
use super::{BOXES_MAX, EDGES_MAX, Point, Wrong, wrong};

/// What can be drawn, for whoever wrote something else.
const HELP: &str = "lines are `participant a as Name`, `a->>b: text` (`-->>` for an answer), `Note over a,b: text`";

/// Between two who talk, at least.
const APART: f64 = 120.0;

/// Signs between two names; longer ones first. Whether the line is dashed, and has a head.
const ARROWS: [(&str, bool, bool); 6] = [
    ("-->>", true, true),
    ("->>", false, true),
    ("-->", true, false),
    ("->", false, false),
    ("--)", true, true),
    ("-)", false, true),
];

#[derive(Default)]
pub(super) struct Sequence {
    /// Their ids and names.
    actors: Vec<(String, Vec<String>)>,
    steps: Vec<Step>,
}

enum Step {
    Message {
        from: usize,
        to: usize,
        text: Vec<String>,
        dashed: bool,
        head: bool,
    },
    Note {
        from: usize,
        to: usize,
        text: Vec<String>,
    },
}

/// Reads what follows the first line.
pub(super) fn read<'t>(lines: impl Iterator<Item = (usize, &'t str)>) -> Result<Sequence, Wrong> {
    let mut sequence = Sequence::default();
    let mut last = 0;
    for (line, text) in lines {
        last = line;
        if sequence.steps.len() == EDGES_MAX {
            return Err(wrong(
                line,
                "this diagram has too many parts",
                "make several diagrams of it",
            ));
        }
        let actor = text
            .strip_prefix("participant ")
            .or_else(|| text.strip_prefix("actor "));
        if let Some(actor) = actor {
            let (id, name) = actor.split_once(" as ").unwrap_or((actor, actor));
            let name = label(line, name)?;
            let index = sequence.actor(line, id)?;
            sequence.actors[index].1 = name;
        } else if let Some(note) = text.strip_prefix("Note over ") {
            let (over, text) = note.split_once(':').ok_or_else(|| unknown(line, note))?;
            let (from, to) = over.split_once(',').unwrap_or((over, over));
            let (from, to) = (sequence.actor(line, from)?, sequence.actor(line, to)?);
            let text = label(line, text)?;
            sequence.steps.push(Step::Note { from, to, text });
        } else {
            let message = sequence.message(line, text)?;
            sequence.steps.push(message);
        }
    }
    if sequence.steps.is_empty() {
        return Err(wrong(last, "nobody says anything in this diagram", HELP));
    }
    Ok(sequence)
}

fn unknown(line: usize, text: &str) -> Wrong {
    let shown: String = text.chars().take(20).collect();
    wrong(line, format!("`{shown}` cannot be drawn"), HELP)
}

impl Sequence {
    fn message(&mut self, line: usize, text: &str) -> Result<Step, Wrong> {
        let (who, said) = text.split_once(':').ok_or_else(|| unknown(line, text))?;
        let arrow = ARROWS
            .iter()
            .find_map(|(sign, dashed, head)| Some((who.split_once(sign)?, *dashed, *head)));
        let ((from, to), dashed, head) = arrow.ok_or_else(|| unknown(line, text))?;
        Ok(Step::Message {
            from: self.actor(line, from)?,
            to: self.actor(line, to)?,
            text: label(line, said)?,
            dashed,
            head,
        })
    }

    /// The one of this id; a new one where there is none.
    fn actor(&mut self, line: usize, id: &str) -> Result<usize, Wrong> {
        let id = id.trim();
        if id.is_empty()
            || !id
                .chars()
                .all(|letter| letter.is_alphanumeric() || "_ ".contains(letter))
        {
            return Err(unknown(line, id));
        }
        if let Some(known) = self.actors.iter().position(|(known, _)| known == id) {
            return Ok(known);
        }
        if self.actors.len() == BOXES_MAX {
            return Err(wrong(
                line,
                "too many take part in this diagram",
                "make several diagrams of it",
            ));
        }
        self.actors.push((id.to_owned(), label(line, id)?));
        Ok(self.actors.len() - 1)
    }

    /// Where each one's line stands: as far apart as what is said between them needs.
    fn columns(&self) -> Vec<f64> {
        let names: Vec<f64> = self
            .actors
            .iter()
            .map(|(_, name)| svg::size(name).x + 28.0)
            .collect();
        let mut columns: Vec<f64> = Vec::new();
        for index in 0..self.actors.len() {
            let Some(before) = columns.last().copied() else {
                let notes = self.steps.iter().filter_map(|step| match step {
                    Step::Note {
                        from: 0,
                        to: 0,
                        text,
                    } => Some(svg::size(text).x + 24.0),
                    _ => None,
                });
                columns.push(MARGIN + notes.fold(names[index].max(APART), f64::max) / 2.0);
                continue;
            };
            let mut at = before + ((names[index - 1] + names[index]) / 2.0 + 24.0).max(APART);
            for step in &self.steps {
                let (Step::Message { from, to, text, .. } | Step::Note { from, to, text }) = step;
                let (left, right) = (*from.min(to), *from.max(to));
                let room = svg::size(text).x + 40.0;
                if right == index && left < index {
                    at = at.max(columns[left] + room);
                } else if left == right && right + 1 == index {
                    at = at.max(before + room);
                }
            }
            columns.push(at);
        }
        columns
    }
}

/// Draws it.
pub(super) fn draw(sequence: &Sequence, title: &str) -> String {
    let columns = sequence.columns();
    let mut picture = Picture::new();
    let tall = sequence.actors.iter().map(|(_, name)| svg::size(name).y);
    let names_end = MARGIN + tall.fold(0.0, f64::max) + 18.0;
    let mut body = Picture::new();
    let mut at = names_end + 12.0;
    let mut right: f64 = 0.0;
    for step in &sequence.steps {
        let (next, edge) = draw_step(&mut body, step, &columns, at);
        at = next;
        right = right.max(edge);
    }
    for ((_, name), x) in sequence.actors.iter().zip(&columns) {
        let width = svg::size(name).x + 28.0;
        right = right.max(x + width / 2.0);
        picture.draw(&format!(
            "<path d=\"M{x:.1} {names_end:.1}V{at:.1}\" fill=\"none\" stroke=\"var(--edge)\" stroke-dasharray=\"3 4\"/><rect x=\"{:.1}\" y=\"{MARGIN}\" width=\"{width:.1}\" height=\"{:.1}\" rx=\"2\" fill=\"var(--surface)\" stroke=\"var(--edge)\"/>",
            x - width / 2.0,
            names_end - MARGIN,
        ));
        let middle = Point {
            x: *x,
            y: f64::midpoint(MARGIN, names_end),
        };
        picture.text(name, middle);
    }
    picture.append(body);
    let size = Point {
        x: right + MARGIN,
        y: at + MARGIN,
    };
    picture.finish(size, title)
}

/// Draws a step that begins at this height; returns where it ends, and how far to the right it goes.
fn draw_step(picture: &mut Picture, step: &Step, columns: &[f64], at: f64) -> (f64, f64) {
    match step {
        Step::Note { from, to, text } => {
            let size = svg::size(text);
            let (left, right) = (columns[*from.min(to)], columns[*from.max(to)]);
            let width = (size.x + 24.0).max(right - left + 40.0);
            let middle = Point {
                x: f64::midpoint(left, right),
                y: at + size.y / 2.0 + 7.0,
            };
            picture.draw(&format!(
                "<rect x=\"{:.1}\" y=\"{at:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"var(--sunken)\" stroke=\"var(--rule)\"/>",
                middle.x - width / 2.0,
                size.y + 14.0
            ));
            picture.text(text, middle);
            (at + size.y + 30.0, middle.x + width / 2.0)
        }
        Step::Message {
            from,
            to,
            text,
            dashed,
            head,
        } => {
            let size = svg::size(text);
            let (start, end) = (columns[*from], columns[*to]);
            let y = at + size.y + 6.0;
            let dash = if *dashed {
                " stroke-dasharray=\"6 4\""
            } else {
                ""
            };
            let aside = from == to;
            let path = if aside {
                format!("M{start:.1} {y:.1}h28v{LINE}h-28")
            } else {
                format!("M{start:.1} {y:.1}H{end:.1}")
            };
            picture.draw(&format!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"currentColor\"{dash}/>"
            ));
            let tip = y + if aside { LINE } else { 0.0 };
            if *head {
                let towards = if aside { -1.0 } else { end - start };
                picture.head(Point { x: end, y: tip }, Point { x: towards, y: 0.0 });
            }
            let x = if aside {
                start + size.x / 2.0 + 8.0
            } else {
                f64::midpoint(start, end)
            };
            let middle = Point {
                x,
                y: at + size.y / 2.0,
            };
            picture.label(text, middle);
            (tip + 16.0, middle.x + size.x / 2.0 + 3.0)
        }
    }
}

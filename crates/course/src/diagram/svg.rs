//! What every diagram is drawn with.

use std::fmt::Write as _;

use super::Point;
use crate::highlight::escape;

/// Size of letters, and from one line to the next, in pixels.
const LETTER: f64 = 14.0;
pub(super) const LINE: f64 = 19.0;

/// How far a diagram's parts stay from its edge.
pub(super) const MARGIN: f64 = 8.0;

/// A line of text's width, by guess: Hangul and the like fill a square, Latin letters half of one,
/// some more and some less. What is drawn leaves room for a browser that thinks otherwise.
pub(super) fn width(text: &str) -> f64 {
    let letters = text.chars().map(|letter| match letter {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ff60}' => 0.98,
        'i' | 'j' | 'l' | 'f' | 't' | 'r' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!'
        | '(' | ')' | '[' | ']' | ' ' | '/' => 0.38,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.9,
        'A'..='Z' => 0.68,
        _ => 0.58,
    });
    letters.sum::<f64>() * LETTER
}

/// What several lines take.
pub(super) fn size(lines: &[String]) -> Point {
    let widths = lines.iter().map(|line| width(line));
    Point {
        x: widths.fold(0.0, f64::max),
        y: lines.len() as f64 * LINE,
    }
}

/// A picture being drawn. Colours are those of the page, so it fits a light and a dark one; there is
/// no style attribute, which pages forbid, and no id, which another picture could have.
pub(super) struct Picture {
    body: String,
}

impl Picture {
    pub(super) const fn new() -> Self {
        Self {
            body: String::new(),
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.body.push_str(&other.body);
    }

    pub(super) fn draw(&mut self, element: &str) {
        self.body.push_str(element);
    }

    /// Lines of text around a middle.
    pub(super) fn text(&mut self, lines: &[String], middle: Point) {
        let first = middle.y - (lines.len() as f64 - 1.0) * LINE / 2.0;
        for (index, line) in lines.iter().enumerate() {
            // A third of a letter below the middle is where letters stand.
            let y = first + index as f64 * LINE + LETTER * 0.35;
            let _ = write!(
                self.body,
                "<text x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
                middle.x,
                escape(line)
            );
        }
    }

    /// Text on a patch of the page's colour, so that what it lies on does not strike it through.
    pub(super) fn label(&mut self, lines: &[String], middle: Point) {
        if lines.is_empty() {
            return;
        }
        let size = size(lines);
        let _ = write!(
            self.body,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"var(--paper)\" stroke=\"none\"/>",
            middle.x - size.x / 2.0 - 3.0,
            middle.y - size.y / 2.0,
            size.x + 6.0,
            size.y,
        );
        self.text(lines, middle);
    }

    /// An arrowhead whose point is here, and which points along this direction.
    pub(super) fn head(&mut self, at: Point, towards: Point) {
        let length = towards.x.hypot(towards.y).max(f64::EPSILON);
        let (x, y) = (towards.x / length, towards.y / length);
        let corner = |side: f64| {
            format!(
                "{:.1} {:.1}",
                at.x - 9.0 * x + side * 4.5 * y,
                at.y - 9.0 * y - side * 4.5 * x
            )
        };
        let _ = write!(
            self.body,
            "<path d=\"M{:.1} {:.1}L{}L{}Z\" fill=\"currentColor\" stroke=\"none\"/>",
            at.x,
            at.y,
            corner(1.0),
            corner(-1.0)
        );
    }

    /// The whole picture. A wide one can be moved sideways: it is a region of its own.
    pub(super) fn finish(self, size: Point, title: &str) -> String {
        let title = escape(title);
        let (width, height) = (size.x.ceil(), size.y.ceil());
        format!(
            "<figure class=\"diagram\"><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\" font-size=\"{LETTER}\" text-anchor=\"middle\" fill=\"currentColor\" stroke-width=\"1.5\">{}</svg></figure>\n",
            self.body
        )
    }
}

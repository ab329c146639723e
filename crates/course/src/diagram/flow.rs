//! A flowchart that has been laid out, drawn.

use std::fmt::Write as _;

use super::Point;
use super::layout::{Layout, Rectangle};
use super::parse::{Chart, Edge, Shape, Style};
use super::svg::{LINE, MARGIN, Picture};

/// How far lines that end at one side of a box stay apart.
const APART: f64 = 16.0;

/// An edge's way: from where it leaves a box to where it reaches the other.
struct Way {
    points: Vec<Point>,
}

pub(super) fn draw(chart: &Chart, layout: &Layout, across: bool, title: &str) -> String {
    let moved = |rectangle: &Rectangle| Rectangle {
        at: Point {
            x: rectangle.at.x + MARGIN,
            y: rectangle.at.y + MARGIN,
        },
        ..*rectangle
    };
    let rectangles: Vec<Rectangle> = layout.rectangles.iter().map(moved).collect();
    let ways = ways(chart, layout, &rectangles, across);
    let mut picture = Picture::new();
    for (part, rectangle) in chart.boxes.iter().zip(&rectangles) {
        if part.shape == Shape::Group {
            group(&mut picture, &part.label, rectangle);
        }
    }
    for (edge, way) in chart.edges.iter().zip(&ways) {
        line(&mut picture, edge, way, across);
    }
    for (part, rectangle) in chart.boxes.iter().zip(&rectangles) {
        if part.shape != Shape::Group {
            shape(&mut picture, part.shape, rectangle);
            let mut middle = rectangle.middle();
            if part.shape == Shape::Cylinder {
                middle.y += 5.0;
            }
            picture.text(&part.label, middle);
        }
    }
    for (edge, way) in chart.edges.iter().zip(&ways) {
        picture.label(&edge.label, way.middle());
    }
    let size = Point {
        x: layout.size.x + 2.0 * MARGIN,
        y: layout.size.y + 2.0 * MARGIN,
    };
    picture.finish(size, title)
}

fn group(picture: &mut Picture, label: &[String], rectangle: &Rectangle) {
    rounded(picture, rectangle, 6.0, "var(--sunken)", "var(--rule)");
    let name = Point {
        x: rectangle.middle().x,
        y: rectangle.at.y + 8.0 + label.len() as f64 * LINE / 2.0,
    };
    picture.text(label, name);
}

fn rounded(picture: &mut Picture, rectangle: &Rectangle, radius: f64, fill: &str, stroke: &str) {
    let Rectangle { at, size } = rectangle;
    picture.draw(&format!(
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{radius:.1}\" fill=\"{fill}\" stroke=\"{stroke}\"/>",
        at.x, at.y, size.x, size.y
    ));
}

fn shape(picture: &mut Picture, shape: Shape, rectangle: &Rectangle) {
    let (fill, stroke) = ("var(--surface)", "var(--edge)");
    let Rectangle { at, size } = rectangle;
    let middle = rectangle.middle();
    let (right, bottom) = (at.x + size.x, at.y + size.y);
    match shape {
        Shape::Rectangle | Shape::Group => rounded(picture, rectangle, 2.0, fill, stroke),
        Shape::Rounded => rounded(picture, rectangle, 9.0, fill, stroke),
        Shape::Stadium => rounded(picture, rectangle, size.y / 2.0, fill, stroke),
        Shape::Circle => picture.draw(&format!(
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.1}\" fill=\"{fill}\" stroke=\"{stroke}\"/>",
            middle.x,
            middle.y,
            size.x / 2.0
        )),
        Shape::Diamond => picture.draw(&format!(
            "<path d=\"M{:.1} {:.1}L{right:.1} {:.1}L{:.1} {bottom:.1}L{:.1} {:.1}Z\" fill=\"{fill}\" stroke=\"{stroke}\"/>",
            middle.x, at.y, middle.y, middle.x, at.x, middle.y
        )),
        Shape::Cylinder => {
            let (lid, half) = (7.0, size.x / 2.0);
            let (top, base) = (at.y + lid, bottom - lid);
            picture.draw(&format!(
                "<path d=\"M{:.1} {top:.1}A{half:.1} {lid} 0 0 1 {right:.1} {top:.1}V{base:.1}A{half:.1} {lid} 0 0 1 {:.1} {base:.1}ZM{:.1} {top:.1}A{half:.1} {lid} 0 0 0 {right:.1} {top:.1}\" fill=\"{fill}\" stroke=\"{stroke}\"/>",
                at.x, at.x, at.x
            ));
        }
    }
}

/// Where edges leave boxes and reach them: at the sides that face the direction of reading, beside
/// each other in the order of what is at their other ends.
fn ways(chart: &Chart, layout: &Layout, rectangles: &[Rectangle], across: bool) -> Vec<Way> {
    let over = |point: Point| if across { point.y } else { point.x };
    let along = |point: Point| if across { point.x } else { point.y };
    let mut ways: Vec<Way> = layout
        .ways
        .iter()
        .map(|points| Way {
            points: points
                .iter()
                .map(|point| Point {
                    x: point.x + MARGIN,
                    y: point.y + MARGIN,
                })
                .collect(),
        })
        .collect();
    // For each side of a box: what is at the other end, the edge, and whether it begins here.
    let mut sides: Vec<[Vec<(f64, usize, bool)>; 2]> = vec![Default::default(); rectangles.len()];
    for (index, edge) in chart.edges.iter().enumerate() {
        let (from, to) = (rectangles[edge.from].middle(), rectangles[edge.to].middle());
        let onward = usize::from(along(from) < along(to));
        let first = ways[index].points.first().copied().unwrap_or(to);
        let last = ways[index].points.last().copied().unwrap_or(from);
        sides[edge.from][onward].push((over(first), index, true));
        sides[edge.to][1 - onward].push((over(last), index, false));
    }
    let mut ends = vec![[Point::default(); 2]; ways.len()];
    for (rectangle, sides) in rectangles.iter().zip(&mut sides) {
        for (far, side) in sides.iter_mut().enumerate() {
            side.sort_by(|(a, edge_a, _), (b, edge_b, _)| a.total_cmp(b).then(edge_a.cmp(edge_b)));
            let count = side.len() as f64;
            let middle = rectangle.middle();
            let room = if across {
                rectangle.size.y
            } else {
                rectangle.size.x
            };
            let apart = APART.min(room / (count + 1.0));
            for (place, (_, edge, begins)) in side.iter().enumerate() {
                let shift = (place as f64 - (count - 1.0) / 2.0) * apart;
                let facing = far as f64;
                ends[*edge][usize::from(!begins)] = if across {
                    Point {
                        x: rectangle.at.x + facing * rectangle.size.x,
                        y: middle.y + shift,
                    }
                } else {
                    Point {
                        x: middle.x + shift,
                        y: rectangle.at.y + facing * rectangle.size.y,
                    }
                };
            }
        }
    }
    for (way, [start, end]) in ways.iter_mut().zip(ends) {
        way.points.insert(0, start);
        way.points.push(end);
    }
    ways
}

impl Way {
    /// The middle of the piece in the middle.
    fn middle(&self) -> Point {
        let at = self.points.len() / 2;
        let (a, b) = (self.points[at - 1], self.points[at]);
        Point {
            x: f64::midpoint(a.x, b.x),
            y: f64::midpoint(a.y, b.y),
        }
    }
}

fn line(picture: &mut Picture, edge: &Edge, way: &Way, across: bool) {
    let mut path = String::new();
    for (index, point) in way.points.iter().enumerate() {
        let Some(before) = index.checked_sub(1).map(|before| way.points[before]) else {
            let _ = write!(path, "M{:.1} {:.1}", point.x, point.y);
            continue;
        };
        let (one, two) = if across {
            let middle = f64::midpoint(before.x, point.x);
            ((middle, before.y), (middle, point.y))
        } else {
            let middle = f64::midpoint(before.y, point.y);
            ((before.x, middle), (point.x, middle))
        };
        let _ = write!(
            path,
            "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
            one.0, one.1, two.0, two.1, point.x, point.y
        );
    }
    let style = match edge.style {
        Style::Thin => "",
        Style::Dotted => " stroke-dasharray=\"3 4\"",
        Style::Thick => " stroke-width=\"3\"",
    };
    picture.draw(&format!(
        "<path d=\"{path}\" fill=\"none\" stroke=\"currentColor\"{style}/>"
    ));
    // Lines leave and reach boxes in the direction of reading, or against it.
    let onward = |from: Point, to: Point| {
        if across {
            Point {
                x: to.x - from.x,
                y: 0.0,
            }
        } else {
            Point {
                x: 0.0,
                y: to.y - from.y,
            }
        }
    };
    let count = way.points.len();
    let (first, second) = (way.points[0], way.points[1]);
    let (last, before) = (way.points[count - 1], way.points[count - 2]);
    if edge.heads[0] {
        picture.head(first, onward(second, first));
    }
    if edge.heads[1] {
        picture.head(last, onward(before, last));
    }
}

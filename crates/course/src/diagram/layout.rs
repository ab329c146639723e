//! Where a flowchart's boxes stand: in layers along the direction in which it is read, groups within
//! groups, each laid out by itself.
//!
//! Lengths *along* are in the direction of reading, lengths *over* across it; only the end turns them
//! into x and y.

use super::Point;
use super::parse::{Chart, Shape};
use super::svg::{self, LINE};

/// Between layers, and between boxes of a layer.
const ALONG: f64 = 44.0;
const OVER: f64 = 26.0;

/// Between a group's edge and what is in it; above it stands its name.
const PADDING: f64 = 14.0;

/// How often boxes are brought nearer to those that they are joined with.
const SWEEPS: usize = 6;

/// What the layout is: a rectangle for each box, and for each edge the points at which it passes
/// layers between its ends.
pub(super) struct Layout {
    pub(super) rectangles: Vec<Rectangle>,
    pub(super) ways: Vec<Vec<Point>>,
    pub(super) size: Point,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rectangle {
    /// Its corner at the top left.
    pub(super) at: Point,
    pub(super) size: Point,
}

impl Rectangle {
    pub(super) fn middle(&self) -> Point {
        Point {
            x: self.at.x + self.size.x / 2.0,
            y: self.at.y + self.size.y / 2.0,
        }
    }
}

/// Lays a flowchart out. `across`: from left to right, and not from the top down.
pub(super) fn of(chart: &Chart, across: bool) -> Layout {
    let mut plan = Plan {
        chart,
        across,
        rectangles: vec![Rectangle::default(); chart.boxes.len()],
        ways: vec![(None, Vec::new()); chart.edges.len()],
    };
    let size = plan.level(None);
    let ways = plan.ways.iter().map(|(group, points)| {
        let corner = plan.corner(*group);
        let moved = points.iter().map(|point| sum(*point, corner));
        moved.collect()
    });
    let ways = ways.collect();
    let rectangles = plan.rectangles.iter().zip(&chart.boxes);
    let rectangles = rectangles.map(|(rectangle, part)| Rectangle {
        at: sum(rectangle.at, plan.corner(part.group)),
        ..*rectangle
    });
    Layout {
        rectangles: rectangles.collect(),
        ways,
        size,
    }
}

fn sum(a: Point, b: Point) -> Point {
    Point {
        x: a.x + b.x,
        y: a.y + b.y,
    }
}

struct Plan<'c> {
    chart: &'c Chart,
    across: bool,
    /// Each as seen from the corner of its group.
    rectangles: Vec<Rectangle>,
    /// The group at whose level an edge is drawn, and its points as seen from there.
    ways: Vec<(Option<usize>, Vec<Point>)>,
}

/// What stands in a layer: a box, or the place at which an edge passes.
#[derive(Clone, Copy)]
struct Place {
    part: Option<usize>,
    along: f64,
    over: f64,
    /// The middle, over the direction of reading.
    middle: f64,
}

/// An edge of one level: between its boxes or groups.
struct Join {
    edge: usize,
    from: usize,
    to: usize,
}

impl Plan<'_> {
    /// Lays out what is directly in a group, and returns the size that it takes.
    fn level(&mut self, group: Option<usize>) -> Point {
        let all = 0..self.chart.boxes.len();
        let parts: Vec<usize> = all
            .filter(|part| self.chart.boxes[*part].group == group)
            .collect();
        for part in &parts {
            self.rectangles[*part].size = self.size(*part);
        }
        let joins = self.joins(group);
        let layers = layers(&parts, &joins);
        let (mut places, mut rows, chains) = self.places(&parts, &joins, &layers);
        arrange(&mut places, &mut rows, &chains);
        self.put(&places, &rows, &joins, &chains, group)
    }

    fn size(&mut self, part: usize) -> Point {
        let label = svg::size(&self.chart.boxes[part].label);
        let grown = |x, y| Point {
            x: label.x + x,
            y: label.y + y,
        };
        match self.chart.boxes[part].shape {
            Shape::Rectangle | Shape::Rounded => grown(28.0, 18.0),
            Shape::Stadium => grown(38.0, 18.0),
            Shape::Cylinder => grown(28.0, 34.0),
            Shape::Circle => {
                let across = label.x.hypot(label.y) + 16.0;
                Point {
                    x: across,
                    y: across,
                }
            }
            Shape::Diamond => Point {
                x: label.x * 1.5 + 40.0,
                y: label.y * 1.5 + 34.0,
            },
            Shape::Group => {
                let inner = self.level(Some(part));
                Point {
                    x: inner.x.max(label.x) + 2.0 * PADDING,
                    y: inner.y + label.y + 2.0 * PADDING + 4.0,
                }
            }
        }
    }

    /// The edges whose ends are in different parts of this group.
    fn joins(&mut self, group: Option<usize>) -> Vec<Join> {
        let mut joins = Vec::new();
        for (index, edge) in self.chart.edges.iter().enumerate() {
            let ends = (self.part_of(edge.from, group), self.part_of(edge.to, group));
            if let (Some(from), Some(to)) = ends
                && from != to
            {
                self.ways[index].0 = group;
                joins.push(Join {
                    edge: index,
                    from,
                    to,
                });
            }
        }
        joins
    }

    /// What stands directly in the group and is, or holds, this box.
    fn part_of(&self, mut part: usize, group: Option<usize>) -> Option<usize> {
        loop {
            let outer = self.chart.boxes[part].group;
            if outer == group {
                return Some(part);
            }
            part = outer?;
        }
    }

    /// Places for all parts, and for edges in the layers that they pass.
    fn places(
        &self,
        parts: &[usize],
        joins: &[Join],
        layers: &[usize],
    ) -> (Vec<Place>, Vec<Vec<usize>>, Vec<Vec<usize>>) {
        let mut places: Vec<Place> = Vec::new();
        let count = layers.iter().max().map_or(0, |last| last + 1);
        let mut rows = vec![Vec::new(); count];
        for (part, layer) in parts.iter().zip(layers) {
            let size = self.turned(self.rectangles[*part].size);
            rows[*layer].push(places.len());
            places.push(Place {
                part: Some(*part),
                along: size.x,
                over: size.y,
                middle: 0.0,
            });
        }
        let place_of = |part| parts.iter().position(|other| *other == part).unwrap_or(0);
        let mut chains = Vec::new();
        for join in joins {
            let (from, to) = (place_of(join.from), place_of(join.to));
            let (first, last) = if layers[from] <= layers[to] {
                (from, to)
            } else {
                (to, from)
            };
            let mut chain = vec![first];
            for row in &mut rows[layers[first] + 1..layers[last].max(layers[first] + 1)] {
                row.push(places.len());
                chain.push(places.len());
                places.push(Place {
                    part: None,
                    along: 0.0,
                    over: 0.0,
                    middle: 0.0,
                });
            }
            chain.push(last);
            chains.push(chain);
        }
        (places, rows, chains)
    }

    /// Writes everything down as x and y, and returns the size of it all.
    fn put(
        &mut self,
        places: &[Place],
        rows: &[Vec<usize>],
        joins: &[Join],
        chains: &[Vec<usize>],
        group: Option<usize>,
    ) -> Point {
        let start = places.iter().map(|place| place.middle - place.over / 2.0);
        let start = start.fold(f64::INFINITY, f64::min).min(f64::MAX);
        let end = places.iter().map(|place| place.middle + place.over / 2.0);
        let end = end.fold(start, f64::max);
        let corner = self.inner_corner(group);
        let mut along = vec![0.0; places.len()];
        let mut at = 0.0;
        for row in rows {
            let thickness = row
                .iter()
                .map(|place| places[*place].along)
                .fold(0.0, f64::max);
            for place in row {
                along[*place] = at + thickness / 2.0;
                let shown = places[*place];
                if let Some(part) = shown.part {
                    let near = Point {
                        x: along[*place] - shown.along / 2.0,
                        y: shown.middle - shown.over / 2.0 - start,
                    };
                    self.rectangles[part].at = sum(self.turned(near), corner);
                }
            }
            at += thickness + self.gap(row, joins, chains);
        }
        for (join, chain) in joins.iter().zip(chains) {
            let passed = &chain[1..chain.len() - 1];
            let points = passed.iter().map(|place| {
                let point = Point {
                    x: along[*place],
                    y: places[*place].middle - start,
                };
                sum(self.turned(point), corner)
            });
            let mut points: Vec<Point> = points.collect();
            if places[chain[0]].part != Some(join.from) {
                points.reverse();
            }
            self.ways[join.edge].1 = points;
        }
        let last = rows.last().map_or(0.0, |row| self.gap(row, joins, chains));
        self.turned(Point {
            x: at - last,
            y: end - start,
        })
    }

    /// Between this layer and the next: room for the labels of the edges that begin here.
    fn gap(&self, row: &[usize], joins: &[Join], chains: &[Vec<usize>]) -> f64 {
        let labels = joins.iter().zip(chains).filter_map(|(join, chain)| {
            let at = row.contains(&chain[chain.len() / 2 - 1]);
            at.then(|| self.turned(svg::size(&self.chart.edges[join.edge].label)).x)
        });
        let label = labels.fold(0.0, f64::max);
        if label > 0.0 { label + ALONG } else { ALONG }
    }

    /// Where a group's parts begin, as seen from the group's own corner.
    fn inner_corner(&self, group: Option<usize>) -> Point {
        group.map_or(Point::default(), |group| Point {
            x: PADDING,
            y: PADDING + 4.0 + self.chart.boxes[group].label.len() as f64 * LINE,
        })
    }

    /// The corner of a group in the whole picture.
    fn corner(&self, group: Option<usize>) -> Point {
        let mut corner = Point::default();
        let mut at = group;
        while let Some(group) = at {
            corner = sum(corner, self.rectangles[group].at);
            at = self.chart.boxes[group].group;
        }
        corner
    }

    /// From along and over to x and y, or back.
    fn turned(&self, point: Point) -> Point {
        if self.across {
            point
        } else {
            Point {
                x: point.y,
                y: point.x,
            }
        }
    }
}

/// The layer of each part: behind all from which an edge leads to it. An edge that closes a circle is
/// taken the other way round.
fn layers(parts: &[usize], joins: &[Join]) -> Vec<usize> {
    let index = |part: usize| parts.iter().position(|other| *other == part).unwrap_or(0);
    let mut next = vec![Vec::new(); parts.len()];
    for join in joins {
        next[index(join.from)].push(index(join.to));
    }
    // Depth first; what is reached while it is still being left closes a circle.
    let mut state = vec![0u8; parts.len()];
    let mut order = Vec::new();
    let mut forward: Vec<Vec<usize>> = vec![Vec::new(); parts.len()];
    for root in 0..parts.len() {
        if state[root] != 0 {
            continue;
        }
        state[root] = 1;
        let mut path = vec![(root, 0)];
        while let Some((part, tried)) = path.last_mut() {
            let part = *part;
            let Some(target) = next[part].get(*tried).copied() else {
                state[part] = 2;
                order.push(part);
                path.pop();
                continue;
            };
            *tried += 1;
            match state[target] {
                0 => {
                    state[target] = 1;
                    forward[part].push(target);
                    path.push((target, 0));
                }
                1 => forward[target].push(part),
                _ => forward[part].push(target),
            }
        }
    }
    let mut layers = vec![0; parts.len()];
    for part in order.into_iter().rev() {
        for target in &forward[part] {
            layers[*target] = layers[*target].max(layers[part] + 1);
        }
    }
    layers
}

/// Brings what is joined near to each other: first the order in each layer, then the places.
fn arrange(places: &mut [Place], rows: &mut [Vec<usize>], chains: &[Vec<usize>]) {
    let mut near = vec![Vec::new(); places.len()];
    for pair in chains.iter().flat_map(|chain| chain.windows(2)) {
        near[pair[0]].push(pair[1]);
        near[pair[1]].push(pair[0]);
    }
    for row in rows.iter() {
        spread(places, row, |_| None);
    }
    for sweep in 0..2 * SWEEPS {
        let mut indexes: Vec<usize> = (0..rows.len()).collect();
        if sweep % 2 == 1 {
            indexes.reverse();
        }
        for index in indexes {
            let wanted: Vec<Option<f64>> = rows[index]
                .iter()
                .map(|place| mean(near[*place].iter().map(|other| places[*other].middle)))
                .collect();
            let mut order: Vec<(usize, Option<f64>)> =
                rows[index].iter().copied().zip(wanted).collect();
            if sweep < SWEEPS {
                order.sort_by(|(a, wants_a), (b, wants_b)| {
                    let a = wants_a.unwrap_or(places[*a].middle);
                    a.total_cmp(&wants_b.unwrap_or(places[*b].middle))
                });
                rows[index] = order.iter().map(|(place, _)| *place).collect();
            }
            spread(places, &rows[index], |at| order[at].1);
        }
    }
}

/// Puts a layer's places beside each other in their order, each as near as can be to where it wants
/// to be; all together neither to one side nor to the other.
fn spread(places: &mut [Place], row: &[usize], wanted: impl Fn(usize) -> Option<f64>) {
    let mut end = f64::NEG_INFINITY;
    let mut off = 0.0;
    for (at, place) in row.iter().enumerate() {
        let half = places[*place].over / 2.0;
        let wants = wanted(at).unwrap_or(places[*place].middle);
        let middle = wants.max(end + half);
        places[*place].middle = middle;
        end = middle + half + OVER;
        off += middle - wants;
    }
    let off = off / row.len().max(1) as f64;
    for place in row {
        places[*place].middle -= off;
    }
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for number in numbers {
        sum += number;
        count += 1.0;
    }
    (count > 0.0).then(|| sum / count)
}

//! Flowcharts as they are written.

use super::{BOXES_MAX, EDGES_MAX, LABEL_MAX, Wrong, wrong};

/// What can be drawn, for whoever wrote something else.
const HELP: &str = "boxes are `a[text]`, `a(text)`, `a([text])`, `a[(text)]`, `a((text))`, `a{text}`; lines `-->`, `---`, `-.->`, `-.-`, `==>`, `===`, `<-->`, with a label `-->|text|`; groups `subgraph a [text]` … `end`";

/// A flowchart.
#[derive(Default)]
pub(super) struct Chart {
    pub(super) boxes: Vec<Box>,
    pub(super) edges: Vec<Edge>,
}

/// A box, or a group of boxes.
pub(super) struct Box {
    id: String,
    pub(super) label: Vec<String>,
    pub(super) shape: Shape,
    /// The group that it is in.
    pub(super) group: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Rectangle,
    Rounded,
    Stadium,
    Cylinder,
    Circle,
    Diamond,
    Group,
}

/// A line between two boxes.
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: Vec<String>,
    pub(super) style: Style,
    /// Whether it has an arrowhead at its beginning and at its end.
    pub(super) heads: [bool; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Thin,
    Dotted,
    Thick,
}

/// Brackets of shapes; longer ones first, since they begin alike.
const SHAPES: [(&str, &str, Shape); 6] = [
    ("((", "))", Shape::Circle),
    ("([", "])", Shape::Stadium),
    ("[(", ")]", Shape::Cylinder),
    ("[", "]", Shape::Rectangle),
    ("(", ")", Shape::Rounded),
    ("{", "}", Shape::Diamond),
];

/// Lines as they are written without and with a label in them (`-- text -->`), longer ones first.
const LINES: [(&str, Style, [bool; 2]); 9] = [
    ("<-->", Style::Thin, [true, true]),
    ("<-.->", Style::Dotted, [true, true]),
    ("<==>", Style::Thick, [true, true]),
    ("-.->", Style::Dotted, [false, true]),
    ("-.-", Style::Dotted, [false, false]),
    ("-->", Style::Thin, [false, true]),
    ("---", Style::Thin, [false, false]),
    ("==>", Style::Thick, [false, true]),
    ("===", Style::Thick, [false, false]),
];

/// A diagram's lines with their numbers, without comments and empty ones.
pub(super) fn statements(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .map(|text| text.trim().trim_end_matches(';').trim_end())
        .enumerate()
        .filter(|(_, text)| !text.is_empty() && !text.starts_with("%%"))
}

/// Reads what follows the first line.
pub(super) fn flowchart<'t>(lines: impl Iterator<Item = (usize, &'t str)>) -> Result<Chart, Wrong> {
    let mut chart = Chart::default();
    let mut groups = Vec::new();
    let mut last = 0;
    for (line, text) in lines {
        last = line;
        if text == "end" {
            if groups.pop().is_none() {
                return Err(wrong(line, "this `end` closes no group", HELP));
            }
        } else if let Some(head) = text.strip_prefix("subgraph ") {
            let mut reader = Reader {
                line,
                rest: head.trim(),
            };
            let (id, label, _) = reader.node()?;
            reader.nothing_left()?;
            let label = label.unwrap_or_else(|| vec![id.to_owned()]);
            let group = chart.group(line, id, label, groups.last().copied())?;
            groups.push(group);
        } else {
            let reader = Reader { line, rest: text };
            chart.line(reader, groups.last().copied())?;
        }
    }
    if !groups.is_empty() {
        return Err(wrong(
            last,
            "a group is not closed",
            "put a line `end` behind its last line",
        ));
    }
    chart.check(last)?;
    Ok(chart)
}

impl Chart {
    /// A line: boxes, with lines between them.
    fn line(&mut self, mut reader: Reader<'_>, group: Option<usize>) -> Result<(), Wrong> {
        let mut from = self.boxes_of(&mut reader, group)?;
        while !reader.rest.is_empty() {
            let (style, heads, label) = reader.edge()?;
            let to = self.boxes_of(&mut reader, group)?;
            for (from, to) in from
                .iter()
                .flat_map(|from| to.iter().map(move |to| (*from, *to)))
            {
                if self.edges.len() == EDGES_MAX {
                    return Err(too_many(reader.line));
                }
                if from == to || self.is_in(from, to) || self.is_in(to, from) {
                    return Err(wrong(
                        reader.line,
                        "a line leads from one box to another, and not out of or into itself",
                        HELP,
                    ));
                }
                let label = label.clone();
                self.edges.push(Edge {
                    from,
                    to,
                    label,
                    style,
                    heads,
                });
            }
            from = to;
        }
        Ok(())
    }

    /// One box, or several with `&` between them.
    fn boxes_of(
        &mut self,
        reader: &mut Reader<'_>,
        group: Option<usize>,
    ) -> Result<Vec<usize>, Wrong> {
        let mut found = Vec::new();
        loop {
            let line = reader.line;
            let (id, label, shape) = reader.node()?;
            found.push(self.find(line, id, label, shape, group)?);
            match reader.rest.strip_prefix('&') {
                Some(rest) => reader.rest = rest.trim_start(),
                None => return Ok(found),
            }
        }
    }

    /// The box of this id; a new one where there is none.
    fn find(
        &mut self,
        line: usize,
        id: &str,
        label: Option<Vec<String>>,
        shape: Shape,
        group: Option<usize>,
    ) -> Result<usize, Wrong> {
        let known = self.boxes.iter().position(|known| known.id == id);
        if let (Some(index), Some(label)) = (known, &label) {
            self.boxes[index].label.clone_from(label);
            self.boxes[index].shape = shape;
        }
        match known {
            Some(index) => {
                // It belongs to the first group that names it, also where it was named before.
                let part = &mut self.boxes[index];
                if part.shape != Shape::Group {
                    part.group = part.group.or(group);
                }
                Ok(index)
            }
            None => self.add(
                line,
                id,
                label.unwrap_or_else(|| vec![id.to_owned()]),
                shape,
                group,
            ),
        }
    }

    fn group(
        &mut self,
        line: usize,
        id: &str,
        label: Vec<String>,
        group: Option<usize>,
    ) -> Result<usize, Wrong> {
        if self.boxes.iter().any(|known| known.id == id) {
            return Err(wrong(
                line,
                format!("there is a `{id}` above"),
                "give the group another id, and begin it before its boxes are used",
            ));
        }
        self.add(line, id, label, Shape::Group, group)
    }

    fn add(
        &mut self,
        line: usize,
        id: &str,
        label: Vec<String>,
        shape: Shape,
        group: Option<usize>,
    ) -> Result<usize, Wrong> {
        if self.boxes.len() == BOXES_MAX {
            return Err(too_many(line));
        }
        self.boxes.push(Box {
            id: id.to_owned(),
            label,
            shape,
            group,
        });
        Ok(self.boxes.len() - 1)
    }

    /// Whether a box is in this group, perhaps in one within it.
    fn is_in(&self, inner: usize, group: usize) -> bool {
        let mut at = self.boxes[inner].group;
        while let Some(outer) = at {
            if outer == group {
                return true;
            }
            at = self.boxes[outer].group;
        }
        false
    }

    fn check(&self, line: usize) -> Result<(), Wrong> {
        let holds = |group: usize| self.boxes.iter().any(|inner| inner.group == Some(group));
        let mut all = self.boxes.iter().enumerate();
        let empty = all.find(|(index, found)| found.shape == Shape::Group && !holds(*index));
        match empty {
            Some((_, group)) => Err(wrong(
                line,
                format!("the group `{}` is empty", group.id),
                HELP,
            )),
            None if self.boxes.is_empty() => Err(wrong(line, "this diagram has no boxes", HELP)),
            None => Ok(()),
        }
    }
}

/// A line being read.
struct Reader<'t> {
    line: usize,
    rest: &'t str,
}

/// An id, the label where one is given, and the shape.
type Node<'t> = (&'t str, Option<Vec<String>>, Shape);

impl<'t> Reader<'t> {
    fn node(&mut self) -> Result<Node<'t>, Wrong> {
        let len = self
            .rest
            .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .unwrap_or(self.rest.len());
        let (id, rest) = self.rest.split_at(len);
        if id.is_empty() {
            return Err(self.unknown());
        }
        self.rest = rest.trim_start();
        let shape = SHAPES.iter().find(|(open, ..)| self.rest.starts_with(open));
        let Some((open, close, shape)) = shape else {
            return Ok((id, None, Shape::Rectangle));
        };
        let inner = &self.rest[open.len()..];
        let (text, rest) = match inner.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').ok_or_else(|| self.unclosed())?;
                let rest = quoted[end + 1..].strip_prefix(close);
                (&quoted[..end], rest.ok_or_else(|| self.unclosed())?)
            }
            None => inner.split_once(close).ok_or_else(|| self.unclosed())?,
        };
        let label = label(self.line, text)?;
        self.rest = rest.trim_start();
        Ok((id, Some(label), *shape))
    }

    fn edge(&mut self) -> Result<(Style, [bool; 2], Vec<String>), Wrong> {
        for (line, style, heads) in LINES {
            if let Some(rest) = self.rest.strip_prefix(line) {
                self.rest = rest.trim_start();
                let label = self.edge_label()?;
                return Ok((style, heads, label));
            }
        }
        // -- text -->
        let open = [
            ("-.", Style::Dotted),
            ("--", Style::Thin),
            ("==", Style::Thick),
        ];
        let (inner, style) = open
            .iter()
            .find_map(|(open, style)| Some((self.rest.strip_prefix(open)?, *style)))
            .ok_or_else(|| self.unknown())?;
        let (close, plain) = match style {
            Style::Thin => ("-->", "---"),
            Style::Dotted => (".->", ".-"),
            Style::Thick => ("==>", "==="),
        };
        let arrow = inner.split_once(close).map(|parts| (parts, true));
        let ((text, rest), head) = arrow
            .or_else(|| inner.split_once(plain).map(|parts| (parts, false)))
            .ok_or_else(|| self.unclosed())?;
        self.rest = rest.trim_start();
        Ok((style, [false, head], label(self.line, text)?))
    }

    fn edge_label(&mut self) -> Result<Vec<String>, Wrong> {
        let Some(inner) = self.rest.strip_prefix('|') else {
            return Ok(Vec::new());
        };
        let (text, rest) = inner.split_once('|').ok_or_else(|| self.unclosed())?;
        self.rest = rest.trim_start();
        label(self.line, text)
    }

    fn nothing_left(&self) -> Result<(), Wrong> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.unknown())
        }
    }

    fn unknown(&self) -> Wrong {
        let shown: String = self.rest.chars().take(20).collect();
        wrong(self.line, format!("`{shown}` cannot be drawn"), HELP)
    }

    fn unclosed(&self) -> Wrong {
        wrong(self.line, "a label is not closed", HELP)
    }
}

/// A label's lines.
pub(super) fn label(line: usize, text: &str) -> Result<Vec<String>, Wrong> {
    let text = text.trim().trim_matches('"').replace("<br/>", "<br>");
    let lines: Vec<String> = text
        .split("<br>")
        .map(|line| line.trim().to_owned())
        .collect();
    if lines
        .iter()
        .any(|line| line.chars().nth(LABEL_MAX).is_some())
        || lines.len() > 4
    {
        return Err(wrong(
            line,
            "this label is too long",
            "a label has at most four lines of 60 letters, with `<br>` between them",
        ));
    }
    if lines.iter().all(String::is_empty) {
        return Err(wrong(
            line,
            "this label is empty",
            "write what it is to say",
        ));
    }
    Ok(lines)
}

fn too_many(line: usize) -> Wrong {
    wrong(
        line,
        "this diagram has too many parts",
        "make several diagrams of it",
    )
}

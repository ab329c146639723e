//! GIFT as Moodle reads it: questions between blank lines, answers in braces, backslashes before the
//! signs that mean something.

use super::QUESTION_MAX;

/// Something between blank lines.
pub(super) enum Entry {
    Category(String),
    Question(Gift),
}

/// A question as it is written.
pub(super) struct Gift {
    /// From a comment `// [id:…]`.
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) text: Text,
    pub(super) answers: Answers,
    /// What there is to say to everyone: `####`.
    pub(super) general: Option<Text>,
}

/// A text with the format that it is in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) format: Format,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Html,
    Markdown,
    Plain,
    /// HTML in which a new line is one.
    Moodle,
}

pub(super) enum Answers {
    TrueFalse {
        right: bool,
        /// For whoever chose the wrong one, and the right one.
        notes: [Option<Text>; 2],
    },
    Choices(Vec<Answer>),
    Short(Vec<Answer>),
    Number(Vec<(Number, Answer)>),
    Match(Vec<(Text, Text)>),
}

/// An answer with what it is worth, in percent.
pub(super) struct Answer {
    pub(super) weight: f64,
    pub(super) text: Text,
    pub(super) note: Option<Text>,
}

pub(super) struct Number {
    pub(super) value: f64,
    pub(super) tolerance: f64,
}

type Message = &'static str;

const FORMATS: [(&str, Format); 4] = [
    ("[html]", Format::Html),
    ("[markdown]", Format::Markdown),
    ("[plain]", Format::Plain),
    ("[moodle]", Format::Moodle),
];

/// Everything in a text, with the line (from 1) at which it begins.
pub(super) fn entries(text: &str) -> Vec<(usize, Result<Entry, Message>)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut entries = Vec::new();
    let mut block = Block::default();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Some(comment) = trimmed.strip_prefix("//") {
            block.id = id_in(comment).or(block.id.take());
        } else if trimmed.is_empty() {
            entries.extend(block.end());
        } else if let (Some(name), true) =
            (trimmed.strip_prefix("$CATEGORY:"), block.text.is_empty())
        {
            let name = unescaped(name.trim());
            entries.push((index + 1, Ok(Entry::Category(name))));
        } else {
            block.add(index + 1, line);
        }
    }
    entries.extend(block.end());
    entries
}

/// Lines between blank ones, being gathered.
#[derive(Default)]
struct Block {
    id: Option<String>,
    line: usize,
    text: String,
}

impl Block {
    fn add(&mut self, line: usize, text: &str) {
        if self.text.is_empty() {
            self.line = line;
        } else {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }

    fn end(&mut self) -> Option<(usize, Result<Entry, Message>)> {
        if self.text.is_empty() {
            return None;
        }
        let block = std::mem::take(self);
        Some((
            block.line,
            question(block.id, block.text.trim()).map(Entry::Question),
        ))
    }
}

fn id_in(comment: &str) -> Option<String> {
    let (_, rest) = comment.split_once("[id:")?;
    let (id, _) = rest.split_once(']')?;
    Some(id.to_owned())
}

fn question(id: Option<String>, text: &str) -> Result<Gift, Message> {
    if text.len() > QUESTION_MAX {
        return Err("this question is too long; are there blank lines between the questions?");
    }
    let (title, text) = match text
        .strip_prefix("::")
        .map(|rest| (find_str(rest, "::"), rest))
    {
        Some((Some(end), rest)) => (Some(unescaped(rest[..end].trim())), &rest[end + 2..]),
        _ => (None, text),
    };
    let open =
        find(text, &['{']).ok_or("this is a text and no question: write it into the lesson")?;
    let inside = &text[open + 1..];
    let close =
        find(inside, &['}']).ok_or("the braces of this question's answers are not closed")?;
    if !inside[close + 1..].trim().is_empty() {
        return Err(
            "a gap within a sentence has no form here: put the answers behind what is asked",
        );
    }
    let (format, text) = format_of(text[..open].trim(), Format::Moodle);
    let (inside, general) = match find_str(&inside[..close], "####") {
        Some(at) => (&inside[..at], Some(read(&inside[at + 4..close], format))),
        None => (&inside[..close], None),
    };
    Ok(Gift {
        id,
        title,
        text: Text {
            format,
            text: unescaped(text),
        },
        answers: answers(inside.trim(), format)?,
        general,
    })
}

fn answers(inside: &str, format: Format) -> Result<Answers, Message> {
    if inside.is_empty() {
        return Err("an essay cannot be graded here: make a question of another kind of it");
    }
    if let Some(numbers) = inside.strip_prefix('#') {
        return self::numbers(numbers.trim(), format);
    }
    let Some(first) = find(inside, &['=', '~']) else {
        return true_false(inside, format);
    };
    if !inside[..first].trim().is_empty() {
        return Err("there is something before the first `=` or `~` in the braces");
    }
    let pieces = pieces(inside);
    if pieces.iter().any(|(sign, _)| *sign == '~') {
        return Ok(Answers::Choices(all(pieces, format)?));
    }
    let pairs = pieces.iter().map(|(_, text)| {
        let at = find_str(text, "->")?;
        Some((
            read(&text[..at], format),
            read(&text[at + 2..], Format::Plain),
        ))
    });
    if let Some(pairs) = pairs.collect::<Option<Vec<_>>>() {
        return Ok(Answers::Match(pairs));
    }
    Ok(Answers::Short(all(pieces, Format::Plain)?))
}

fn true_false(inside: &str, format: Format) -> Result<Answers, Message> {
    let (word, notes) = cut(inside, '#');
    let right = match word.trim().to_ascii_uppercase().as_str() {
        "T" | "TRUE" => true,
        "F" | "FALSE" => false,
        _ => return Err("what is in the braces is no answer: each begins with `=` or `~`"),
    };
    let (wrong_note, right_note) = notes.map_or((None, None), |notes| {
        let (wrong, right) = cut(notes, '#');
        (
            Some(read(wrong, format)),
            right.map(|right| read(right, format)),
        )
    });
    Ok(Answers::TrueFalse {
        right,
        notes: [wrong_note, right_note],
    })
}

fn numbers(inside: &str, format: Format) -> Result<Answers, Message> {
    let pieces = if find(inside, &['=']).is_some() {
        pieces(inside)
    } else {
        vec![('=', inside)]
    };
    let mut numbers = Vec::new();
    for (sign, text) in pieces {
        // `~` has only what to say about every other number.
        if sign == '=' {
            let answer = answer(sign, text, format)?;
            let number = number(&answer.text.text)
                .ok_or("this is no number; one is `3.14:0.01` or `3..4`")?;
            numbers.push((number, answer));
        }
    }
    Ok(Answers::Number(numbers))
}

fn number(text: &str) -> Option<Number> {
    let parse = |text: &str| {
        let number = text.trim().parse::<f64>().ok()?;
        number.is_finite().then_some(number)
    };
    if let Some((from, to)) = text.split_once("..") {
        let (from, to) = (parse(from)?, parse(to)?);
        let (value, tolerance) = (f64::midpoint(from, to), (to - from) / 2.0);
        return (tolerance >= 0.0).then_some(Number { value, tolerance });
    }
    let (value, tolerance) = match text.split_once(':') {
        Some((value, tolerance)) => (parse(value)?, parse(tolerance)?),
        None => (parse(text)?, 0.0),
    };
    (tolerance >= 0.0).then_some(Number { value, tolerance })
}

/// The answers behind their signs.
fn pieces(inside: &str) -> Vec<(char, &str)> {
    let mut pieces = Vec::new();
    let mut rest = inside;
    while let Some(at) = find(rest, &['=', '~']) {
        let sign = if rest[at..].starts_with('=') {
            '='
        } else {
            '~'
        };
        let text = &rest[at + 1..];
        let end = find(text, &['=', '~']).unwrap_or(text.len());
        pieces.push((sign, text[..end].trim()));
        rest = &text[end..];
    }
    pieces
}

fn all(pieces: Vec<(char, &str)>, format: Format) -> Result<Vec<Answer>, Message> {
    let answers = pieces.into_iter();
    answers
        .map(|(sign, text)| answer(sign, text, format))
        .collect()
}

fn answer(sign: char, text: &str, format: Format) -> Result<Answer, Message> {
    let (weight, text) = match text.strip_prefix('%').and_then(|text| text.split_once('%')) {
        Some((percent, text)) => {
            let weight = percent.trim().parse::<f64>().ok();
            let weight = weight.filter(|weight| (-100.0..=100.0).contains(weight));
            (weight.ok_or("a weight is `%n%`, from -100 to 100")?, text)
        }
        None => (if sign == '=' { 100.0 } else { 0.0 }, text),
    };
    let (text, note) = cut(text, '#');
    Ok(Answer {
        weight,
        text: read(text, format),
        note: note.map(|note| read(note, format)),
    })
}

/// A text that may say which format it is in.
fn read(text: &str, format: Format) -> Text {
    let (format, text) = format_of(text.trim(), format);
    Text {
        format,
        text: unescaped(text),
    }
}

fn format_of(text: &str, default: Format) -> (Format, &str) {
    FORMATS
        .iter()
        .find_map(|(name, format)| Some((*format, text.strip_prefix(name)?.trim_start())))
        .unwrap_or((default, text))
}

/// What is before and behind the first such sign.
fn cut(text: &str, sign: char) -> (&str, Option<&str>) {
    match find(text, &[sign]) {
        Some(at) => (&text[..at], Some(&text[at + sign.len_utf8()..])),
        None => (text, None),
    }
}

/// The first of these signs that has no backslash before it.
fn find(text: &str, signs: &[char]) -> Option<usize> {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if signs.contains(&letter) {
            return Some(at);
        }
    }
    None
}

/// Likewise, several signs in a row.
fn find_str(text: &str, signs: &str) -> Option<usize> {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if text[at..].starts_with(signs) {
            return Some(at);
        }
    }
    None
}

/// The text without its backslashes: `\n` is a new line, and before other letters one is itself.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some(sign) if "\\~=#{}:".contains(sign) => plain.push(sign),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain.trim().to_owned()
}

//! What follows a directive's name: words, and `{key=value flag key="some words"}`.

use crate::problem::Problem;
use crate::scan::Directive;
use crate::source::{Source, Spot};

/// A word with its place.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) spot: Spot,
}

/// A directive's head, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Head {
    words: std::collections::VecDeque<Word>,
    attributes: Vec<(Word, Option<Word>)>,
}

impl Head {
    /// Takes a directive's first line apart.
    pub(crate) fn of(
        source: &Source<'_>,
        directive: &Directive<'_>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let text = source.lines[directive.line];
        let rest = &text[directive.rest..];
        let (words_end, attributes) = match rest.find('{') {
            Some(open) => {
                let open = directive.rest + open;
                (open, attributes(source, directive.line, open, problems))
            }
            None => (text.len(), Vec::new()),
        };
        let mut at = directive.rest;
        let mut words = std::collections::VecDeque::new();
        for part in text[directive.rest..words_end].split(' ') {
            if !part.trim().is_empty() {
                words.push_back(Word {
                    text: part.trim().to_owned(),
                    spot: source.within(directive.line, at..at + part.len()),
                });
            }
            at += part.len() + 1;
        }
        Self { words, attributes }
    }

    /// Takes the next word.
    pub(crate) fn word(&mut self) -> Option<Word> {
        self.words.pop_front()
    }

    /// Takes an attribute's value.
    pub(crate) fn value(&mut self, key: &str) -> Option<Word> {
        let index = self
            .attributes
            .iter()
            .position(|(name, value)| name.text == key && value.is_some())?;
        self.attributes.remove(index).1
    }

    /// Takes an attribute that stands alone.
    pub(crate) fn flag(&mut self, key: &str) -> Option<Word> {
        let index = self
            .attributes
            .iter()
            .position(|(name, value)| name.text == key && value.is_none())?;
        Some(self.attributes.remove(index).0)
    }

    /// Complains about everything that nobody has taken.
    pub(crate) fn finish(self, source: &Source<'_>, known: &str, problems: &mut Vec<Problem>) {
        let names = self.attributes.into_iter().map(|(name, _)| name);
        for word in self.words.into_iter().chain(names) {
            problems.extend(source.problem(
                word.spot,
                "unknown-attribute",
                format_args!("`{}` means nothing here", word.text),
                known,
            ));
        }
    }
}

/// The attributes in the braces that open at this byte of the line.
fn attributes(
    source: &Source<'_>,
    line: usize,
    open: usize,
    problems: &mut Vec<Problem>,
) -> Vec<(Word, Option<Word>)> {
    let text = source.lines[line];
    let word = |range: std::ops::Range<usize>| Word {
        text: text[range.clone()].to_owned(),
        spot: source.within(line, range),
    };
    let mut found = Vec::new();
    let mut at = open + 1;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let rest = &text[at..];
        if let Some(tail) = rest.strip_prefix('}') {
            if !tail.trim().is_empty() {
                problems.extend(source.problem(
                    source.within(line, at + 1..text.len()),
                    "unknown-attribute",
                    "nothing may follow the braces",
                    "write ids and kinds before them",
                ));
            }
            return found;
        }
        let key_len = rest
            .find(|c: char| c.is_whitespace() || "=}\"".contains(c))
            .unwrap_or(rest.len());
        if key_len == 0 {
            problems.extend(source.problem(
                source.within(line, open..text.len()),
                "bad-attributes",
                "these braces cannot be read",
                "write `{key=value key=\"some words\" flag}` on one line",
            ));
            return found;
        }
        let key = at..at + key_len;
        at = key.end;
        let Some(value) = text[at..].strip_prefix('=') else {
            found.push((word(key), None));
            continue;
        };
        at += 1;
        let (value_range, next) = match value.strip_prefix('"') {
            Some(quoted) => {
                let len = quoted.find('"').unwrap_or(quoted.len());
                (at + 1..at + 1 + len, (at + len + 2).min(text.len()))
            }
            None => {
                let len = value
                    .find(|c: char| c.is_whitespace() || c == '}')
                    .unwrap_or(value.len());
                (at..at + len, at + len)
            }
        };
        at = next;
        found.push((word(key), Some(word(value_range))));
    }
}

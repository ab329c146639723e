//! Vars: names in an exercise that stand for other values for each student.

use std::ops::Range;

use sha2::{Digest, Sha256};

/// The most vars that an exercise may have: with more, nobody reads its text any longer.
pub(crate) const VARS_MAX: usize = 16;

/// The most values that a var's list may have: what needs more is a range.
pub(crate) const LIST_MAX: usize = 100;

/// The longest name and the longest value, in bytes: they have to fit a command that is typed.
pub(crate) const WORD_MAX: usize = 32;

/// Words of Go's templates: `{{end}}` in a `docker inspect --format` is no var.
const GO_WORDS: [&str; 31] = [
    "and", "block", "break", "call", "continue", "define", "else", "end", "eq", "ge", "gt", "html",
    "if", "index", "join", "js", "json", "le", "len", "lt", "ne", "not", "or", "print", "printf",
    "println", "range", "slice", "template", "urlquery", "with",
];

/// The first of the private-use characters that stand for vars while code is coloured; the `n`th
/// var is the `n`th after it. Texts of authors may have none of them: see
/// [`crate::render::is_private`].
const FIRST_MARK: u32 = 0xe010;

/// An exercise's vars: names, and which values each may take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vars(Vec<Var>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Var {
    pub(crate) name: String,
    pub(crate) choices: Choices,
}

/// What a var may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choices {
    /// A whole number, both ends included.
    Range(u32, u32),
    /// One of these.
    List(Vec<String>),
}

/// What the vars of an exercise are for one student. `default()` has none: then `{{name}}` stays as
/// the author wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Vec<(String, String)>);

impl Vars {
    pub(crate) const fn new(vars: Vec<Var>) -> Self {
        Self(vars)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values that belong to this seed: always the same ones. Each is chosen by the SHA-256 of
    /// the seed and the var's name, so who does not know the seed cannot tell one from another.
    #[must_use]
    pub fn values(&self, seed: &str) -> Values {
        let value = |var: &Var| (var.name.clone(), var.choices.at(number(seed, &var.name)));
        Values(self.0.iter().map(value).collect())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|var| var.name.as_str())
    }

    /// How the vars were written, for the exercise's version.
    pub(crate) fn canonical(&self) -> Vec<String> {
        let line = |var: &Var| match &var.choices {
            Choices::Range(from, to) => format!("{}: {from}..{to}", var.name),
            Choices::List(list) => format!("{}: {}", var.name, list.join(", ")),
        };
        self.0.iter().map(line).collect()
    }

    /// Changes a text in which each `{{name}}` is one character meanwhile, so that nothing takes it
    /// apart: colouring would put its braces into other elements than its name.
    pub(crate) fn kept_whole(&self, text: &str, change: impl FnOnce(&str) -> String) -> String {
        let marks = || (FIRST_MARK..).filter_map(char::from_u32);
        let mut text = text.to_owned();
        for (name, mark) in self.names().zip(marks()) {
            text = text.replace(&place_of(name), mark.encode_utf8(&mut [0; 4]));
        }
        let mut changed = change(&text);
        for (name, mark) in self.names().zip(marks()) {
            changed = changed.replace(mark, &place_of(name));
        }
        changed
    }
}

impl Choices {
    /// The value for this number.
    fn at(&self, number: u64) -> String {
        match self {
            Self::Range(from, to) => {
                let count = u64::from(*to) - u64::from(*from) + 1;
                (u64::from(*from) + number % count).to_string()
            }
            Self::List(list) => {
                let index = usize::try_from(number % list.len().max(1) as u64).unwrap_or(0);
                list.get(index).cloned().unwrap_or_default()
            }
        }
    }
}

impl Values {
    /// Names and values, in the author's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The text with every `{{name}}` of ours replaced by its value. Values are letters, digits and
    /// `._-`, so no script and no HTML is another one afterwards.
    pub(crate) fn fill(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let mut filled = String::with_capacity(text.len());
        let mut at = 0;
        for (range, name) in places(text) {
            if let Some((_, value)) = self.iter().find(|(known, _)| *known == name) {
                filled.push_str(&text[at..range.start]);
                filled.push_str(value);
                at = range.end;
            }
        }
        filled.push_str(&text[at..]);
        filled
    }
}

/// A number that seed and name decide, evenly spread.
fn number(seed: &str, name: &str) -> u64 {
    let hash = Sha256::new()
        .chain_update(seed)
        .chain_update([0])
        .chain_update(name)
        .finalize();
    let (first, _) = hash.as_slice().split_at(8);
    first
        .iter()
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// How a var is written where its value is to stand.
pub(crate) fn place_of(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

/// Every `{{name}}` of a text, with its name: exactly so, without spaces.
pub(crate) fn places(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let open = from + text.get(from..)?.find("{{")?;
            let inner = &text[open + 2..];
            let len = inner.bytes().take_while(|byte| is_letter(*byte)).count();
            if is_name(&inner[..len]) && inner[len..].starts_with("}}") {
                from = open + 2 + len + 2;
                return Some((open..from, &inner[..len]));
            }
            from = open + 1;
        }
    })
}

/// Whether a var may be called so.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= WORD_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(is_letter)
        && !GO_WORDS.contains(&text)
}

/// Whether a var may have this value.
pub(crate) fn is_value(text: &str) -> bool {
    (1..=WORD_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

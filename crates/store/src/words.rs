//! Words that people choose: sign-in names and class titles.

use std::{fmt, str::FromStr};

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

/// The longest [`Name`], in characters: room for any real name, and it fits a table's cell.
pub const NAME_MAX: usize = 40;

/// The longest [`ClassTitle`], in characters: one line on a wide screen.
pub const TITLE_MAX: usize = 80;

/// A name to sign in with, unique on the server: 1 to [`NAME_MAX`] visible characters, in Unicode's
/// composed form (NFC), with single spaces between words.
///
/// Two names are one where their compatibility forms (NFKC) in lower case are equal: `한글` typed on
/// a Mac (NFD) and elsewhere, `Ann` and `ANN`, `ａｎｎ` and `ann`.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Name {
    text: String,
    #[serde(skip)]
    key: String,
}

/// Why a text cannot be a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing visible in it.
    #[error("a name has at least one visible character")]
    Empty,
    /// More than [`NAME_MAX`] characters.
    #[error("a name has at most {NAME_MAX} characters")]
    TooLong,
    /// A control character, or one that shows nothing or turns the direction of writing.
    #[error("a name has only visible characters")]
    Invisible,
}

impl Name {
    /// The name as its owner wrote it, composed and trimmed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form by which names are compared.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let text = tidy(text, NAME_MAX).map_err(|fault| match fault {
            Fault::Empty => BadName::Empty,
            Fault::TooLong => BadName::TooLong,
            Fault::Invisible => BadName::Invisible,
        })?;
        // Lower case may leave NFKC (`İ`), hence the second pass.
        let key = text
            .nfkc()
            .collect::<String>()
            .to_lowercase()
            .nfkc()
            .collect();
        Ok(Self { text, key })
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Name {}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a class is called: 1 to [`TITLE_MAX`] visible characters, composed (NFC), with single spaces.
/// Titles need not be unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ClassTitle(String);

/// Why a text cannot be a [`ClassTitle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTitle {
    /// Nothing visible in it.
    #[error("a class's title has at least one visible character")]
    Empty,
    /// More than [`TITLE_MAX`] characters.
    #[error("a class's title has at most {TITLE_MAX} characters")]
    TooLong,
    /// A control character, or one that shows nothing or turns the direction of writing.
    #[error("a class's title has only visible characters")]
    Invisible,
}

impl ClassTitle {
    /// The title as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClassTitle {
    type Err = BadTitle;

    fn from_str(text: &str) -> Result<Self, BadTitle> {
        tidy(text, TITLE_MAX)
            .map(Self)
            .map_err(|fault| match fault {
                Fault::Empty => BadTitle::Empty,
                Fault::TooLong => BadTitle::TooLong,
                Fault::Invisible => BadTitle::Invisible,
            })
    }
}

impl fmt::Display for ClassTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

enum Fault {
    Empty,
    TooLong,
    Invisible,
}

/// One line of visible text: trimmed, composed, single spaces.
fn tidy(text: &str, max: usize) -> Result<String, Fault> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() || shows_nothing(c)) {
        return Err(Fault::Invisible);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let tidy: String = words.join(" ").nfc().collect();
    match tidy.chars().count() {
        0 => Err(Fault::Empty),
        length if length > max => Err(Fault::TooLong),
        _ => Ok(tidy),
    }
}

/// Characters with which one name could be made to look like another or like nothing: zero-width and
/// direction marks (Unicode's category Cf as far as it has no use in names), fillers of Hangul, tags
/// and variation selectors.
fn shows_nothing(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

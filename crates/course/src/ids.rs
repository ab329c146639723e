//! Names that stand in addresses, records and scripts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest slug, in bytes: it has to fit a line of a table and a file name beside `.ko.md`.
pub const SLUG_MAX: usize = 48;

/// A text that is no id, with what one looks like.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an id: small letters, digits and single dashes, a letter first, at most {SLUG_MAX}"
)]
pub struct BadId(pub String);

/// Whether a text is a slug: small ASCII letters, digits and single dashes, a letter first, at most
/// [`SLUG_MAX`] long. So it is safe in a path, in an address and in HTML as it is.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    text.len() <= SLUG_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && !text.contains("--")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The id of an exercise or question: a slug, unique in its lesson.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ItemId(String);

/// The id of a lesson, `unit/lesson`: two slugs, as in its address and its path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LessonId {
    text: String,
    slash: usize,
}

impl ItemId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl LessonId {
    /// The lesson of this name in this unit.
    ///
    /// # Errors
    /// When one of the two is no slug.
    pub fn new(unit: &str, lesson: &str) -> Result<Self, BadId> {
        format!("{unit}/{lesson}").parse()
    }

    /// The id as text, `unit/lesson`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The unit's id.
    #[must_use]
    pub fn unit(&self) -> &str {
        &self.text[..self.slash]
    }

    /// The lesson's name in its unit.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[self.slash + 1..]
    }
}

impl FromStr for ItemId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        if is_slug(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId(text.to_owned()))
        }
    }
}

impl FromStr for LessonId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        match text.split_once('/') {
            Some((unit, lesson)) if is_slug(unit) && is_slug(lesson) => Ok(Self {
                text: text.to_owned(),
                slash: unit.len(),
            }),
            _ => Err(BadId(text.to_owned())),
        }
    }
}

macro_rules! text_like {
    ($($id:ident),*) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl TryFrom<String> for $id {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> Self {
                id.as_str().to_owned()
            }
        }
    )*};
}

text_like!(ItemId, LessonId);

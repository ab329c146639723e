//! Languages, and values that exist in several of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language that a course can be written in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Korean, `ko`: what is spoken where nothing else is said.
    #[default]
    Ko,
    /// English, `en`.
    En,
}

/// A word that names no language of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language of this classroom; there are ko and en")]
pub struct UnknownLang(String);

impl Lang {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Ko, Self::En];

    /// The BCP 47 code: what stands in addresses, in `lang` attributes and before `.md`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ko => "ko",
            Self::En => "en",
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|lang| lang.code() == text)
            .ok_or_else(|| UnknownLang(text.to_owned()))
    }
}

/// A value in the course's default language and in those it was translated to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Localized<T> {
    default: (Lang, T),
    others: Vec<(Lang, T)>,
}

impl<T> Localized<T> {
    /// A value in the default language alone.
    pub const fn new(default: Lang, value: T) -> Self {
        Self {
            default: (default, value),
            others: Vec::new(),
        }
    }

    /// The same with a translation added; one that is there already is replaced.
    #[must_use]
    pub fn with(mut self, lang: Lang, value: T) -> Self {
        if lang == self.default.0 {
            self.default.1 = value;
        } else {
            self.others.retain(|(other, _)| *other != lang);
            self.others.push((lang, value));
        }
        self
    }

    /// The value in this language, or in the default language where it was not translated.
    pub fn get(&self, lang: Lang) -> &T {
        self.translated(lang).unwrap_or(&self.default.1)
    }

    /// The value in this language, if it exists in it.
    pub fn translated(&self, lang: Lang) -> Option<&T> {
        self.iter()
            .find(|(other, _)| *other == lang)
            .map(|(_, value)| value)
    }

    /// The language of what [`Localized::get`] returns: the one asked for, or the default.
    pub fn lang(&self, lang: Lang) -> Lang {
        self.translated(lang).map_or(self.default.0, |_| lang)
    }

    /// Every language's value, the default first.
    pub fn iter(&self) -> impl Iterator<Item = (Lang, &T)> {
        std::iter::once(&self.default)
            .chain(&self.others)
            .map(|(lang, value)| (*lang, value))
    }
}

//! What the course's TOML files have in common: names per language, ids, places.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::Range;

use serde::de::DeserializeOwned;

use crate::ids::is_slug;
use crate::lang::{Lang, Localized};
use crate::problem::Problem;
use crate::source::{Source, Spot};

/// A text per language.
pub(crate) type Names = BTreeMap<Lang, String>;

/// Reads values of one file.
pub(crate) struct Reader<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) text: &'a str,
    /// The code of what is wrong in it.
    pub(crate) code: &'static str,
    /// The course's default language.
    pub(crate) default: Lang,
    /// All its languages.
    pub(crate) languages: &'a [Lang],
    pub(crate) problems: &'a mut Vec<Problem>,
}

/// Reads the file. `None`, and told with the whole form, when it is not of that form.
pub(crate) fn parse<T: DeserializeOwned>(
    source: &Source<'_>,
    text: &str,
    code: &'static str,
    form: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    toml::from_str(text)
        .map_err(|error| {
            let spot = spot(source, text, error.span().unwrap_or_default());
            problems.extend(source.problem(spot, code, error.message(), form));
        })
        .ok()
}

impl Reader<'_> {
    /// A name in every language of the course.
    pub(crate) fn names(&mut self, names: &toml::Spanned<Names>) -> Localized<String> {
        let of = |lang: Lang| names.get_ref().get(&lang).map(String::as_str);
        self.localized(names.span(), of)
    }

    /// The same of texts that are kept otherwise; `span` is where all of them stand.
    pub(crate) fn localized<'t>(
        &mut self,
        span: Range<usize>,
        of: impl Fn(Lang) -> Option<&'t str>,
    ) -> Localized<String> {
        let of = |lang: Lang| of(lang).filter(|text| !text.trim().is_empty());
        let missing: Vec<&str> = self
            .languages
            .iter()
            .filter(|lang| of(**lang).is_none())
            .map(|lang| lang.code())
            .collect();
        if !missing.is_empty() {
            let message = format!("this is missing in {}", missing.join(", "));
            self.problem(
                span,
                message,
                "write `{ ko = \"…\", en = \"…\" }` with every language of the course",
            );
        }
        let default = of(self.default).unwrap_or_default().to_owned();
        let mut localized = Localized::new(self.default, default);
        for lang in self.languages {
            if let Some(text) = of(*lang) {
                localized = localized.with(*lang, text.to_owned());
            }
        }
        localized
    }

    /// Complains about ids that are none, or there twice.
    pub(crate) fn distinct<'i>(&mut self, ids: impl Iterator<Item = &'i toml::Spanned<String>>) {
        let mut seen = BTreeSet::new();
        for id in ids {
            if !is_slug(id.get_ref()) {
                self.problem(
                    id.span(),
                    crate::BadId(id.get_ref().clone()).to_string(),
                    "an id such as `service-models`",
                );
            } else if !seen.insert(id.get_ref()) {
                self.problem(
                    id.span(),
                    format_args!("`{}` is there twice", id.get_ref()),
                    "take one of them out",
                );
            }
        }
    }

    pub(crate) fn problem(&mut self, span: Range<usize>, message: impl Display, help: &str) {
        let spot = self.spot(span);
        self.problems
            .extend(self.source.problem(spot, self.code, message, help));
    }

    pub(crate) fn spot(&self, span: Range<usize>) -> Spot {
        spot(self.source, self.text, span)
    }
}

/// The place of a range of bytes; of several lines, what is on the first.
fn spot(source: &Source<'_>, text: &str, span: std::ops::Range<usize>) -> Spot {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count();
    let start = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    let len = source.lines.get(line).map_or(0, |line| line.len());
    source.within(line, start.min(len)..(start + span.len()).min(len))
}

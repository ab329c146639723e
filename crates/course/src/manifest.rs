//! `course.toml`: the course's name, languages, concepts and order.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::ids::is_slug;
use crate::lang::{Lang, Localized};
use crate::model::Concept;
use crate::problem::Problem;
use crate::source::{Source, Spot};

/// The manifest's name in the course's folder.
pub(crate) const NAME: &str = "course.toml";

/// What a TOML mistake is answered with: the whole form.
const FORM: &str = "it has default_language, languages and title = { ko = \"…\" }, then [[concepts]] with id and name = { … }, and [[units]] with id, title = { … } and lessons = [\"…\"]";

type Names = BTreeMap<Lang, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    title: toml::Spanned<Names>,
    default_language: Lang,
    languages: toml::Spanned<Vec<Lang>>,
    #[serde(default)]
    concepts: Vec<RawConcept>,
    units: Vec<RawUnit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConcept {
    id: toml::Spanned<String>,
    name: toml::Spanned<Names>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUnit {
    id: toml::Spanned<String>,
    title: toml::Spanned<Names>,
    lessons: Vec<toml::Spanned<String>>,
}

/// The manifest, checked.
pub(crate) struct Manifest {
    pub(crate) title: Localized<String>,
    pub(crate) default_lang: Lang,
    pub(crate) languages: Vec<Lang>,
    pub(crate) concepts: Vec<Concept>,
    pub(crate) units: Vec<ManifestUnit>,
}

pub(crate) struct ManifestUnit {
    pub(crate) id: String,
    pub(crate) title: Localized<String>,
    /// Names of its lessons, with the place where each is listed.
    pub(crate) lessons: Vec<(String, Spot)>,
}

struct Reader<'a> {
    source: &'a Source<'a>,
    text: &'a str,
    default: Lang,
    languages: Vec<Lang>,
    problems: &'a mut Vec<Problem>,
}

/// Reads the manifest. `None`, and told, when it cannot be read at all.
pub(crate) fn read(
    source: &Source<'_>,
    text: &str,
    problems: &mut Vec<Problem>,
) -> Option<Manifest> {
    let raw: Raw = match toml::from_str(text) {
        Ok(raw) => raw,
        Err(error) => {
            let spot = spot(source, text, error.span().unwrap_or_default());
            problems.push(source.problem(spot, "manifest", error.message(), FORM));
            return None;
        }
    };
    let mut languages = vec![raw.default_language];
    for lang in raw.languages.get_ref() {
        if !languages.contains(lang) {
            languages.push(*lang);
        }
    }
    let mut reader = Reader {
        source,
        text,
        default: raw.default_language,
        languages: languages.clone(),
        problems,
    };
    if !raw.languages.get_ref().contains(&raw.default_language) {
        reader.problem(
            raw.languages.span(),
            "the default language is not among the languages",
            "add it",
        );
    }
    let title = reader.names(&raw.title);
    reader.distinct(raw.concepts.iter().map(|concept| &concept.id));
    reader.distinct(raw.units.iter().map(|unit| &unit.id));
    let concepts = raw
        .concepts
        .iter()
        .map(|concept| Concept {
            id: concept.id.get_ref().clone(),
            name: reader.names(&concept.name),
        })
        .collect();
    let units = raw.units.iter().map(|unit| reader.unit(unit)).collect();
    Some(Manifest {
        title,
        default_lang: raw.default_language,
        languages,
        concepts,
        units,
    })
}

impl Reader<'_> {
    fn unit(&mut self, unit: &RawUnit) -> ManifestUnit {
        self.distinct(unit.lessons.iter());
        ManifestUnit {
            id: unit.id.get_ref().clone(),
            title: self.names(&unit.title),
            lessons: unit
                .lessons
                .iter()
                .map(|name| {
                    (
                        name.get_ref().clone(),
                        spot(self.source, self.text, name.span()),
                    )
                })
                .collect(),
        }
    }

    fn names(&mut self, names: &toml::Spanned<Names>) -> Localized<String> {
        let of = |lang: Lang| {
            names
                .get_ref()
                .get(&lang)
                .filter(|name| !name.trim().is_empty())
        };
        let missing: Vec<&str> = self
            .languages
            .iter()
            .filter(|lang| of(**lang).is_none())
            .map(|lang| lang.code())
            .collect();
        if !missing.is_empty() {
            let message = format!("this name is missing in {}", missing.join(", "));
            self.problem(
                names.span(),
                message,
                "write `{ ko = \"…\", en = \"…\" }` with every language of the course",
            );
        }
        let mut localized =
            Localized::new(self.default, of(self.default).cloned().unwrap_or_default());
        for lang in self.languages.iter().skip(1) {
            if let Some(name) = of(*lang) {
                localized = localized.with(*lang, name.clone());
            }
        }
        localized
    }

    fn distinct<'i>(&mut self, ids: impl Iterator<Item = &'i toml::Spanned<String>>) {
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
                    format!("`{}` is there twice", id.get_ref()),
                    "take one of them out",
                );
            }
        }
    }

    fn problem(&mut self, span: std::ops::Range<usize>, message: impl Into<String>, help: &str) {
        let spot = spot(self.source, self.text, span);
        self.problems
            .push(self.source.problem(spot, "manifest", message, help));
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

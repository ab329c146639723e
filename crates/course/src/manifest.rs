//! `course.toml`: the course's name, languages, concepts and order.

use serde::Deserialize;

use crate::lang::{Lang, Localized};
use crate::model::Concept;
use crate::problem::Problem;
use crate::source::{Source, Spot};
use crate::toml_file::{self, Names, Reader};

/// The manifest's name in the course's folder.
pub(crate) const NAME: &str = "course.toml";

/// The code of its problems.
const CODE: &str = "manifest";

/// What a TOML mistake is answered with: the whole form.
const FORM: &str = "it has default_language, languages and title = { ko = \"…\" }, then [[concepts]] with id and name = { … }, and [[units]] with id, title = { … } and lessons = [\"…\"]";

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

/// Reads the manifest. `None`, and told, when it cannot be read at all.
pub(crate) fn read(
    source: &Source<'_>,
    text: &str,
    problems: &mut Vec<Problem>,
) -> Option<Manifest> {
    let raw: Raw = toml_file::parse(source, text, CODE, FORM, problems)?;
    let mut languages = vec![raw.default_language];
    for lang in raw.languages.get_ref() {
        if !languages.contains(lang) {
            languages.push(*lang);
        }
    }
    let mut reader = Reader {
        source,
        text,
        code: CODE,
        default: raw.default_language,
        languages: &languages,
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
                .map(|name| (name.get_ref().clone(), self.spot(name.span())))
                .collect(),
        }
    }
}

//! `map.toml`: the rows of what the course is to teach.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::manifest::Manifest;
use crate::model::Row;
use crate::problem::Problem;
use crate::source::Source;
use crate::toml_file::{self, Names, Reader};

/// The map's name in the course's folder.
pub(crate) const NAME: &str = "map.toml";

/// The code of its problems.
const CODE: &str = "map";

/// What a TOML mistake is answered with: the whole form.
const FORM: &str = "it has [[rows]] with id = \"N09\" and title = { ko = \"…\" }, and if wanted concept = \"…\", exercise = false, question = false";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    rows: Vec<RawRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    id: toml::Spanned<String>,
    title: toml::Spanned<Names>,
    concept: Option<toml::Spanned<String>>,
    #[serde(default = "wanted")]
    exercise: bool,
    #[serde(default = "wanted")]
    question: bool,
}

const fn wanted() -> bool {
    true
}

/// Reads the map. `None`, and told, when it cannot be read at all.
pub(crate) fn read(
    source: &Source<'_>,
    text: &str,
    manifest: &Manifest,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Row>> {
    let raw: Raw = toml_file::parse(source, text, CODE, FORM, problems)?;
    let mut reader = Reader {
        source,
        text,
        code: CODE,
        default: manifest.default_lang,
        languages: &manifest.languages,
        problems,
    };
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for row in &raw.rows {
        let id = row.id.get_ref();
        if !is_row(id) {
            let message = format!("`{id}` is no row of a course map");
            reader.problem(row.id.span(), message, ROW_FORM);
        } else if !seen.insert(id) {
            let message = format!("`{id}` is there twice");
            reader.problem(row.id.span(), message, "take one of them out");
        }
        if let Some(concept) = &row.concept
            && !manifest
                .concepts
                .iter()
                .any(|known| known.id == *concept.get_ref())
        {
            reader.problem(
                concept.span(),
                format_args!("the course has no concept `{}`", concept.get_ref()),
                "concepts are listed in course.toml, under [[concepts]]",
            );
        }
        rows.push(Row {
            id: id.clone(),
            title: reader.names(&row.title),
            concept: row
                .concept
                .as_ref()
                .map(|concept| concept.get_ref().clone()),
            exercise: row.exercise,
            question: row.question,
        });
    }
    Some(rows)
}

/// What a row's id looks like.
pub(crate) const ROW_FORM: &str = "a row is a capital letter and two digits, such as N09";

/// Whether this can be a row's id.
pub(crate) fn is_row(text: &str) -> bool {
    let mut letters = text.chars();
    let first = letters.next();
    first.is_some_and(|first| first.is_ascii_uppercase())
        && text.len() == 3
        && letters.all(|letter| letter.is_ascii_digit())
}

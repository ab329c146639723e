//! `glossary.toml`: the course's terms, in every language of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::ids::is_slug;
use crate::lang::{Lang, Localized};
use crate::manifest::Manifest;
use crate::model::{Html, Term};
use crate::problem::Problem;
use crate::render::{Env, HeadingLink, Renderer};
use crate::source::{Fragment, Source, Spot};
use crate::toml_file::{self, Names, Reader};

/// The glossary's name in the course's folder.
pub(crate) const NAME: &str = "glossary.toml";

/// The code of its problems.
const CODE: &str = "glossary";

/// What a TOML mistake is answered with: the whole form.
const FORM: &str =
    "it has [[terms]] with id = \"bind-mount\", name = { ko = \"…\" } and meaning = { ko = \"…\" }";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    terms: Vec<RawTerm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTerm {
    id: toml::Spanned<String>,
    name: toml::Spanned<Names>,
    meaning: toml::Spanned<BTreeMap<Lang, toml::Spanned<String>>>,
}

/// The glossary as its file has it: meanings are still Markdown.
pub(crate) struct Glossary<'a> {
    source: &'a Source<'a>,
    default: Lang,
    terms: Vec<Entry>,
}

struct Entry {
    id: String,
    spot: Spot,
    name: Localized<String>,
    /// The meaning in each language that has one, and where it begins.
    meaning: Vec<(Lang, String, Spot)>,
}

/// Reads the glossary. `None`, and told, when it cannot be read at all.
pub(crate) fn read<'a>(
    source: &'a Source<'a>,
    text: &str,
    manifest: &Manifest,
    problems: &mut Vec<Problem>,
) -> Option<Glossary<'a>> {
    let raw: Raw = toml_file::parse(source, text, CODE, FORM, problems)?;
    let mut reader = Reader {
        source,
        text,
        code: CODE,
        default: manifest.default_lang,
        languages: &manifest.languages,
        problems,
    };
    reader.distinct(raw.terms.iter().map(|term| &term.id));
    let mut terms = Vec::new();
    for term in &raw.terms {
        let meaning = term.meaning.get_ref();
        let text = |lang: Lang| meaning.get(&lang).map(|text| text.get_ref().as_str());
        // Told of where one is missing.
        reader.localized(term.meaning.span(), text);
        terms.push(Entry {
            id: term.id.get_ref().clone(),
            spot: reader.spot(term.id.span()),
            name: reader.names(&term.name),
            meaning: manifest
                .languages
                .iter()
                .filter_map(|lang| {
                    let text = meaning.get(lang)?;
                    Some((*lang, text.get_ref().clone(), reader.spot(text.span())))
                })
                .collect(),
        });
    }
    Some(Glossary {
        source,
        default: manifest.default_lang,
        terms,
    })
}

impl<'a> Glossary<'a> {
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        self.terms.iter().map(|term| term.id.clone()).collect()
    }

    /// The glossary's file.
    pub(crate) fn source(&self) -> &'a Source<'a> {
        self.source
    }

    /// Complains about terms that no lesson links to: nobody would find them.
    pub(crate) fn unused(&self, used: &BTreeSet<String>, problems: &mut Vec<Problem>) {
        let unused = |term: &&Entry| is_slug(&term.id) && !used.contains(&term.id);
        for term in self.terms.iter().filter(unused) {
            problems.extend(self.source.problem(
                term.spot,
                "unused-term",
                format_args!("no lesson links to the term `{}`", term.id),
                format_args!(
                    "write `[…](term:{})` where a lesson first uses it, or take it out",
                    term.id
                ),
            ));
        }
    }

    /// Renders the meanings. Returns the terms, and the links to headings in each language.
    pub(crate) fn terms(
        &self,
        base: Env<'_>,
        problems: &mut Vec<Problem>,
    ) -> (Vec<Term>, Vec<(Lang, Vec<HeadingLink>)>) {
        let mut links = Vec::new();
        let mut terms = Vec::new();
        for term in &self.terms {
            let mut meaning = Localized::new(self.default, Html::default());
            for (lang, text, spot) in &term.meaning {
                let env = Env {
                    lang: *lang,
                    ..base
                };
                let mut renderer = Renderer::new(env, self.source);
                let (html, _) = renderer.inline(&fragment(text, *spot));
                meaning = meaning.with(*lang, html);
                problems.append(&mut renderer.problems);
                links.push((*lang, renderer.heading_links));
            }
            terms.push(Term {
                id: term.id.clone(),
                name: term.name.clone(),
                meaning,
            });
        }
        (terms, links)
    }
}

/// The Markdown of a string that begins, with its quotation mark, at this place.
fn fragment(text: &str, spot: Spot) -> Fragment {
    let mut fragment = Fragment::default();
    for (index, line) in text.lines().enumerate() {
        let cut = if index == 0 { spot.start + 1 } else { 0 };
        fragment.push(spot.line + index, line, cut);
    }
    fragment
}

//! From a question's form to a response, and back to what the form shows as chosen.

use std::collections::BTreeSet;

use course::{Kind, Question, Response};

/// A form's fields in order; a checkbox group sends one name several times.
pub(crate) type Fields = Vec<(String, String)>;

/// What the fields of a question's form say; `None` when something that the form asks for is missing,
/// so that the student is asked to complete it.
///
/// Fields: `choice` (single, multiple), `text` (short, number), `place-C` = the place of choice C
/// (order, from 0), `target-C` = the target of choice C (match). Indexes are the author's.
pub(crate) fn response(question: &Question, fields: &Fields) -> Option<Response> {
    let value = |name: &str| {
        fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    };
    let number = |name: &str| value(name)?.parse::<usize>().ok();
    let choices = question.choice_count();
    match &question.kind {
        Kind::Single { .. } => number("choice").map(Response::Single),
        Kind::Multiple { .. } => {
            let chosen: BTreeSet<usize> = fields
                .iter()
                .filter(|(name, _)| name == "choice")
                .filter_map(|(_, value)| value.parse().ok())
                .collect();
            (!chosen.is_empty()).then_some(Response::Multiple(chosen))
        }
        Kind::Short { .. } => text(value("text")).map(Response::Short),
        Kind::Number { .. } => text(value("text")).map(Response::Number),
        Kind::Order { .. } => {
            let mut placed = (0..choices)
                .map(|choice| Some((number(&format!("place-{choice}"))?, choice)))
                .collect::<Option<Vec<_>>>()?;
            placed.sort_unstable();
            let distinct = placed.windows(2).all(|pair| pair[0].0 != pair[1].0);
            distinct
                .then(|| Response::Order(placed.into_iter().map(|(_, choice)| choice).collect()))
        }
        Kind::Match { .. } => (0..choices)
            .map(|choice| number(&format!("target-{choice}")))
            .collect::<Option<Vec<_>>>()
            .map(Response::Match),
    }
}

/// The longest that somebody is taken to have been at one question, in milliseconds: half an hour. Who
/// leaves the page open over lunch has not thought for so long.
const SPENT_MAX_MS: i64 = 30 * 60 * 1000;
/// What is said beyond, in milliseconds, comes from a clock that was set meanwhile, or was made up: a
/// day.
const ABSURD_MS: i64 = 24 * 60 * 60 * 1000;

/// How long the question was before the student's eyes, in milliseconds, as the browser says in
/// `spent`; `None` where it does not say, or nothing that could be.
pub(crate) fn spent_ms(fields: &Fields) -> Option<i64> {
    let (_, spent) = fields.iter().find(|(name, _)| name == "spent")?;
    let spent = spent.parse().ok()?;
    (1..=ABSURD_MS)
        .contains(&spent)
        .then(|| spent.min(SPENT_MAX_MS))
}

/// The fields whose names begin so, without that: those of one of a form's several questions.
pub(crate) fn below(fields: &Fields, prefix: &str) -> Fields {
    let fields = fields.iter();
    fields
        .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value.clone())))
        .collect()
}

/// Whether anything was entered, if not all.
pub(crate) fn is_begun(fields: &Fields) -> bool {
    let mut fields = fields.iter();
    fields.any(|(name, value)| !matches!(name.as_str(), "shown" | "spent") && !value.is_empty())
}

/// Whether the form is one of the question as it is now. One that does not say is none of our pages'.
pub(crate) fn is_of(question: &Question, fields: &Fields) -> bool {
    let shown = fields.iter().find(|(name, _)| name == "shown");
    shown.is_none_or(|(_, shown)| *shown == question.shown())
}

/// What is worth keeping of an answer to a question that has changed: what was typed. A choice may be
/// another one now.
pub(crate) fn typed(response: Option<Response>) -> Option<Response> {
    response.filter(|response| matches!(response, Response::Short(_) | Response::Number(_)))
}

fn text(value: Option<&str>) -> Option<String> {
    value
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

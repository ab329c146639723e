//! Where a student is, what is next, and how well they master what.

use std::sync::Arc;

use course::{Course, Lang, Unit};
use leptos::prelude::*;
use mastery::{Level, Mastery};
use store::ItemProgress;

use super::{
    course::{done, next_lesson},
    paths,
};
use crate::{
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// What the page shows.
pub struct MeView {
    /// The course.
    pub course: Arc<Course>,
    /// What was attempted.
    pub progress: Vec<ItemProgress>,
    /// What is still to be reviewed today; `None` if there is nothing.
    pub due: Option<Due>,
    /// The concepts that the course's items are tagged with, in its order.
    pub concepts: Vec<ConceptView>,
}

/// What is to be reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// How many items.
    pub items: usize,
    /// About how long it takes, in minutes.
    pub minutes: u64,
}

/// A concept and how well it is mastered.
pub struct ConceptView {
    /// Its name.
    pub name: String,
    /// How well.
    pub mastery: Mastery,
}

/// The page.
pub fn me(frame: Frame, view: MeView) -> Rendered {
    let words = frame.words;
    let page = Page {
        title: words.t("me"),
        terminal: false,
    };
    render(&frame, page, move || {
        let lang = words.0;
        let course = &view.course;
        let next = next(words, course, &view.progress, view.due);
        let units: Vec<_> = course
            .units
            .iter()
            .filter(|unit| items(unit) > 0)
            .map(|it| unit(words, it, &view.progress))
            .collect();
        view! {
            <main class="page" id="main">
                <header class="page-head">
                    <h1>{words.t("me")}</h1>
                </header>
                {next}
                <section aria-labelledby="units">
                    <h2 id="units">{words.t("me-units")}</h2>
                    <ul class="unit-progress">{units}</ul>
                    <p><a href=paths::course(lang)>{words.t("me-whole-course")}</a></p>
                </section>
                {mastery(words, view.concepts)}
            </main>
        }
    })
}

/// The one thing to do next: what is due for review, else the next lesson.
fn next(words: Words, course: &Course, progress: &[ItemProgress], due: Option<Due>) -> AnyView {
    let lang = words.0;
    if let Some(due) = due {
        let facts = [("n", due.items.into()), ("minutes", due.minutes.into())];
        let title = words.with("review-facts", &facts);
        return big_link(words, paths::review(lang), "review-today", title, "begin");
    }
    match next_lesson(course, progress) {
        Some(lesson) => {
            let title = lesson.pages.get(lang).title.clone();
            let button = if progress.is_empty() {
                "begin"
            } else {
                "continue"
            };
            let href = paths::lesson(lang, &lesson.id);
            big_link(words, href, "me-next-lesson", title, button)
        }
        None => view! { <p class="empty">{words.t("me-all-done")}</p> }.into_any(),
    }
}

fn big_link(words: Words, href: String, label: &str, title: String, button: &str) -> AnyView {
    view! {
        <a class="resume" href=href>
            <span>
                <span class="label">{words.t(label)}</span>
                <strong>{title}</strong>
            </span>
            <span class="button primary">{words.t(button)}</span>
        </a>
    }
    .into_any()
}

fn items(unit: &Unit) -> usize {
    unit.lessons.iter().map(course::Lesson::items).sum()
}

fn unit(words: Words, unit: &Unit, progress: &[ItemProgress]) -> impl IntoView + use<> {
    let lessons = unit.lessons.iter();
    let is: usize = lessons.map(|lesson| done(lesson, progress)).sum();
    let all = items(unit);
    let title = unit.title.get(words.0).clone();
    let label = title.clone();
    view! {
        <li>
            <span>{title}</span>
            <progress max=all value=is aria-label=label></progress>
            <span class="score">
                {words.with("done-of", &[("done", is.into()), ("all", all.into())])}
            </span>
        </li>
    }
}

/// Concepts by mastery, as a table whose bars are for the eye and whose words are for everybody.
fn mastery(words: Words, concepts: Vec<ConceptView>) -> Option<impl IntoView + use<>> {
    if concepts.is_empty() {
        return None;
    }
    let rows: Vec<_> = concepts.into_iter().map(|it| concept(words, it)).collect();
    Some(view! {
        <section aria-labelledby="mastery">
            <h2 id="mastery">{words.t("me-mastery")}</h2>
            <p class="said">{words.t("me-mastery-lead")}</p>
            <table class="mastery">
                <thead>
                    <tr>
                        <th scope="col">{words.t("concept")}</th>
                        <th scope="col">{words.t("mastery")}</th>
                        <th scope="col">{words.t("mastery-level")}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    })
}

fn concept(words: Words, concept: ConceptView) -> impl IntoView + use<> {
    let mastery = concept.mastery;
    let level = mastery.level();
    let known = level != Level::None;
    let said = if known {
        let values = [
            ("mean", percent(mastery.mean).into()),
            ("low", percent(mastery.low).into()),
            ("high", percent(mastery.high).into()),
            ("items", mastery.items.into()),
        ];
        words.with("mastery-said", &values)
    } else {
        words.t("mastery-unknown")
    };
    let word = words.t(level_word(level));
    view! {
        <tr>
            <th scope="row">{concept.name}</th>
            <td class="bar">
                {bar(known.then_some(mastery))}
                <span class="visually-hidden">{said}</span>
            </td>
            <td>{word}</td>
        </tr>
    }
}

/// The interval as a band on a line from nothing to all, with a stroke at the mean. Lengths are in
/// percent, so the style sheet alone decides how long it is.
fn bar(mastery: Option<Mastery>) -> impl IntoView + use<> {
    let inner = mastery.map(|mastery| {
        let x = format!("{:.1}%", 100.0 * mastery.low);
        let width = format!("{:.1}%", 100.0 * (mastery.high - mastery.low));
        let mean = format!("{:.1}%", 100.0 * mastery.mean);
        view! {
            <rect class="band" x=x y="3" width=width height="10" rx="2"></rect>
            <line class="mean" x1=mean.clone() x2=mean y1="0" y2="16"></line>
        }
    });
    view! {
        <svg class="mastery-bar" height="16" aria-hidden="true" focusable="false">
            <line class="track" x1="0" x2="100%" y1="8" y2="8"></line>
            {inner}
        </svg>
    }
}

fn percent(part: f64) -> i64 {
    (100.0 * part).round() as i64
}

pub(super) fn level_word(level: Level) -> &'static str {
    match level {
        Level::None => "mastery-none",
        Level::Unsure => "mastery-unsure",
        Level::Beginning => "mastery-beginning",
        Level::GettingThere => "mastery-getting-there",
        Level::Mastered => "mastery-mastered",
    }
}

impl ConceptView {
    /// A concept of the course.
    pub fn new(concept: &course::Concept, lang: Lang, mastery: Mastery) -> Self {
        Self {
            name: concept.name.get(lang).clone(),
            mastery,
        }
    }
}

//! The course as its author has it: units and lessons, what is wrong, what is covered, what is new.

use std::collections::BTreeSet;

use course::{Lesson, LessonId, Problem, Unit};
use leptos::prelude::*;

use super::{Draft, problem::problems};
use crate::{
    components::mark,
    fragment,
    islands::Live,
    pages::{
        classes::ago,
        paths::{self, Side},
    },
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// The page; `now` in milliseconds since 1970.
pub fn overview(frame: Frame, draft: Draft, now: i64) -> Rendered {
    let page = Page {
        title: frame.words.t("author-title"),
        terminal: false,
    };
    let words = frame.words;
    render(&frame, page, move || {
        view! {
            <p class="message" id="lapsed" data-tone="wrong" role="alert" hidden>
                {words.t("page-unknown")}
            </p>
            <main class="page author" id="main" data-stream=paths::author_live(words.0)>
                <header class="page-head">
                    <h1>{words.t("author-title")}</h1>
                    <p class="lead">{words.t("author-lead")}</p>
                </header>
                {state(words, &draft, now)}
            </main>
            <p class="visually-hidden" id="announcer" role="status"></p>
            <Live />
        }
    })
}

/// What changes of it when the folder does.
pub fn overview_piece(words: Words, draft: &Draft, now: i64) -> String {
    fragment(|| state(words, draft, now))
}

fn state(words: Words, draft: &Draft, now: i64) -> impl IntoView + use<> {
    let said = match draft.problems.len() {
        0 => words.t("author-clean"),
        count => words.with("author-problems", &[("n", count.into())]),
    };
    let tone = if draft.problems.is_empty() {
        "done"
    } else {
        "wrong"
    };
    let units: Vec<_> = draft
        .course
        .iter()
        .flat_map(|course| &course.units)
        .enumerate()
        .map(|(index, it)| unit(words, draft, it, index + 1, now).into_any())
        .collect();
    view! {
        <div id="draft" class="overview" data-say=said.clone()>
            <p class="standing" data-tone=tone>{said.clone()}</p>
            {holes(words, draft)}
            {problems(elsewhere(draft))}
            {units}
        </div>
    }
}

/// Problems that belong to no lesson: those are on its own page.
fn elsewhere(draft: &Draft) -> impl Iterator<Item = &Problem> {
    let lessons: BTreeSet<&LessonId> = draft
        .course
        .iter()
        .flat_map(|course| course.lessons())
        .map(|lesson| &lesson.id)
        .collect();
    draft.problems.iter().filter(move |problem| {
        let stem = problem
            .file
            .strip_suffix(".md")
            .and_then(|stem| stem.rsplit_once('.'));
        let lesson = stem.and_then(|(id, _)| id.parse::<LessonId>().ok());
        !lesson.is_some_and(|id| lessons.contains(&id))
    })
}

/// Rows of the map that no lesson names.
fn holes(words: Words, draft: &Draft) -> Option<impl IntoView + use<>> {
    let course = draft.course.as_ref()?;
    let covered: BTreeSet<&String> = course.lessons().flat_map(|lesson| &lesson.rows).collect();
    let holes: Vec<&str> = course
        .rows
        .iter()
        .filter(|row| !covered.contains(&row.id))
        .map(|row| row.id.as_str())
        .collect();
    (!holes.is_empty()).then(|| {
        let rows = holes.join(" ");
        view! { <p class="holes">{words.t("author-holes")} ": " {rows}</p> }
    })
}

fn unit(
    words: Words,
    draft: &Draft,
    unit: &Unit,
    number: usize,
    now: i64,
) -> impl IntoView + use<> {
    let lessons: Vec<_> = unit
        .lessons
        .iter()
        .map(|lesson| row(words, draft, lesson, now).into_any())
        .collect();
    view! {
        <section class="unit">
            <header>
                <h2>
                    <span class="number">{number}</span>
                    {unit.title.get(words.0).clone()}
                </h2>
            </header>
            <ol class="lessons drafts">{lessons}</ol>
        </section>
    }
}

fn row(words: Words, draft: &Draft, lesson: &Lesson, now: i64) -> impl IntoView + use<> {
    let count = draft.problems_of(&lesson.id).count();
    let (sign, said) = match count {
        0 => ("done", words.t("author-lesson-clean")),
        _ => (
            "wrong",
            words.with("author-lesson-problems", &[("n", count.into())]),
        ),
    };
    let saved = draft.saved.get(&lesson.id);
    let saved = saved.map(|at| words.with("author-saved", &[("ago", ago(words, now - at).into())]));
    let title = lesson.pages.get(words.0).title.clone();
    let title = if title.is_empty() {
        lesson.id.to_string()
    } else {
        title
    };
    view! {
        <li>
            <a href=Side::Author.lesson(words.0, &lesson.id)>{title}</a>
            <span class="rows">{lesson.rows.join(" ")}</span>
            <span class="problems">{mark(sign)} " " {said}</span>
            <span class="saved">{saved}</span>
        </li>
    }
}

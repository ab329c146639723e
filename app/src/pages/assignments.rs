//! What a class has to do by when: the instructor's page, and the list on a student's course page.

use std::sync::Arc;

use course::{Course, Lang, LessonId};
use leptos::prelude::*;
use store::{AssignmentId, Class};

use super::{class::class_nav, paths};
use crate::{
    components::{Named, mark, scrolled},
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// A lesson with the time by which it is to be done.
#[derive(Clone, Debug)]
pub struct AssignmentView {
    /// Its number.
    pub id: AssignmentId,
    /// The lesson's title, or its id where the course has it no more.
    pub title: String,
    /// By when, as the class's calendar says it.
    pub due: String,
    /// How many students have done it.
    pub done: usize,
    /// Whether the time is over.
    pub over: bool,
}

/// What the page shows.
pub struct AssignmentsView {
    /// The course.
    pub course: Arc<Course>,
    /// The class.
    pub class: Class,
    /// How many students it has.
    pub students: usize,
    /// What it has to do, the first due first.
    pub assignments: Vec<AssignmentView>,
    /// Whether the time that was entered is none.
    pub bad_time: bool,
}

/// The instructor's page.
pub fn assignments(frame: Frame, view: AssignmentsView) -> Rendered {
    let words = frame.words;
    let page = Page {
        title: format!("{} · {}", words.t("class-assignments"), view.class.title),
        terminal: false,
    };
    render(&frame, page, move || {
        let id = view.class.id;
        let action = paths::class_page(words.0, id, "assignments");
        let empty = view.assignments.is_empty();
        let rows: Vec<_> = view
            .assignments
            .into_iter()
            .map(|it| row(words, &action, it, view.students))
            .collect();
        let table = if empty {
            view! { <p class="empty">{words.t("assignments-empty")}</p> }.into_any()
        } else {
            view! {
                {scrolled(
                    Named::Text(words.t("class-assignments")),
                    view! {
                        <table class="figures">
                            <thead>
                                <tr>
                                    <th scope="col">{words.t("lesson")}</th>
                                    <th scope="col">{words.t("assignment-due")}</th>
                                    <th scope="col">{words.t("students-done")}</th>
                                    <th scope="col">{words.t("assignment-change")}</th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    },
                )}
            }
            .into_any()
        };
        let form = form(words, &view.course, &view.class, action, view.bad_time);
        view! {
            <main class="page" id="main">
                <header class="page-head">
                    <p class="unit-name">
                        <a href=paths::class(words.0, id)>{view.class.title.clone()}</a>
                    </p>
                    <h1>{words.t("class-assignments")}</h1>
                    {class_nav(words, id, "assignments")}
                </header>
                {table}
                <section aria-labelledby="new-assignment">
                    <h2 id="new-assignment">{words.t("assignment-new")}</h2>
                    {form}
                </section>
            </main>
        }
    })
}

fn row(words: Words, action: &str, it: AssignmentView, students: usize) -> impl IntoView + use<> {
    let over = it
        .over
        .then(|| view! { <span class="of">{words.t("due-is-over")}</span> });
    let label = words.with(
        "assignment-withdraw-it",
        &[("title", it.title.clone().into())],
    );
    view! {
        <tr>
            <th scope="row">{it.title}</th>
            <td>{it.due} {over}</td>
            <td>{format!("{} / {students}", it.done)}</td>
            <td>
                <form method="post" action=action.to_owned()>
                    <input type="hidden" name="withdraw" value=it.id.to_string() />
                    <button class="button small" aria-label=label>
                        {words.t("assignment-withdraw")}
                    </button>
                </form>
            </td>
        </tr>
    }
}

fn form(
    words: Words,
    course: &Course,
    class: &Class,
    action: String,
    bad_time: bool,
) -> impl IntoView + use<> {
    let lessons: Vec<_> = course
        .lessons()
        .filter(|lesson| lesson.items() > 0)
        .map(|lesson| {
            let title = lesson.pages.get(words.0).title.clone();
            view! { <option value=lesson.id.to_string()>{title}</option> }
        })
        .collect();
    let error = bad_time.then(|| {
        view! { <p class="error" id="due-error">{words.t("trouble-due")}</p> }
    });
    let described = if bad_time {
        "due-help due-error"
    } else {
        "due-help"
    };
    view! {
        <form class="inline-form" method="post" action=action>
            <div class="field">
                <label for="lesson">{words.t("lesson")}</label>
                <select id="lesson" name="lesson">{lessons}</select>
            </div>
            <div class="field">
                <label for="due">{words.t("assignment-due")}</label>
                <p class="help" id="due-help">
                    {words.with("assignment-zone", &[("zone", class.time_zone.clone().into())])}
                </p>
                <input
                    id="due"
                    name="due"
                    type="datetime-local"
                    required
                    aria-describedby=described
                    aria-invalid=bad_time.then_some("true")
                />
                {error}
            </div>
            <button class="button primary">{words.t("assignment-give")}</button>
        </form>
    }
}

/// A lesson that a student is to have done.
#[derive(Clone, Debug)]
pub struct DueView {
    /// Which.
    pub lesson: LessonId,
    /// By when, as the class's calendar says it.
    pub due: String,
    /// How long that is from now, in milliseconds; negative once it is over.
    pub left_ms: i64,
}

/// What a student has to do, for the course page; nothing where there is nothing.
pub(super) fn due_list(
    words: Words,
    course: &Course,
    assigned: &[DueView],
    is_done: impl Fn(&course::Lesson) -> bool,
) -> Option<AnyView> {
    let rows: Vec<_> = assigned
        .iter()
        .filter_map(|it| {
            let lesson = course.lesson(&it.lesson)?;
            let (sign, state) = match it.left_ms {
                _ if is_done(lesson) => ("done", words.t("cell-done")),
                left if left < 0 => ("wrong", words.t("due-is-over")),
                left => ("now", time_left(words, left)),
            };
            let title = lesson.pages.get(words.0).title.clone();
            Some(view! {
                <li>
                    <span>{mark(sign)} " " <a href=paths::lesson(words.0, &lesson.id)>{title}</a></span>
                    <span class="facts">
                        {state} " · "
                        {words.with("lesson-due", &[("at", it.due.clone().into())])}
                    </span>
                </li>
            })
        })
        .collect();
    (!rows.is_empty()).then(|| {
        view! {
            <section class="due" aria-labelledby="due-list">
                <h2 id="due-list">{words.t("due-list")}</h2>
                <ul class="class-list">{rows}</ul>
            </section>
        }
        .into_any()
    })
}

/// How much time is left, in the largest unit that fits.
fn time_left(words: Words, ms: i64) -> String {
    let minutes = ms / 60_000;
    match minutes {
        ..=59 => words.with("due-in-minutes", &[("n", minutes.into())]),
        60..=1439 => words.with("due-in-hours", &[("n", (minutes / 60).into())]),
        _ => words.with("due-in-days", &[("n", (minutes / 1440).into())]),
    }
}

/// How a moment is written in a language, for `strftime`.
pub fn date_format(lang: Lang) -> String {
    Words(lang).t("date-format")
}

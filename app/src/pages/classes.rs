//! An instructor's classes, and one class: who has done what.

use std::sync::Arc;

use course::{Course, ItemId, Lesson};
use leptos::prelude::*;
use store::{Class, ClassSummary, StudentProgress};

use super::{
    course::{items, of},
    doors::{Field, FormTrouble, field},
    paths,
};
use crate::{
    components::mark,
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// The classes of an instructor, and the form for a new one as it was filled in.
pub fn classes(
    frame: Frame,
    classes: Vec<ClassSummary>,
    title: String,
    trouble: Option<FormTrouble>,
) -> Rendered {
    let words = frame.words;
    let lang = frame.lang();
    let page = Page {
        title: words.t("classes"),
        terminal: false,
    };
    render(&frame, page, move || {
        let empty = classes.is_empty();
        let rows: Vec<_> = classes
            .into_iter()
            .map(|summary| {
                let href = paths::class(lang, summary.class.id);
                view! {
                    <li>
                        <a href=href>{summary.class.title.clone()}</a>
                        <span class="facts">
                            {words.with("student-count", &[("n", summary.students.into())])}
                        </span>
                        <code class="code">{summary.class.join_code.to_string()}</code>
                    </li>
                }
            })
            .collect();
        let title = Field {
            max: Some(store::TITLE_MAX),
            ..Field::text("title", title)
        };
        view! {
            <main class="page" id="main">
                <header class="page-head">
                    <h1>{words.t("classes")}</h1>
                    {empty.then(|| view! { <p class="lead">{words.t("classes-empty")}</p> })}
                </header>
                {(!empty).then(|| view! { <ul class="class-list">{rows}</ul> })}
                <section aria-labelledby="new-class">
                    <h2 id="new-class">{words.t("new-class")}</h2>
                    <form class="inline-form" method="post" action=paths::classes(lang)>
                        {field(words, title, trouble)}
                        <button class="button primary">{words.t("create")}</button>
                    </form>
                </section>
            </main>
        }
    })
}

/// One class.
pub fn class(
    frame: Frame,
    course: Arc<Course>,
    class: Class,
    students: Vec<StudentProgress>,
    now_ms: i64,
) -> Rendered {
    let words = frame.words;
    let page = Page {
        title: class.title.clone(),
        terminal: false,
    };
    render(&frame, page, move || {
        let code = class.join_code.to_string();
        let join = paths::join_with_code(words.0, &code);
        let table = if students.is_empty() {
            view! {
                <div class="empty">
                    <p><strong>{words.t("class-empty-title")}</strong></p>
                    <p>{words.t("class-empty-text")}</p>
                </div>
            }
            .into_any()
        } else {
            grid(words, &course, &students, now_ms).into_any()
        };
        view! {
            <main class="page wide" id="main">
                <header class="page-head">
                    <h1>{class.title.clone()}</h1>
                    <div class="join">
                        <span class="help">{words.t("field-code")}</span>
                        <code class="join-code">{code}</code>
                        <span class="help">
                            {words.t("join-instruction")} " "
                            <a href=join>{words.t("join-link")}</a>
                        </span>
                    </div>
                </header>
                {table}
            </main>
        }
    })
}

/// How it stands with an item, as sign and word.
#[derive(Clone, Copy)]
struct Cell(&'static str, &'static str);

const DONE: Cell = Cell("done", "cell-done");
const TRIED: Cell = Cell("tried", "cell-tried");
const UNTOUCHED: Cell = Cell("", "cell-untouched");

/// Students by items.
fn grid(
    words: Words,
    course: &Course,
    students: &[StudentProgress],
    now_ms: i64,
) -> impl IntoView + use<> {
    let legend: Vec<_> = [DONE, TRIED, UNTOUCHED]
        .into_iter()
        .map(|Cell(sign, word)| view! { <li>{mark(sign)} {words.t(word)}</li> })
        .collect();
    let lessons: Vec<_> = course
        .lessons()
        .map(|lesson| {
            let title = lesson.pages.get(words.0).title.clone();
            let count = lesson.items();
            view! { <th scope="colgroup" colspan=count class="lesson-start">{title}</th> }
        })
        .collect();
    let columns: Vec<_> = columns(course)
        .map(|(lesson, id, start)| {
            let class = if start { "item lesson-start" } else { "item" };
            view! { <th scope="col" class=class><span>{title(lesson, id, words)}</span></th> }
        })
        .collect();
    let rows: Vec<_> = students
        .iter()
        .map(|it| row(words, course, it, now_ms))
        .collect();
    let totals: Vec<_> = columns_done(course, students)
        .map(|(count, start)| view! { <td class=start.then_some("lesson-start")>{count}</td> })
        .collect();
    let count = words.with("student-count", &[("n", students.len().into())]);
    view! {
        <ul class="legend" aria-label=words.t("legend")>{legend}</ul>
        <div class="grid-scroll" role="region" tabindex="0" aria-label=words.t("grid")>
            <table class="grid">
                <thead>
                    <tr class="lessons-row">
                        <td class="name"></td>
                        {lessons}
                        <td class="lesson-start" colspan="2"></td>
                    </tr>
                    <tr class="items-row">
                        <th class="name" scope="col">{count}</th>
                        {columns}
                        <th scope="col" class="lesson-start">{words.t("cell-done")}</th>
                        <th scope="col" class="seen">{words.t("last-seen")}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
                <tfoot>
                    <tr>
                        <th scope="row">{words.t("students-done")}</th>
                        {totals}
                        <td class="lesson-start"></td>
                        <td></td>
                    </tr>
                </tfoot>
            </table>
        </div>
    }
}

fn row(
    words: Words,
    course: &Course,
    student: &StudentProgress,
    now_ms: i64,
) -> impl IntoView + use<> {
    let mut done = 0;
    let cells: Vec<_> = columns(course)
        .map(|(lesson, id, start)| {
            let Cell(sign, word) = match of(&student.items, lesson, id) {
                Some(item) if item.done => {
                    done += 1;
                    DONE
                }
                Some(_) => TRIED,
                None => UNTOUCHED,
            };
            view! {
                <td class=start.then_some("lesson-start")>
                    {mark(sign)} <span class="visually-hidden">{words.t(word)}</span>
                </td>
            }
        })
        .collect();
    view! {
        <tr>
            <th scope="row">{student.account.name.clone()}</th>
            {cells}
            <td class="lesson-start">{done}</td>
            <td class="seen">{student.last_ms.map(|at| ago(words, now_ms - at))}</td>
        </tr>
    }
}

/// The columns: for each item its lesson, its id, and whether it is the lesson's first.
fn columns(course: &Course) -> impl Iterator<Item = (&Lesson, &ItemId, bool)> {
    course.lessons().flat_map(|lesson| {
        items(lesson)
            .enumerate()
            .map(move |(index, id)| (lesson, id, index == 0))
    })
}

/// For each column how many students have done it.
fn columns_done(
    course: &Course,
    students: &[StudentProgress],
) -> impl Iterator<Item = (usize, bool)> {
    columns(course).map(|(lesson, id, start)| {
        let done = students
            .iter()
            .filter(|student| of(&student.items, lesson, id).is_some_and(|item| item.done))
            .count();
        (done, start)
    })
}

fn title(lesson: &Lesson, id: &ItemId, words: Words) -> String {
    let exercise = lesson
        .exercise(id)
        .map(|exercise| exercise.text.get(words.0).title.clone());
    let question = || {
        lesson
            .question(id)
            .map(|question| question.text.get(words.0).title.clone())
    };
    exercise.or_else(question).unwrap_or_else(|| id.to_string())
}

/// How long ago, in the largest unit that fits: no clock, so no time zone.
pub(super) fn ago(words: Words, ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    match minutes {
        0 => words.t("just-now"),
        1..=59 => words.with("minutes-ago", &[("n", minutes.into())]),
        60..=1439 => words.with("hours-ago", &[("n", (minutes / 60).into())]),
        _ => words.with("days-ago", &[("n", (minutes / 1440).into())]),
    }
}

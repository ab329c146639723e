//! One student of a class, for who teaches it: what they have done, lesson by lesson, and what last.

use std::sync::Arc;

use course::{Course, Lesson};
use leptos::prelude::*;
use store::{Account, Attempt, Class, ItemProgress};

use super::{
    class::{class_nav, item_title},
    classes::ago,
    course::done,
    paths,
};
use crate::{
    components::{Named, mark, scrolled},
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// What the page shows.
pub struct StudentView {
    /// The course.
    pub course: Arc<Course>,
    /// The class that the student was looked up in.
    pub class: Class,
    /// Who.
    pub student: Account,
    /// How far they are.
    pub progress: Vec<ItemProgress>,
    /// Their last attempts, the last first.
    pub attempts: Vec<Attempt>,
    /// The exercise that they did something with last, as lesson and id.
    pub at: Option<(course::LessonId, course::ItemId)>,
    /// Now, in unix milliseconds.
    pub now_ms: i64,
}

/// The page.
pub fn student(frame: Frame, view: StudentView) -> Rendered {
    let words = frame.words;
    let page = Page {
        title: format!("{} · {}", view.student.name, view.class.title),
        terminal: false,
    };
    render(&frame, page, move || {
        let at = view.at.as_ref().and_then(|(lesson, item)| {
            let title = item_title(words.0, view.course.lesson(lesson)?, item);
            let href = paths::lesson_item(words.0, lesson, item);
            Some(view! { <p>{words.t("student-at")} " " <a href=href>{title}</a></p> })
        });
        let lessons: Vec<_> = view
            .course
            .lessons()
            .filter(|lesson| lesson.items() > 0)
            .map(|it| lesson_row(words, it, &view.progress))
            .collect();
        let attempts: Vec<_> = view
            .attempts
            .iter()
            .map(|it| attempt_row(words, &view.course, it, view.now_ms))
            .collect();
        let last = if attempts.is_empty() {
            view! { <p>{words.t("student-no-attempts")}</p> }.into_any()
        } else {
            view! {
                {scrolled(
                    Named::By("attempts"),
                    view! {
                        <table class="figures">
                            <thead>
                                <tr>
                                    <th scope="col">{words.t("attempt-item")}</th>
                                    <th scope="col">{words.t("lesson")}</th>
                                    <th scope="col">{words.t("attempt-score")}</th>
                                    <th scope="col">{words.t("attempt-hints")}</th>
                                    <th scope="col">{words.t("attempt-when")}</th>
                                </tr>
                            </thead>
                            <tbody>{attempts}</tbody>
                        </table>
                    },
                )}
            }
            .into_any()
        };
        view! {
            <main class="page" id="main">
                <header class="page-head">
                    <p class="unit-name">
                        <a href=paths::class(words.0, view.class.id)>{view.class.title.clone()}</a>
                    </p>
                    <h1>{view.student.name.clone()}</h1>
                    {at}
                    {class_nav(words, view.class.id, "students")}
                </header>
                <section aria-labelledby="lessons">
                    <h2 id="lessons">{words.t("student-lessons")}</h2>
                    {scrolled(
                        Named::By("lessons"),
                        view! {
                            <table class="figures">
                                <thead>
                                    <tr>
                                        <th scope="col">{words.t("lesson")}</th>
                                        <th scope="col">{words.t("cell-done")}</th>
                                        <th scope="col">{words.t("student-tried")}</th>
                                    </tr>
                                </thead>
                                <tbody>{lessons}</tbody>
                            </table>
                        },
                    )}
                </section>
                <section aria-labelledby="attempts">
                    <h2 id="attempts">{words.t("student-attempts")}</h2>
                    {last}
                </section>
            </main>
        }
    })
}

fn lesson_row(words: Words, lesson: &Lesson, progress: &[ItemProgress]) -> impl IntoView + use<> {
    let is_of = |item: &&ItemProgress| item.lesson == lesson.id.as_str();
    let tries: i64 = progress.iter().filter(is_of).map(|item| item.tries).sum();
    let done = done(lesson, progress);
    let sign = match done {
        _ if done == lesson.items() => "done",
        0 if tries == 0 => "",
        _ => "tried",
    };
    view! {
        <tr>
            <th scope="row">
                {mark(sign)} " "
                <a href=paths::lesson(words.0, &lesson.id)>
                    {lesson.pages.get(words.0).title.clone()}
                </a>
            </th>
            <td>{format!("{done} / {}", lesson.items())}</td>
            <td>{tries}</td>
        </tr>
    }
}

fn attempt_row(
    words: Words,
    course: &Course,
    attempt: &Attempt,
    now_ms: i64,
) -> impl IntoView + use<> {
    let lesson_id = attempt.lesson.parse().ok();
    let lesson = lesson_id.and_then(|id| course.lesson(&id));
    // An attempt outlives what it was at.
    let names = lesson
        .zip(attempt.item.parse().ok())
        .map(|(lesson, item)| {
            let title = lesson.pages.get(words.0).title.clone();
            (item_title(words.0, lesson, &item), title)
        })
        .unwrap_or_else(|| (attempt.item.clone(), attempt.lesson.clone()));
    let (sign, word) = if attempt.right {
        ("done", "verdict-right")
    } else {
        ("tried", "verdict-wrong")
    };
    view! {
        <tr>
            <th scope="row">{names.0}</th>
            <td>{names.1}</td>
            <td>{mark(sign)} " " {words.t(word)} {format!(" {:.0} %", attempt.score * 100.0)}</td>
            <td>{attempt.circumstances.hints}</td>
            <td>{ago(words, now_ms - attempt.at_ms)}</td>
        </tr>
    }
}

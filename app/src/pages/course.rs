//! The course: its units and lessons, and how far the visitor has come.

use std::sync::Arc;

use course::{Course, Lesson, Unit};
use leptos::prelude::*;
use store::{Announcement, ItemProgress};

use super::{
    assignments::{DueView, due_list},
    paths::{self, Paper},
};
use crate::{
    components::{announcements, mark},
    islands::Forms,
    shell::{Frame, Page, Rendered, render},
};

/// What the page shows of its visitor; nothing for one without an account.
#[derive(Debug, Default)]
pub struct CourseView {
    /// How far they are.
    pub progress: Vec<ItemProgress>,
    /// What they have to do, the first due first.
    pub assigned: Vec<DueView>,
    /// What was said to them of late, the last first.
    pub announced: Vec<Announcement>,
}

/// The page.
pub fn course(frame: Frame, course: Arc<Course>, view: CourseView) -> Rendered {
    let progress = view.progress;
    let page = Page {
        title: frame.course_title.clone(),
        terminal: false,
    };
    let inner = frame.clone();
    render(&frame, page, move || {
        let units: Vec<_> = course
            .units
            .iter()
            .enumerate()
            .map(|(index, it)| unit(&inner, it, index + 1, &progress))
            .collect();
        let is_done = |lesson: &Lesson| done(lesson, &progress) == lesson.items();
        view! {
            <main class="page" id="main">
                {announcements(inner.words, &view.announced, &inner.here)}
                {head(&inner, &course)}
                {due_list(inner.words, &course, &view.assigned, is_done)}
                {resume(&inner, &course, &progress)}
                {units}
            </main>
            <Forms />
        }
    })
}

fn head(frame: &Frame, course: &Course) -> impl IntoView + use<> {
    let words = frame.words;
    let below = match frame.progress {
        Some((done, all)) => view! {
            <p class="progress">
                <progress max=all value=done aria-label=words.t("progress")></progress>
                " "
                {words.with("done-of", &[("done", done.into()), ("all", all.into())])}
            </p>
        }
        .into_any(),
        None => view! {
            <p>
                {words.t("course-without-account")} " "
                <a href=paths::join(frame.lang(), "")>{words.t("join-a-class")}</a>
            </p>
        }
        .into_any(),
    };
    let glossary = (!course.glossary.is_empty()).then(|| {
        view! { <p><a href=paths::glossary(frame.lang())>{words.t("glossary")}</a></p> }
    });
    let asks = course.lessons().any(|it| !it.questions.is_empty());
    let placement = asks.then(|| {
        let href = Paper::Placement.form(frame.lang());
        view! { <p><a href=href>{words.t("placement-link")}</a></p> }
    });
    view! {
        <header class="page-head">
            <h1>{frame.course_title.clone()}</h1>
            <p class="lead">{words.t("course-lead")}</p>
            {below}
            {placement}
            {glossary}
        </header>
    }
}

/// The lesson worked on last if it is not finished, else the first unfinished one.
pub(super) fn next_lesson<'a>(course: &'a Course, progress: &[ItemProgress]) -> Option<&'a Lesson> {
    let unfinished = |lesson: &&Lesson| done(lesson, progress) < lesson.items();
    let last = progress.iter().max_by_key(|item| item.last_ms);
    last.and_then(|last| {
        let mut lessons = course.lessons();
        lessons.find(|lesson| lesson.id.as_str() == last.lesson)
    })
    .filter(unfinished)
    .or_else(|| course.lessons().find(unfinished))
}

/// The way back to where somebody was, who has begun.
fn resume(
    frame: &Frame,
    course: &Course,
    progress: &[ItemProgress],
) -> Option<impl IntoView + use<>> {
    let lesson = next_lesson(course, progress).filter(|_| !progress.is_empty())?;
    let words = frame.words;
    let title = lesson.pages.get(frame.lang()).title.clone();
    Some(view! {
        <a class="resume" href=paths::lesson(frame.lang(), &lesson.id)>
            <span>
                <span class="label">{words.t("resume")}</span>
                <strong>{title}</strong>
            </span>
            <span class="button primary">{words.t("continue")}</span>
        </a>
    })
}

fn unit(
    frame: &Frame,
    unit: &Unit,
    number: usize,
    progress: &[ItemProgress],
) -> impl IntoView + use<> {
    let id = format!("unit-{}", unit.id);
    let labelled_by = id.clone();
    let lessons: Vec<_> = unit
        .lessons
        .iter()
        .map(|it| row(frame, it, progress))
        .collect();
    let asks = unit.lessons.iter().any(|it| !it.questions.is_empty());
    let quiz = asks.then(|| {
        let href = Paper::Unit(unit.id.clone()).form(frame.lang());
        view! { <p class="unit-quiz"><a href=href>{frame.words.t("quiz-link")}</a></p> }
    });
    view! {
        <section class="unit" aria-labelledby=labelled_by>
            <header>
                <h2 id=id>
                    <span class="number">{number}</span>
                    {unit.title.get(frame.lang()).clone()}
                </h2>
            </header>
            <div>
                <ol class="lessons">{lessons}</ol>
                {quiz}
            </div>
        </section>
    }
}

fn row(frame: &Frame, lesson: &Lesson, progress: &[ItemProgress]) -> impl IntoView + use<> {
    let words = frame.words;
    let page = lesson.pages.get(frame.lang());
    let score = frame.account.is_some().then(|| {
        let pips: Vec<_> = items(lesson)
            .map(|id| {
                mark(match of(progress, lesson, id) {
                    Some(item) if item.done => "done",
                    Some(_) => "tried",
                    None => "",
                })
            })
            .collect();
        view! {
            <span class="pips" aria-hidden="true">{pips}</span>
            <span class="score">
                <span class="visually-hidden">{words.t("done-items")} " "</span>
                {format!("{} / {}", done(lesson, progress), lesson.items())}
            </span>
        }
    });
    view! {
        <li>
            <span>
                <a href=paths::lesson(frame.lang(), &lesson.id)>{page.title.clone()}</a>
            </span>
            {score}
            <span class="minutes">{words.with("minutes", &[("n", lesson.minutes.into())])}</span>
        </li>
    }
}

/// The ids of a lesson's exercises and questions.
pub(super) fn items(lesson: &Lesson) -> impl Iterator<Item = &course::ItemId> {
    let exercises = lesson.exercises.iter().map(|exercise| &exercise.id);
    exercises.chain(lesson.questions.iter().map(|question| &question.id))
}

/// What the record says of an item.
pub(super) fn of<'a>(
    progress: &'a [ItemProgress],
    lesson: &Lesson,
    item: &course::ItemId,
) -> Option<&'a ItemProgress> {
    progress
        .iter()
        .find(|entry| entry.lesson == lesson.id.as_str() && entry.item == item.as_str())
}

/// How many of a lesson's items are done.
pub fn done(lesson: &Lesson, progress: &[ItemProgress]) -> usize {
    items(lesson)
        .filter(|id| of(progress, lesson, id).is_some_and(|item| item.done))
        .count()
}

/// How many of the course's items are done, and how many there are. Items that the course no longer
/// has do not count.
pub fn done_of(course: &Course, progress: &[ItemProgress]) -> (usize, usize) {
    course.lessons().fold((0, 0), |(is, all), lesson| {
        (is + done(lesson, progress), all + lesson.items())
    })
}

//! What a class has to do by when.

use std::collections::HashMap;

use app::{
    Words,
    pages::{self, AssignmentView, AssignmentsView, DueView, date_format},
};
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use course::{Course, Lang, LessonId};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::Deserialize;
use store::{AccountId, AssignmentId, Class, StudentProgress, now_ms};

use super::Page;
use crate::{
    app_state::Classroom,
    trouble::Trouble,
    visitor::{Teacher, Visitor},
};

/// How long a student is still told of an assignment that is over: a week.
const TOLD_FOR_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// The page.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
) -> Result<Page, Trouble> {
    page(&classroom, &teacher, &visitor, false).await
}

/// What the page's forms send.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Change {
    /// Gives a lesson.
    Give { lesson: String, due: String },
    /// Takes one back.
    Withdraw { withdraw: String },
}

/// Gives a lesson, or takes one back.
pub(super) async fn change(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
    Form(change): Form<Change>,
) -> Result<Response, Trouble> {
    let store = &classroom.store;
    match change {
        Change::Withdraw { withdraw } => {
            let assignment: AssignmentId = withdraw.parse().map_err(|_| Trouble::BadRequest)?;
            store.withdraw(teacher.class, assignment).await?;
        }
        Change::Give { lesson, due } => {
            let lesson: LessonId = lesson.parse().map_err(|_| Trouble::BadRequest)?;
            if classroom.course().lesson(&lesson).is_none() {
                return Err(Trouble::BadRequest);
            }
            let class = store.class(teacher.class).await?.ok_or(Trouble::NotFound)?;
            let zone = TimeZone::get(&class.time_zone)?;
            let due = due.parse::<DateTime>().ok();
            let Some(due) = due.and_then(|due| zone.to_timestamp(due).ok()) else {
                let page = page(&classroom, &teacher, &visitor, true).await?;
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
            };
            let due_ms = due.as_millisecond();
            store.assign(class.id, lesson.as_str(), due_ms).await?;
        }
    }
    let back = pages::paths::class_page(visitor.lang, teacher.class, "assignments");
    Ok(Redirect::to(&back).into_response())
}

async fn page(
    classroom: &Classroom,
    teacher: &Teacher,
    visitor: &Visitor,
    bad_time: bool,
) -> Result<Page, Trouble> {
    let store = &classroom.store;
    let class = store.class(teacher.class).await?.ok_or(Trouble::NotFound)?;
    let students = store.class_progress(class.id).await?;
    let course = classroom.course();
    let zone = TimeZone::get(&class.time_zone)?;
    let now = now_ms();
    let assigned = store.assignments(class.id).await?;
    let assignments = assigned.into_iter().map(|it| AssignmentView {
        id: it.id,
        title: title(&course, visitor.lang, &it.lesson),
        due: local(&zone, visitor.lang, it.due_ms),
        done: done(&course, &it.lesson, &students),
        over: it.due_ms < now,
    });
    let view = AssignmentsView {
        assignments: assignments.collect(),
        students: students.len(),
        course,
        class,
        bad_time,
    };
    Ok(pages::assignments(visitor.frame(classroom), view).into())
}

fn title(course: &Course, lang: Lang, lesson: &str) -> String {
    let id = lesson.parse().ok();
    let found = id.and_then(|id| course.lesson(&id));
    found.map_or_else(
        || lesson.to_owned(),
        |lesson| lesson.pages.get(lang).title.clone(),
    )
}

/// How many students have done all of a lesson.
fn done(course: &Course, lesson: &str, students: &[StudentProgress]) -> usize {
    let id = lesson.parse().ok();
    let Some(lesson) = id.and_then(|id| course.lesson(&id)) else {
        return 0;
    };
    let is_done = |it: &&StudentProgress| pages::done_in(lesson, &it.items) == lesson.items();
    students.iter().filter(is_done).count()
}

/// A moment where a class is, in the words of a language.
fn local(zone: &TimeZone, lang: Lang, at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX);
    zone.to_datetime(at)
        .strftime(&date_format(lang))
        .to_string()
}

/// When each lesson that a class has to do is due, in the words of a language.
pub(super) async fn due_times(
    classroom: &Classroom,
    class: &Class,
    lang: Lang,
) -> Result<HashMap<String, String>, Trouble> {
    let zone = TimeZone::get(&class.time_zone)?;
    let assigned = classroom.store.assignments(class.id).await?;
    Ok(assigned
        .into_iter()
        .map(|it| (it.lesson, local(&zone, lang, it.due_ms)))
        .collect())
}

/// What a student has to do, the first due first.
pub(super) async fn due_of(
    classroom: &Classroom,
    student: AccountId,
    Words(lang): Words,
) -> Result<Vec<DueView>, Trouble> {
    let now = now_ms();
    let assigned = classroom.store.assigned_to(student).await?;
    let told = assigned
        .into_iter()
        .filter(|it| it.due_ms > now - TOLD_FOR_MS);
    told.filter_map(|it| {
        let lesson = it.lesson.parse().ok()?;
        Some(TimeZone::get(&it.time_zone).map(|zone| DueView {
            lesson,
            due: local(&zone, lang, it.due_ms),
            left_ms: it.due_ms - now,
        }))
    })
    .collect::<Result<_, _>>()
    .map_err(Trouble::from)
}

//! Exercises: the button that checks, and the answer to be entered.

use app::{
    Words,
    components::{ExerciseView, Standing},
    pages::paths,
};
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use course::{Exercise, Lesson, Proof};
use serde::Deserialize;
use store::AccountId;

use super::{fragment, lessons};
use crate::{app_state::Classroom, rounds::Rounds, trouble::Trouble, visitor::Visitor};

#[derive(Deserialize)]
pub(super) struct Submission {
    #[serde(default)]
    answer: String,
    #[serde(default)]
    key: String,
}

/// Checks an exercise now.
pub(super) async fn submit(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit, name, item)): Path<(String, String, String, String)>,
    Form(form): Form<Submission>,
) -> Result<Response, Trouble> {
    let course = classroom.course();
    let lesson = lessons::find(&course, &unit, &name)?;
    let item = item.parse().map_err(|_| Trouble::NotFound)?;
    let exercise = lesson.exercise(&item).ok_or(Trouble::NotFound)?;
    let place = paths::lesson_item(visitor.lang, &lesson.id, &item);
    let (attempts, rounds) = match &visitor.account {
        Some(account) => {
            let presence = &classroom.presence;
            presence.is_at(account.id, lesson.id.clone(), item.clone());
            let attempts = classroom.store.attempts(account.id, lesson.id.as_str());
            let rounds = Rounds::of(&*classroom.store, account.id, lesson);
            (attempts.await?, rounds.await?)
        }
        None => Default::default(),
    };
    let done = rounds.done(&attempts);
    let standing = match &visitor.account {
        None if !visitor.wants_fragment => return Err(Trouble::SignIn { next: place }),
        None => Standing::SignIn {
            next: place.clone(),
            lapsed: visitor.lapsed,
        },
        // The page that was asked from is older than it looks.
        Some(_) if lessons::missing(lesson, exercise, &done).next().is_some() => Standing::Todo,
        Some(account) => look(&classroom, account.id, lesson, exercise, &form).await?,
    };
    if !visitor.wants_fragment {
        return Ok(Redirect::to(&place).into_response());
    }
    let whose = visitor.account.as_ref().map(|account| account.id);
    let tries = match whose {
        Some(account) => {
            let attempts = classroom.store.attempts(account, lesson.id.as_str());
            lessons::tries(&attempts.await?, &exercise.id)
        }
        None => 0,
    };
    let view = ExerciseView {
        given: form.answer,
        ..lessons::exercise_view(
            visitor.lang,
            whose,
            lesson,
            exercise,
            (&rounds, &done, tries),
            standing,
        )
    };
    let words = Words(visitor.lang);
    Ok(fragment(lessons::exercise_block(
        words, lesson, exercise, view,
    )))
}

/// Notes that the student is at an exercise.
pub(super) async fn is_at(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit, name, item)): Path<(String, String, String, String)>,
) -> Result<StatusCode, Trouble> {
    let account = visitor.signed_in()?.id;
    let course = classroom.course();
    let lesson = lessons::find(&course, &unit, &name)?;
    let item = item.parse().map_err(|_| Trouble::NotFound)?;
    lesson.exercise(&item).ok_or(Trouble::NotFound)?;
    classroom.presence.is_at(account, lesson.id.clone(), item);
    Ok(StatusCode::NO_CONTENT)
}

/// Notes how many hints of an exercise the student has opened.
pub(super) async fn hints_opened(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit, name, item, count)): Path<(String, String, String, String, String)>,
) -> Result<StatusCode, Trouble> {
    let account = visitor.signed_in()?.id;
    let course = classroom.course();
    let lesson = lessons::find(&course, &unit, &name)?;
    let item = item.parse().map_err(|_| Trouble::NotFound)?;
    let exercise = lesson.exercise(&item).ok_or(Trouble::NotFound)?;
    let count: usize = count.parse().map_err(|_| Trouble::BadRequest)?;
    let count = count.min(exercise.text.get(visitor.lang).hints.len());
    let count = i64::try_from(count)?;
    let store = &*classroom.store;
    let rounds = Rounds::of(store, account, lesson).await?;
    let (lesson, round) = (lesson.id.as_str(), rounds.round(&item));
    store
        .open_hints(account, lesson, item.as_str(), round, count)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How it stands with the exercise now.
async fn look(
    classroom: &Classroom,
    account: AccountId,
    lesson: &Lesson,
    exercise: &Exercise,
    form: &Submission,
) -> Result<Standing, Trouble> {
    let examiner = &classroom.examiner;
    let key = lessons::key(&form.key)?;
    match &exercise.proof {
        Proof::Check(_) => {
            examiner
                .look_for_student(account, lesson, exercise, &key)
                .await
        }
        Proof::Answer(_) if form.answer.trim().is_empty() => Ok(Standing::NoAnswer),
        Proof::Answer(_) => {
            let given = &form.answer;
            examiner
                .answer(account, lesson, exercise, given, &key)
                .await
        }
    }
}

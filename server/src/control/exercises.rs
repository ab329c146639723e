//! Exercises: the button that checks, and the answer to be entered.

use app::{
    Words,
    components::{self, ExerciseView, Standing},
    pages::paths,
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use course::Proof;
use serde::Deserialize;

use super::{fragment, lessons};
use crate::{app_state::Classroom, examiner::Asked, trouble::Trouble, visitor::Visitor};

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
    let lesson = lessons::find(&classroom, &unit, &name)?;
    let item = item.parse().map_err(|_| Trouble::NotFound)?;
    let exercise = lesson.exercise(&item).ok_or(Trouble::NotFound)?;
    let place = paths::lesson_item(visitor.lang, &lesson.id, &item);
    let standing = match &visitor.account {
        None if !visitor.wants_fragment => return Err(Trouble::SignIn { next: place }),
        None => Standing::SignIn {
            next: place.clone(),
            lapsed: visitor.lapsed,
        },
        Some(account) => match &exercise.proof {
            Proof::Check(_) => {
                classroom
                    .examiner
                    .look(account.id, lesson, exercise, Asked::ByStudent)
                    .await?
            }
            Proof::Answer(_) if form.answer.trim().is_empty() => Standing::NoAnswer,
            Proof::Answer(_) => {
                let key = lessons::key(&form.key)?;
                classroom
                    .examiner
                    .answer(account.id, lesson, exercise, &form.answer, &key)
                    .await?
            }
        },
    };
    if !visitor.wants_fragment {
        return Ok(Redirect::to(&place).into_response());
    }
    let view = ExerciseView {
        standing,
        given: form.answer,
        key: lessons::fresh_key(),
    };
    let words = Words(visitor.lang);
    let number = lessons::number(&lesson.exercises, |it| it.id == exercise.id);
    Ok(fragment(app::fragment(|| {
        components::exercise(words, &lesson.id, exercise, number, view)
    })))
}

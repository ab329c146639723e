//! Answers to questions.

use app::{
    components::{self, Notice},
    pages::paths,
};
use axum::{
    extract::{Path, RawForm, State},
    response::{IntoResponse, Redirect, Response},
};
use course::{BadResponse, Lesson, Question, Response as Answer};
use store::{AccountId, Circumstances, ItemKind, NewAttempt, Tried};

use super::{fragment, lessons};
use crate::{
    answers::{self, Fields},
    app_state::Classroom,
    trouble::Trouble,
    visitor::Visitor,
};

/// Grades an answer and records it. Our script gets the question's block anew; a plain form is led
/// back to the question.
pub(super) async fn answer(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit, name, item)): Path<(String, String, String, String)>,
    RawForm(body): RawForm,
) -> Result<Response, Trouble> {
    let course = classroom.course();
    let lesson = lessons::find(&course, &unit, &name)?;
    let item = item.parse().map_err(|_| Trouble::NotFound)?;
    let question = lesson.question(&item).ok_or(Trouble::NotFound)?;
    let fields: Fields = serde_urlencoded::from_bytes(&body).map_err(|_| Trouble::BadRequest)?;
    let response = answers::response(question, &fields);
    let place = paths::lesson_item(visitor.lang, &lesson.id, &item);

    let back = paths::lesson_with_draft(visitor.lang, &lesson.id, &item, &draft(&fields));
    let has_changed = !answers::is_of(question, &fields);
    if has_changed && !visitor.wants_fragment {
        return Ok(Redirect::to(&back).into_response());
    }

    let Some(account) = &visitor.account else {
        if !visitor.wants_fragment {
            return Err(Trouble::SignIn { next: back });
        }
        let mut view = lessons::question_view(&visitor, lesson, question, Tried::default());
        if has_changed {
            lessons::show_changed(&mut view, response);
        } else {
            view.draft(response);
            view.notice = Some(Notice::SignIn {
                next: back,
                lapsed: visitor.lapsed,
            });
        }
        return Ok(show(&visitor, lesson, question, view, None));
    };

    let tried = async || {
        let (store, version) = (&classroom.store, &question.version);
        let (lesson, item) = (lesson.id.as_str(), question.id.as_str());
        store.tried(account.id, lesson, item, version).await
    };
    if has_changed {
        let mut view = lessons::question_view(&visitor, lesson, question, tried().await?);
        lessons::show_changed(&mut view, response);
        return Ok(show(&visitor, lesson, question, view, None));
    }
    let given = Given {
        account: account.id,
        lesson,
        question,
        fields: &fields,
        response: response.as_ref(),
        circumstances: Circumstances::default(),
    };
    let notice = record(&classroom, given).await?;
    if !visitor.wants_fragment {
        let to = match notice {
            None => place,
            Some(Notice::Given) => paths::lesson_given(visitor.lang, &lesson.id, &item),
            Some(_) => back,
        };
        return Ok(Redirect::to(&to).into_response());
    }
    let mut view = lessons::question_view(&visitor, lesson, question, tried().await?);
    // Another wrong answer brings nobody on.
    let is_right = view.grade.as_ref().is_some_and(|grade| grade.right);
    if let Some(notice) = notice {
        lessons::show_notice(&mut view, notice, response);
    }
    let progress = match is_right {
        true => Some(lessons::progress(&classroom, account.id).await?),
        false => None,
    };
    Ok(show(&visitor, lesson, question, view, progress))
}

/// An answer as it came in.
pub(super) struct Given<'a> {
    /// By whom.
    pub(super) account: AccountId,
    /// The question's lesson.
    pub(super) lesson: &'a Lesson,
    /// To what.
    pub(super) question: &'a Question,
    /// The form, for its key and how long it took.
    pub(super) fields: &'a Fields,
    /// What it says; `None` where something is missing.
    pub(super) response: Option<&'a Answer>,
    /// Where and how it was given.
    pub(super) circumstances: Circumstances,
}

/// Grades an answer and records it. One that cannot be graded is not recorded, nor one to what another page
/// has answered otherwise: returns what to tell.
///
/// # Errors
/// For what none of our forms sends, and when the record cannot be written.
pub(super) async fn record(
    classroom: &Classroom,
    given: Given<'_>,
) -> Result<Option<Notice>, Trouble> {
    let Some(response) = given.response else {
        return Ok(Some(Notice::Incomplete));
    };
    let grade = match given.question.grade(response) {
        Ok(grade) => grade,
        Err(BadResponse::OtherKind | BadResponse::Choices) => return Err(Trouble::BadRequest),
        Err(BadResponse::Empty) => return Ok(Some(Notice::Incomplete)),
        Err(BadResponse::TooLong) => return Ok(Some(Notice::TooLong)),
        Err(BadResponse::NotANumber) => return Ok(Some(Notice::NotANumber)),
    };
    let key = given.fields.iter().find(|(name, _)| name == "key");
    let response = serde_json::to_value(response)?;
    let recorded = classroom
        .store
        .record(NewAttempt {
            account: given.account,
            lesson: given.lesson.id.as_str(),
            item: given.question.id.as_str(),
            kind: ItemKind::Question,
            version: &given.question.version,
            response: &response,
            score: grade.score,
            right: grade.right,
            key: &lessons::key(key.map_or("", |(_, key)| key))?,
            circumstances: Circumstances {
                spent_ms: answers::spent_ms(given.fields),
                ..given.circumstances
            },
        })
        .await?;
    let stands = recorded.new || recorded.attempt.response == response;
    Ok((!stands).then_some(Notice::Given))
}

fn show(
    visitor: &Visitor,
    lesson: &course::Lesson,
    question: &course::Question,
    view: components::QuestionView,
    progress: Option<(usize, usize)>,
) -> Response {
    let words = app::Words(visitor.lang);
    let number = lessons::number(&lesson.questions, |it| it.id == question.id);
    fragment(app::fragment(|| {
        (
            components::question(words, &lesson.id, question, number, view),
            progress.map(|progress| components::progress(words, progress)),
        )
    }))
}

/// The fields to bring back after signing in: all but the key and the time, which belong to the form
/// that was.
fn draft(fields: &Fields) -> String {
    let kept: Vec<_> = fields
        .iter()
        .filter(|(name, _)| name != "key" && name != "spent")
        .collect();
    serde_urlencoded::to_string(kept).unwrap_or_default()
}

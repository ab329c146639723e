//! A lesson's page.

use std::collections::{BTreeMap, HashSet};

use app::{
    Lang, Words,
    components::{
        self, ExerciseView, MachineView, Need, Notice, QuestionPage, QuestionView, Standing,
    },
    pages::{self, ClassFigures},
};
use axum::extract::{Path, Query, State};
use axum_extra::extract::CookieJar;
use course::{Course, Exercise, ItemId, Lesson, LessonId, Question, Response as Answer};
use serde::Deserialize;
use store::{Account, AccountId, Attempt, AttemptKey, Role};

use super::{
    Page,
    announcements::unheard,
    class_record::beside_questions,
    machine::{now_s, start},
};
use crate::{
    answers,
    app_state::{Classroom, machine_of},
    rounds::Rounds,
    trouble::Trouble,
    visitor::Visitor,
};

/// What an answer that waited for its student to sign in brings back.
#[derive(Deserialize)]
pub(super) struct LessonQuery {
    /// The question it belongs to.
    #[serde(default)]
    draft: String,
    /// Its form's fields, urlencoded.
    #[serde(default)]
    fields: String,
}

/// The lesson, with everything that the visitor has done in it.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit, name)): Path<(String, String, String)>,
    Query(query): Query<LessonQuery>,
    jar: CookieJar,
) -> Result<Page, Trouble> {
    let course = classroom.course();
    let lesson = find(&course, &unit, &name)?;
    let (attempts, rounds, total) = match &visitor.account {
        Some(account) => (
            classroom
                .store
                .attempts(account.id, lesson.id.as_str())
                .await?,
            Rounds::of(&*classroom.store, account.id, lesson).await?,
            Some(progress(&classroom, account.id).await?),
        ),
        None => Default::default(),
    };
    let draft = serde_urlencoded::from_str(&query.fields).unwrap_or_default();
    let questions = lesson
        .questions
        .iter()
        .map(|question| {
            let mut view = question_view(&visitor, question, &attempts);
            if question.id.as_str() == query.draft {
                let response = answers::response(question, &draft);
                if answers::is_of(question, &draft) {
                    view.draft(response);
                } else {
                    show_changed(&mut view, response);
                }
            }
            view
        })
        .collect();
    let view = pages::LessonView {
        lesson: lesson.id.clone(),
        questions,
        exercises: exercise_views(&visitor, lesson, &rounds, &attempts),
        figures: figures(&classroom, &visitor, lesson).await?,
        machine: machine(&classroom, visitor.account.as_ref(), lesson).await,
        course: course.clone(),
        announced: match &visitor.account {
            Some(account) => unheard(&classroom, account.id, &jar).await?,
            None => Vec::new(),
        },
        now: now_s(),
    };
    let page = pages::lesson(visitor.frame_with(&classroom, total), view);
    page.map(Page).ok_or(Trouble::NotFound)
}

/// The lesson of this address.
pub(super) fn find<'a>(course: &'a Course, unit: &str, name: &str) -> Result<&'a Lesson, Trouble> {
    let id = LessonId::new(unit, name).map_err(|_| Trouble::NotFound)?;
    course.lesson(&id).ok_or(Trouble::NotFound)
}

/// A question as its student left it: with the last answer and how it was judged.
pub(super) fn question_view(
    visitor: &Visitor,
    question: &Question,
    attempts: &[Attempt],
) -> QuestionView {
    let mut mine = attempts
        .iter()
        .filter(|attempt| attempt.item == question.id.as_str());
    let tries = mine.clone().count();
    // An answer to another version of the question is kept in the record, and not shown as if it were
    // one to this.
    let last = mine.rfind(|attempt| attempt.version == question.version);
    let response = last.and_then(|attempt| serde_json::from_value(attempt.response.clone()).ok());
    let grade = response
        .as_ref()
        .and_then(|response: &Answer| question.grade(response).ok());
    QuestionView {
        page: QuestionPage::Lesson,
        seed: visitor
            .account
            .as_ref()
            .map_or(0, |account| account.id.get().unsigned_abs()),
        whose: visitor.account.as_ref().map(|account| account.id),
        tries,
        response,
        grade,
        notice: None,
        key: fresh_key(),
        prefix: String::new(),
        handed_in: false,
    }
}

/// Shows the question as it is now to somebody whose answer was to what it was before.
pub(super) fn show_changed(view: &mut QuestionView, response: Option<Answer>) {
    view.draft(answers::typed(response));
    view.notice = Some(Notice::Changed);
}

/// A key for one submission of a form: the form sent twice is one attempt.
pub(super) fn fresh_key() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}

/// The key that a form brought, if it is one of ours.
pub(super) fn key(text: &str) -> Result<AttemptKey, Trouble> {
    text.parse().map_err(|_| Trouble::BadRequest)
}

/// For each exercise of the lesson how it stands.
fn exercise_views(
    visitor: &Visitor,
    lesson: &Lesson,
    rounds: &Rounds,
    attempts: &[Attempt],
) -> Vec<ExerciseView> {
    let whose = visitor.account.as_ref().map(|account| account.id);
    let done = rounds.done(attempts);
    lesson
        .exercises
        .iter()
        .map(|exercise| {
            let standing = match whose {
                _ if done.contains(&exercise.id) => Standing::Done,
                Some(_) => Standing::Todo,
                None => Standing::SignedOut,
            };
            exercise_view(
                visitor.lang,
                whose,
                lesson,
                exercise,
                (rounds, &done),
                standing,
            )
        })
        .collect()
}

/// An exercise as one student has it: with their own values, and waiting for what it builds on if that
/// is not done.
pub(super) fn exercise_view(
    lang: Lang,
    whose: Option<AccountId>,
    lesson: &Lesson,
    exercise: &Exercise,
    (rounds, done): (&Rounds, &HashSet<ItemId>),
    standing: Standing,
) -> ExerciseView {
    let text = |exercise: &Exercise| {
        let values = rounds.values(whose, lesson, exercise);
        exercise.text.get(lang).with(&values)
    };
    let needs: Vec<_> = missing(lesson, exercise, done)
        .map(|other| Need {
            id: other.id.clone(),
            number: number(&lesson.exercises, |it| it.id == other.id),
            title: text(other).title,
        })
        .collect();
    ExerciseView {
        text: text(exercise),
        standing: match standing {
            Standing::Todo if !needs.is_empty() => Standing::Needs(needs),
            standing => standing,
        },
        given: String::new(),
        key: fresh_key(),
    }
}

/// What an exercise builds on and that is not done, in the lesson's order.
pub(super) fn missing<'a>(
    lesson: &'a Lesson,
    exercise: &'a Exercise,
    done: &'a HashSet<ItemId>,
) -> impl Iterator<Item = &'a Exercise> {
    let others = lesson.exercises.iter();
    others.filter(|other| exercise.needs.contains(&other.id) && !done.contains(&other.id))
}

/// The block of an exercise, for a page that is open.
pub(super) fn exercise_block(
    words: Words,
    lesson: &Lesson,
    exercise: &Exercise,
    view: ExerciseView,
) -> String {
    let number = number(&lesson.exercises, |it| it.id == exercise.id);
    app::fragment(|| components::exercise(words, &lesson.id, exercise, number, view))
}

/// How many of the course's items an account has done, and how many there are.
pub(super) async fn progress(
    classroom: &Classroom,
    account: AccountId,
) -> Result<(usize, usize), Trouble> {
    let progress = classroom.store.progress(account).await?;
    Ok(pages::done_of(&classroom.course(), &progress))
}

/// Which number an item has in its lesson, from 1.
pub(super) fn number<T>(items: &[T], is_it: impl Fn(&T) -> bool) -> usize {
    items.iter().position(is_it).map_or(0, |index| index + 1)
}

/// How the visitor's classes answered the lesson's questions, if they teach.
async fn figures(
    classroom: &Classroom,
    visitor: &Visitor,
    lesson: &Lesson,
) -> Result<BTreeMap<ItemId, Vec<ClassFigures>>, Trouble> {
    match &visitor.account {
        Some(account) if account.role != Role::Student => {
            beside_questions(classroom, account.id, lesson, visitor.lang).await
        }
        _ => Ok(BTreeMap::new()),
    }
}

/// The student's machine, for a lesson that needs one: opening the lesson is what starts it.
async fn machine(
    classroom: &Classroom,
    account: Option<&Account>,
    lesson: &Lesson,
) -> Option<MachineView> {
    if lesson.exercises.is_empty() {
        return None;
    }
    let Some(account) = account else {
        return Some(MachineView::SignIn);
    };
    Some(start(&classroom.machines, &machine_of(account)).await)
}

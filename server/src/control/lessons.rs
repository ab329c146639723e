//! A lesson's page.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use app::{
    Lang, Rendered, Words,
    components::{
        self, ExerciseView, MachineView, Need, Notice, QuestionPage, QuestionView, Standing,
    },
    pages::{self, ClassFigures},
};
use axum::extract::{Path, RawQuery, State};
use axum_extra::extract::CookieJar;
use course::{Course, Exercise, ItemId, Lesson, LessonId, Question, Response as Answer};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use store::{Account, AccountId, Attempt, AttemptKey, Role, Tried};

use super::{
    Page,
    announcements::{heard_of, unheard},
    class_record::beside_questions,
    machine::{now_s, start},
};
use crate::{
    answers,
    app_state::{Classroom, machine_of},
    kept::{Made, Place},
    rounds::Rounds,
    trouble::Trouble,
    visitor::Visitor,
};

/// What leads back to a lesson: an answer that waited for its student to sign in, or one that came too late.
#[derive(Default, Deserialize)]
pub(super) struct LessonQuery {
    /// The question that a waiting answer belongs to.
    #[serde(default)]
    draft: String,
    /// Its form's fields, urlencoded.
    #[serde(default)]
    fields: String,
    /// The question that was answered already.
    #[serde(default)]
    given: String,
}

/// The lesson, with everything that the visitor has done in it.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit, name)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    jar: CookieJar,
) -> Result<Page, Trouble> {
    let course = classroom.course();
    let lesson = find(&course, &unit, &name)?;
    let machine = machine(&classroom, visitor.account.as_ref(), lesson).await;
    let now = now_s();
    let teaches = visitor
        .account
        .as_ref()
        .is_some_and(|it| it.role != Role::Student);
    if query.is_some() || teaches {
        // Made for once: of what an address brings, or of what a class's students have answered.
        let query = query.unwrap_or_default();
        let query = serde_urlencoded::from_str(&query).map_err(|_| Trouble::BadRequest)?;
        let page = page(
            &classroom,
            &visitor,
            (&course, lesson),
            machine,
            now,
            &query,
            &jar,
        );
        return Ok(Page(page.await?));
    }
    let account = visitor.account.as_ref().map(|account| account.id);
    let place = Place {
        account,
        here: visitor.here.clone(),
        theme: visitor.theme,
        writes: visitor.scratch.is_some(),
        heard: account.and_then(|account| heard_of(account, &jar)),
    };
    let made = Made::of(visitor.stamp, course.clone(), machine.clone(), now);
    if let Some(page) = classroom.kept.page(&place, &made) {
        return Ok(Page(page));
    }
    let query = LessonQuery::default();
    let page = page(
        &classroom,
        &visitor,
        (&course, lesson),
        machine,
        now,
        &query,
        &jar,
    )
    .await?;
    classroom.kept.keep(place, made, &page);
    Ok(Page(page))
}

/// Renders it.
async fn page(
    classroom: &Classroom,
    visitor: &Visitor,
    (course, lesson): (&Arc<Course>, &Lesson),
    machine: Option<MachineView>,
    now: u64,
    query: &LessonQuery,
    jar: &CookieJar,
) -> Result<Rendered, Trouble> {
    let store = &*classroom.store;
    let (attempts, rounds, total, announced) = match &visitor.account {
        Some(account) => (
            store.attempts(account.id, lesson.id.as_str()).await?,
            Rounds::of(store, account.id, lesson).await?,
            Some(progress(classroom, account.id).await?),
            unheard(classroom, account.id, jar).await?,
        ),
        None => Default::default(),
    };
    let questions = lesson.questions.iter();
    let view = pages::LessonView {
        lesson: lesson.id.clone(),
        questions: questions
            .map(|question| asked(visitor, lesson, question, &attempts, query))
            .collect(),
        exercises: exercise_views(visitor, lesson, &rounds, &attempts),
        figures: figures(classroom, visitor, lesson).await?,
        machine,
        course: course.clone(),
        announced,
        now,
    };
    let page = pages::lesson(visitor.frame_with(classroom, total), view);
    page.ok_or(Trouble::NotFound)
}

/// A question as its student left it, with what the address brings for it.
fn asked(
    visitor: &Visitor,
    lesson: &Lesson,
    question: &Question,
    attempts: &[Attempt],
    query: &LessonQuery,
) -> QuestionView {
    let tried = Tried::of(attempts, question.id.as_str(), &question.version);
    let mut view = question_view(visitor, lesson, question, tried);
    if question.id.as_str() == query.given && view.grade.is_some() {
        view.notice = Some(Notice::Given);
    }
    if question.id.as_str() == query.draft {
        let draft = serde_urlencoded::from_str(&query.fields).unwrap_or_default();
        let response = answers::response(question, &draft);
        if answers::is_of(question, &draft) {
            view.draft(response);
        } else {
            show_changed(&mut view, response);
        }
    }
    view
}

/// The lesson of this address.
pub(super) fn find<'a>(course: &'a Course, unit: &str, name: &str) -> Result<&'a Lesson, Trouble> {
    let id = LessonId::new(unit, name).map_err(|_| Trouble::NotFound)?;
    course.lesson(&id).ok_or(Trouble::NotFound)
}

/// A question as its student left it: with the last answer and how it was judged.
pub(super) fn question_view(
    visitor: &Visitor,
    lesson: &Lesson,
    question: &Question,
    Tried { tries, last }: Tried,
) -> QuestionView {
    let whose = visitor.account.as_ref().map(|account| account.id);
    // An answer to another version of the question is kept in the record, and not shown as if it were
    // one to this.
    let response = last.and_then(|attempt| serde_json::from_value(attempt.response).ok());
    let grade = response
        .as_ref()
        .and_then(|response: &Answer| question.grade(response).ok());
    QuestionView {
        page: QuestionPage::Lesson,
        seed: visitor
            .account
            .as_ref()
            .map_or(0, |account| account.id.get().unsigned_abs()),
        whose,
        tries,
        response,
        grade,
        notice: None,
        key: form_key(whose, &lesson.id, &question.id, &question.version, tries),
        prefix: String::new(),
        handed_in: false,
    }
}

/// Shows the question as it is now to somebody whose answer was to what it was before.
pub(super) fn show_changed(view: &mut QuestionView, response: Option<Answer>) {
    view.draft(answers::typed(response));
    view.notice = Some(Notice::Changed);
}

/// Shows what there is to tell about an answer that was not recorded, and the answer, unless another one
/// stands.
pub(super) fn show_notice(view: &mut QuestionView, notice: Notice, response: Option<Answer>) {
    if notice != Notice::Given {
        view.draft(response);
    }
    view.notice = Some(notice);
}

/// How often an item was attempted.
pub(super) fn tries(attempts: &[Attempt], item: &ItemId) -> usize {
    let attempts = attempts.iter();
    attempts.filter(|it| it.item == item.as_str()).count()
}

/// The key of a form's submission, made of what its page shows: sent twice, or from two pages that show the
/// same, it is one attempt. `version` says what else tells this state of the item from others.
pub(super) fn form_key(
    whose: Option<AccountId>,
    lesson: &LessonId,
    item: &ItemId,
    version: &str,
    tries: usize,
) -> String {
    let whose = whose.map_or_else(String::new, |account| account.to_string());
    let state = format!("{whose}/{lesson}/{item}/{version}/{tries}");
    hex::encode(&Sha256::digest(state)[..16])
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
            let tries = tries(attempts, &exercise.id);
            let state = (rounds, &done, tries);
            exercise_view(visitor.lang, whose, lesson, exercise, state, standing)
        })
        .collect()
}

/// An exercise as one student has it: with their own values, and waiting for what it builds on if that
/// is not done. `tries` is how often it was attempted.
pub(super) fn exercise_view(
    lang: Lang,
    whose: Option<AccountId>,
    lesson: &Lesson,
    exercise: &Exercise,
    (rounds, done, tries): (&Rounds, &HashSet<ItemId>, usize),
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
        key: form_key(whose, &lesson.id, &exercise.id, &exercise.version, tries),
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
    let id = machine_of(account);
    if let Some(view) = classroom.kept.ready(&id) {
        return Some(view);
    }
    let view = start(&classroom.machines, &id).await;
    classroom.kept.note(&id, &view);
    Some(view)
}

//! The day's review: questions answered on its page, exercises begun anew.

use app::{
    Words,
    components::{self, Notice, QuestionPage, QuestionView},
    pages::{self, ReviewEntry, ReviewItem, ReviewState, ReviewView, paths},
};
use axum::{
    extract::{Path, RawForm, State},
    response::{IntoResponse, Redirect, Response},
};
use course::{Exercise, Lesson, Question};
use mastery::{Day, Kind};
use store::{Account, AccountId, Circumstances, Place, Tried, now_ms};

use super::{Page, fragment, lessons, questions};
use crate::{
    answers::{self, Fields},
    app_state::Classroom,
    learner::{Key, Learner, Listed, left, with_needs},
    rounds::Rounds,
    trouble::Trouble,
    visitor::{Member, Visitor},
};

/// The list of today.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Member(account): Member,
) -> Result<Page, Trouble> {
    let review = Review::of(&classroom, &account).await?;
    review.page(&classroom, &visitor, None).await
}

/// Answers a question of the list, or begins an exercise of it.
pub(super) async fn act(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit, name, item)): Path<(String, String, String, String)>,
    RawForm(body): RawForm,
) -> Result<Response, Trouble> {
    let course = classroom.course();
    let lesson = lessons::find(&course, &unit, &name)?;
    let item = item.parse().map_err(|_| Trouble::NotFound)?;
    let fields: Fields = serde_urlencoded::from_bytes(&body).map_err(|_| Trouble::BadRequest)?;
    match (&visitor.account, lesson.question(&item)) {
        (None, Some(question)) if visitor.wants_fragment => {
            Ok(signed_out(&visitor, lesson, question, &fields))
        }
        (None, _) => Err(Trouble::SignIn {
            next: paths::review(visitor.lang),
        }),
        (Some(account), Some(question)) => {
            answer(&classroom, &visitor, account, lesson, question, &fields).await
        }
        (Some(account), None) => {
            let exercise = lesson.exercise(&item).ok_or(Trouble::NotFound)?;
            begin(&classroom, &visitor, account, lesson, exercise).await
        }
    }
}

/// One student's review of today.
struct Review<'a> {
    account: &'a Account,
    learner: Learner,
    today: Day,
    list: Vec<Listed>,
}

impl<'a> Review<'a> {
    async fn of(classroom: &Classroom, account: &'a Account) -> Result<Self, Trouble> {
        let learner = Learner::of(classroom, account.id).await?;
        let today = learner.day(now_ms());
        let list = learner.list(today);
        Ok(Self {
            account,
            learner,
            today,
            list,
        })
    }

    /// Whether the item is on the list.
    fn has(&self, lesson: &Lesson, item: &course::ItemId) -> bool {
        let mut list = self.list.iter();
        list.any(|listed| listed.lesson == lesson.id && listed.item == *item)
    }

    /// The question as it was left today; before, as if it had never been answered.
    fn question(&self, visitor: &Visitor, lesson: &Lesson, question: &Question) -> QuestionView {
        let history = self.learner.history.iter();
        let today: Vec<_> = history
            .filter(|attempt| attempt.lesson == lesson.id.as_str())
            .filter(|attempt| self.learner.day(attempt.at_ms) == self.today)
            .cloned()
            .collect();
        let mut view = lessons::question_view(
            visitor,
            lesson,
            question,
            Tried::of(&today, question.id.as_str(), &question.version),
        );
        view.page = QuestionPage::Review;
        // A day's answer is not the lesson's, which was given once.
        let asked = format!("{}~{}", question.version, self.today.0);
        view.key = lessons::form_key(view.whose, &lesson.id, &question.id, &asked, view.tries);
        // In another order than last time: what is remembered is to be the answer, not its place.
        view.seed ^= u64::from(self.today.0.unsigned_abs()) << 32;
        view
    }

    /// The page. `instead` is shown for its item in place of what is on record.
    async fn page(
        &self,
        classroom: &Classroom,
        visitor: &Visitor,
        mut instead: Option<(Key, QuestionView)>,
    ) -> Result<Page, Trouble> {
        let mut entries = Vec::new();
        for listed in &self.list {
            let Some(lesson) = self.learner.course.lesson(&listed.lesson) else {
                continue;
            };
            let key = (listed.lesson.clone(), listed.item.clone());
            let item = match lesson.question(&listed.item) {
                Some(question) => {
                    let given = instead.take_if(|(of, _)| *of == key).map(|(_, view)| view);
                    let view = given.unwrap_or_else(|| self.question(visitor, lesson, question));
                    ReviewItem::Question(view)
                }
                None => match self.exercise(classroom, visitor, lesson, listed).await? {
                    Some(item) => item,
                    None => continue,
                },
            };
            let (lesson, id) = key;
            entries.push(ReviewEntry { lesson, id, item });
        }
        let view = ReviewView {
            course: self.learner.course.clone(),
            entries,
            left: left(&self.list),
        };
        let total = lessons::progress(classroom, self.account.id).await?;
        let frame = visitor.frame_with(classroom, Some(total));
        Ok(pages::review(frame, view).into())
    }

    async fn exercise(
        &self,
        classroom: &Classroom,
        visitor: &Visitor,
        lesson: &Lesson,
        listed: &Listed,
    ) -> Result<Option<ReviewItem>, Trouble> {
        let Some(exercise) = lesson.exercise(&listed.item) else {
            return Ok(None);
        };
        let rounds = Rounds::of(&*classroom.store, self.account.id, lesson).await?;
        let values = rounds.values(Some(self.account.id), lesson, exercise);
        let state = match (listed.done, self.is_open(&rounds, lesson, exercise)) {
            (true, _) => ReviewState::Done,
            (false, true) => ReviewState::Begun,
            (false, false) => ReviewState::Todo,
        };
        Ok(Some(ReviewItem::Exercise {
            title: exercise.text.get(visitor.lang).with(&values).title,
            state,
        }))
    }

    /// Whether a round of the exercise has begun and is not passed.
    fn is_open(&self, rounds: &Rounds, lesson: &Lesson, exercise: &Exercise) -> bool {
        let round = rounds.round(&exercise.id);
        let history = self.learner.history.iter();
        let mut passes = history.filter(|attempt| {
            attempt.right
                && attempt.lesson == lesson.id.as_str()
                && attempt.item == exercise.id.as_str()
        });
        round > 0 && !passes.any(|attempt| attempt.circumstances.round >= round)
    }
}

/// Keeps what was entered, and shows the way to sign in.
fn signed_out(
    visitor: &Visitor,
    lesson: &Lesson,
    question: &Question,
    fields: &Fields,
) -> Response {
    let mut view = lessons::question_view(visitor, lesson, question, Tried::default());
    view.page = QuestionPage::Review;
    view.draft(answers::response(question, fields));
    view.notice = Some(Notice::SignIn {
        next: paths::in_review(visitor.lang, &lesson.id, &question.id),
        lapsed: visitor.lapsed,
    });
    let words = Words(visitor.lang);
    let number = lessons::number(&lesson.questions, |it| it.id == question.id);
    fragment(app::fragment(|| {
        components::question(words, &lesson.id, question, number, view)
    }))
}

/// Grades and records an answer.
async fn answer(
    classroom: &Classroom,
    visitor: &Visitor,
    account: &Account,
    lesson: &Lesson,
    question: &Question,
    fields: &Fields,
) -> Result<Response, Trouble> {
    let mut review = Review::of(classroom, account).await?;
    if !review.has(lesson, &question.id) {
        // A page from yesterday.
        return Ok(Redirect::to(&paths::review(visitor.lang)).into_response());
    }
    let response = answers::response(question, fields);
    let key: Key = (lesson.id.clone(), question.id.clone());
    let mut instead = None;
    if answers::is_of(question, fields) {
        let circumstances = Circumstances {
            place: Place::Review,
            ..Circumstances::default()
        };
        let account = account.id;
        let given = questions::Given {
            account,
            lesson,
            question,
            fields,
            response: response.as_ref(),
            circumstances,
        };
        let notice = questions::record(classroom, given).await?;
        review = Review::of(classroom, review.account).await?;
        if let Some(notice) = notice {
            let mut view = review.question(visitor, lesson, question);
            lessons::show_notice(&mut view, notice, response);
            instead = Some((key.clone(), view));
        }
    } else {
        let mut view = review.question(visitor, lesson, question);
        lessons::show_changed(&mut view, response);
        instead = Some((key.clone(), view));
    }
    if visitor.wants_fragment {
        return Ok(pieces(&review, visitor, lesson, question, instead));
    }
    if instead.is_none() {
        let back = paths::in_review(visitor.lang, &lesson.id, &question.id);
        return Ok(Redirect::to(&back).into_response());
    }
    let page = review.page(classroom, visitor, instead).await?;
    Ok(page.into_response())
}

/// The question's block and what is left, for the page that is open.
fn pieces(
    review: &Review<'_>,
    visitor: &Visitor,
    lesson: &Lesson,
    question: &Question,
    instead: Option<(Key, QuestionView)>,
) -> Response {
    let words = Words(visitor.lang);
    let is_it = |listed: &Listed| listed.lesson == lesson.id && listed.item == question.id;
    let number = lessons::number(&review.list, is_it);
    let view = match instead {
        Some((_, view)) => view,
        None => review.question(visitor, lesson, question),
    };
    fragment(app::fragment(|| {
        (
            components::question(words, &lesson.id, question, number, view),
            pages::reviewed(words, left(&review.list)),
        )
    }))
}

/// Begins a round of an exercise and of what it builds on, and leads to it. Asked for again it leads
/// there as well.
async fn begin(
    classroom: &Classroom,
    visitor: &Visitor,
    account: &Account,
    lesson: &Lesson,
    exercise: &Exercise,
) -> Result<Response, Trouble> {
    let review = Review::of(classroom, account).await?;
    let mut list = review.list.iter();
    let listed = list.find(|listed| {
        listed.kind == Kind::Exercise && listed.lesson == lesson.id && listed.item == exercise.id
    });
    let rounds = Rounds::of(&*classroom.store, account.id, lesson).await?;
    let is_new = !review.is_open(&rounds, lesson, exercise);
    if listed.is_some_and(|listed| !listed.done) && is_new {
        begin_rounds(classroom, account.id, lesson, exercise, &rounds).await?;
    }
    let to = paths::lesson_item(visitor.lang, &lesson.id, &exercise.id);
    Ok(Redirect::to(&to).into_response())
}

async fn begin_rounds(
    classroom: &Classroom,
    account: AccountId,
    lesson: &Lesson,
    exercise: &Exercise,
    rounds: &Rounds,
) -> Result<(), Trouble> {
    for exercise in with_needs(lesson, exercise) {
        let round = rounds.next(account, lesson, exercise);
        let (lesson, item) = (lesson.id.as_str(), exercise.id.as_str());
        let store = &classroom.store;
        store.begin_round(account, lesson, item, round).await?;
        tracing::info!(
            %account, lesson, exercise = item, round,
            "account {account} reviews {lesson}/{item}, round {round}"
        );
    }
    Ok(())
}

//! Questions that are handed in together: a unit's quiz, and placement.
//!
//! A sitting is one time that a student answers one. Which questions it has comes from the student and
//! its number, and each answer's key from those as well: handed in twice, from wherever, it is on record
//! once, as it was handed in first.

use app::{
    Words,
    components::{Notice, QuestionPage, QuestionView},
    pages::{self, Asked, QuizNotice, QuizResult, QuizView, paths::Paper},
};
use axum::{
    extract::{Path, RawForm, State},
    response::{IntoResponse, Redirect, Response},
};
use course::{BadResponse, Course, Drawn, Grade, Response as Answer};
use sha2::{Digest, Sha256};
use store::{AccountId, Attempt, AttemptKey, Circumstances, ItemKind, NewAttempt, Place};

use super::{Page, fragment, lessons};
use crate::{
    answers::{self, Fields},
    app_state::Classroom,
    trouble::Trouble,
    visitor::Visitor,
};

/// A unit's quiz.
pub(super) async fn of_unit(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit)): Path<(String, String)>,
) -> Result<Page, Trouble> {
    show(&classroom, &visitor, Paper::Unit(unit)).await
}

/// It is handed in.
pub(super) async fn hand_in_of_unit(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit)): Path<(String, String)>,
    RawForm(body): RawForm,
) -> Result<Response, Trouble> {
    hand_in(&classroom, &visitor, Paper::Unit(unit), &body).await
}

/// What came of it.
pub(super) async fn result_of_unit(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit, sitting)): Path<(String, String, String)>,
) -> Result<Page, Trouble> {
    result(&classroom, &visitor, Paper::Unit(unit), &sitting).await
}

/// Placement.
pub(super) async fn placement(
    State(classroom): State<Classroom>,
    visitor: Visitor,
) -> Result<Page, Trouble> {
    show(&classroom, &visitor, Paper::Placement).await
}

/// It is handed in.
pub(super) async fn hand_in_placement(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    RawForm(body): RawForm,
) -> Result<Response, Trouble> {
    hand_in(&classroom, &visitor, Paper::Placement, &body).await
}

/// What came of it.
pub(super) async fn placement_result(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, sitting)): Path<(String, String)>,
) -> Result<Page, Trouble> {
    result(&classroom, &visitor, Paper::Placement, &sitting).await
}

/// One time that a student answers a quiz.
struct Sitting<'c> {
    paper: Paper,
    account: AccountId,
    /// From 0.
    number: i64,
    drawn: Vec<Drawn<'c>>,
}

impl<'c> Sitting<'c> {
    fn new(
        course: &'c Course,
        paper: Paper,
        account: AccountId,
        number: i64,
    ) -> Result<Self, Trouble> {
        let seed = format!("{account}/{number}");
        let drawn = match &paper {
            Paper::Unit(id) => course.unit(id).ok_or(Trouble::NotFound)?.quiz(&seed),
            Paper::Placement => course.placement(&seed),
        };
        if drawn.is_empty() {
            return Err(Trouble::NotFound);
        }
        Ok(Self {
            paper,
            account,
            number,
            drawn,
        })
    }

    /// The key of one question's answer.
    fn key(&self, it: &Drawn<'_>) -> Result<AttemptKey, Trouble> {
        let paper = self.paper.path();
        let name = format!(
            "{paper}/{}/{}/{}",
            self.number, it.lesson.id, it.question.id
        );
        let hash = hex::encode(Sha256::digest(name));
        lessons::key(&format!("sitting:{}", &hash[..32]))
    }

    /// Under which name the browser keeps what is entered.
    fn draft(&self) -> String {
        let mut shown = Sha256::new();
        for it in &self.drawn {
            shown.update(it.question.shown());
        }
        let shown = hex::encode(shown.finalize());
        let paper = self.paper.path();
        format!("{}/{paper}/{}/{}", self.account, self.number, &shown[..16])
    }

    /// Its form, with each question's entry and what there is to tell about it.
    fn view(
        &self,
        classroom: &Classroom,
        entries: Vec<(Option<Answer>, Option<Notice>)>,
        notice: Option<QuizNotice>,
    ) -> QuizView {
        let entered = self.drawn.iter().zip(entries);
        let asked = entered
            .map(|(it, (response, notice))| {
                let view = question_view(it, self.account, self.number);
                asked(
                    it,
                    QuestionView {
                        response,
                        notice,
                        ..view
                    },
                )
            })
            .collect();
        QuizView {
            course: classroom.course(),
            paper: self.paper.clone(),
            sitting: self.number,
            asked,
            notice,
            draft: self.draft(),
        }
    }
}

fn asked(it: &Drawn<'_>, view: QuestionView) -> Asked {
    Asked {
        lesson: it.lesson.id.clone(),
        item: it.question.id.clone(),
        view,
    }
}

/// A question without an answer. Its choices stand in another order at each sitting.
fn question_view(it: &Drawn<'_>, account: AccountId, sitting: i64) -> QuestionView {
    QuestionView {
        page: QuestionPage::default(),
        seed: account.get().unsigned_abs() ^ (sitting.unsigned_abs() + 1).rotate_left(32),
        whose: Some(account),
        tries: 0,
        response: None,
        grade: None,
        notice: None,
        key: String::new(),
        prefix: format!("{}/{}.", it.lesson.id, it.question.id),
        handed_in: false,
    }
}

fn place(paper: &Paper) -> Place {
    match paper {
        Paper::Unit(_) => Place::Quiz,
        Paper::Placement => Place::Placement,
    }
}

/// All answers that a student has handed in.
async fn handed_in(
    classroom: &Classroom,
    account: AccountId,
    paper: &Paper,
) -> Result<Vec<Attempt>, Trouble> {
    let attempts = classroom.store.attempts_at(account, place(paper)).await?;
    let is_of = |attempt: &Attempt| match paper {
        Paper::Unit(unit) => attempt.lesson.split('/').next() == Some(unit),
        Paper::Placement => true,
    };
    Ok(attempts.into_iter().filter(is_of).collect())
}

/// The number of the sitting that a student is at.
fn next(handed_in: &[Attempt]) -> i64 {
    let numbers = handed_in.iter().map(|attempt| attempt.circumstances.round);
    numbers.max().map_or(0, |last| last.saturating_add(1))
}

async fn show(classroom: &Classroom, visitor: &Visitor, paper: Paper) -> Result<Page, Trouble> {
    let account = visitor.signed_in()?.id;
    let course = classroom.course();
    let number = next(&handed_in(classroom, account, &paper).await?);
    let sitting = Sitting::new(&course, paper, account, number)?;
    let blank = vec![(None, None); sitting.drawn.len()];
    let view = sitting.view(classroom, blank, None);
    let progress = lessons::progress(classroom, account).await?;
    let frame = visitor.frame_with(classroom, Some(progress));
    Ok(Page(pages::quiz(frame, view)))
}

/// An answer of a form.
struct Entry {
    fields: Fields,
    response: Option<Answer>,
    verdict: Verdict,
}

enum Verdict {
    Graded(Grade),
    /// There is nothing to grade; a notice where something was entered.
    Unanswered(Option<Notice>),
    /// The form asked something else.
    Changed,
}

/// Judges what a form says to a question.
fn entry(it: &Drawn<'_>, all: &Fields) -> Result<Entry, Trouble> {
    let prefix = format!("{}/{}.", it.lesson.id, it.question.id);
    let fields = answers::below(all, &prefix);
    let response = answers::response(it.question, &fields);
    // A field of it is always there, if only for its hash.
    if fields.is_empty() || !answers::is_of(it.question, &fields) {
        return Ok(Entry {
            fields,
            response: answers::typed(response),
            verdict: Verdict::Changed,
        });
    }
    let graded = response
        .as_ref()
        .map(|response| it.question.grade(response));
    let verdict = match graded {
        None => {
            let begun = answers::is_begun(&fields);
            Verdict::Unanswered(begun.then_some(Notice::Incomplete))
        }
        Some(Ok(grade)) => Verdict::Graded(grade),
        Some(Err(BadResponse::Empty)) => Verdict::Unanswered(None),
        Some(Err(BadResponse::TooLong)) => Verdict::Unanswered(Some(Notice::TooLong)),
        Some(Err(BadResponse::NotANumber)) => Verdict::Unanswered(Some(Notice::NotANumber)),
        Some(Err(BadResponse::OtherKind | BadResponse::Choices)) => {
            return Err(Trouble::BadRequest);
        }
    };
    Ok(Entry {
        fields,
        response,
        verdict,
    })
}

/// Grades and records all answers at once, and leads to the result. What has no answer is asked about
/// once; handed in again it counts as wrong.
async fn hand_in(
    classroom: &Classroom,
    visitor: &Visitor,
    paper: Paper,
    body: &[u8],
) -> Result<Response, Trouble> {
    let account = visitor.signed_in()?.id;
    let fields: Fields = serde_urlencoded::from_bytes(body).map_err(|_| Trouble::BadRequest)?;
    let field = |name: &str| fields.iter().find(|(field, _)| field == name);
    let number = field("sitting").and_then(|(_, number)| number.parse::<i64>().ok());
    let number = number.filter(|number| *number >= 0);
    let number = number.ok_or(Trouble::BadRequest)?;
    let next = next(&handed_in(classroom, account, &paper).await?);
    let result = Redirect::to(&paper.result(visitor.lang, number));
    if number < next {
        return Ok(result.into_response());
    }
    if number > next {
        return Err(Trouble::BadRequest);
    }
    let course = classroom.course();
    let sitting = Sitting::new(&course, paper, account, number)?;
    let entries = sitting.drawn.iter().map(|it| entry(it, &fields));
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    if let Some(notice) = notice(&entries, field("asked").is_some()) {
        let entries = entries.into_iter().map(|entry| match entry.verdict {
            Verdict::Graded(_) => (entry.response, None),
            Verdict::Unanswered(notice) => (entry.response, notice),
            Verdict::Changed => (entry.response, Some(Notice::Changed)),
        });
        let view = sitting.view(classroom, entries.collect(), Some(notice));
        return ask_again(classroom, visitor, account, view).await;
    }
    record(classroom, &sitting, &entries).await?;
    Ok(result.into_response())
}

/// Why the form is not taken yet, if that is so.
fn notice(entries: &[Entry], asked: bool) -> Option<QuizNotice> {
    let is_changed = |entry: &Entry| matches!(entry.verdict, Verdict::Changed);
    if entries.iter().any(is_changed) {
        return Some(QuizNotice::Changed);
    }
    let unanswered: Vec<_> = (1..)
        .zip(entries)
        .filter(|(_, entry)| matches!(entry.verdict, Verdict::Unanswered(_)))
        .map(|(number, _)| number)
        .collect();
    (!asked && !unanswered.is_empty()).then_some(QuizNotice::Unanswered(unanswered))
}

async fn ask_again(
    classroom: &Classroom,
    visitor: &Visitor,
    account: AccountId,
    view: QuizView,
) -> Result<Response, Trouble> {
    if visitor.wants_fragment {
        let words = Words(visitor.lang);
        return Ok(fragment(app::fragment(|| pages::quiz_form(words, &view))));
    }
    let progress = lessons::progress(classroom, account).await?;
    let frame = visitor.frame_with(classroom, Some(progress));
    Ok(Page(pages::quiz(frame, view)).into_response())
}

async fn record(
    classroom: &Classroom,
    sitting: &Sitting<'_>,
    entries: &[Entry],
) -> Result<(), Trouble> {
    let stored = entries
        .iter()
        .map(|entry| serde_json::to_value(&entry.response))
        .collect::<Result<Vec<_>, _>>()?;
    let keys = sitting.drawn.iter().map(|it| sitting.key(it));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let answers = sitting
        .drawn
        .iter()
        .zip(entries)
        .zip(keys.iter().zip(&stored));
    let attempts: Vec<_> = answers
        .map(|((it, entry), (key, response))| {
            let grade = match &entry.verdict {
                Verdict::Graded(grade) => Some(grade),
                Verdict::Unanswered(_) | Verdict::Changed => None,
            };
            NewAttempt {
                account: sitting.account,
                lesson: it.lesson.id.as_str(),
                item: it.question.id.as_str(),
                kind: ItemKind::Question,
                version: &it.question.version,
                response,
                score: grade.map_or(0.0, |grade| grade.score),
                right: grade.is_some_and(|grade| grade.right),
                key,
                circumstances: Circumstances {
                    place: place(&sitting.paper),
                    spent_ms: answers::spent_ms(&entry.fields),
                    hints: 0,
                    round: sitting.number,
                },
            }
        })
        .collect();
    classroom.store.record_all(&attempts).await?;
    Ok(())
}

async fn result(
    classroom: &Classroom,
    visitor: &Visitor,
    paper: Paper,
    sitting: &str,
) -> Result<Page, Trouble> {
    let account = visitor.signed_in()?.id;
    let sitting: i64 = sitting.parse().map_err(|_| Trouble::NotFound)?;
    let course = classroom.course();
    let attempts = handed_in(classroom, account, &paper).await?;
    let answered: Vec<_> = attempts
        .iter()
        .filter(|attempt| attempt.circumstances.round == sitting)
        .filter_map(|attempt| Some((answered(&course, attempt)?, attempt.score)))
        .collect();
    if answered.is_empty() {
        return Err(Trouble::NotFound);
    }
    let progress = lessons::progress(classroom, account).await?;
    let frame = visitor.frame_with(classroom, Some(progress));
    let view = QuizResult {
        course: course.clone(),
        paper,
        answered,
    };
    Ok(Page(pages::quiz_result(frame, view)))
}

/// A question of the course as it was answered; `None` where the course has no such question any more.
fn answered(course: &Course, attempt: &Attempt) -> Option<Asked> {
    let (unit, name) = attempt.lesson.split_once('/')?;
    let lesson = lessons::find(course, unit, name).ok()?;
    let question = lesson.question(&attempt.item.parse().ok()?)?;
    let it = Drawn { lesson, question };
    // An answer to another version of the question is not shown as if it were one to this.
    let changed = attempt.version != question.version;
    let response = (!changed)
        .then(|| serde_json::from_value::<Option<Answer>>(attempt.response.clone()).ok())
        .flatten()
        .flatten();
    let grade = response.as_ref().and_then(|it| question.grade(it).ok());
    let view = question_view(&it, attempt.account, attempt.circumstances.round);
    Some(asked(
        &it,
        QuestionView {
            response,
            grade,
            notice: changed.then_some(Notice::Changed),
            handed_in: true,
            ..view
        },
    ))
}

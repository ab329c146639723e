//! Questions that are handed in together: a unit's quiz, and placement. Their form, and what came of it.

use std::sync::Arc;

use course::{Course, ItemId, Lesson, LessonId, Question};
use leptos::prelude::*;

use super::paths::{self, Paper};
use crate::{
    components::{QuestionView, asked, kind_word, mark, rendered},
    islands::Forms,
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// From which score of placement on a unit can be skimmed: the same as for a concept that counts as
/// mastered.
const SKIM_FROM: f64 = 0.8;

/// A question of a quiz.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its lesson.
    pub lesson: LessonId,
    /// Its id there.
    pub item: ItemId,
    /// How it is shown.
    pub view: QuestionView,
}

impl Asked {
    fn find<'c>(&self, course: &'c Course) -> Option<(&'c Lesson, &'c Question)> {
        let lesson = course.lesson(&self.lesson)?;
        Some((lesson, lesson.question(&self.item)?))
    }
}

/// Why a quiz was not taken when it was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuizNotice {
    /// These, from 1, have no answer; handed in once more it is taken as it is.
    Unanswered(Vec<usize>),
    /// Some questions are not what they were.
    Changed,
}

/// What a quiz's form shows.
#[derive(Clone, Debug)]
pub struct QuizView {
    /// The course.
    pub course: Arc<Course>,
    /// Which quiz.
    pub paper: Paper,
    /// Which sitting of the student's, from 0.
    pub sitting: i64,
    /// Its questions.
    pub asked: Vec<Asked>,
    /// Something to tell.
    pub notice: Option<QuizNotice>,
    /// Under which name the browser keeps what is entered.
    pub draft: String,
}

/// What a sitting's result shows.
#[derive(Clone, Debug)]
pub struct QuizResult {
    /// The course.
    pub course: Arc<Course>,
    /// Which quiz.
    pub paper: Paper,
    /// Its questions, as they were answered, with the score of each, 0 to 1.
    pub answered: Vec<(Asked, f64)>,
}

/// The page of a quiz to be answered.
pub fn quiz(frame: Frame, view: QuizView) -> Rendered {
    let words = frame.words;
    let title = title(words, &view.course, &view.paper);
    let page = Page {
        title: title.clone(),
        terminal: false,
    };
    render(&frame, page, move || {
        let lead = match view.paper {
            Paper::Unit(_) => "quiz-lead",
            Paper::Placement => "placement-lead",
        };
        let lead = words.with(lead, &[("n", view.asked.len().into())]);
        let next = view.paper.form(words.0);
        let sign_in = paths::sign_in(words.0, &next, true);
        view! {
            <main class="page" id="main">
                <header class="page-head"><h1>{title}</h1><p class="lead">{lead}</p></header>
                <p class="message" id="lapsed" data-tone="wrong" role="alert" hidden>
                    {words.t("page-unknown")} " " <a href=sign_in>{words.t("sign-in")}</a>
                </p>
                {quiz_form(words, &view)}
            </main>
            <p class="visually-hidden" id="announcer" role="status"></p>
            <Forms />
        }
    })
}

fn title(words: Words, course: &Course, paper: &Paper) -> String {
    match paper {
        Paper::Unit(id) => {
            let unit = course.unit(id).map(|unit| unit.title.get(words.0).clone());
            words.with("quiz-of", &[("unit", unit.unwrap_or_default().into())])
        }
        Paper::Placement => words.t("placement"),
    }
}

/// The form alone, to take its predecessor's place.
pub fn quiz_form(words: Words, view: &QuizView) -> impl IntoView + use<> {
    let questions: Vec<_> = view
        .asked
        .iter()
        .enumerate()
        .filter_map(|(index, it)| Some(open(words, it.find(&view.course)?.1, index + 1, &it.view)))
        .collect();
    let said = view.notice.as_ref().map(|notice| match notice {
        QuizNotice::Unanswered(numbers) => {
            words.with("quiz-unanswered", &[("n", numbers.len().into())])
        }
        QuizNotice::Changed => words.t("quiz-changed"),
    });
    let numbers = match &view.notice {
        Some(QuizNotice::Unanswered(numbers)) => numbers.as_slice(),
        _ => &[],
    };
    let links: Vec<_> = numbers
        .iter()
        .map(|n| {
            let name = words.with("question-number", &[("n", (*n).into())]);
            view! { <li><a href=format!("#q-{n}")>{name}</a></li> }
        })
        .collect();
    let asked =
        (!numbers.is_empty()).then(|| view! { <input type="hidden" name="asked" value="1" /> });
    let notice = said.clone().map(|said| {
        view! { <div class="message" data-tone="wrong"><p>{said}</p><ul class="numbers">{links}</ul></div> }
    });
    let entered = view.notice.is_some();
    let button = if numbers.is_empty() {
        "hand-in"
    } else {
        "hand-in-anyway"
    };
    view! {
        <form
            class="paper"
            id="quiz"
            method="post"
            action=format!("{}#hand-in", view.paper.form(words.0))
            data-say=said
            data-draft=view.draft.clone()
            data-entered=entered
            tabindex="-1"
            data-live
        >
            <input type="hidden" name="sitting" value=view.sitting />
            {asked}
            {questions}
            <div id="hand-in">
                {notice}
                <button class="button primary" id="hand-in-button">{words.t(button)}</button>
            </div>
        </form>
    }
}

/// A question to be answered.
fn open(
    words: Words,
    question: &Question,
    number: usize,
    view: &QuestionView,
) -> impl IntoView + use<> {
    let name = |field: &str| format!("{}{field}", view.prefix);
    let notice = view.notice.as_ref().and_then(|notice| notice.word());
    let notice = notice
        .map(|key| view! { <div class="feedback" data-tone="wrong"><p>{words.t(key)}</p></div> });
    view! {
        <section class="quiz" id=format!("q-{number}") data-kind=kind_word(&question.kind) data-state="open">
            {head(words, number, "", None)}
            <input type="hidden" name=name("shown") value=question.shown() />
            <input type="hidden" name=name("spent") />
            {asked(words, question, view, &format!("q-{number}"))}
            {notice}
        </section>
    }
}

fn head(
    words: Words,
    number: usize,
    sign: &'static str,
    state: Option<&str>,
) -> impl IntoView + use<> {
    let state = state.map(|key| view! { <p class="state">{words.t(key)}</p> });
    view! {
        <header class="work-head">
            {mark(sign)}
            <h2><span class="kind">{words.with("question-number", &[("n", number.into())])}</span></h2>
            {state}
        </header>
    }
}

/// The page of what came of it.
pub fn quiz_result(frame: Frame, view: QuizResult) -> Rendered {
    let words = frame.words;
    let title = title(words, &view.course, &view.paper);
    let page = Page {
        title: words.with("result-of", &[("title", title.clone().into())]),
        terminal: false,
    };
    render(&frame, page, move || {
        let standing = (view.paper == Paper::Placement).then(|| standing(words, &view));
        let questions: Vec<_> = view
            .answered
            .iter()
            .enumerate()
            .map(|(index, (it, score))| closed(words, &view.course, it, *score, index + 1))
            .collect();
        view! {
            <main class="page" id="main">
                <header class="page-head"><h1>{title}</h1>{total(words, &view)}</header>
                {standing}
                <div class="paper">{questions}</div>
                <p class="act">
                    <a class="button primary" href=view.paper.form(words.0)>{words.t("quiz-again")}</a>
                    <a class="button" href=paths::course(words.0)>{words.t("to-course")}</a>
                </p>
            </main>
        }
    })
}

fn total(words: Words, view: &QuizResult) -> impl IntoView + use<> {
    let right = view.answered.iter().filter(|(_, score)| *score >= 1.0);
    let values = [
        ("right", right.count().into()),
        ("all", view.answered.len().into()),
        (
            "percent",
            percent(share(view, |_| true).unwrap_or(0.0)).into(),
        ),
    ];
    view! { <p class="lead" id="total">{words.with("quiz-total", &values)}</p> }
}

/// The share of the points, 0 to 1, over these questions; `None` where there are none.
fn share(view: &QuizResult, of: impl Fn(&Asked) -> bool) -> Option<f64> {
    let (mut got, mut all) = (0.0, 0.0);
    for (it, score) in view.answered.iter().filter(|(it, _)| of(it)) {
        let points = it.find(&view.course).map_or(1, |(_, it)| it.points);
        got += score * f64::from(points);
        all += f64::from(points);
    }
    (all > 0.0).then(|| got / all)
}

/// In whole percent, and a hundred only for all.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a share is between 0 and 1"
)]
fn percent(share: f64) -> i32 {
    (share * 100.0).floor() as i32
}

/// For each unit that was asked about whether it can be skimmed, and where to begin.
fn standing(words: Words, view: &QuizResult) -> impl IntoView + use<> {
    let units = view.course.units.iter();
    let known: Vec<_> = units
        .filter_map(|unit| Some((unit, share(view, |it| it.lesson.unit() == unit.id)?)))
        .collect();
    let begin = known.iter().find(|(_, share)| *share < SKIM_FROM);
    let begin = begin.and_then(|(unit, _)| unit.lessons.first());
    let way = match begin {
        Some(lesson) => view! {
            <a class="resume" href=paths::lesson(words.0, &lesson.id)>
                <span>
                    <span class="label">{words.t("placement-begin")}</span>
                    <strong>{lesson.pages.get(words.0).title.clone()}</strong>
                </span>
                <span class="button primary">{words.t("continue")}</span>
            </a>
        }
        .into_any(),
        None => view! { <p>{words.t("placement-all")}</p> }.into_any(),
    };
    let rows: Vec<_> = known
        .into_iter()
        .map(|(unit, share)| {
            let (sign, word) = if share >= SKIM_FROM {
                ("done", "placement-skim")
            } else {
                ("", "placement-read")
            };
            let title = unit.title.get(words.0).clone();
            view! { <li>{mark(sign)} <strong>{title}</strong> <span>{words.t(word)}</span></li> }
        })
        .collect();
    view! {
        {way}
        <section aria-labelledby="units">
            <h2 id="units">{words.t("placement-units")}</h2>
            <ul class="unit-standing">{rows}</ul>
        </section>
    }
}

/// A question that was handed in: how it was answered, why what is right, and where that is taught.
fn closed(words: Words, course: &Course, it: &Asked, score: f64, number: usize) -> AnyView {
    let Some((lesson, question)) = it.find(course) else {
        return view! {
            <section class="quiz" id=format!("q-{number}") data-state="open">
                {head(words, number, "", None)}
                <p>{words.t("quiz-question-gone")}</p>
            </section>
        }
        .into_any();
    };
    let (state, sign, tone, word) = if score >= 1.0 {
        ("right", "done", "done", "question-right")
    } else if score > 0.0 {
        ("wrong", "tried", "wrong", "result-partly")
    } else {
        ("wrong", "tried", "wrong", "result-wrong")
    };
    let blank = match (&it.view.response, &it.view.notice) {
        (Some(_), _) => None,
        (None, Some(_)) => Some("result-changed"),
        (None, None) => Some("result-blank"),
    };
    let blank = blank.map(|key| view! { <p>{words.t(key)}</p> });
    let explain = question.text.get(words.0).explain.as_ref();
    let explain = explain.map(|html| rendered("flow", html));
    let place = paths::lesson_item(words.0, &lesson.id, &question.id);
    let taught = words.with(
        "result-lesson",
        &[("title", lesson.pages.get(words.0).title.clone().into())],
    );
    view! {
        <section class="quiz" id=format!("q-{number}") data-kind=kind_word(&question.kind) data-state=state>
            {head(words, number, sign, Some(word))}
            {asked(words, question, &it.view, &format!("q-{number}"))}
            <div class="feedback" data-tone=tone>
                {blank}
                {explain}
                <p><a href=place>{taught}</a></p>
            </div>
        </section>
    }
    .into_any()
}

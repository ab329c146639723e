//! An exercise as its student sees it.

use course::{Exercise, ExerciseText, ItemId, LessonId, Proof};
use leptos::prelude::*;

use super::{mark, rendered};
use crate::{pages::paths, words::Words};

/// How it stands with an exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody is signed in.
    SignedOut,
    /// Nobody is signed in, and it was to be checked; `next` leads back here.
    SignIn {
        /// Where to go after signing in.
        next: String,
        /// Whether a session has ended.
        lapsed: bool,
    },
    /// The machine is not there (yet).
    Waiting,
    /// It builds on others, of which these are not done.
    Needs(Vec<Need>),
    /// Not done, and nothing to say about it yet.
    Todo,
    /// The check says that it is not done.
    NotYet {
        /// The id of what to tell, if the check gave one.
        feedback: Option<String>,
    },
    /// An answer was asked for, and the field was empty.
    NoAnswer,
    /// The entered answer is not the one.
    WrongAnswer,
    /// There is nothing on the machine yet from which the answer could be computed.
    NothingToAnswer,
    /// The check was ended at its time limit.
    TimedOut,
    /// The check itself is broken.
    Broken,
    /// Done.
    Done,
}

/// An exercise that another one builds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Its id, and so its place on the page.
    pub id: ItemId,
    /// Which of the lesson's exercises it is, from 1.
    pub number: usize,
    /// Its title, as the student reads it.
    pub title: String,
}

/// What an exercise's block shows.
#[derive(Clone, Debug)]
pub struct ExerciseView {
    /// Its text, in the page's language and with the student's values.
    pub text: ExerciseText,
    /// How it stands.
    pub standing: Standing,
    /// The answer last entered, to be shown again.
    pub given: String,
    /// Names the next submission.
    pub key: String,
}

/// What a standing looks like: the block's `data-state`, its sign, and the key of its word.
fn looks(standing: &Standing) -> (&'static str, &'static str, &'static str) {
    match standing {
        Standing::SignedOut | Standing::SignIn { .. } => ("signedout", "", "exercise-signed-out"),
        Standing::Waiting => ("waiting", "waiting", "exercise-waiting"),
        Standing::Needs(_) => ("todo", "", "exercise-needs"),
        Standing::Todo | Standing::NoAnswer => ("todo", "", "exercise-todo"),
        Standing::NotYet { .. } | Standing::WrongAnswer | Standing::NothingToAnswer => {
            ("wrong", "tried", "exercise-not-yet")
        }
        Standing::TimedOut | Standing::Broken => ("wrong", "tried", "exercise-unchecked"),
        Standing::Done => ("done", "done", "exercise-done"),
    }
}

/// The whole block of an exercise, the `number`th of its lesson.
pub fn exercise(
    words: Words,
    lesson: &LessonId,
    exercise: &Exercise,
    number: usize,
    view: ExerciseView,
) -> impl IntoView + use<> {
    let id = exercise.id.to_string();
    let title_id = format!("{id}-title");
    let labelled_by = title_id.clone();
    let text = view.text.clone();
    let (state, sign, word) = looks(&view.standing);
    let word = words.t(word);
    let said = format!("{}: {word}", text.title);
    let feedback = feedback(words, &text, &view.standing);
    let asks = !matches!(
        view.standing,
        Standing::Done | Standing::SignedOut | Standing::Needs(_)
    );
    let act = asks.then(|| act(words, lesson, exercise, &view));
    let hints: Vec<_> = hints(words, &text.hints).collect();
    view! {
        <section
            class="exercise"
            id=id
            data-state=state
            data-say=said
            tabindex="-1"
            aria-labelledby=labelled_by
        >
            <header class="work-head">
                {mark(sign)}
                <h3 id=title_id>
                    <span class="kind">{words.with("exercise-number", &[("n", number.into())])}</span>
                    " "
                    {text.title.clone()}
                </h3>
                <p class="state">{word}</p>
            </header>
            {rendered("task", &text.prompt)}
            {act}
            {feedback}
            {(state != "done").then_some(hints)}
        </section>
    }
}

/// The form of an exercise: a button that checks, or a field for the computed answer.
fn act(
    words: Words,
    lesson: &LessonId,
    exercise: &Exercise,
    view: &ExerciseView,
) -> impl IntoView + use<> {
    let id = exercise.id.to_string();
    let action = paths::exercise(words.0, lesson, &exercise.id);
    let (given, key) = (view.given.clone(), view.key.clone());
    let inner = match exercise.proof {
        Proof::Check(_) => view! {
            <button class="button" id=format!("{id}-check")>{words.t("check-now")}</button>
            <span class="note">{words.t("check-by-itself")}</span>
        }
        .into_any(),
        Proof::Answer(_) => view! {
            <div class="field">
                <label for=format!("{id}-answer")>{words.t("exercise-answer")}</label>
                <input
                    id=format!("{id}-answer")
                    name="answer"
                    value=given
                    required
                    maxlength=course::ANSWER_MAX
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                />
            </div>
            <button class="button" id=format!("{id}-check")>{words.t("give-answer")}</button>
        }
        .into_any(),
    };
    let class = matches!(exercise.proof, Proof::Answer(_)).then_some("answer");
    view! {
        <form class="act" method="post" action=action data-live>
            <input type="hidden" name="key" value=key />
            {match class {
                Some(class) => view! { <div class=class>{inner}</div> }.into_any(),
                None => inner,
            }}
        </form>
    }
}

/// What to tell the student, in words that help.
fn feedback(words: Words, text: &ExerciseText, standing: &Standing) -> AnyView {
    let plain = |tone: &'static str, key: &str| {
        view! { <div class="feedback" data-tone=tone><p>{words.t(key)}</p></div> }.into_any()
    };
    match standing {
        Standing::Todo | Standing::SignedOut => view! { <div class="feedback"></div> }.into_any(),
        Standing::Done => plain("done", "exercise-done-long"),
        Standing::Waiting => plain("wait", "exercise-waiting-long"),
        Standing::NotYet { feedback } => {
            match feedback.as_ref().and_then(|id| text.feedback.get(id)) {
                Some(html) => view! {
                    <div class="feedback" data-tone="wrong" inner_html=html.as_str().to_owned()></div>
                }
                .into_any(),
                None => plain("wrong", "exercise-not-yet-long"),
            }
        }
        Standing::Needs(needs) => needs_feedback(words, needs).into_any(),
        Standing::NoAnswer => plain("wrong", "answer-missing"),
        Standing::WrongAnswer => plain("wrong", "exercise-wrong-answer"),
        Standing::NothingToAnswer => plain("wrong", "exercise-nothing-to-answer"),
        Standing::TimedOut => plain("wrong", "exercise-timed-out"),
        Standing::Broken => plain("wrong", "exercise-broken"),
        Standing::SignIn { next, lapsed } => sign_in_feedback(words, next, *lapsed).into_any(),
    }
}

/// What to finish first, and the way there.
fn needs_feedback(words: Words, needs: &[Need]) -> impl IntoView + use<> {
    let links: Vec<_> = needs
        .iter()
        .map(|need| {
            let name = words.with("exercise-number", &[("n", need.number.into())]);
            let href = format!("#{}", need.id);
            view! { <li><a href=href>{format!("{name} · {}", need.title)}</a></li> }
        })
        .collect();
    view! {
        <div class="feedback" data-tone="wait">
            <p>{words.t("exercise-needs-long")}</p>
            <ul>{links}</ul>
        </div>
    }
}

/// The way to sign in and back, keeping what was entered.
pub(super) fn sign_in_feedback(words: Words, next: &str, lapsed: bool) -> impl IntoView + use<> {
    let key = if lapsed {
        "session-lapsed-here"
    } else {
        "sign-in-to-record"
    };
    let href = paths::sign_in(words.0, next, lapsed);
    let join = (!lapsed).then(|| {
        let href = paths::join(words.0, next);
        view! { " " <a href=href>{words.t("join-a-class")}</a> }
    });
    view! {
        <div class="feedback" data-tone="wrong">
            <p>{words.t(key)} " " <a href=href>{words.t("sign-in")}</a> {join}</p>
        </div>
    }
}

fn hints(words: Words, hints: &[course::Html]) -> impl Iterator<Item = AnyView> {
    let many = hints.len() > 1;
    hints.iter().enumerate().map(move |(index, hint)| {
        let title = if many {
            words.with("hint-number", &[("n", (index + 1).into())])
        } else {
            words.t("hint")
        };
        view! {
            <details class="hint">
                <summary>{title}</summary>
                {rendered("flow", hint)}
            </details>
        }
        .into_any()
    })
}

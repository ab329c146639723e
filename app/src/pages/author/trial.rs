//! Trying an exercise on a scratch machine.

use std::fmt;

use course::{Exercise, ItemId, Lesson, Proof, Script, Values};
use leptos::prelude::*;

use crate::{components::rendered, pages::paths, words::Words};

/// Which of an exercise's scripts to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// What prepares the machine.
    Prepare,
    /// What judges.
    Check,
    /// One right way, and then what judges.
    Solution,
    /// The wrong way of this number, from 0, and then what judges.
    Wrong(usize),
}

impl Run {
    /// The one that a form names; without a name what the student's own button does.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "prepare" => Some(Self::Prepare),
            "" | "check" => Some(Self::Check),
            "solution" => Some(Self::Solution),
            _ => word.strip_prefix("wrong-")?.parse().ok().map(Self::Wrong),
        }
    }

    /// Its script.
    pub fn script(self, exercise: &Exercise) -> Option<&Script> {
        match self {
            Self::Prepare => exercise.setup.as_ref(),
            Self::Check => match &exercise.proof {
                Proof::Check(script) | Proof::Answer(script) => Some(script),
            },
            Self::Solution => exercise.solution.as_ref(),
            Self::Wrong(index) => exercise.wrong.get(index).map(|wrong| &wrong.script),
        }
    }

    fn all(exercise: &Exercise) -> impl Iterator<Item = (Self, &Script)> {
        let wrong = (0..exercise.wrong.len()).map(Self::Wrong);
        [Self::Prepare, Self::Check, Self::Solution]
            .into_iter()
            .chain(wrong)
            .filter_map(move |run| Some((run, run.script(exercise)?)))
    }

    fn label(self, words: Words, exercise: &Exercise) -> String {
        match self {
            Self::Prepare => words.t("author-prepare"),
            Self::Check => words.t(match exercise.proof {
                Proof::Check(_) => "author-check",
                Proof::Answer(_) => "author-answer",
            }),
            Self::Solution => words.t("author-solution"),
            Self::Wrong(index) => {
                let id = exercise
                    .wrong
                    .get(index)
                    .map(|wrong| wrong.feedback.clone());
                words.with("author-wrong", &[("id", id.unwrap_or_default().into())])
            }
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prepare => f.write_str("prepare"),
            Self::Check => f.write_str("check"),
            Self::Solution => f.write_str("solution"),
            Self::Wrong(index) => write!(f, "wrong-{index}"),
        }
    }
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was run.
    pub run: Run,
    /// How the script that prepares or does the exercise ended.
    pub ran: Option<Ran>,
    /// How the exercise was judged then. Neither is there when the machine was not.
    pub judged: Option<Judged>,
}

/// How a script in the machine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code; `None` when its time was over.
    pub exit: Option<i32>,
    /// What it printed.
    pub printed: String,
    /// How long it took.
    pub ms: u64,
}

/// How the exercise was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The judgement.
    pub judgement: Judgement,
    /// What the check printed for its author.
    pub printed: String,
    /// How long it took.
    pub ms: u64,
}

/// What the check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Done.
    Pass,
    /// Not done, with the feedback's id.
    Fail(Option<String>),
    /// The answer that was computed, and whether the one given is it.
    Answer(String, Option<bool>),
    /// The script is at fault.
    Broken(String),
    /// Its time was over.
    TimedOut,
}

/// The buttons, the scripts behind them, and room for what comes of it.
pub(super) fn trial(
    words: Words,
    lesson: &Lesson,
    exercise: &Exercise,
    values: &Values,
) -> impl IntoView + use<> {
    let id = exercise.id.to_string();
    let title = format!("{id}-try");
    let labelled_by = title.clone();
    let buttons: Vec<_> = Run::all(exercise)
        .map(|(run, _)| {
            let button = format!("{id}-try-{run}");
            view! {
                <button class="button small" id=button name="run" value=run.to_string()>
                    {run.label(words, exercise)}
                </button>
            }
        })
        .collect();
    let scripts: Vec<_> = Run::all(exercise)
        .map(|(run, script)| {
            view! {
                <h5>{run.label(words, exercise)}</h5>
                <pre tabindex="0"><code>{script.with(values)}</code></pre>
            }
        })
        .collect();
    let vars: Vec<String> = values
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let vars = (!vars.is_empty()).then(|| {
        view! { <p class="note">{words.t("author-vars")} ": " <code>{vars.join(" ")}</code></p> }
    });
    let needs: Vec<String> = exercise.needs.iter().map(ToString::to_string).collect();
    let needs = (!needs.is_empty()).then(|| {
        view! { <p class="note">{words.t("author-needs")} ": " <code>{needs.join(" ")}</code></p> }
    });
    view! {
        <section class="trial" aria-labelledby=labelled_by>
            <h4 id=title>{words.t("author-try")}</h4>
            {needs}
            {vars}
            <form
                class="act"
                method="post"
                action=paths::author_exercise(words.0, &lesson.id, &exercise.id)
                data-live
            >
                {buttons}
            </form>
            <details>
                <summary>{words.t("author-scripts")}</summary>
                {scripts}
            </details>
            <div id=outcome_id(&exercise.id)></div>
        </section>
    }
}

fn outcome_id(exercise: &ItemId) -> String {
    format!("{exercise}-outcome")
}

/// What came of a try: takes the place that [`trial`] left for it.
pub fn outcome(
    words: Words,
    lesson: &Lesson,
    exercise: &Exercise,
    outcome: &Outcome,
) -> impl IntoView + use<> {
    let label = outcome.run.label(words, exercise);
    let values = lesson.values(exercise, super::AUTHOR_SEED);
    let meant = is_as_meant(exercise, outcome);
    let verdict = words.t(match meant {
        Some(true) => "outcome-as-meant",
        Some(false) => "outcome-not-meant",
        None => "outcome-plain",
    });
    let none = outcome.ran.is_none() && outcome.judged.is_none();
    let none = none.then(|| view! { <p>{words.t("outcome-no-machine")}</p> });
    let ran = outcome.ran.as_ref().map(|ran| {
        let how = match ran.exit {
            Some(code) => words.with("outcome-exit", &[("code", code.into())]),
            None => words.t("outcome-timed-out"),
        };
        line(words, how, ran.ms, &ran.printed).into_any()
    });
    let judged = outcome.judged.as_ref().map(|judged| {
        let how = judgement(words, &judged.judgement);
        let read = match &judged.judgement {
            Judgement::Fail(Some(id)) => exercise.text.get(words.0).feedback.get(id),
            _ => None,
        };
        let read = read.map(|html| {
            view! {
                <p class="note">{words.t("outcome-student-reads")}</p>
                {rendered("feedback flow", &html.with(&values))}
            }
        });
        view! { {line(words, how, judged.ms, &judged.printed)} {read} }.into_any()
    });
    let tone = match meant {
        Some(true) => "done",
        Some(false) => "wrong",
        None => "plain",
    };
    view! {
        <div
            class="outcome"
            id=outcome_id(&exercise.id)
            data-tone=tone
            data-say=format!("{label}: {verdict}")
        >
            <p class="verdict">{label.clone()} ": " {verdict.clone()}</p>
            {none}
            {ran}
            {judged}
        </div>
    }
}

/// Whether it came as the author's own scripts say that it should; `None` where they do not say.
fn is_as_meant(exercise: &Exercise, outcome: &Outcome) -> Option<bool> {
    let judgement = outcome.judged.as_ref().map(|judged| &judged.judgement);
    match (outcome.run, judgement) {
        (_, Some(Judgement::Broken(_) | Judgement::TimedOut)) => Some(false),
        (Run::Prepare, _) => Some(outcome.ran.as_ref()?.exit == Some(0)),
        (Run::Check, _) => None,
        (Run::Solution, judgement) => Some(matches!(
            judgement?,
            Judgement::Pass | Judgement::Answer(..)
        )),
        (Run::Wrong(index), judgement) => {
            let meant = &exercise.wrong.get(index)?.feedback;
            Some(*judgement? == Judgement::Fail(Some(meant.clone())))
        }
    }
}

fn judgement(words: Words, judgement: &Judgement) -> String {
    match judgement {
        Judgement::Pass => words.t("outcome-pass"),
        Judgement::Fail(Some(id)) => words.with("outcome-fail", &[("id", id.clone().into())]),
        Judgement::Fail(None) => words.t("outcome-fail-silent"),
        Judgement::Answer(answer, given) => {
            let said = words.with("outcome-answer", &[("answer", answer.clone().into())]);
            match given {
                Some(true) => format!("{said} · {}", words.t("verdict-right")),
                Some(false) => format!("{said} · {}", words.t("verdict-wrong")),
                None => said,
            }
        }
        Judgement::Broken(why) => words.with("outcome-broken", &[("why", why.clone().into())]),
        Judgement::TimedOut => words.t("outcome-timed-out"),
    }
}

fn line(words: Words, how: String, ms: u64, printed: &str) -> impl IntoView + use<> {
    let took = words.with("outcome-took", &[("ms", ms.into())]);
    let printed = printed.trim_end().to_owned();
    let printed = (!printed.is_empty()).then(|| view! { <pre tabindex="0">{printed}</pre> });
    view! {
        <p>{how} " " <span class="note">{took}</span></p>
        {printed}
    }
}

//! Trying an exercise on the author's scratch machine.

use std::time::{Duration, Instant};

use app::{
    Words,
    pages::author::{self, AUTHOR_SEED, Judged, Judgement, LessonDraft, Outcome, Ran, Run, View},
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use course::{
    Exercise, ItemId, Proof, Script, Values,
    check::{self, Expected, Verdict},
};
use futures::StreamExt;
use machine::{
    CheckRequest, Client, Error, ExecRequest, MachineId, MachineUser, Outcome as Ended,
    State as MachineState,
};
use serde::Deserialize;
use tokio::time::timeout;

use super::find;
use crate::{
    app_state::Classroom,
    control::{
        Page, fragment,
        machine::{as_it_is, now_s, start},
    },
    examiner::{CHECK_LIMIT, SETUP_LIMIT, millis},
    trouble::Trouble,
    visitor::{Author, Visitor},
};

/// How long a scratch machine may take to come up: a start takes seconds, and who waits in line for
/// one need not keep a browser waiting.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long a way of doing an exercise may take: as long as preparing it, which pulls images too.
const SOLUTION_LIMIT: Duration = SETUP_LIMIT;

#[derive(Deserialize)]
pub(super) struct Try {
    #[serde(default)]
    run: String,
    /// The answer in the student's form, where the exercise has one.
    answer: Option<String>,
}

/// Runs one of the exercise's scripts; the solution and wrong ways are judged as well.
pub(super) async fn run(
    State(classroom): State<Classroom>,
    author: Author,
    visitor: Visitor,
    Path((_, unit, name, item)): Path<(String, String, String, String)>,
    Form(form): Form<Try>,
) -> Result<Response, Trouble> {
    let run = Run::from_word(&form.run).ok_or(Trouble::BadRequest)?;
    let (draft, lesson_id) = find(&classroom, &unit, &name)?;
    let item: ItemId = item.parse().map_err(|_| Trouble::NotFound)?;
    let course = draft.course.clone().ok_or(Trouble::NotFound)?;
    let lesson = course.lesson(&lesson_id).ok_or(Trouble::NotFound)?;
    let exercise = lesson.exercise(&item).ok_or(Trouble::NotFound)?;
    let script = run.script(exercise).ok_or(Trouble::NotFound)?;
    let id = &author.machine;
    tracing::info!(
        machine = %id, exercise = %format!("{lesson_id}/{item}"), %run,
        "{run} of {lesson_id}/{item} is tried on {id}"
    );
    let trial = Trial {
        machines: &classroom.machines,
        machine: id,
        values: lesson.values(exercise, AUTHOR_SEED),
    };
    let outcome = trial
        .outcome(run, exercise, script, form.answer.as_deref())
        .await;
    if visitor.wants_fragment {
        let words = Words(visitor.lang);
        return Ok(fragment(app::fragment(|| {
            author::outcome(words, lesson, exercise, &outcome)
        })));
    }
    let view = LessonDraft {
        draft,
        lesson: lesson_id,
        view: View::One,
        machine: Some(as_it_is(&classroom.machines, id).await),
        tried: Some((item, outcome)),
        now: now_s(),
    };
    let page: Page = author::lesson_draft(visitor.frame(&classroom), view).into();
    Ok(page.into_response())
}

struct Trial<'a> {
    machines: &'a Client,
    machine: &'a MachineId,
    values: Values,
}

impl Trial<'_> {
    async fn outcome(
        &self,
        run: Run,
        exercise: &Exercise,
        script: &Script,
        given: Option<&str>,
    ) -> Outcome {
        let nothing = Outcome {
            run,
            ran: None,
            judged: None,
        };
        if !self.is_ready().await {
            return nothing;
        }
        let (ran, judges) = match run {
            Run::Prepare => (Some((MachineUser::Root, SETUP_LIMIT)), false),
            Run::Check => (None, true),
            Run::Solution | Run::Wrong(_) => (Some((MachineUser::Student, SOLUTION_LIMIT)), true),
        };
        let ran = match ran {
            None => None,
            Some((user, limit)) => match self.exec(script, user, limit).await {
                Ok(ran) => Some(ran),
                Err(error) => {
                    self.complain(&error);
                    return nothing;
                }
            },
        };
        let judged = if judges {
            self.judge(exercise, given).await
        } else {
            None
        };
        Outcome { run, ran, judged }
    }

    /// Brings the machine up and waits for it.
    async fn is_ready(&self) -> bool {
        let up = async {
            start(self.machines, self.machine).await;
            let mut states = self.machines.watch(self.machine).await?;
            while let Some(machine) = states.next().await {
                match machine?.state {
                    MachineState::Ready => return Ok(true),
                    MachineState::Failed { .. } | MachineState::Stopped { .. } => return Ok(false),
                    _ => {}
                }
            }
            Ok::<_, Error>(false)
        };
        match timeout(READY_WITHIN, up).await {
            Ok(Ok(ready)) => ready,
            Ok(Err(error)) => {
                self.complain(&error);
                false
            }
            Err(_) => false,
        }
    }

    async fn exec(
        &self,
        script: &Script,
        user: MachineUser,
        limit: Duration,
    ) -> Result<Ran, Error> {
        // The student's as in the terminal, with what a login sets up.
        let login = matches!(user, MachineUser::Student).then_some("-l");
        let argv = ["bash"].into_iter().chain(login).chain(["-s"]);
        let request = ExecRequest {
            argv: argv.map(str::to_owned).collect(),
            user,
            stdin: script.with(&self.values),
            timeout_ms: millis(limit),
        };
        let began = Instant::now();
        let ended = self.machines.exec(self.machine, &request).await?;
        Ok(Ran {
            exit: ended.exit,
            printed: ended.stdout + &ended.stderr,
            ms: millis(began.elapsed()),
        })
    }

    /// `None` where nothing could be run.
    async fn judge(&self, exercise: &Exercise, given: Option<&str>) -> Option<Judged> {
        let script = match &exercise.proof {
            Proof::Check(script) => check::check_program(script, &self.values),
            Proof::Answer(script) => check::answer_program(script, &self.values),
        };
        let request = CheckRequest {
            script,
            timeout_ms: millis(CHECK_LIMIT),
            counts_as_use: true,
        };
        let began = Instant::now();
        let ended = match self.machines.check(self.machine, &request).await {
            Ok(ended) => ended,
            Err(error) => {
                self.complain(&error);
                return None;
            }
        };
        Some(Judged {
            ms: millis(began.elapsed()),
            judgement: judgement(exercise, &ended, given),
            printed: ended.stderr,
        })
    }

    fn complain(&self, error: &Error) {
        let machine = self.machine;
        tracing::warn!(%machine, %error, "nothing could be tried on {machine}: {error}");
    }
}

fn judgement(exercise: &Exercise, ended: &Ended, given: Option<&str>) -> Judgement {
    let verdict = match &exercise.proof {
        Proof::Check(_) => check::verdict(ended.exit, &ended.stdout, &ended.stderr),
        Proof::Answer(_) => match check::expected(ended.exit, &ended.stdout, &ended.stderr) {
            Expected::Is(answer) => {
                let right = given.map(|given| course::answers_match(&answer, given));
                return Judgement::Answer(answer, right);
            }
            Expected::Not(verdict) => verdict,
        },
    };
    match verdict {
        Verdict::Pass => Judgement::Pass,
        Verdict::Fail { feedback } => Judgement::Fail(feedback),
        Verdict::Broken { why } => Judgement::Broken(why),
        Verdict::TimedOut => Judgement::TimedOut,
    }
}

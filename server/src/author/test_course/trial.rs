//! One trial: what is done with a fresh machine, and what must come of it.

use std::time::{Duration, Instant};

use course::{Exercise, Lesson, Proof, Values};
use machine::{Client, MachineId};

use super::{
    machine::{Look, Machine, program},
    plan::{Trial, Way},
    shell::{End, Typed},
};

/// How a trial came out.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    pub(super) trial: Trial<'a>,
    /// What is wrong, in one sentence; `None` where all is as it must be.
    pub(super) fault: Option<String>,
    pub(super) notes: Notes,
    pub(super) took: Duration,
}

/// What an author wants to see beside the verdict.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// What is no fault, but weakens the exercise.
    pub(super) weaknesses: Vec<String>,
    /// What the terminal showed.
    pub(super) shown: String,
    /// What the check printed when it was last run.
    pub(super) printed: String,
}

/// Why a trial fails.
#[derive(Debug)]
struct Fault(String);

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Self(format!("it could not be tried: {error:#}"))
    }
}

impl<'a> Trial<'a> {
    /// Tries it on the machine of this name, which gets a fresh disk.
    pub(super) async fn run(self, client: &Client, id: &MachineId) -> Outcome<'a> {
        let since = Instant::now();
        let mut notes = Notes::default();
        let tried = self.attempt(client, id, &mut notes).await;
        Outcome {
            fault: tried.err().map(|Fault(why)| why),
            notes,
            took: since.elapsed(),
            trial: self,
        }
    }

    async fn attempt(
        &self,
        client: &Client,
        id: &MachineId,
        notes: &mut Notes,
    ) -> Result<(), Fault> {
        let machine = Machine::fresh(client, id).await?;
        for needed in needed(self.lesson, self.exercise) {
            let values = self.lesson.values(needed, &self.student);
            set_up(&machine, needed, &values).await?;
            solve(&machine, needed, &values, notes).await?;
        }
        let values = self.values();
        set_up(&machine, self.exercise, &values).await?;
        match self.way {
            Way::Right => self.right(&machine, &values, notes).await,
            Way::Wrong(wrong) => {
                let typed = machine.type_in(&wrong.script, &values).await?;
                note(typed, notes)?;
                let look = look(&machine, self.exercise, &values, notes).await?;
                let wanted = Look::NotYet(Some(wrong.feedback.clone()));
                if look == wanted {
                    return Ok(());
                }
                Err(Fault(format!(
                    "{}, instead of: {}",
                    says(&look),
                    says(&wanted)
                )))
            }
        }
    }

    /// The untouched machine does not pass; the solved one does, twice; and not for anybody else.
    async fn right(
        &self,
        machine: &Machine<'_>,
        values: &Values,
        notes: &mut Notes,
    ) -> Result<(), Fault> {
        match look(machine, self.exercise, values, notes).await? {
            Look::Done => return Err(Fault("the untouched machine passes".to_owned())),
            Look::NotYet(None) if !is_answered(self.exercise) => notes.weaknesses.push(
                "the untouched machine fails without a feedback: a student is told nothing"
                    .to_owned(),
            ),
            _ => {}
        }
        solve(machine, self.exercise, values, notes).await?;
        let first = look(machine, self.exercise, values, notes).await?;
        if !matches!(first, Look::Done | Look::Answer(_)) {
            return Err(Fault(format!("after the solution, {}", says(&first))));
        }
        let second = look(machine, self.exercise, values, notes).await?;
        if second != first {
            return Err(Fault(format!(
                "looked at twice, the same machine is judged twice: {}; then {}",
                says(&first),
                says(&second)
            )));
        }
        match &self.other {
            Some(other) if !is_answered(self.exercise) => {
                self.for_another(other, machine, notes).await
            }
            _ => Ok(()),
        }
    }

    /// A neighbour's work must not pass.
    async fn for_another(
        &self,
        other: &str,
        machine: &Machine<'_>,
        notes: &mut Notes,
    ) -> Result<(), Fault> {
        let theirs = self.lesson.values(self.exercise, other);
        if program(self.exercise, &theirs) == program(self.exercise, &self.values()) {
            notes.weaknesses.push(
                "no var is in the check: what one student has done passes for any other".to_owned(),
            );
            return Ok(());
        }
        if look(machine, self.exercise, &theirs, notes).await? == Look::Done {
            let theirs: Vec<String> = theirs
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            return Err(Fault(format!(
                "the solved machine passes for another student as well, who has {}",
                theirs.join(" ")
            )));
        }
        Ok(())
    }
}

/// What this exercise builds on, and what that builds on, the first to be done first.
fn needed<'a>(lesson: &'a Lesson, exercise: &Exercise) -> Vec<&'a Exercise> {
    let mut all: Vec<&Exercise> = Vec::new();
    let direct = exercise.needs.iter().filter_map(|id| lesson.exercise(id));
    for direct in direct {
        for needed in needed(lesson, direct).into_iter().chain([direct]) {
            if !all.iter().any(|known| known.id == needed.id) {
                all.push(needed);
            }
        }
    }
    all
}

async fn set_up(machine: &Machine<'_>, exercise: &Exercise, values: &Values) -> Result<(), Fault> {
    let Some(setup) = &exercise.setup else {
        return Ok(());
    };
    match machine.set_up(setup, values).await? {
        None => Ok(()),
        Some(why) => Err(Fault(format!("the setup of {} failed: {why}", exercise.id))),
    }
}

async fn solve(
    machine: &Machine<'_>,
    exercise: &Exercise,
    values: &Values,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let Some(solution) = &exercise.solution else {
        return Ok(());
    };
    let typed = machine.type_in(solution, values).await?;
    note(typed, notes)
}

/// Keeps what the terminal showed. That a program still runs is as it may be: `docker run` without
/// `-d` does.
fn note(typed: Typed, notes: &mut Notes) -> Result<(), Fault> {
    notes.shown.push_str(&typed.shown);
    match typed.end {
        End::Prompt => Ok(()),
        End::Running => {
            notes.shown.push_str("\n(still running)");
            Ok(())
        }
        End::Unfinished => Err(Fault(
            "the shell waits for the end of a command that was typed: something is open".to_owned(),
        )),
        End::TooLong => Err(Fault("what was typed did not come to an end".to_owned())),
    }
}

/// Looks at the machine; a script that is at fault is one.
async fn look(
    machine: &Machine<'_>,
    exercise: &Exercise,
    values: &Values,
    notes: &mut Notes,
) -> Result<Look, Fault> {
    let (look, printed) = machine.look(exercise, values).await?;
    notes.printed = printed;
    match look {
        Look::AtFault(why) => Err(Fault(format!("the check {why}"))),
        look => Ok(look),
    }
}

fn is_answered(exercise: &Exercise) -> bool {
    matches!(exercise.proof, Proof::Answer(_))
}

/// What a look says, for a sentence.
fn says(look: &Look) -> String {
    match look {
        Look::Done => "the check passes".to_owned(),
        Look::Answer(answer) => format!("the answer is `{answer}`"),
        Look::NotYet(Some(id)) => format!("the check says `{id}`"),
        Look::NotYet(None) => "the check fails without a feedback".to_owned(),
        Look::AtFault(why) => format!("the check {why}"),
    }
}

//! The machine of one trial, and what the classroom does with a student's: prepares it, looks at it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use course::{
    Exercise, Proof, Script, Values,
    check::{self, Expected, Verdict},
};
use futures::StreamExt as _;
use machine::{CheckRequest, Client, Error, ExecRequest, MachineId, MachineUser, State};
use tokio::time::timeout;

use super::shell::{self, Typed};
use crate::examiner::{CHECK_LIMIT, SETUP_LIMIT, millis};

/// How long the machine may take to be ready, its turn included: seconds, on a busy host tens of them.
const READY_WITHIN: Duration = Duration::from_secs(180);

/// How often a check is run whose time is over: a host with other work may be slow once. One that hangs
/// hangs each time.
const LOOKS: usize = 3;

/// A machine with a fresh disk.
pub(super) struct Machine<'a> {
    client: &'a Client,
    id: &'a MachineId,
}

/// How a look at the machine came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The check passes.
    Done,
    /// This would have to be entered.
    Answer(String),
    /// Not done, for the reason with this id, if the script gave one.
    NotYet(Option<String>),
    /// The script is at fault, for this reason.
    AtFault(String),
}

impl<'a> Machine<'a> {
    /// Gives the machine of this name a fresh disk, or makes it, and waits for it.
    ///
    /// # Errors
    /// When it does not become ready.
    pub(super) async fn fresh(client: &'a Client, id: &'a MachineId) -> Result<Self> {
        let ready = async {
            match client.reset(id).await {
                Err(Error::NoSuchMachine) => client.ensure(id).await?,
                reset => reset?,
            };
            let mut states = client.watch(id).await?;
            while let Some(machine) = states.next().await {
                match machine?.state {
                    State::Ready | State::Frozen => return Ok(()),
                    State::Failed { problem } => bail!(problem),
                    State::Queued { .. } | State::Starting { .. } | State::Stopped { .. } => {}
                }
            }
            bail!("machined watches the machine no longer")
        };
        timeout(READY_WITHIN, ready)
            .await
            .with_context(|| format!("the machine is not ready after {READY_WITHIN:?}"))?
            .context("the machine did not start")?;
        Ok(Self { client, id })
    }

    /// Prepares the machine as the classroom does, as root. Says what went wrong, if anything did.
    ///
    /// # Errors
    /// When the script could not be run.
    pub(super) async fn set_up(&self, script: &Script, values: &Values) -> Result<Option<String>> {
        let request = ExecRequest {
            argv: vec!["bash".to_owned(), "-s".to_owned()],
            user: MachineUser::Root,
            stdin: script.with(values),
            timeout_ms: millis(SETUP_LIMIT),
        };
        let outcome = self.client.exec(self.id, &request).await?;
        Ok(match outcome.exit {
            Some(0) => None,
            Some(code) => Some(format!("it ended with {code}: {}", outcome.stderr.trim())),
            None => Some(format!("it was ended after {SETUP_LIMIT:?}")),
        })
    }

    /// Types a script into the machine's terminal.
    ///
    /// # Errors
    /// When there is no terminal.
    pub(super) async fn type_in(&self, script: &Script, values: &Values) -> Result<Typed> {
        shell::type_script(self.client, self.id, &script.with(values)).await
    }

    /// Looks at the machine as the classroom does; also what the script printed for its author.
    ///
    /// # Errors
    /// When nothing could be run beside the machine.
    pub(super) async fn look(
        &self,
        exercise: &Exercise,
        values: &Values,
    ) -> Result<(Look, String)> {
        let request = CheckRequest {
            script: program(exercise, values),
            timeout_ms: millis(CHECK_LIMIT),
            counts_as_use: true,
        };
        let mut outcome = self.client.check(self.id, &request).await?;
        for _ in 1..LOOKS {
            if outcome.exit.is_none() {
                outcome = self.client.check(self.id, &request).await?;
            }
        }
        let (exit, stdout, stderr) = (outcome.exit, &outcome.stdout, &outcome.stderr);
        let look = match &exercise.proof {
            Proof::Check(_) => of_verdict(check::verdict(exit, stdout, stderr)),
            Proof::Answer(_) => match check::expected(exit, stdout, stderr) {
                Expected::Is(answer) => Look::Answer(answer),
                Expected::Not(verdict) => of_verdict(verdict),
            },
        };
        Ok((look, outcome.stderr))
    }
}

/// What is run beside the machine for this exercise.
pub(super) fn program(exercise: &Exercise, values: &Values) -> String {
    match &exercise.proof {
        Proof::Check(script) => check::check_program(script, values),
        Proof::Answer(script) => check::answer_program(script, values),
    }
}

fn of_verdict(verdict: Verdict) -> Look {
    match verdict {
        Verdict::Pass => Look::Done,
        Verdict::Fail { feedback } => Look::NotYet(feedback),
        Verdict::Broken { why } => Look::AtFault(format!("is broken: {}", why.trim())),
        Verdict::TimedOut => Look::AtFault(format!("did not end within {CHECK_LIMIT:?}")),
    }
}

//! Judges exercises: runs their checks beside students' machines and records what is done.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use app::components::Standing;
use course::{
    Exercise, Lesson, Proof,
    check::{self, Expected, Verdict},
};
use machine::{CheckRequest, Client, ExecRequest, MachineId, MachineUser, Outcome};
use sha2::{Digest, Sha256};
use store::{AccountId, AttemptKey, Circumstances, ItemKind, NewAttempt, Store};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, broadcast};

use crate::{
    app_state::machine_id,
    presence::Presence,
    rounds::Rounds,
    trouble::Trouble,
    turns::{self, Reason, Turns},
};

/// How long a check may take. A good one takes a tenth of a second; a student watches the tenth
/// second with impatience.
pub(crate) const CHECK_LIMIT: Duration = Duration::from_secs(10);
/// How long preparing an exercise may take: it may pull an image.
pub(crate) const SETUP_LIMIT: Duration = Duration::from_secs(120);
/// News kept for a page that is slow to take them. One that misses some shows them when it is loaded
/// again; a class of a hundred ticks a few times a minute.
const NEWS_KEPT: usize = 256;

/// Who asks for a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The student, by a button: that is use of the machine, and wakes it.
    ByStudent,
    /// An open page, by itself: that keeps no machine awake.
    ByPage(Reason),
}

/// The one check that runs beside a machine, while this lives.
pub(crate) struct Turn {
    _alone: OwnedMutexGuard<()>,
    /// None for the student: who presses a button waits in no line.
    _of_all: Option<turns::Turn>,
}

/// An exercise's standing has changed.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub(crate) account: AccountId,
    pub(crate) lesson: course::LessonId,
    pub(crate) exercise: course::ItemId,
    pub(crate) standing: Standing,
    pub(crate) asked: Asked,
}

/// Runs checks, one at a time per machine.
pub(crate) struct Examiner {
    machines: Client,
    store: Arc<dyn Store>,
    turns: Turns,
    busy: Mutex<HashMap<MachineId, Arc<AsyncMutex<()>>>>,
    news: broadcast::Sender<News>,
    /// Knows how long a student was at an exercise.
    presence: Presence,
}

impl Examiner {
    pub(crate) fn new(machines: Client, store: Arc<dyn Store>, presence: Presence) -> Self {
        let (news, _) = broadcast::channel(NEWS_KEPT);
        Self {
            machines,
            store,
            turns: Turns::new(),
            busy: Mutex::default(),
            news,
            presence,
        }
    }

    /// What changes from now on, of everybody.
    pub(crate) fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// The student's turn to have something checked.
    pub(crate) async fn turn_of_student(&self, account: AccountId) -> Turn {
        Turn {
            _alone: self.alone(&machine_id(account)).await,
            _of_all: None,
        }
    }

    /// The turn of an open page of the student's.
    pub(crate) async fn turn(&self, account: AccountId, reason: Reason) -> Turn {
        let machine = machine_id(account);
        loop {
            let of_all = self.turns.take(account, reason).await;
            if let Ok(alone) = self.busy(&machine).try_lock_owned() {
                return Turn {
                    _alone: alone,
                    _of_all: Some(of_all),
                };
            }
            // The student's own check, or a setup that takes minutes: others go first.
            drop(of_all);
            drop(self.alone(&machine).await);
        }
    }

    /// Looks whether the exercise is done on the account's machine, and records it if it is.
    ///
    /// # Errors
    /// By our fault only; a machine that is away, a script that hangs or is broken are standings.
    pub(crate) async fn look(
        &self,
        _turn: Turn,
        account: AccountId,
        lesson: &Lesson,
        exercise: &Exercise,
        asked: Asked,
    ) -> Result<Standing, Trouble> {
        let standing = self.judge(account, lesson, exercise, asked).await?;
        // A machine that has just fallen asleep is no news of an exercise.
        if standing != Standing::Waiting {
            self.tell(account, lesson, exercise, &standing, asked);
        }
        Ok(standing)
    }

    /// How it stands with an exercise that has a check; a pass is recorded.
    async fn judge(
        &self,
        account: AccountId,
        lesson: &Lesson,
        exercise: &Exercise,
        asked: Asked,
    ) -> Result<Standing, Trouble> {
        let Proof::Check(script) = &exercise.proof else {
            return Ok(Standing::Todo);
        };
        let rounds = Rounds::of(&*self.store, account, lesson).await?;
        let values = rounds.values(Some(account), lesson, exercise);
        let program = check::check_program(script, &values);
        let standing = match self.beside(&machine_id(account), program, asked).await {
            Ok(outcome) => self.standing_of(
                lesson,
                exercise,
                check::verdict(outcome.exit, &outcome.stdout, &outcome.stderr),
            ),
            Err(away) => return Ok(away),
        };
        if standing == Standing::Done {
            let circumstances = rounds.circumstances(&exercise.id);
            let key = pass_key(lesson, exercise, circumstances.round)?;
            let outcome = (serde_json::Value::Null, true);
            self.record(account, lesson, exercise, circumstances, outcome, &key)
                .await?;
        }
        Ok(standing)
    }

    /// The same for a student who presses the button: that it is not done yet is an attempt as well,
    /// which `key` names.
    ///
    /// # Errors
    /// As [`Examiner::look`].
    pub(crate) async fn look_for_student(
        &self,
        account: AccountId,
        lesson: &Lesson,
        exercise: &Exercise,
        key: &AttemptKey,
    ) -> Result<Standing, Trouble> {
        let _turn = self.turn_of_student(account).await;
        let asked = Asked::ByStudent;
        let standing = self.judge(account, lesson, exercise, asked).await?;
        if let Standing::NotYet { feedback } = &standing {
            let rounds = Rounds::of(&*self.store, account, lesson).await?;
            let circumstances = rounds.circumstances(&exercise.id);
            let outcome = (serde_json::json!({ "feedback": feedback }), false);
            self.record(account, lesson, exercise, circumstances, outcome, key)
                .await?;
        }
        // What an open page shows then is a form for another try.
        self.tell(account, lesson, exercise, &standing, asked);
        Ok(standing)
    }

    /// Compares a given answer with the one computed beside the account's machine, and records it.
    ///
    /// # Errors
    /// As [`Examiner::look`].
    pub(crate) async fn answer(
        &self,
        account: AccountId,
        lesson: &Lesson,
        exercise: &Exercise,
        given: &str,
        key: &AttemptKey,
    ) -> Result<Standing, Trouble> {
        let Proof::Answer(script) = &exercise.proof else {
            return Err(Trouble::BadRequest);
        };
        let _turn = self.turn_of_student(account).await;
        let asked = Asked::ByStudent;
        let rounds = Rounds::of(&*self.store, account, lesson).await?;
        let values = rounds.values(Some(account), lesson, exercise);
        let program = check::answer_program(script, &values);
        let outcome = match self.beside(&machine_id(account), program, asked).await {
            Ok(outcome) => outcome,
            Err(away) => return Ok(away),
        };
        let standing = match check::expected(outcome.exit, &outcome.stdout, &outcome.stderr) {
            Expected::Is(expected) if course::answers_match(&expected, given) => Standing::Done,
            Expected::Is(_) => Standing::WrongAnswer,
            Expected::Not(Verdict::Fail { feedback: None }) => Standing::NothingToAnswer,
            Expected::Not(verdict) => self.standing_of(lesson, exercise, verdict),
        };
        if matches!(standing, Standing::Done | Standing::WrongAnswer) {
            let right = standing == Standing::Done;
            let circumstances = rounds.circumstances(&exercise.id);
            let outcome = (given.into(), right);
            let key = answer_key(key, given)?;
            self.record(account, lesson, exercise, circumstances, outcome, &key)
                .await?;
        }
        self.tell(account, lesson, exercise, &standing, asked);
        Ok(standing)
    }

    /// Prepares the exercise on the account's machine, once for each disk (`generation`). Returns
    /// whether that is settled; if not, the machine could not be reached.
    ///
    /// # Errors
    /// When the record of what was prepared cannot be read or written. A setup script that fails is
    /// the author's fault: it is logged, and tried again when the lesson is opened anew.
    pub(crate) async fn prepare(
        &self,
        account: AccountId,
        generation: &str,
        lesson: &Lesson,
        exercise: &Exercise,
    ) -> Result<bool, Trouble> {
        let Some(setup) = &exercise.setup else {
            return Ok(true);
        };
        let machine = machine_id(account);
        let _alone = self.alone(&machine).await;
        let rounds = Rounds::of(&*self.store, account, lesson).await?;
        let mut name = format!("{}/{}", lesson.id, exercise.id);
        match rounds.round(&exercise.id) {
            0 => {}
            round => name.push_str(&format!("~{round}")),
        }
        if self
            .store
            .setup_done(machine.as_str(), generation, &name)
            .await?
        {
            return Ok(true);
        }
        let request = ExecRequest {
            argv: vec!["bash".to_owned(), "-s".to_owned()],
            user: MachineUser::Root,
            stdin: setup.with(&rounds.values(Some(account), lesson, exercise)),
            timeout_ms: millis(SETUP_LIMIT),
        };
        match self.machines.exec(&machine, &request).await {
            Ok(Outcome { exit: Some(0), .. }) => {
                self.store
                    .mark_setup(machine.as_str(), generation, &name)
                    .await?;
            }
            Ok(Outcome { exit, stderr, .. }) => tracing::error!(
                %machine, exercise = %name, ?exit, stderr,
                "the setup of {name} failed on {machine}"
            ),
            Err(error) => {
                tracing::warn!(
                    %machine, exercise = %name, %error,
                    "{machine} could not be prepared for {name}: {error}"
                );
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Runs a program beside the machine; what keeps it from running is a standing.
    async fn beside(
        &self,
        machine: &MachineId,
        script: String,
        asked: Asked,
    ) -> Result<Outcome, Standing> {
        let request = CheckRequest {
            script,
            timeout_ms: millis(CHECK_LIMIT),
            counts_as_use: asked == Asked::ByStudent,
        };
        self.machines
            .check(machine, &request)
            .await
            .map_err(|error| {
                tracing::warn!(%machine, %error, "no check ran beside {machine}: {error}");
                Standing::Waiting
            })
    }

    fn standing_of(&self, lesson: &Lesson, exercise: &Exercise, verdict: Verdict) -> Standing {
        let name = format!("{}/{}", lesson.id, exercise.id);
        match verdict {
            Verdict::Pass => Standing::Done,
            Verdict::Fail { feedback } => Standing::NotYet { feedback },
            Verdict::TimedOut => {
                tracing::warn!(exercise = %name, "the check of {name} was ended at its limit");
                Standing::TimedOut
            }
            Verdict::Broken { why } => {
                tracing::error!(exercise = %name, "the check of {name} is broken: {why}");
                Standing::Broken
            }
        }
    }

    async fn record(
        &self,
        account: AccountId,
        lesson: &Lesson,
        exercise: &Exercise,
        circumstances: Circumstances,
        (response, right): (serde_json::Value, bool),
        key: &AttemptKey,
    ) -> Result<(), Trouble> {
        let (of, item) = (lesson.id.as_str(), exercise.id.as_str());
        let hints = self
            .store
            .hints_opened(account, of, item, circumstances.round)
            .await?;
        let spent = self.presence.take_spent(account, &lesson.id, &exercise.id);
        self.store
            .record(NewAttempt {
                account,
                lesson: of,
                item,
                kind: ItemKind::Exercise,
                version: &exercise.version,
                response: &response,
                score: if right { 1.0 } else { 0.0 },
                right,
                key,
                circumstances: Circumstances {
                    hints,
                    spent_ms: spent.and_then(|spent| i64::try_from(spent.as_millis()).ok()),
                    ..circumstances
                },
            })
            .await?;
        Ok(())
    }

    fn tell(
        &self,
        account: AccountId,
        lesson: &Lesson,
        exercise: &Exercise,
        standing: &Standing,
        asked: Asked,
    ) {
        let news = News {
            account,
            lesson: lesson.id.clone(),
            exercise: exercise.id.clone(),
            standing: standing.clone(),
            asked,
        };
        // Nobody listening is the normal case when no lesson is open.
        let _ = self.news.send(news);
    }

    /// Waits until no other check or setup runs for the machine.
    async fn alone(&self, machine: &MachineId) -> OwnedMutexGuard<()> {
        self.busy(machine).lock_owned().await
    }

    fn busy(&self, machine: &MachineId) -> Arc<AsyncMutex<()>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.entry(machine.clone()).or_default().clone()
    }
}

/// The key of an exercise's pass: however many pages and clicks see it pass, it is one attempt in each
/// round.
fn pass_key(lesson: &Lesson, exercise: &Exercise, round: i64) -> Result<AttemptKey, Trouble> {
    let mut name = format!("{}:{}:{}", lesson.id, exercise.id, exercise.version);
    if round > 0 {
        name.push_str(&format!(":{round}"));
    }
    Ok(format!("pass-{}", hex::encode(&Sha256::digest(name)[..16])).parse()?)
}

/// The key of an answer that was entered into a form. Two pages that show the same have the same form: what
/// they send alike is one attempt, and what they send differently was judged, each by itself, and is two.
fn answer_key(form: &AttemptKey, given: &str) -> Result<AttemptKey, Trouble> {
    let name = format!("{}/{given}", form.as_str());
    Ok(format!("answer-{}", hex::encode(&Sha256::digest(name)[..16])).parse()?)
}

/// In whole milliseconds.
pub(crate) fn millis(limit: Duration) -> u64 {
    u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)
}

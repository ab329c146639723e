//! What an open page looks at by itself, while its student's machine is awake: whether exercises are
//! done. It only asks; what it finds out is told by the examiner to all pages of the student.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use app::components::Standing;
use course::{Exercise, ItemId, Lesson, LessonId, Proof};
use futures::{FutureExt, future::BoxFuture};
use machine::MachineId;
use store::AccountId;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    app_state::Classroom,
    examiner::{Asked, News, Turn},
    turns::Reason,
};

/// How long after an engine's event the check runs: a container that was started is up by then, and a
/// burst of events (compose, build) is one check.
const SETTLE: Duration = Duration::from_millis(250);
/// How often the exercise in hand is checked without any event, for what the engine does not tell:
/// files, networks, processes. Only while the student is there (see [`crate::presence`]): a page that
/// was left open must not keep the machine at work. With many open pages it is less often, by the wait
/// for a turn (see [`crate::turns`]).
const POLL: Duration = Duration::from_secs(5);
/// The least time between two looks: a check may itself make engine events (by `docker exec`), which
/// must not make it run without end.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the other exercises of the lesson are looked at when something happens: done out of order
/// they tick as well, a little later. A lesson has up to ten, so this costs as much as the poll at most.
const OTHERS_EVERY: Duration = Duration::from_secs(30);

/// The looks of one open page.
pub(crate) struct Looking {
    classroom: Classroom,
    account: AccountId,
    machine: MachineId,
    generation: String,
    lesson: LessonId,
    done: HashSet<ItemId>,
    /// Exercises whose check hung or broke: not run again by themselves, only by the button.
    resting: HashSet<ItemId>,
    /// The exercises that are prepared on this machine, as far as this page need know.
    prepared: HashSet<ItemId>,
    /// Something has happened since the exercise in hand was looked at last.
    heard: bool,
    look_at: Instant,
    looked: Instant,
    /// The other exercises that are still to be looked at, and not before when.
    others: VecDeque<ItemId>,
    others_at: Instant,
}

/// The next look: what at, why, and the wait for it.
struct Next {
    exercise: ItemId,
    reason: Reason,
    turn: BoxFuture<'static, Turn>,
}

impl Looking {
    /// The looks at a lesson's exercises on the machine of this generation.
    pub(crate) fn new(
        classroom: Classroom,
        account: AccountId,
        machine: MachineId,
        generation: String,
        lesson: LessonId,
        done: HashSet<ItemId>,
    ) -> Self {
        let now = Instant::now();
        Self {
            classroom,
            account,
            machine,
            generation,
            lesson,
            done,
            resting: HashSet::new(),
            prepared: HashSet::new(),
            heard: false,
            look_at: now,
            looked: now,
            others: VecDeque::new(),
            others_at: now,
        }
    }

    /// Looks, until it is dropped.
    pub(crate) async fn run(mut self) {
        let mut news = self.classroom.examiner.news();
        let mut events = Some(self.classroom.listener.listen(&self.machine));
        self.prepare().await;
        // A page that was opened shows what is done already.
        self.others = self.all_others();
        let mut next = self.next();
        loop {
            tokio::select! {
                heard = hear(&mut events) => match heard {
                    Ok(()) | Err(RecvError::Lagged(_)) => if self.something_happened() {
                        next = self.next();
                    },
                    Err(RecvError::Closed) => events = None,
                },
                turn = async { match &mut next {
                    Some(next) => (&mut next.turn).await,
                    None => std::future::pending().await,
                } } => {
                    if events.is_none() {
                        events = Some(self.classroom.listener.listen(&self.machine));
                    }
                    if let Some(what) = next.take() {
                        self.look(turn, &what.exercise, what.reason).await;
                    }
                    next = self.next();
                }
                told = news.recv() => match told {
                    Ok(told) => if self.take_note(&told, next.as_ref()) {
                        self.prepare().await;
                        next = self.next();
                    },
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }

    /// Notes an event; whether that changes what is next. One that is waited for already is not asked
    /// for twice.
    fn something_happened(&mut self) -> bool {
        if self.heard {
            return false;
        }
        self.heard = true;
        let soon = (Instant::now() + SETTLE).max(self.looked + PAUSE);
        self.look_at = self.look_at.min(soon);
        self.others = self.all_others();
        true
    }

    /// Notes what somebody else found out, or this page; whether that changes what is next.
    fn take_note(&mut self, told: &News, next: Option<&Next>) -> bool {
        if told.account != self.account || told.lesson != self.lesson {
            return false;
        }
        match told.standing {
            Standing::Done => return self.done.insert(told.exercise.clone()),
            Standing::TimedOut | Standing::Broken => {
                return self.resting.insert(told.exercise.clone());
            }
            _ => {}
        }
        // Another page of the student has just looked.
        let is_moot =
            next.is_some_and(|next| next.reason == Reason::Poll && next.exercise == told.exercise);
        if is_moot {
            self.others.retain(|other| *other != told.exercise);
            self.look_at = Instant::now() + POLL;
        }
        is_moot
    }

    /// What is to be looked at next.
    fn next(&self) -> Option<Next> {
        let hand = self.with_lesson(|lesson| self.hand(lesson).map(|it| it.id.clone()))?;
        let other = self.others.front().filter(|_| !self.heard);
        let (exercise, reason, at) = match other {
            Some(other) if self.others_at < self.look_at => {
                (other.clone(), Reason::Poll, self.others_at)
            }
            _ if self.heard => (hand, Reason::Event, self.look_at),
            _ => (hand, Reason::Poll, self.look_at),
        };
        let (classroom, account) = (self.classroom.clone(), self.account);
        let turn = async move {
            sleep_until(at).await;
            while reason == Reason::Poll && !classroom.presence.is_here(account) {
                sleep(POLL).await;
            }
            classroom.examiner.turn(account, reason).await
        };
        Some(Next {
            exercise,
            reason,
            turn: turn.boxed(),
        })
    }

    /// Looks at one exercise.
    async fn look(&mut self, turn: Turn, exercise: &ItemId, reason: Reason) {
        let classroom = self.classroom.clone();
        let course = classroom.course();
        let Some(lesson) = course.lesson(&self.lesson) else {
            return;
        };
        let is_hand = self.hand(lesson).is_some_and(|hand| hand.id == *exercise);
        if is_hand {
            self.heard = false;
        }
        if let Some(exercise) = lesson.exercise(exercise) {
            // Trouble is logged where it arises; the next look tries again.
            let asked = Asked::ByPage(reason);
            let _ = classroom
                .examiner
                .look(turn, self.account, lesson, exercise, asked)
                .await;
        }
        if is_hand {
            self.looked = Instant::now();
            self.look_at = self.looked + POLL;
            self.prepare().await;
        }
        let before = self.others.len();
        self.others.retain(|other| other != exercise);
        if before > 0 && self.others.is_empty() {
            self.others_at = Instant::now() + OTHERS_EVERY;
        }
    }

    /// Prepares what may begin, also what is done and may be done again.
    async fn prepare(&mut self) {
        let open = self.with_lesson(|lesson| {
            let is_due = |exercise: &&Exercise| {
                !self.prepared.contains(&exercise.id) && self.may_begin(exercise)
            };
            let due = lesson.exercises.iter().filter(is_due);
            Some(due.map(|exercise| exercise.id.clone()).collect::<Vec<_>>())
        });
        for id in open.unwrap_or_default() {
            let classroom = self.classroom.clone();
            let (account, generation) = (self.account, self.generation.clone());
            let (lesson, exercise) = (self.lesson.clone(), id.clone());
            // To its end, even if the page is closed: half a setup is none.
            let prepared = tokio::spawn(async move {
                let course = classroom.course();
                let lesson = course.lesson(&lesson)?;
                let exercise = lesson.exercise(&exercise)?;
                let examiner = &classroom.examiner;
                let prepared = examiner.prepare(account, &generation, lesson, exercise);
                prepared.await.ok()
            });
            // Trouble is logged where it arises; the next look tries again.
            if let Ok(Some(true)) = prepared.await {
                self.prepared.insert(id);
            }
        }
    }

    /// The exercise in hand: the one that the student was at last, or else the first that is not done.
    fn hand<'a>(&self, lesson: &'a Lesson) -> Option<&'a Exercise> {
        let at = self.classroom.presence.at(self.account);
        let is_at = |exercise: &&Exercise| {
            at.as_ref()
                .is_some_and(|(lesson, id)| *lesson == self.lesson && *id == exercise.id)
        };
        let last = self.undone(lesson).find(is_at);
        last.or_else(|| self.undone(lesson).next())
    }

    /// What is not done and can be looked at, in the lesson's order.
    fn undone<'a>(&self, lesson: &'a Lesson) -> impl Iterator<Item = &'a Exercise> {
        lesson.exercises.iter().filter(|exercise| {
            matches!(exercise.proof, Proof::Check(_))
                && !self.done.contains(&exercise.id)
                && !self.resting.contains(&exercise.id)
                && self.may_begin(exercise)
        })
    }

    fn may_begin(&self, exercise: &Exercise) -> bool {
        exercise.needs.iter().all(|id| self.done.contains(id))
    }

    /// All that can be looked at but for the exercise in hand.
    fn all_others(&self) -> VecDeque<ItemId> {
        let others = self.with_lesson(|lesson| {
            let hand = self.hand(lesson)?;
            let others = self.undone(lesson).filter(|other| other.id != hand.id);
            Some(others.map(|other| other.id.clone()).collect())
        });
        others.unwrap_or_default()
    }

    fn with_lesson<T>(&self, ask: impl FnOnce(&Lesson) -> Option<T>) -> Option<T> {
        let course = self.classroom.course();
        course.lesson(&self.lesson).and_then(ask)
    }
}

/// The next event, if there is somebody to hear it from.
async fn hear(events: &mut Option<broadcast::Receiver<()>>) -> Result<(), RecvError> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

//! Who is there: when each student last gave a sign of life, and at which exercise. Kept in memory
//! only: after a restart it begins anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use course::{ItemId, LessonId};
use store::AccountId;

/// After how long without a sign of life a student counts as away: long enough to read a page of
/// the lesson, and well before an unused machine falls asleep (15 minutes by default).
const AWAY_AFTER: Duration = Duration::from_secs(300);

/// What is known of each student: one for the process, cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Presence(Arc<Mutex<HashMap<AccountId, Life>>>);

/// A student's signs of life.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    /// The last request for a page, form, return to an open page or key in the terminal.
    pub(crate) seen: Instant,
    /// The last line that was sent off in the terminal.
    pub(crate) command: Option<Instant>,
    /// The exercise that they last did something with.
    pub(crate) at: Option<At>,
}

/// An exercise in hand.
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) lesson: LessonId,
    pub(crate) exercise: ItemId,
    /// Since when, without having been away.
    pub(crate) since: Instant,
    /// Until when the time spent on it is on record.
    told: Instant,
}

impl Presence {
    /// Notes a sign of life.
    pub(crate) fn seen(&self, account: AccountId) {
        self.note(account, |_| {});
    }

    /// Notes that a line was sent off in the terminal.
    pub(crate) fn commanded(&self, account: AccountId) {
        self.note(account, |life| life.command = Some(life.seen));
    }

    /// Notes the exercise that the student does something with.
    pub(crate) fn is_at(&self, account: AccountId, lesson: LessonId, exercise: ItemId) {
        self.note(account, |life| {
            let same = life
                .at
                .as_ref()
                .is_some_and(|at| at.lesson == lesson && at.exercise == exercise);
            if !same {
                life.at = Some(At {
                    lesson,
                    exercise,
                    since: life.seen,
                    told: life.seen,
                });
            }
        });
    }

    /// How long the student has been at an exercise since this was last asked, without having been
    /// away; `None` where they are at something else.
    pub(crate) fn take_spent(
        &self,
        account: AccountId,
        lesson: &LessonId,
        exercise: &ItemId,
    ) -> Option<Duration> {
        let mut lives = self.lives();
        let at = lives.get_mut(&account)?.at.as_mut()?;
        if at.lesson != *lesson || at.exercise != *exercise {
            return None;
        }
        let spent = at.told.elapsed();
        at.told = Instant::now();
        Some(spent)
    }

    /// Whether the student has given a sign of life lately.
    pub(crate) fn is_here(&self, account: AccountId) -> bool {
        self.life(account).is_some_and(|life| life.is_here())
    }

    /// The exercise that the student last did something with.
    pub(crate) fn at(&self, account: AccountId) -> Option<(LessonId, ItemId)> {
        let at = self.life(account)?.at?;
        Some((at.lesson, at.exercise))
    }

    /// What is known of a student.
    pub(crate) fn life(&self, account: AccountId) -> Option<Life> {
        self.lives().get(&account).cloned()
    }

    fn note(&self, account: AccountId, what: impl FnOnce(&mut Life)) {
        let now = Instant::now();
        let mut lives = self.lives();
        let life = lives.entry(account).or_insert(Life {
            seen: now,
            command: None,
            at: None,
        });
        // A night between two looks at an exercise is no time spent on it.
        if !life.is_here()
            && let Some(at) = &mut life.at
        {
            at.since = now;
            at.told = now;
        }
        life.seen = now;
        what(life);
    }

    fn lives(&self) -> MutexGuard<'_, HashMap<AccountId, Life>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Life {
    fn is_here(&self) -> bool {
        self.seen.elapsed() < AWAY_AFTER
    }
}

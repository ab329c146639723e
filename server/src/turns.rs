//! Turns: a budget for what open pages check by themselves, and whose turn it is.
//!
//! A check costs about 66 ms of a processor's time. A hundred open pages that each looked every five
//! seconds would take 1.3 processors, those of a small host, and leave nothing to the students' own
//! work. So turns are dealt at a steady pace, each worth one check. A page waits for its turn, looks,
//! and only then begins to wait for the next: the more pages are open, the longer the time between two
//! looks of one.
//!
//! It is fair: a student has one place in line, however many pages are open and however much happens on
//! the machine, and goes to its end after each turn.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use store::AccountId;
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::sleep,
};

/// How many checks of open pages run at once. Most are done in a tenth of a second; some wait for a
/// container for up to ten, and must not hold up the others. machined runs eight: two stay for those
/// who press a button.
const AT_ONCE: usize = 6;

/// What a check costs, in processor time: starting a sidecar with a `docker ps` and a `curl` in it.
const COST: Duration = Duration::from_millis(66);

/// The part of the host's processors that looks of open pages may take: one in so many. On two
/// processors that is a check every 132 ms: a hundred students have one every 13 s.
const PART: u32 = 4;

/// After how many turns for an engine's event the next is for one that merely looks, if there is one:
/// who has just done something should see it tick at once, and who did something that the engine does
/// not tell of must not wait for ever.
const EVENTS_IN_A_ROW: u32 = 2;

/// Why a page looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Something has happened on the machine's engine.
    Event,
    /// It has not looked for a while.
    Poll,
}

/// Who waits for a turn; gone, if they no longer do.
type Waiting = oneshot::Sender<OwnedSemaphorePermit>;

/// The budget.
pub(crate) struct Turns {
    events: mpsc::UnboundedSender<Waiting>,
    polls: mpsc::UnboundedSender<Waiting>,
    lines: Mutex<HashMap<AccountId, Arc<AsyncMutex<()>>>>,
}

/// One check, to be run while this lives. `None` once no more are dealt, when the process ends.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "held")] Option<OwnedSemaphorePermit>);

impl Turns {
    /// The budget of this host.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let processors = u32::try_from(processors).unwrap_or(u32::MAX);
        Self::with(AT_ONCE, COST * PART / processors)
    }

    /// A budget of this many turns at once, and so much time from one to the next.
    fn with(at_once: usize, apart: Duration) -> Self {
        let (events, event_line) = mpsc::unbounded_channel();
        let (polls, poll_line) = mpsc::unbounded_channel();
        tokio::spawn(deal(event_line, poll_line, at_once, apart));
        Self {
            events,
            polls,
            lines: Mutex::default(),
        }
    }

    /// Waits for the student's turn. Who gives up waiting has lost nothing but the place in line.
    pub(crate) async fn take(&self, account: AccountId, reason: Reason) -> Turn {
        let _only_place = self.line(account).await;
        let (waiting, turn) = oneshot::channel();
        let line = match reason {
            Reason::Event => &self.events,
            Reason::Poll => &self.polls,
        };
        // It fails when the process ends, and with it what would look.
        let _ = line.send(waiting);
        Turn(turn.await.ok())
    }

    /// The student's own line, which only its first may leave for the one of all.
    async fn line(&self, account: AccountId) -> OwnedMutexGuard<()> {
        let line = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.entry(account).or_default().clone()
        };
        line.lock_owned().await
    }
}

/// Deals turns, for as long as anybody may ask for one.
async fn deal(
    mut events: mpsc::UnboundedReceiver<Waiting>,
    mut polls: mpsc::UnboundedReceiver<Waiting>,
    at_once: usize,
    apart: Duration,
) {
    let places = Arc::new(Semaphore::new(at_once));
    let mut in_a_row = 0;
    // The places are never closed.
    while let Ok(mut place) = places.clone().acquire_owned().await {
        loop {
            let (waiting, reason) = if in_a_row < EVENTS_IN_A_ROW {
                tokio::select! {
                    biased;
                    waiting = events.recv() => (waiting, Reason::Event),
                    waiting = polls.recv() => (waiting, Reason::Poll),
                }
            } else {
                tokio::select! {
                    biased;
                    waiting = polls.recv() => (waiting, Reason::Poll),
                    waiting = events.recv() => (waiting, Reason::Event),
                }
            };
            let Some(waiting) = waiting else { return };
            match waiting.send(place) {
                Ok(()) => {
                    in_a_row = if reason == Reason::Event {
                        in_a_row + 1
                    } else {
                        0
                    };
                    break;
                }
                // Gone: the next one's turn.
                Err(back) => place = back,
            }
        }
        sleep(apart).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use tokio::task::JoinSet;

    use super::*;

    fn account(number: usize) -> AccountId {
        number.to_string().parse().expect("a number")
    }

    #[tokio::test]
    async fn a_class_has_no_more_checks_at_once_than_there_are_places() {
        let turns = Arc::new(Turns::with(3, Duration::ZERO));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut pages = JoinSet::new();
        for page in 0..200 {
            let (turns, running, most) = (turns.clone(), running.clone(), most.clone());
            // Two pages each.
            let account = account(page / 2);
            pages.spawn(async move {
                for reason in [Reason::Poll, Reason::Event, Reason::Poll] {
                    let turn = turns.take(account, reason).await;
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    sleep(Duration::from_millis(5)).await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                }
            });
        }
        // Every page has all of its turns, and the places are used.
        pages.join_all().await;
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    /// The order in which accounts had turns while account 0, with ten pages, had events without end
    /// and each of the others wanted one turn, until all had theirs.
    async fn beside_a_greedy_one(others: &[(usize, Reason)]) -> Vec<usize> {
        let turns = Arc::new(Turns::with(1, Duration::ZERO));
        let order = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let note = |order: &Mutex<Vec<usize>>, who| order.lock().expect("a lock").push(who);
        let mut greedy = JoinSet::new();
        for _ in 0..10 {
            let (turns, order, is_over) = (turns.clone(), order.clone(), is_over.clone());
            greedy.spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    let turn = turns.take(account(0), Reason::Event).await;
                    note(&order, 0);
                    drop(turn);
                }
            });
        }
        let mut pages = JoinSet::new();
        for &(who, reason) in others {
            let (turns, order) = (turns.clone(), order.clone());
            pages.spawn(async move {
                let turn = turns.take(account(who), reason).await;
                note(&order, who);
                drop(turn);
            });
        }
        pages.join_all().await;
        is_over.store(true, Ordering::SeqCst);
        greedy.join_all().await;
        let order = order.lock().expect("a lock").clone();
        let last = order.iter().rposition(|&who| who != 0).expect("others");
        order[..last].to_vec()
    }

    #[tokio::test]
    async fn who_makes_events_without_end_starves_nobody() {
        let events: Vec<_> = (1..=50).map(|who| (who, Reason::Event)).collect();
        let order = beside_a_greedy_one(&events).await;
        let greedy = order.iter().filter(|&&who| who == 0).count();
        assert!(
            greedy <= 2,
            "one of 51 had {greedy} turns in a round: {order:?}"
        );

        let polls: Vec<_> = (1..=50).map(|who| (who, Reason::Poll)).collect();
        let order = beside_a_greedy_one(&polls).await;
        let per_poll = usize::try_from(EVENTS_IN_A_ROW).expect("a small number");
        let greedy = order.iter().filter(|&&who| who == 0).count();
        assert!(greedy <= 50 * per_poll, "a poll waits too long: {order:?}");
    }

    #[tokio::test]
    async fn who_gives_up_waiting_takes_nobodys_turn() {
        let turns = Turns::with(1, Duration::ZERO);
        let first = turns.take(account(1), Reason::Poll).await;
        for _ in 0..10 {
            let gone = tokio::time::timeout(Duration::ZERO, turns.take(account(2), Reason::Poll));
            assert!(gone.await.is_err(), "two turns at once");
        }
        drop(first);
        let second = turns.take(account(2), Reason::Event).await;
        drop(second);
    }
}

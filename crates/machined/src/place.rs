//! What a name stands for: a machine, or a place in the queue for one.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::{Stream, stream};
use machine::{Machine as Seen, MachineId, State};
use tokio::sync::watch;

use crate::{
    host::lock,
    life::{Machine, Now},
};

/// How long a place in the queue is kept when nobody watches it: a page that reloads, or a browser
/// that lost its connection, is back by then.
const KEPT: Duration = Duration::from_secs(60);

/// What a name stands for. Those who watch it see whatever that is.
#[derive(Debug)]
pub(crate) struct Place {
    id: MachineId,
    face: watch::Sender<Face>,
    asked: Mutex<Instant>,
}

/// What a name stands for now.
#[derive(Clone, Debug)]
struct Face {
    /// `None` for one that waits for its first machine.
    machine: Option<Arc<Machine>>,
    turn: Option<Turn>,
    is_gone: bool,
}

/// When a name's turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// 1 for the next.
    pub(crate) place: u32,
    pub(crate) wait: Option<Duration>,
}

impl Place {
    pub(crate) fn new(id: MachineId, machine: Option<Arc<Machine>>) -> Arc<Self> {
        let face = Face {
            machine,
            turn: None,
            is_gone: false,
        };
        Arc::new(Self {
            id,
            face: watch::Sender::new(face),
            asked: Mutex::new(Instant::now()),
        })
    }

    pub(crate) fn machine(&self) -> Option<Arc<Machine>> {
        self.face.borrow().machine.clone()
    }

    /// It stands for this machine from now on, which needs to wait no longer.
    pub(crate) fn set_machine(&self, machine: Arc<Machine>) {
        self.face.send_modify(|face| {
            face.machine = Some(machine);
            face.turn = None;
        });
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.face.borrow().turn.is_some()
    }

    /// Says when its turn comes; `None` if it waits no longer.
    pub(crate) fn set_turn(&self, turn: Option<Turn>) {
        self.face.send_if_modified(|face| {
            let is_new = face.turn != turn;
            face.turn = turn;
            is_new
        });
    }

    /// Somebody still wants it.
    pub(crate) fn ask(&self) {
        *lock(&self.asked) = Instant::now();
    }

    /// Whether somebody still waits for its turn.
    pub(crate) fn is_awaited(&self) -> bool {
        if self.face.receiver_count() > 0 {
            self.ask();
        }
        lock(&self.asked).elapsed() < KEPT
    }

    /// The name stands for nothing any more.
    pub(crate) fn end(&self) {
        self.face.send_modify(|face| face.is_gone = true);
    }

    /// The machine of this name as callers see it; `None` if there is none.
    pub(crate) fn seen(&self) -> Option<Seen> {
        self.face.borrow().seen(&self.id)
    }

    /// The machine of this name, now and after each change, as long as there is one.
    pub(crate) fn watch(&self) -> impl Stream<Item = Seen> + Send + use<> {
        let watcher = Watcher {
            id: self.id.clone(),
            face: self.face.subscribe(),
            machine: None,
        };
        stream::unfold(watcher, async |mut watcher| {
            let seen = watcher.next().await?;
            Some((seen, watcher))
        })
    }
}

impl Face {
    fn seen(&self, id: &MachineId) -> Option<Seen> {
        if self.is_gone {
            return None;
        }
        let now = match &self.machine {
            Some(machine) => Some(machine.now()?),
            None => None,
        };
        let generation = self
            .machine
            .as_ref()
            .map(|machine| machine.generation.clone());
        let generation = generation.unwrap_or_default();
        let queued = self.turn.map(|turn| Now {
            state: State::Queued {
                place: turn.place,
                wait_s: turn.wait.map(|wait| wait.as_secs()),
            },
            low: Vec::new(),
            deadline: None,
        });
        let Now {
            state,
            low,
            deadline,
        } = queued.or(now)?;
        Some(Seen {
            id: id.clone(),
            state,
            generation,
            low,
            deadline,
        })
    }
}

/// Somebody who watches a name.
struct Watcher {
    id: MachineId,
    face: watch::Receiver<Face>,
    /// The machine that the name stood for when it was last looked at; `None` before that.
    machine: Option<Option<watch::Receiver<Option<Now>>>>,
}

impl Watcher {
    /// What it is at first, and then after each change.
    async fn next(&mut self) -> Option<Seen> {
        if let Some(machine) = &mut self.machine {
            tokio::select! {
                changed = self.face.changed() => changed.ok()?,
                // A machine that is gone while its name is not has a successor in a moment.
                Ok(()) = changed(machine) => {}
            }
        }
        let face = self.face.borrow_and_update().clone();
        let mut machine = face.machine.as_ref().map(|machine| machine.watch());
        if let Some(machine) = &mut machine {
            machine.mark_unchanged();
        }
        self.machine = Some(machine);
        face.seen(&self.id)
    }
}

/// Waits for a machine's change, for ever if there is none.
async fn changed(
    machine: &mut Option<watch::Receiver<Option<Now>>>,
) -> Result<(), watch::error::RecvError> {
    match machine {
        Some(machine) => machine.changed().await,
        None => std::future::pending().await,
    }
}

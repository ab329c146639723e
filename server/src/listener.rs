//! Listens to machines' engines: one event stream a machine, however many pages are open.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use machine::{Client, MachineId};
use tokio::{sync::broadcast, time::timeout};

/// Events kept for a page that is busy. Each only says that something happened, so missing some is
/// nothing lost.
const KEPT: usize = 16;
/// How often a stream without events looks whether anybody still listens.
const STILL_THERE: Duration = Duration::from_secs(5);
/// What the engine reports though nothing has changed by it: somebody looked. Checks look as well, and
/// their looking must not make the next look.
const LOOKS: [&str; 5] = ["archive-path", "export", "resize", "save", "top"];

/// The engines that are listened to.
#[derive(Clone)]
pub(crate) struct Listener {
    machines: Client,
    engines: Arc<Mutex<HashMap<MachineId, broadcast::Sender<()>>>>,
}

impl Listener {
    pub(crate) fn new(machines: Client) -> Self {
        Self {
            machines,
            engines: Arc::default(),
        }
    }

    /// A message for each event of the machine's engine from now on; ends when the engine's stream
    /// does, and can be asked for again.
    pub(crate) fn listen(&self, machine: &MachineId) -> broadcast::Receiver<()> {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        match engines.entry(machine.clone()) {
            Entry::Occupied(known) => known.get().subscribe(),
            Entry::Vacant(place) => {
                let (sender, receiver) = broadcast::channel(KEPT);
                place.insert(sender.clone());
                tokio::spawn(self.clone().relay(machine.clone(), sender));
                receiver
            }
        }
    }

    async fn relay(self, machine: MachineId, listeners: broadcast::Sender<()>) {
        match self.machines.events(&machine).await {
            Ok(mut events) => loop {
                match timeout(STILL_THERE, events.next()).await {
                    Ok(Some(Ok(event))) => {
                        if may_change(&event) {
                            // Nobody listening is found out below.
                            let _ = listeners.send(());
                        }
                    }
                    Ok(Some(Err(_)) | None) => break,
                    Err(_) => {}
                }
                if self.forget(&machine, &listeners) {
                    return;
                }
            },
            Err(error) => {
                tracing::warn!(%machine, %error, "{machine}'s engine is not heard: {error}");
            }
        }
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        engines.remove(&machine);
    }

    /// Forgets the machine if nobody listens to it any more: under the lock, so that nobody can begin to
    /// in between.
    fn forget(&self, machine: &MachineId, listeners: &broadcast::Sender<()>) -> bool {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        let unheard = listeners.receiver_count() == 0;
        if unheard {
            engines.remove(machine);
        }
        unheard
    }
}

/// Whether the machine's state may be another after what the engine reports.
fn may_change(event: &serde_json::Value) -> bool {
    !event["Action"]
        .as_str()
        .is_some_and(|action| LOOKS.contains(&action))
}

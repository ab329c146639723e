//! All machines of the classroom.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::{StreamExt, stream};
use machine::{Machine as Seen, MachineId, Problem};

use crate::{
    disk,
    error::{ApiError, Doing, HostError},
    host::{Host, lock},
    life::Machine,
    record::Record,
};

/// How many machines are stopped at once when machined ends.
const STOPPING: usize = 4;

/// The machines, by name.
#[derive(Debug)]
pub(crate) struct Machines {
    pub(crate) host: Arc<Host>,
    known: Mutex<BTreeMap<MachineId, Arc<Machine>>>,
    /// Changed while `known` is locked.
    closing: AtomicBool,
}

impl Machines {
    /// The machines that lie in the data folder. Those that run are taken over; what is half made is
    /// removed.
    pub(crate) async fn open(host: Arc<Host>) -> Result<Self, HostError> {
        let folder = host.data.machines();
        let machines = Self {
            host,
            known: Mutex::default(),
            closing: AtomicBool::default(),
        };
        let entries = fs::read_dir(&folder).doing(|| "list the machines".into())?;
        // Sidecars, whose callers are gone, and containers whose folder is.
        for name in machines.host.runc.names()? {
            if !folder.join(&name).is_dir() {
                machines.host.remove_container(&name).await?;
            }
        }
        for entry in entries {
            let name = entry.doing(|| "list the machines".into())?.file_name();
            let Some(id) = name
                .to_str()
                .and_then(|name| name.parse::<MachineId>().ok())
            else {
                continue;
            };
            let record = Record::load(&machines.host.data.machine(&id));
            let is_whole = record.is_ok();
            let record = record.unwrap_or_else(|_| Record::new());
            if let Some(number) = record.network {
                machines.host.note_number(number);
            }
            let is_plugged = record.network.is_some();
            let machine = Machine::new(machines.host.clone(), id.clone(), record);
            let running = machines.host.runc.running(id.as_str()).await;
            let is_mounted = machine
                .disk
                .is_mounted()
                .doing(|| "look for mounts".into())?;
            let adopted = match running {
                Ok(Some(init)) if is_whole && is_plugged && is_mounted => {
                    machine.adopt(init).is_ok()
                }
                _ => false,
            };
            let settled = match (adopted, is_whole) {
                (true, _) => {
                    tracing::info!(machine = %id, "Machine {id} runs and is taken over");
                    Ok(())
                }
                (false, true) => machine.stop().await,
                (false, false) => {
                    tracing::warn!(machine = %id, "Machine {id} was half made and is removed");
                    machine.delete().await
                }
            };
            if let Err(error) = settled {
                // One that cannot be settled does not keep the others from their students.
                tracing::error!(machine = %id, %error, "Machine {id} is in disorder");
            }
            if machine.seen().is_none() {
                continue;
            }
            lock(&machines.known).insert(id, machine);
        }
        Ok(machines)
    }

    /// See [`machine::Client::ensure`].
    pub(crate) fn ensure(&self, id: &MachineId) -> Result<Seen, ApiError> {
        let mut known = lock(&self.known);
        if self.closing.load(Ordering::Relaxed) {
            return Err(ApiError::NotReady);
        }
        if let Some(machine) = known.get(id).filter(|machine| machine.is_up()) {
            return machine.seen().ok_or(ApiError::NoSuchMachine);
        }
        if !self.host.data.image().is_dir() {
            return Err(Problem::NoImage.into());
        }
        let up = known.values().filter(|machine| machine.is_up()).count();
        if up >= usize::from(self.host.options.max_machines) {
            return Err(Problem::HostFull.into());
        }
        disk::check_space(&self.host.data.machines())?;
        if known
            .get(id)
            .is_some_and(|machine| machine.seen().is_none())
        {
            known.remove(id);
        }
        let machine = known
            .entry(id.clone())
            .or_insert_with(|| Machine::new(self.host.clone(), id.clone(), Record::new()));
        machine.begin();
        machine.seen().ok_or(ApiError::NoSuchMachine)
    }

    /// The machine of this name.
    pub(crate) fn get(&self, id: &MachineId) -> Result<Arc<Machine>, ApiError> {
        lock(&self.known)
            .get(id)
            .cloned()
            .ok_or(ApiError::NoSuchMachine)
    }

    /// All machines, by name.
    pub(crate) fn list(&self) -> Vec<Seen> {
        lock(&self.known)
            .values()
            .filter_map(|machine| machine.seen())
            .collect()
    }

    /// How many run or are on their way up.
    pub(crate) fn count_up(&self) -> usize {
        lock(&self.known)
            .values()
            .filter(|machine| machine.is_up())
            .count()
    }

    /// Removes a machine and everything of it; no error if there is none.
    pub(crate) async fn delete(&self, id: &MachineId) -> Result<(), ApiError> {
        let Ok(machine) = self.get(id) else {
            return Ok(());
        };
        machine.delete().await?;
        let mut known = lock(&self.known);
        // Somebody else may have deleted it at the same time, and made it again.
        if known.get(id).is_some_and(|now| Arc::ptr_eq(now, &machine)) {
            known.remove(id);
        }
        Ok(())
    }

    /// Stops all machines.
    pub(crate) async fn stop_all(&self) {
        let all: Vec<_> = lock(&self.known)
            .values()
            .filter(|m| m.is_up())
            .cloned()
            .collect();
        stream::iter(all)
            .for_each_concurrent(STOPPING, async |machine| {
                if let Err(error) = machine.stop().await {
                    tracing::error!(machine = %machine.id, %error, "Machine {} could not be stopped", machine.id);
                }
            })
            .await;
    }
}

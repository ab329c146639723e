//! All machines of the classroom: which name has which, who waits, and which are nobody's yet.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures::{StreamExt, stream};
use machine::{Machine as Seen, MachineId, Problem, State, StoppedBy};
use tokio_util::task::TaskTracker;

use crate::{
    disk,
    error::{ApiError, Doing, HostError},
    host::{Host, lock},
    life::Machine,
    place::{Place, Turn},
    record::{self, Holder, Record},
};

/// How many machines are stopped at once when machined ends.
const STOPPING: usize = 4;

/// The machines, by name, and the others.
#[derive(Debug)]
pub(crate) struct Machines {
    pub(crate) host: Arc<Host>,
    known: Mutex<Known>,
    /// Machines that are being stopped or removed without anybody who waits for it.
    leaving: TaskTracker,
}

#[derive(Debug, Default)]
struct Known {
    places: BTreeMap<MachineId, Arc<Place>>,
    /// Those who wait, the next one first.
    queue: VecDeque<MachineId>,
    /// Machines that nobody has yet.
    pool: Vec<Arc<Machine>>,
    /// Machines that are stopped because somebody waits.
    making_room: Vec<Arc<Machine>>,
    /// How many may come, as far as that is known.
    expected: Option<u32>,
    is_closing: bool,
}

impl Machines {
    /// The machines that lie in the data folder. Those that run are taken over; what is half made is
    /// removed.
    pub(crate) async fn open(host: Arc<Host>) -> Result<Self, HostError> {
        let machines = Self {
            host,
            known: Mutex::default(),
            leaving: TaskTracker::new(),
        };
        let folder = machines.host.data.machines();
        // Sidecars, whose callers are gone, and containers whose folder is.
        for name in machines.host.runc.names()? {
            if !folder.join(&name).is_dir() {
                machines.host.remove_container(&name).await?;
            }
        }
        for entry in fs::read_dir(&folder).doing(|| "list the machines".into())? {
            let name = entry.doing(|| "list the machines".into())?.file_name();
            if let Some(generation) = name.to_str().filter(|name| record::is_generation(name)) {
                machines.settle_in(generation).await?;
            }
        }
        Ok(machines)
    }

    /// Takes over what a folder says that a former machined had.
    async fn settle_in(&self, generation: &str) -> Result<(), HostError> {
        let record = Record::load(&self.host.data.machine(generation));
        let half = || Record::of(generation.to_owned(), Holder::Nobody);
        let record = record.unwrap_or_else(|_| half());
        if let Some(number) = record.network {
            self.host.note_number(number);
        }
        let machine = Machine::new(self.host.clone(), record.clone());
        let is_mounted = machine
            .disk
            .is_mounted()
            .doing(|| "look for mounts".into())?;
        let is_plugged = record.network.is_some();
        let adopted = match self.host.runc.running(generation).await {
            Ok(Some(init)) if is_plugged && is_mounted && record.holder != Holder::Nobody => {
                machine.adopt(init).is_ok()
            }
            _ => false,
        };
        let settled = match (&record.holder, adopted) {
            (_, true) => {
                tracing::info!(
                    machine = machine.who(),
                    generation,
                    "Machine {} runs and is taken over",
                    machine.who()
                );
                Ok(())
            }
            (Holder::Name(_), false) => machine.stop(StoppedBy::Host).await,
            // One that was half made, or that nobody has, is worth nothing when it does not run.
            (Holder::Pool | Holder::Nobody, false) => machine.delete().await,
        };
        if let Err(error) = settled {
            // One that cannot be settled does not keep the others from their students.
            tracing::error!(machine = machine.who(), generation, %error, "Machine {} is in disorder", machine.who());
        }
        let mut known = lock(&self.known);
        match record.holder {
            Holder::Name(id) => {
                known
                    .places
                    .insert(id.clone(), Place::new(id, Some(machine)));
            }
            Holder::Pool if adopted => known.pool.push(machine),
            Holder::Pool | Holder::Nobody => {}
        }
        Ok(())
    }

    /// See [`machine::Client::ensure`].
    pub(crate) fn ensure(&self, id: &MachineId) -> Result<Seen, ApiError> {
        let mut known = self.open_for_business()?;
        if let Some(place) = known.places.get(id) {
            place.ask();
            let is_up = place.machine().is_some_and(|machine| machine.is_up());
            if is_up || place.is_queued() {
                return place.seen().ok_or(ApiError::NoSuchMachine);
            }
        }
        self.check_host()?;
        let place = known
            .places
            .entry(id.clone())
            .or_insert_with(|| Place::new(id.clone(), None))
            .clone();
        // Nobody overtakes those who wait.
        let started = known.queue.is_empty() && self.start(&mut known, id, &place);
        if !started {
            known.queue.push_back(id.clone());
            self.tell_turns(&known);
        }
        self.host.changed.notify_one();
        place.seen().ok_or(ApiError::NoSuchMachine)
    }

    /// See [`machine::Client::reset`].
    pub(crate) fn reset(&self, id: &MachineId) -> Result<Seen, ApiError> {
        let mut known = self.open_for_business()?;
        let place = known
            .places
            .get(id)
            .cloned()
            .ok_or(ApiError::NoSuchMachine)?;
        let Some(old) = place.machine() else {
            // It waits for its first disk.
            return place.seen().ok_or(ApiError::NoSuchMachine);
        };
        self.check_host()?;
        let had_place = old.is_up();
        // On disk before anything else has the name: one name, one machine, whenever the power goes.
        old.change(|record| record.holder = Holder::Nobody)?;
        let new = self.spare_for(&mut known, id);
        let new = new.unwrap_or_else(|| self.fresh(id));
        if had_place && !new.is_up() {
            new.begin();
        }
        place.set_machine(new.clone());
        // One that waits goes on waiting where it is, once.
        if new.is_up() {
            known.queue.retain(|waiting| waiting != id);
        } else if !known.queue.contains(id) {
            known.queue.push_back(id.clone());
        }
        self.tell_turns(&known);
        drop(known);
        self.remove_in_background(old);
        self.host.changed.notify_one();
        place.seen().ok_or(ApiError::NoSuchMachine)
    }

    /// How many students may come who have no machine yet.
    pub(crate) fn set_roster(&self, expected: u32) {
        lock(&self.known).expected = Some(expected);
        self.host.changed.notify_one();
    }

    /// What this name stands for.
    pub(crate) fn place(&self, id: &MachineId) -> Result<Arc<Place>, ApiError> {
        let known = lock(&self.known);
        known.places.get(id).cloned().ok_or(ApiError::NoSuchMachine)
    }

    /// The machine of this name, to do something with; one that waits for its first is not ready.
    pub(crate) fn get(&self, id: &MachineId) -> Result<Arc<Machine>, ApiError> {
        let place = self.place(id)?;
        place.machine().ok_or(ApiError::NotReady)
    }

    /// All machines, by name.
    pub(crate) fn list(&self) -> Vec<Seen> {
        let known = lock(&self.known);
        known
            .places
            .values()
            .filter_map(|place| place.seen())
            .collect()
    }

    /// How many run or are on their way up, how many wait, and how many of the first are nobody's.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let known = lock(&self.known);
        (known.count_up(), known.queue.len(), known.pool.len())
    }

    /// Stops a machine, or takes it out of the queue.
    pub(crate) async fn stop(&self, id: &MachineId) -> Result<(), ApiError> {
        let place = self.place(id)?;
        self.leave_queue(id, &place);
        if let Some(machine) = place.machine() {
            machine.stop(StoppedBy::Caller).await?;
        }
        Ok(())
    }

    /// Removes a machine and everything of it; no error if there is none.
    pub(crate) async fn delete(&self, id: &MachineId) -> Result<(), ApiError> {
        let Ok(place) = self.place(id) else {
            return Ok(());
        };
        self.leave_queue(id, &place);
        let machine = place.machine();
        if let Some(machine) = &machine {
            machine.delete().await?;
        }
        let mut known = lock(&self.known);
        // Somebody else may have reset it meanwhile, or deleted it and made it again.
        let is_same = |now: &Arc<Place>| {
            Arc::ptr_eq(now, &place)
                && now.machine().map(|m| m.generation.clone())
                    == machine.map(|m| m.generation.clone())
        };
        if known.places.get(id).is_some_and(is_same) {
            known.places.remove(id);
            place.end();
        }
        Ok(())
    }

    /// Gives a place in the queue up, and the name too if it stands for nothing else.
    fn leave_queue(&self, id: &MachineId, place: &Arc<Place>) {
        let mut known = lock(&self.known);
        known.queue.retain(|waiting| waiting != id);
        known.give_up(id, place);
        self.tell_turns(&known);
    }

    /// Does what is due: whose turn it is starts, whom nobody waits for leaves, sleepers make room,
    /// and the pool is filled. Called whenever something has changed, and now and then.
    pub(crate) fn settle(self: &Arc<Self>) {
        let mut known = lock(&self.known);
        if known.is_closing {
            return;
        }
        self.forget_the_absent(&mut known);
        while let Some(id) = known.queue.front().cloned() {
            let Some(place) = known.places.get(&id).cloned() else {
                known.queue.pop_front();
                continue;
            };
            if !self.start(&mut known, &id, &place) {
                break;
            }
            known.queue.pop_front();
        }
        self.make_room(&mut known);
        self.tell_turns(&known);
        self.fill_pool(&mut known);
    }

    /// All machines that somebody has.
    pub(crate) fn all(&self) -> Vec<(MachineId, Arc<Machine>)> {
        let known = lock(&self.known);
        let named = known.places.iter();
        named
            .filter_map(|(id, place)| Some((id.clone(), place.machine()?)))
            .collect()
    }

    /// Stops all machines, for good.
    pub(crate) async fn stop_all(&self) {
        let (pool, named) = {
            let mut known = lock(&self.known);
            known.is_closing = true;
            known.queue.clear();
            (
                std::mem::take(&mut known.pool),
                known
                    .places
                    .values()
                    .filter_map(|place| place.machine())
                    .collect::<Vec<_>>(),
            )
        };
        for spare in pool {
            self.remove_in_background(spare);
        }
        stream::iter(named.into_iter().filter(|machine| machine.is_up()))
            .for_each_concurrent(STOPPING, async |machine| {
                if let Err(error) = machine.stop(StoppedBy::Host).await {
                    tracing::error!(machine = machine.who(), %error, "Machine {} could not be stopped", machine.who());
                }
            })
            .await;
        self.leaving.close();
        self.leaving.wait().await;
    }

    /// Does something with a machine that nobody waits for, and that must be over before machined is.
    pub(crate) fn in_background(&self, work: impl Future<Output = ()> + Send + 'static) {
        let host = self.host.clone();
        self.leaving.spawn(async move {
            work.await;
            host.changed.notify_one();
        });
    }

    fn remove_in_background(&self, machine: Arc<Machine>) {
        self.in_background(async move {
            if let Err(error) = machine.delete().await {
                tracing::error!(machine = machine.who(), %error, "Machine {} could not be removed; the next start of machined tries again", machine.who());
            }
        });
    }

    fn open_for_business(&self) -> Result<MutexGuard<'_, Known>, ApiError> {
        let known = lock(&self.known);
        if known.is_closing {
            Err(ApiError::NotReady)
        } else {
            Ok(known)
        }
    }

    /// Fails where no machine can start, and waiting would not help.
    fn check_host(&self) -> Result<(), ApiError> {
        if !self.host.data.image().is_dir() {
            return Err(Problem::NoImage.into());
        }
        Ok(disk::check_space(&self.host.data.machines())?)
    }

    /// Starts the machine of a name, if there is room for it.
    fn start(&self, known: &mut Known, id: &MachineId, place: &Place) -> bool {
        let own = place.machine().filter(|machine| machine.now().is_some());
        if own.is_none()
            && let Some(spare) = self.spare_for(known, id)
        {
            place.set_machine(spare);
            return true;
        }
        if !self.has_room(known) {
            // A machine of the pool is no use to it, having a disk of its own, but the room of one is.
            let Some(spare) = known.pool.pop() else {
                return false;
            };
            self.remove_in_background(spare);
        }
        let machine = own.unwrap_or_else(|| self.fresh(id));
        machine.begin();
        place.set_machine(machine);
        true
    }

    /// A machine of this name that has nothing yet.
    fn fresh(&self, id: &MachineId) -> Arc<Machine> {
        let record = Record::new(Holder::Name(id.clone()));
        Machine::new(self.host.clone(), record)
    }

    fn has_room(&self, known: &Known) -> bool {
        known.count_up() < self.host.options.max_machines() && self.host.has_memory()
    }

    /// A machine of the pool that is ready, and as new as the image; it has this name from now on.
    fn spare_for(&self, known: &mut Known, id: &MachineId) -> Option<Arc<Machine>> {
        let stamp = self.host.data.image_stamp();
        let is_good = |spare: &Arc<Machine>| {
            spare.state() == Some(State::Ready) && spare.record().image == stamp
        };
        let at = known.pool.iter().position(is_good)?;
        let spare = known.pool.remove(at);
        let ends_at = spare.ends_when_started_now();
        let named = spare.change(|record| {
            record.holder = Holder::Name(id.clone());
            record.ends_at = ends_at;
        });
        if let Err(error) = named {
            // Nobody's then: it must not go on beside the pool.
            tracing::error!(machine = %id, generation = spare.generation, %error, "{id} could not be given a machine of the pool");
            self.remove_in_background(spare);
            return None;
        }
        spare.touch();
        tracing::info!(machine = %id, generation = spare.generation, "{id} gets a machine of the pool");
        Some(spare)
    }

    /// Those in the queue whom nobody waits for lose their place.
    fn forget_the_absent(&self, known: &mut Known) {
        let places = &known.places;
        let is_awaited = |id: &MachineId| places.get(id).is_some_and(|place| place.is_awaited());
        let (stay, leave): (Vec<_>, Vec<_>) = known.queue.drain(..).partition(is_awaited);
        known.queue = stay.into();
        for id in leave {
            tracing::info!(machine = %id, "Nobody waits for machine {id} any more");
            if let Some(place) = known.places.get(&id).cloned() {
                known.give_up(&id, &place);
            }
        }
    }

    /// Stops as many sleeping machines as others wait for, the longest asleep first.
    fn make_room(&self, known: &mut Known) {
        known.making_room.retain(|machine| machine.is_up());
        let missing = known.queue.len().saturating_sub(known.making_room.len());
        let places = known.places.values().filter_map(|place| place.machine());
        let mut sleepers: Vec<_> = places
            .filter(|machine| {
                !known
                    .making_room
                    .iter()
                    .any(|leaving| Arc::ptr_eq(leaving, machine))
            })
            .filter_map(|machine| Some((machine.slept()?, machine)))
            .collect();
        sleepers.sort_by_key(|(slept, _)| std::cmp::Reverse(*slept));
        for (_, machine) in sleepers.into_iter().take(missing) {
            tracing::info!(
                machine = machine.who(),
                "Machine {} sleeps and makes room",
                machine.who()
            );
            known.making_room.push(machine.clone());
            let sleeps = |machine: &Machine| machine.slept().is_some();
            self.stop_in_background(machine, StoppedBy::Idle, sleeps);
        }
    }

    /// Stops a machine whose limit has struck.
    pub(crate) fn stop_in_background(
        &self,
        machine: Arc<Machine>,
        by: StoppedBy,
        is_due: impl Fn(&Machine) -> bool + Send + Sync + 'static,
    ) {
        self.in_background(async move {
            if let Err(error) = machine.stop_if(by, is_due).await {
                tracing::error!(machine = machine.who(), %error, "Machine {} could not be stopped", machine.who());
            }
        });
    }

    /// Tells everybody in the queue when their turn comes, as far as one can say.
    fn tell_turns(&self, known: &Known) {
        let places = known.places.values().filter_map(|place| place.machine());
        let up = places.filter(|machine| machine.is_up());
        let mut leaving: Vec<Duration> = up.filter_map(|machine| machine.leaves_in()).collect();
        leaving.sort_unstable();
        for (at, id) in known.queue.iter().enumerate() {
            if let Some(place) = known.places.get(id) {
                place.set_turn(Some(Turn {
                    place: u32::try_from(at + 1).unwrap_or(u32::MAX),
                    wait: leaving.get(at).copied(),
                }));
            }
        }
    }

    /// Starts one more machine of the pool, if there should be one; those that broke or are older than
    /// the image go.
    fn fill_pool(&self, known: &mut Known) {
        let stamp = self.host.data.image_stamp();
        let is_coming =
            |spare: &Arc<Machine>| matches!(spare.state(), Some(State::Starting { .. }));
        let is_good = |spare: &Arc<Machine>| {
            let is_ready = spare.state() == Some(State::Ready);
            is_coming(spare) || is_ready && spare.record().image == stamp
        };
        let (good, bad): (Vec<_>, Vec<_>) = known.pool.drain(..).partition(is_good);
        known.pool = good;
        let something_broke = !bad.is_empty();
        for spare in bad {
            self.remove_in_background(spare);
        }
        let wanted = usize::from(self.host.options.pool);
        let wanted = known
            .expected
            .map_or(wanted, |expected| wanted.min(expected as usize));
        // One at a time, as those who wait want the processor too; and one that broke is not tried
        // again at once.
        if something_broke
            || known.pool.len() >= wanted
            || !known.queue.is_empty()
            || known.pool.iter().any(is_coming)
            || !self.has_room(known)
            || self.check_host().is_err()
        {
            return;
        }
        let spare = Machine::new(self.host.clone(), Record::new(Holder::Pool));
        spare.begin();
        known.pool.push(spare);
    }
}

impl Known {
    /// A name that is in the queue no longer stands for nothing, if it had no machine.
    fn give_up(&mut self, id: &MachineId, place: &Place) {
        place.set_turn(None);
        if place.machine().is_none() {
            self.places.remove(id);
            place.end();
        }
    }

    /// How many machines run or are on their way up, the pool's among them.
    fn count_up(&self) -> usize {
        let named = self.places.values().filter_map(|place| place.machine());
        named.filter(|machine| machine.is_up()).count() + self.pool.len()
    }
}

//! A machine's life: up, down, and what is noticed in between. Its sleep is in `sleep`.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use machine::{Deadline, Low, Problem, State, Step, StoppedBy};
use tokio::sync::{Mutex as AsyncMutex, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    command::patient,
    config::Image,
    disk::{self, Disk},
    engine,
    error::{ApiError, Doing, HostError},
    events::Events,
    host::{Host, lock},
    ids,
    process::Process,
    ready,
    record::{self, Holder, Record, now},
    sidecar,
    sleep::Usage,
    spec,
    terminal::Terminals,
};

/// How long the Docker Engine may take to answer: it needs about a second; on a slow host, or with
/// many containers to start again, a multiple.
const ENGINE_WITHIN: Duration = Duration::from_secs(30);

/// How long a machine's programs have to end by themselves, before they are killed.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How long a killed first process may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// How many checks run beside one machine at once: one by the events, one by the button.
const CHECKS: usize = 2;

/// A machine, in whatever state, whoever's it is.
#[derive(Debug)]
pub(crate) struct Machine {
    /// What it is called on the host: its folder, its container.
    pub(crate) generation: String,
    pub(crate) host: Arc<Host>,
    pub(crate) disk: Disk,
    pub(crate) terminals: Terminals,
    /// Places for checks beside it.
    pub(crate) checks: Arc<Semaphore>,
    /// What its engine has reported.
    pub(crate) events: Events,
    pub(super) usage: Mutex<Usage>,
    /// `None` once it is deleted.
    now: watch::Sender<Option<Now>>,
    record: Mutex<Record>,
    run: Mutex<Run>,
    /// Held by what takes it up or down, to sleep or awake.
    pub(super) operation: AsyncMutex<()>,
}

/// How a machine is, as callers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    pub(crate) state: State,
    pub(crate) low: Vec<Low>,
    pub(crate) deadline: Option<Deadline>,
}

/// One time of running.
#[derive(Clone, Debug, Default)]
struct Run {
    /// Ends the start and the watch of it.
    over: CancellationToken,
    init: Option<(u32, Arc<Process>)>,
}

/// What a sidecar or a program needs to know of a running machine.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// The machine's first process, as the host numbers it.
    pub(crate) init: u32,
    pub(crate) ids: ids::IdRange,
    pub(crate) image: Image,
    /// Cancelled when the machine goes down.
    pub(crate) over: CancellationToken,
}

impl Machine {
    /// A machine that does not run.
    pub(crate) fn new(host: Arc<Host>, record: Record) -> Arc<Self> {
        let disk = Disk::new(host.data.machine(&record.generation));
        let now = Now {
            state: State::Stopped {
                by: StoppedBy::Host,
            },
            low: Vec::new(),
            deadline: None,
        };
        Arc::new(Self {
            generation: record.generation.clone(),
            terminals: Terminals::default(),
            checks: Arc::new(Semaphore::new(CHECKS)),
            events: Events::new(),
            usage: Mutex::default(),
            now: watch::Sender::new(Some(now)),
            record: Mutex::new(record),
            run: Mutex::default(),
            operation: AsyncMutex::default(),
            host,
            disk,
        })
    }

    /// How it is; `None` once it is deleted.
    pub(crate) fn now(&self) -> Option<Now> {
        self.now.borrow().clone()
    }

    /// How it is from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<Now>> {
        self.now.subscribe()
    }

    pub(crate) fn state(&self) -> Option<State> {
        self.now.borrow().as_ref().map(|now| now.state.clone())
    }

    /// Whether it runs, sleeps or is on its way up.
    pub(crate) fn is_up(&self) -> bool {
        use State::{Frozen, Ready, Starting};
        matches!(self.state(), Some(Starting { .. } | Ready | Frozen))
    }

    /// What must outlive machined.
    pub(crate) fn record(&self) -> Record {
        lock(&self.record).clone()
    }

    /// Whose it is, for people.
    pub(crate) fn who(&self) -> String {
        match &lock(&self.record).holder {
            Holder::Name(id) => id.to_string(),
            Holder::Pool => format!("of the pool ({})", self.generation),
            Holder::Nobody => format!("of nobody ({})", self.generation),
        }
    }

    /// The awake machine, for those who want to do something in it or beside it without waking it.
    pub(crate) fn running(&self) -> Result<Running, ApiError> {
        if self.state().ok_or(ApiError::NoSuchMachine)? != State::Ready {
            return Err(ApiError::NotReady);
        }
        self.while_up()?.ok_or(ApiError::NotReady)
    }

    /// As [`running`](Self::running), also while the engine does not answer yet.
    pub(super) fn while_up(&self) -> Result<Option<Running>, HostError> {
        let run = lock(&self.run).clone();
        let (Some((init, _)), Some(ids)) = (run.init, lock(&self.record).ids) else {
            return Ok(None);
        };
        if run.over.is_cancelled() {
            return Ok(None);
        }
        let image = Image::read(&self.host.data.image()).doing(|| "read the image".into())?;
        Ok(Some(Running {
            init,
            ids,
            image,
            over: run.over,
        }))
    }

    /// Sets it on its way up, in the background. The caller has seen that it is down.
    pub(crate) fn begin(self: &Arc<Self>) {
        let over = CancellationToken::new();
        let new = Run {
            over: over.clone(),
            init: None,
        };
        // A start that still waits for its turn has lost it.
        std::mem::replace(&mut *lock(&self.run), new).over.cancel();
        self.set(State::Starting { step: Step::Disk });
        let machine = self.clone();
        tokio::spawn(async move {
            let _operation = machine.operation.lock().await;
            if machine.now().is_none() {
                // It was deleted at the same time, and that came first.
                return;
            }
            let Some(result) = over.run_until_cancelled(machine.bring_up()).await else {
                // Whoever cancelled it takes down what there is.
                return;
            };
            match result {
                Ok(()) => machine.clone().up(over),
                Err(error) => {
                    tracing::error!(machine = machine.who(), generation = machine.generation, %error, "Machine {} could not start", machine.who());
                    machine.clean_up().await;
                    machine.set(State::Failed {
                        problem: error.problem(),
                    });
                }
            }
        });
    }

    /// Takes over a machine that a former machined started, whose first process is `init`; it is
    /// ready a moment later, unless it sleeps.
    pub(crate) fn adopt(self: &Arc<Self>, init: u32) -> Result<(), HostError> {
        let process = Process::open(init).doing(|| "hold the machine's first process".into())?;
        let over = CancellationToken::new();
        *lock(&self.run) = Run {
            over: over.clone(),
            init: Some((init, Arc::new(process))),
        };
        if self.host.cgroups.is_frozen(&self.generation) {
            self.set(State::Frozen);
            self.clone().attend(over);
            return Ok(());
        }
        self.set(State::Starting { step: Step::Engine });
        let machine = self.clone();
        tokio::spawn(async move {
            let _operation = machine.operation.lock().await;
            match over.run_until_cancelled(machine.wait_for_engine()).await {
                None => return,
                Some(Ok(())) => {}
                // It was ready once: what its student did to the engine, they may still undo.
                Some(Err(error)) => {
                    tracing::warn!(machine = machine.who(), %error, "Machine {} is taken over, but its engine is silent", machine.who());
                }
            }
            machine.clone().up(over);
        });
        Ok(())
    }

    /// Stops it, if it runs; its disk is kept.
    pub(crate) async fn stop(self: &Arc<Self>, by: StoppedBy) -> Result<(), HostError> {
        let was_up = self.is_up();
        lock(&self.run).over.cancel();
        let _operation = self.operation.lock().await;
        self.bring_down(by, was_up).await
    }

    /// Stops it for a limit, unless that is no longer due when its turn has come: it may have been used
    /// meanwhile, or stopped and started again.
    pub(crate) async fn stop_if(
        self: &Arc<Self>,
        by: StoppedBy,
        is_due: impl Fn(&Self) -> bool,
    ) -> Result<(), HostError> {
        let _operation = self.operation.lock().await;
        if !is_due(self) {
            return Ok(());
        }
        lock(&self.run).over.cancel();
        self.bring_down(by, true).await
    }

    /// The stop itself; whoever calls holds `operation`.
    async fn bring_down(&self, by: StoppedBy, was_up: bool) -> Result<(), HostError> {
        if was_up {
            self.end_gently().await;
        }
        self.or_failed(self.take_down().await)?;
        // One that is stopped already goes on having been stopped by what it was.
        if was_up || !matches!(self.state(), Some(State::Stopped { .. })) {
            self.change(|record| record.stopped_at = Some(now()))?;
            self.set(State::Stopped { by });
            tracing::info!(
                machine = self.who(),
                generation = self.generation,
                ?by,
                "Machine {} is stopped",
                self.who()
            );
        }
        Ok(())
    }

    /// Ends it and removes everything of it.
    pub(crate) async fn delete(self: &Arc<Self>) -> Result<(), HostError> {
        lock(&self.run).over.cancel();
        let _operation = self.operation.lock().await;
        self.or_failed(self.take_down().await)?;
        self.or_failed(self.remove())?;
        self.now.send_replace(None);
        tracing::info!(
            machine = self.who(),
            generation = self.generation,
            "Machine {} is deleted",
            self.who()
        );
        Ok(())
    }

    /// Removes what a stopped machine has on the host.
    fn remove(&self) -> Result<(), HostError> {
        self.disk
            .remove()
            .doing(|| format!("remove {}", self.disk.dir().display()))?;
        match lock(&self.record).ids.take() {
            Some(ids) => ids::release(self.disk.dir(), ids).doing(|| "give the ids back".into()),
            None => Ok(()),
        }
    }

    /// A machine that could not be taken down is failed, whatever it was.
    fn or_failed(&self, result: Result<(), HostError>) -> Result<(), HostError> {
        if let Err(error) = &result {
            self.set(State::Failed {
                problem: error.problem(),
            });
        }
        result
    }

    /// Ready, and watched from now on.
    fn up(self: Arc<Self>, over: CancellationToken) {
        self.touch();
        self.set(State::Ready);
        tracing::info!(
            machine = self.who(),
            generation = self.generation,
            "Machine {} is ready",
            self.who()
        );
        if lock(&self.record).holder == Holder::Pool {
            tokio::spawn(self.clone().prepare_terminal());
        }
        self.attend(over);
    }

    /// Whoever gets a machine of the pool wants a prompt first of all.
    async fn prepare_terminal(self: Arc<Self>) {
        if let Err(error) = self.terminals.prepare(&self).await {
            tracing::warn!(machine = self.who(), %error, "Machine {} has no terminal yet", self.who());
        }
    }

    /// Records what its engine reports, and waits for its unexpected end.
    fn attend(self: Arc<Self>, over: CancellationToken) {
        match self.events.open(&self.disk.events()) {
            Ok(()) => {
                let record = engine::record(self.clone());
                tokio::spawn(over.clone().run_until_cancelled_owned(record));
            }
            Err(error) => {
                tracing::error!(machine = self.who(), %error, "The events of machine {} are not recorded: {error}", self.who());
            }
        }
        let Some((_, process)) = lock(&self.run).init.clone() else {
            return;
        };
        tokio::spawn(async move {
            if over.run_until_cancelled(process.ended()).await.is_none() {
                return;
            }
            let _operation = self.operation.lock().await;
            if over.is_cancelled() {
                return;
            }
            tracing::warn!(
                machine = self.who(),
                "Machine {} ended unexpectedly",
                self.who()
            );
            over.cancel();
            self.clean_up().await;
            self.set(State::Failed {
                problem: Problem::Ended,
            });
        });
    }

    async fn bring_up(self: &Arc<Self>) -> Result<(), HostError> {
        // What a failed start or a crash left.
        self.take_down().await?;
        let host = &self.host;
        let image = host.data.image();
        if !image.is_dir() {
            return Err(Problem::NoImage.into());
        }
        disk::check_space(&host.data.machines())?;
        let ids = self.claim_ids()?;
        self.disk
            .make_dir(ids)
            .doing(|| "make the machine's folder".into())?;
        let stamp = host.data.image_stamp();
        let is_new = !self.disk.exists();
        let device = self.disk.mount(&image, ids, host.options.disk.0).await?;

        self.set(State::Starting {
            step: Step::Network,
        });
        let number = host.take_number()?;
        let ends_at = self.ends_when_started_now();
        self.change(|record| {
            record.network = Some(number);
            record.image = stamp;
            record.ends_at = ends_at;
            record.stopped_at = None;
        })?;
        let container = self.generation.as_str();
        let image = Image::read(&image).doing(|| "read the image".into())?;
        let bundle = spec::machine(
            &host.options,
            &host.cgroups,
            &image,
            &self.disk,
            container,
            ids,
            device,
        );
        record::write(&self.disk.dir().join("config.json"), &bundle)
            .doing(|| "write the bundle".into())?;
        let (word, teller) = ready::pipe(ids).doing(|| "make a pipe".into())?;
        let init = host.runc.create(self.disk.dir(), container, teller).await?;
        let process = Process::open(init).doing(|| "hold the machine's first process".into())?;
        lock(&self.run).init = Some((init, Arc::new(process)));
        host.cgroups.delegate(container, ids)?;
        host.router.plug(number, init).await?;

        self.set(State::Starting { step: Step::Boot });
        host.runc.start(container).await?;

        self.set(State::Starting { step: Step::Engine });
        match self.wait_for_word(word).await {
            // What its student did to the engine, they may still undo: they need the machine for it.
            Err(HostError::Problem(Problem::EngineSilent)) if !is_new => {
                tracing::warn!(
                    machine = self.who(),
                    "Machine {} is up, but its engine is silent",
                    self.who()
                );
                Ok(())
            }
            result => result,
        }
    }

    /// Waits for the machine's own word that its engine answers.
    async fn wait_for_word(&self, word: ready::Word) -> Result<(), HostError> {
        let Some((_, process)) = lock(&self.run).init.clone() else {
            return Err(Problem::Ended.into());
        };
        tokio::select! {
            has_come = word.comes(patient(ENGINE_WITHIN)) => {
                if has_come { Ok(()) } else { Err(Problem::EngineSilent.into()) }
            }
            _ = process.ended() => Err(Problem::Ended.into()),
        }
    }

    /// The machine's own range of ids: claimed at its first start, and looked after at each.
    fn claim_ids(&self) -> Result<ids::IdRange, HostError> {
        let owner = self.disk.dir();
        let known = lock(&self.record).ids;
        if let Some(ids) = known {
            ids::confirm(owner, ids, record::is_owner).doing(|| "confirm ids".into())?;
            return Ok(ids);
        }
        let save = |ids| {
            self.disk.make_dir(ids)?;
            self.change(|record| record.ids = Some(ids))
                .map_err(std::io::Error::other)
        };
        ids::claim(owner, record::is_owner, save).doing(|| "claim ids".into())
    }

    async fn wait_for_engine(self: &Arc<Self>) -> Result<(), HostError> {
        let run = lock(&self.run).clone();
        let (Some(running), Some((_, process))) = (self.while_up()?, run.init) else {
            return Err(Problem::Ended.into());
        };
        tokio::select! {
            answered = sidecar::wait_for_engine(self, &running, patient(ENGINE_WITHIN)) => {
                if answered? { Ok(()) } else { Err(Problem::EngineSilent.into()) }
            }
            _ = process.ended() => Err(Problem::Ended.into()),
        }
    }

    /// Asks the machine's programs to end, and gives them time.
    async fn end_gently(&self) {
        let Some((_, process)) = lock(&self.run).init.clone() else {
            return;
        };
        self.host.cgroups.thaw(&self.generation);
        if self
            .host
            .runc
            .signal(&self.generation, "TERM")
            .await
            .is_ok()
            && tokio::time::timeout(STOP_WITHIN, process.ended())
                .await
                .is_err()
        {
            tracing::info!(
                machine = self.who(),
                "Machine {} did not end in time and is killed",
                self.who()
            );
        }
    }

    /// Takes down all that a running machine has on the host, whatever there is of it, also of one
    /// that another machined started. Its disk stays.
    async fn take_down(&self) -> Result<(), HostError> {
        let host = &self.host;
        let container = self.generation.as_str();
        self.terminals.close();
        self.events.close();
        sidecar::end_all(self).await?;
        host.remove_container(container).await?;
        let init = lock(&self.run).init.take();
        if let Some((_, process)) = init
            && tokio::time::timeout(GONE_WITHIN, process.ended())
                .await
                .is_err()
        {
            tracing::error!(machine = self.who(), "Machine {} does not die", self.who());
        }
        let number = lock(&self.record).network;
        if let Some(number) = number {
            host.router.unplug(number).await?;
        }
        self.disk.unmount().await?;
        if let Some(number) = number {
            self.change(|record| record.network = None)?;
            host.free_number(number);
        }
        Ok(())
    }

    /// As [`take_down`](Self::take_down), where an error has nobody to go to: the next start tries
    /// again.
    async fn clean_up(&self) {
        if let Err(error) = self.take_down().await {
            tracing::error!(machine = self.who(), %error, "Machine {} left something behind", self.who());
        }
    }

    /// Changes what must outlive machined, if its folder is there to hold it.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Record)) -> Result<(), HostError> {
        let mut record = lock(&self.record);
        change(&mut record);
        if !self.disk.dir().exists() {
            return Ok(());
        }
        record
            .save(self.disk.dir())
            .doing(|| "write the machine's record".into())
    }

    /// Its new state; what was told of the old one's limits is no more.
    pub(super) fn set(&self, state: State) {
        let deadline = self.deadline_in(&state);
        self.now.send_modify(|now| {
            if let Some(now) = now {
                *now = Now {
                    state,
                    low: Vec::new(),
                    deadline,
                };
            }
        });
        self.host.changed.notify_one();
    }

    /// Tells callers of limits in the state that was `seen`, if there is something new, and if it still
    /// is in that state: what was reckoned for another is no more.
    pub(super) fn tell(&self, seen: &State, low: Vec<Low>, deadline: Option<Deadline>) {
        self.now.send_if_modified(|now| {
            let Some(now) = now.as_mut().filter(|now| now.state == *seen) else {
                return false;
            };
            let is_new = now.low != low || now.deadline != deadline;
            (now.low, now.deadline) = (low, deadline);
            is_new
        });
    }
}

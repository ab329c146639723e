//! How a machine is used, how it falls asleep and wakes, and which limits are about to strike.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use machine::{Deadline, LOW_PERCENT, Limit, Low, Resource, State};

use crate::{
    config::WARN,
    error::{ApiError, HostError},
    host::lock,
    life::{Machine, Running},
    program,
    record::now,
};

/// From how much of one processor's time on a machine is in use although nobody types, as one part
/// of so many: an idle engine with a dozen containers stays well below, a build is far above.
const BUSY_PART: u32 = 20;

/// How long the engine may take to fall asleep, at most; it needs a third of a second.
const DOZE_WITHIN: Duration = Duration::from_secs(10);

/// When a machine was used.
#[derive(Debug)]
pub(crate) struct Usage {
    /// The last time that somebody or something used it, or that it fell asleep.
    since: Instant,
    /// What uses it now, however long that takes.
    hands: usize,
    /// When its processor time was last looked at, and what it was then.
    looked: Option<(Instant, Duration)>,
    /// It is about to fall asleep, and what computes is our own asking for that.
    falls_asleep: bool,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            hands: 0,
            looked: None,
            falls_asleep: false,
        }
    }
}

/// Something that uses a machine, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Hold {
    machine: Arc<Machine>,
    counts_as_use: bool,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut usage = lock(&self.machine.usage);
        usage.hands -= 1;
        if self.counts_as_use {
            drop(usage);
            self.machine.touch();
        } else {
            // What the engine computed for it is not the student's work either.
            usage.looked = None;
        }
    }
}

/// A machine that is about to fall asleep, one at a time.
struct Falling<'a>(&'a Machine);

impl<'a> Falling<'a> {
    /// `None` if it is at it already.
    fn begin(machine: &'a Machine) -> Option<Self> {
        let mut usage = lock(&machine.usage);
        let is_first = !std::mem::replace(&mut usage.falls_asleep, true);
        // Not `then_some`: one that is made and dropped would undo what the other has begun.
        is_first.then(|| Self(machine))
    }
}

impl Drop for Falling<'_> {
    fn drop(&mut self) {
        let mut usage = lock(&self.0.usage);
        usage.falls_asleep = false;
        usage.looked = None;
    }
}

/// What has to be done about a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// It is to sleep.
    Freeze,
    /// It has slept for long.
    StopIdle,
    /// It has run for as long as it may.
    StopLifetime,
    /// It was stopped for long.
    Delete,
}

impl Machine {
    /// It is being used.
    pub(crate) fn touch(&self) {
        lock(&self.usage).since = Instant::now();
        // A warning that it would fall asleep is void at once.
        if let Some(seen) = self.now()
            && matches!(
                seen.deadline,
                Some(Deadline {
                    limit: Limit::IdleFreeze,
                    ..
                })
            )
        {
            self.tell(&seen.state, seen.low, self.deadline_in(&seen.state));
        }
    }

    /// It does not fall asleep until the answer is dropped; if that counts as use, not for a while
    /// after either.
    pub(crate) fn hold(self: &Arc<Self>, counts_as_use: bool) -> Hold {
        lock(&self.usage).hands += 1;
        Hold {
            machine: self.clone(),
            counts_as_use,
        }
    }

    /// The machine, awake, for those who want to use it.
    pub(crate) async fn awake(self: &Arc<Self>) -> Result<Running, ApiError> {
        self.wake().await?;
        self.running()
    }

    /// Wakes it if it sleeps. It counts as used.
    pub(crate) async fn wake(self: &Arc<Self>) -> Result<(), ApiError> {
        self.touch();
        match self.state().ok_or(ApiError::NoSuchMachine)? {
            State::Ready => return Ok(()),
            State::Frozen => {}
            _ => return Err(ApiError::NotReady),
        }
        let _operation = self.operation.lock().await;
        // Somebody else may have been quicker, or stopped it.
        match self.state().ok_or(ApiError::NoSuchMachine)? {
            State::Ready => return Ok(()),
            State::Frozen => {}
            _ => return Err(ApiError::NotReady),
        }
        self.host.cgroups.wake(&self.generation)?;
        self.touch();
        self.set(State::Ready);
        tracing::info!(machine = self.who(), "Machine {} wakes", self.who());
        Ok(())
    }

    /// Lets it run longer, and wakes it.
    pub(crate) async fn extend(self: &Arc<Self>) -> Result<(), ApiError> {
        self.wake().await?;
        let least = now() + self.host.options.extend.as_secs();
        self.change(|record| record.ends_at = record.ends_at.map(|at| at.max(least)))?;
        self.look();
        Ok(())
    }

    /// When the lifetime of one that starts now ends.
    pub(crate) fn ends_when_started_now(&self) -> Option<u64> {
        let lifetime = self.host.options.lifetime;
        (!lifetime.is_zero()).then(|| now() + lifetime.as_secs())
    }

    /// Lets it fall asleep, unless it is used meanwhile.
    pub(crate) async fn freeze(self: &Arc<Self>) -> Result<(), HostError> {
        let Some(_falling) = Falling::begin(self) else {
            return Ok(());
        };
        // Takes a second or two, in which a key is as quick as ever.
        self.doze().await;
        let _operation = self.operation.lock().await;
        if self.look() != Due::Freeze {
            return Ok(());
        }
        // From here on, whoever wants something waits for this to be over, and wakes it again.
        lock(&self.usage).since = Instant::now();
        self.set(State::Frozen);
        if let Err(error) = self.host.cgroups.freeze(&self.generation).await {
            self.host.cgroups.wake(&self.generation)?;
            self.touch();
            self.set(State::Ready);
            return Err(error);
        }
        tracing::info!(machine = self.who(), "Machine {} falls asleep", self.who());
        Ok(())
    }

    /// Lets the engine of a machine without containers end until it is used: what sleeps needs no
    /// memory. A machine's root can keep it from that, and loses nothing but its own sleep.
    async fn doze(self: &Arc<Self>) {
        if let Ok(Some(running)) = self.while_up() {
            let exit = program::doze(self, running, DOZE_WITHIN).await;
            tracing::debug!(machine = self.who(), ?exit, "The engine was asked to doze");
        }
    }

    /// Looks at what it uses and which limits are near, tells those who watch it, and returns what is
    /// due.
    pub(crate) fn look(&self) -> Due {
        let Some(seen) = self.now() else {
            return Due::Nothing;
        };
        if seen.state == State::Ready {
            self.notice_work();
        }
        let low = match seen.state {
            State::Ready => self.low(),
            _ => Vec::new(),
        };
        self.tell(&seen.state, low, self.deadline_in(&seen.state));
        self.due(&seen.state)
    }

    /// A machine that computes is in use, also when nobody types.
    fn notice_work(&self) {
        let Some(cpu) = self.host.cgroups.cpu_time(&self.generation) else {
            return;
        };
        let mut usage = lock(&self.usage);
        let now = Instant::now();
        if let Some((then, before)) = usage.looked
            && !usage.falls_asleep
            && cpu.saturating_sub(before) * BUSY_PART > now - then
        {
            usage.since = now;
        }
        usage.looked = Some((now, cpu));
    }

    /// What it is about to run out of.
    fn low(&self) -> Vec<Low> {
        let memory = self.host.cgroups.memory(&self.generation);
        let memory = memory.map(|used| (Resource::Memory, used, self.host.options.memory.0));
        let disk = self.disk.usage().ok();
        let disk = disk.map(|(used, size)| (Resource::Disk, used, size));
        let percent = |(resource, used, size): (_, u64, u64)| {
            let percent = used.saturating_mul(100) / size.max(1);
            let percent = u8::try_from(percent.min(100)).unwrap_or(100);
            (percent >= LOW_PERCENT).then_some(Low { resource, percent })
        };
        [memory, disk]
            .into_iter()
            .flatten()
            .filter_map(percent)
            .collect()
    }

    fn due(&self, state: &State) -> Due {
        let is_over =
            |strike: Option<(Limit, Duration)>| strike.is_some_and(|(_, left)| left.is_zero());
        let Some((limit, _)) = self
            .strikes(state)
            .into_iter()
            .flatten()
            .find(|&strike| is_over(Some(strike)))
        else {
            return Due::Nothing;
        };
        match limit {
            Limit::IdleFreeze => Due::Freeze,
            Limit::IdleStop => Due::StopIdle,
            Limit::Lifetime => Due::StopLifetime,
            Limit::Keep => Due::Delete,
        }
    }

    /// What callers are told: the limit that strikes first, when that is near, or always where it
    /// cannot be moved by working on.
    pub(crate) fn deadline_in(&self, state: &State) -> Option<Deadline> {
        let strikes = self.strikes(state).into_iter().flatten();
        let (limit, left) = strikes.min_by_key(|&(_, left)| left)?;
        let is_told = left <= WARN || matches!(limit, Limit::IdleStop | Limit::Keep);
        // Exact before it is cut to seconds, or each look would have news.
        let at = (SystemTime::now() + left).duration_since(SystemTime::UNIX_EPOCH);
        is_told.then(|| Deadline {
            limit,
            at: at.unwrap_or_default().as_secs(),
        })
    }

    /// The limits on time that hold in a state, and how long it is until they strike.
    fn strikes(&self, state: &State) -> [Option<(Limit, Duration)>; 2] {
        let options = &self.host.options;
        let record = self.record();
        let idle = |limit, after: Duration| {
            let usage = lock(&self.usage);
            let unused = if usage.hands == 0 {
                usage.since.elapsed()
            } else {
                Duration::ZERO
            };
            let left = after.saturating_sub(unused);
            (!after.is_zero()).then_some((limit, left))
        };
        let until = |limit, at: u64| (limit, Duration::from_secs(at.saturating_sub(now())));
        let lifetime = record.ends_at.map(|at| until(Limit::Lifetime, at));
        match state {
            State::Ready => [lifetime, idle(Limit::IdleFreeze, options.idle_freeze)],
            State::Frozen => [lifetime, idle(Limit::IdleStop, options.idle_stop)],
            State::Stopped { .. } if !options.keep_disks.is_zero() => {
                let keep = |at: u64| until(Limit::Keep, at + options.keep_disks.as_secs());
                [record.stopped_at.map(keep), None]
            }
            _ => [None, None],
        }
    }

    /// How long it is until its place may be somebody else's; `None` if no limit says so.
    pub(crate) fn leaves_in(&self) -> Option<Duration> {
        let state = self.state()?;
        if state == State::Frozen {
            return Some(Duration::ZERO);
        }
        self.strikes(&state)
            .into_iter()
            .flatten()
            .map(|(_, left)| left)
            .min()
    }

    /// How long it has slept, if it does.
    pub(crate) fn slept(&self) -> Option<Duration> {
        (self.state()? == State::Frozen).then(|| lock(&self.usage).since.elapsed())
    }
}

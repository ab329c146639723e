//! A service's life, as systemd.service(5) has it: what follows what.

mod down;
mod events;
mod up;

use std::{os::fd::OwnedFd, time::Instant};

use crate::{
    clock::{self, Micros},
    engine::Sockets,
    files::Loaded,
    journal::{Journal, Speaker},
    process::End,
};

/// Where a service is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Dead,
    /// Waits for those that start before it.
    Ordering,
    StartPre,
    Start,
    StartPost,
    Running,
    /// All its programs have ended, and that is fine.
    Exited,
    Reload,
    Stop,
    Term,
    Kill,
    StopPost,
    /// Will be started again by itself.
    AutoRestart,
    Failed,
}

/// How a start or a life went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    ExitCode,
    Signal,
    CoreDump,
    Timeout,
    /// It did not do what its type promises.
    Protocol,
    /// It could not even be tried.
    Resources,
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Start,
    Stop,
    Reload,
}

/// Somebody who waits, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) client: u64,
    pub(crate) wish: Wish,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobEnd {
    Done,
    Failed(Outcome),
    /// Somebody wanted the contrary meanwhile.
    Canceled,
}

/// What a service's life needs of the first process.
pub(crate) struct Context {
    pub(crate) journal: Journal,
    pub(crate) sockets: Sockets,
    /// Pipes of new processes; the manager reads them from now on.
    pub(crate) outputs: Vec<(OwnedFd, String, Speaker)>,
    /// Jobs that have ended; the manager tells.
    pub(crate) ended: Vec<(u64, String, JobEnd)>,
}

/// A process that was, and how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub(crate) pid: u32,
    pub(crate) end: End,
    pub(crate) command: String,
}

/// A service with its state.
pub(crate) struct Service {
    pub(crate) loaded: Loaded,
    pub(crate) phase: Phase,
    pub(crate) outcome: Outcome,
    pub(crate) main: Option<u32>,
    /// The main process that was, or the control process that failed.
    pub(crate) past: Option<Past>,
    control: Option<u32>,
    /// Which of the phase's command lines is next.
    next_line: usize,
    pub(crate) deadline: Option<Instant>,
    /// When it was started by itself, lately.
    starts: Vec<Instant>,
    /// When the last start began.
    begun: Instant,
    pub(crate) restarts: u32,
    pub(crate) active_since: Option<Micros>,
    pub(crate) inactive_since: Option<Micros>,
    /// How long it was up the last time, in microseconds.
    pub(crate) lasted: Micros,
    pub(crate) changed: Micros,
    pub(crate) status: String,
    jobs: Vec<Job>,
    /// A stop was asked for: it stays down.
    is_stopping: bool,
    /// When it is down, it starts again.
    starts_again: bool,
    /// Put to sleep, not stopped: nobody is told, and the next use wakes it.
    pub(crate) is_asleep: bool,
}

impl Service {
    pub(crate) fn new(loaded: Loaded) -> Self {
        Self {
            loaded,
            phase: Phase::Dead,
            outcome: Outcome::Success,
            main: None,
            past: None,
            control: None,
            next_line: 0,
            deadline: None,
            starts: Vec::new(),
            begun: Instant::now(),
            restarts: 0,
            active_since: None,
            inactive_since: None,
            lasted: 0,
            changed: clock::now(),
            status: String::new(),
            jobs: Vec::new(),
            is_stopping: false,
            starts_again: false,
            is_asleep: false,
        }
    }

    fn name(&self) -> &str {
        &self.loaded.unit.name
    }

    /// `docker.service - Docker Application Container Engine`.
    fn title(&self) -> String {
        format!("{} - {}", self.name(), self.loaded.unit.description)
    }

    fn note(&self, context: &mut Context, message: &str) {
        if !self.is_asleep {
            context.journal.note(self.name(), message);
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Exited | Phase::Reload)
    }

    pub(crate) fn is_down(&self) -> bool {
        matches!(self.phase, Phase::Dead | Phase::Failed)
    }

    pub(crate) fn is_starting(&self) -> bool {
        use Phase::{Ordering, Start, StartPost, StartPre};
        matches!(self.phase, Ordering | StartPre | Start | StartPost)
    }

    /// Whether it will be up in a moment.
    pub(crate) fn is_coming(&self) -> bool {
        self.is_starting() || self.starts_again
    }

    /// Somebody wants it up. Returns whether it now waits for its turn: the manager looks at what
    /// starts before it, then calls [`begin`](Self::begin).
    pub(crate) fn wish_start(&mut self, job: Option<Job>, context: &mut Context) -> bool {
        if self.is_up() {
            self.jobs.extend(job);
            self.end_jobs(context);
            return false;
        }
        self.cancel(Wish::Stop, context);
        self.jobs.extend(job);
        if self.is_starting() {
            return false;
        }
        // Whoever asks is never told that it was too often: only what restarts by itself is counted.
        self.starts.clear();
        if self.is_down() || self.phase == Phase::AutoRestart {
            self.enter(Phase::Ordering);
            return true;
        }
        self.starts_again = true;
        false
    }

    /// Somebody wants it down.
    pub(crate) fn wish_stop(&mut self, job: Option<Job>, context: &mut Context) {
        self.cancel(Wish::Start, context);
        self.cancel(Wish::Reload, context);
        self.jobs.extend(job);
        self.starts_again = false;
        self.bring_down(context);
    }

    /// Somebody wants it down and up again. Returns as [`wish_start`](Self::wish_start).
    pub(crate) fn wish_restart(&mut self, job: Option<Job>, context: &mut Context) -> bool {
        if self.is_down() || matches!(self.phase, Phase::AutoRestart | Phase::Ordering) {
            return self.wish_start(job, context);
        }
        self.cancel(Wish::Stop, context);
        self.jobs.extend(job);
        self.starts.clear();
        self.bring_down(context);
        self.starts_again = true;
        false
    }

    /// Puts it to sleep: a stop that nobody is told of.
    pub(crate) fn doze(&mut self, context: &mut Context) {
        self.is_asleep = true;
        self.bring_down(context);
    }

    /// Somebody wants it to read its settings again. `false`: it is not up, or cannot.
    pub(crate) fn wish_reload(&mut self, job: Job, context: &mut Context) -> bool {
        if !matches!(self.phase, Phase::Running | Phase::Exited)
            || self.loaded.unit.reload.is_empty()
        {
            return false;
        }
        self.jobs.push(job);
        self.note(context, &format!("Reloading {}...", self.title()));
        self.enter(Phase::Reload);
        self.deadline = self
            .loaded
            .unit
            .start_within
            .map(|limit| Instant::now() + limit);
        self.run_next_line(context);
        true
    }

    fn bring_down(&mut self, context: &mut Context) {
        match self.phase {
            Phase::Dead | Phase::Failed => self.end_jobs(context),
            Phase::AutoRestart | Phase::Ordering => {
                self.settle(Phase::Dead, context);
            }
            Phase::Running | Phase::Exited | Phase::Reload => {
                self.note(context, &format!("Stopping {}...", self.title()));
                self.is_stopping = true;
                self.enter_stop(context);
            }
            Phase::StartPre | Phase::Start | Phase::StartPost => {
                self.note(context, &format!("Stopping {}...", self.title()));
                self.is_stopping = true;
                self.enter_term(context);
            }
            Phase::Stop | Phase::Term | Phase::Kill | Phase::StopPost => self.is_stopping = true,
        }
    }

    /// Somebody has seen that it failed.
    pub(crate) fn forget_failure(&mut self) {
        if self.phase == Phase::Failed {
            self.phase = Phase::Dead;
            self.outcome = Outcome::Success;
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.next_line = 0;
        self.deadline = None;
        self.changed = clock::now();
    }

    /// As [`enter`](Self::enter), within the time of the phase before.
    fn enter_within(&mut self, phase: Phase) {
        let deadline = self.deadline;
        self.enter(phase);
        self.deadline = deadline;
    }

    /// Where it stays until something happens: who waited for that is told.
    fn settle(&mut self, phase: Phase, context: &mut Context) {
        self.enter(phase);
        self.end_jobs(context);
    }

    fn end_jobs(&mut self, context: &mut Context) {
        let (is_up, outcome) = (self.is_up(), self.outcome);
        let failed = match outcome {
            Outcome::Success => JobEnd::Done,
            outcome => JobEnd::Failed(outcome),
        };
        for job in std::mem::take(&mut self.jobs) {
            let end = match job.wish {
                Wish::Start if !is_up => failed,
                Wish::Stop if is_up => JobEnd::Canceled,
                Wish::Reload if !is_up => JobEnd::Canceled,
                _ => JobEnd::Done,
            };
            context
                .ended
                .push((job.client, self.name().to_owned(), end));
        }
    }

    fn end_jobs_of(&mut self, wish: Wish, end: JobEnd, context: &mut Context) {
        let name = self.name().to_owned();
        self.jobs.retain(|job| {
            if job.wish == wish {
                context.ended.push((job.client, name.clone(), end));
            }
            job.wish != wish
        });
    }

    fn cancel(&mut self, wish: Wish, context: &mut Context) {
        self.end_jobs_of(wish, JobEnd::Canceled, context);
    }
}

impl Phase {
    /// `active`, and `running`: what systemctl calls ActiveState and SubState.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        match self {
            Phase::Dead => ("inactive", "dead"),
            Phase::Ordering | Phase::StartPre => ("activating", "start-pre"),
            Phase::Start => ("activating", "start"),
            Phase::StartPost => ("activating", "start-post"),
            Phase::Running => ("active", "running"),
            Phase::Exited => ("active", "exited"),
            Phase::Reload => ("reloading", "reload"),
            Phase::Stop => ("deactivating", "stop"),
            Phase::Term => ("deactivating", "stop-sigterm"),
            Phase::Kill => ("deactivating", "stop-sigkill"),
            Phase::StopPost => ("deactivating", "stop-post"),
            Phase::AutoRestart => ("activating", "auto-restart"),
            Phase::Failed => ("failed", "failed"),
        }
    }
}

impl Outcome {
    /// What systemd calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::ExitCode => "exit-code",
            Outcome::Signal => "signal",
            Outcome::CoreDump => "core-dump",
            Outcome::Timeout => "timeout",
            Outcome::Protocol => "protocol",
            Outcome::Resources => "resources",
        }
    }
}

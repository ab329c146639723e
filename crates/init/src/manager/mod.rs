//! The machine's first process: one loop that waits for whatever happens and does what follows.

mod engine;
mod outputs;
mod properties;
mod requests;

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::{UnixDatagram, UnixListener, UnixStream},
    },
    process::ExitCode,
    time::Instant,
};

use outputs::Output;
use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::Timespec,
};
use signal_hook::{
    consts::{SIGCHLD, SIGINT, SIGTERM},
    low_level::pipe,
};

use crate::{
    boot,
    control::{self, Client},
    engine::{CONTAINERD, ENGINE, Sockets, is_containerd_there},
    files::{self, LoadError},
    journal::Journal,
    notify, process,
    service::{Context, Job, JobEnd, Phase, Service},
    shutdown::Shutdown,
};

/// How many may be about to ask at once; a person has two or three shells.
const MAX_CLIENTS: usize = 64;

/// What a poll found.
#[derive(Clone, Copy)]
enum Source {
    Children,
    End,
    Control,
    Notify,
    Engine,
    Output(usize),
    Client(u64),
}

/// The first process.
pub(crate) struct Manager {
    services: BTreeMap<String, Service>,
    context: Context,
    clients: HashMap<u64, Client>,
    next_client: u64,
    outputs: Vec<Output>,
    control: UnixListener,
    notify: UnixDatagram,
    children: UnixStream,
    end: UnixStream,
    /// Who is told once that the machine is ready.
    ready: Option<File>,
    /// Who waits for the engine to fall asleep.
    dozing: Option<u64>,
    shutdown: Option<Shutdown>,
}

/// Runs as process 1, until the machine is told to end.
pub(crate) fn main() -> ExitCode {
    let ready = engine::take_ready();
    let mut journal = Journal::default();
    boot::ready_machine(&mut journal);
    match Manager::new(journal, ready) {
        Ok(mut manager) => {
            manager.boot();
            manager.run();
            ExitCode::SUCCESS
        }
        Err(error) => {
            crate::options::complain(&format!("init: cannot start: {error}"));
            ExitCode::FAILURE
        }
    }
}

impl Manager {
    fn new(journal: Journal, ready: Option<File>) -> io::Result<Self> {
        let (children, child) = UnixStream::pair()?;
        pipe::register(SIGCHLD, child)?;
        let (end, ended) = UnixStream::pair()?;
        pipe::register(SIGTERM, ended.try_clone()?)?;
        pipe::register(SIGINT, ended)?;
        for socket in [&children, &end] {
            socket.set_nonblocking(true)?;
        }
        Ok(Self {
            services: BTreeMap::new(),
            context: Context {
                journal,
                sockets: Sockets::default(),
                outputs: Vec::new(),
                ended: Vec::new(),
            },
            clients: HashMap::new(),
            next_client: 0,
            outputs: Vec::new(),
            control: control::listen()?,
            notify: notify::listen()?,
            children,
            end,
            ready,
            dozing: None,
            shutdown: None,
        })
    }

    /// Starts what is enabled.
    fn boot(&mut self) {
        for name in files::enabled() {
            if let Err(error) = self.start(&name, None) {
                self.context.journal.note(
                    &name,
                    &format!("{name}: Cannot be started at boot: {error}"),
                );
            }
        }
    }

    fn run(&mut self) {
        loop {
            self.follow_up();
            if self.shutdown.as_ref().is_some_and(Shutdown::is_over) {
                return;
            }
            for source in self.wait() {
                self.handle(source);
            }
        }
    }

    /// Waits until something happens or is due.
    fn wait(&self) -> Vec<Source> {
        let mut sources = vec![
            Source::Children,
            Source::End,
            Source::Control,
            Source::Notify,
        ];
        let mut fds: Vec<BorrowedFd<'_>> = vec![
            self.children.as_fd(),
            self.end.as_fd(),
            self.control.as_fd(),
            self.notify.as_fd(),
        ];
        for (index, output) in self.outputs.iter().enumerate() {
            sources.push(Source::Output(index));
            fds.push(output.pipe.as_fd());
        }
        for (number, client) in self.clients.iter().filter(|(_, client)| !client.is_heard) {
            sources.push(Source::Client(*number));
            fds.push(client.socket.as_fd());
        }
        if self.is_engine_asleep() {
            for socket in self.context.sockets.fds() {
                sources.push(Source::Engine);
                fds.push(socket);
            }
        }
        let mut polled: Vec<PollFd<'_>> = fds
            .iter()
            .map(|fd| PollFd::new(fd, PollFlags::IN))
            .collect();
        let timeout = self
            .next_deadline()
            .map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = timeout.and_then(|span| Timespec::try_from(span).ok());
        // A signal ends it early, which is fine: its pipe has something then.
        let _ = poll(&mut polled, timeout.as_ref());
        let happened = polled.iter().map(|fd| !fd.revents().is_empty());
        let mut found: Vec<Source> = sources
            .into_iter()
            .zip(happened)
            .filter(|(_, is)| *is)
            .map(|(source, _)| source)
            .collect();
        // From the last output to the first: reading one may remove it.
        found.reverse();
        found
    }

    fn next_deadline(&self) -> Option<Instant> {
        let services = self
            .services
            .values()
            .filter_map(|service| service.deadline);
        services
            .chain(self.shutdown.as_ref().map(Shutdown::deadline))
            .min()
    }

    fn handle(&mut self, source: Source) {
        match source {
            Source::Children => {
                drain(&mut self.children);
                while let Some((pid, end)) = process::reap() {
                    self.has_ended(pid, end);
                }
            }
            Source::End => {
                drain(&mut self.end);
                self.shutdown.get_or_insert_with(Shutdown::new);
            }
            Source::Notify => {
                while let Some(notice) = notify::receive(&self.notify) {
                    self.is_told(&notice);
                }
            }
            Source::Control => self.accept(),
            Source::Engine => self.wake(),
            Source::Output(index) => self.read_output(index),
            Source::Client(number) => self.hear(number),
        }
    }

    fn has_ended(&mut self, pid: u32, end: process::End) {
        let Self {
            services, context, ..
        } = self;
        if !services
            .values_mut()
            .any(|service| service.has_ended(pid, end, context))
        {
            // It may have been the last of a service that is going down.
            services
                .values_mut()
                .for_each(|service| service.look_whether_gone(context));
        }
    }

    fn is_told(&mut self, notice: &notify::Notice) {
        let Self {
            services, context, ..
        } = self;
        let by_main = services
            .values_mut()
            .find(|service| service.main == Some(notice.pid));
        if let Some(service) = by_main {
            service.is_told(notice, context);
        } else if let Some(service) = services.iter_mut().find(|(name, service)| {
            !service.is_down() && crate::cgroup::processes(name).contains(&notice.pid)
        }) {
            service.1.is_told(notice, context);
        }
    }

    fn accept(&mut self) {
        while let Ok((socket, _)) = self.control.accept() {
            if self.clients.len() >= MAX_CLIENTS {
                self.drop_silent();
            }
            if let Ok(client) = Client::new(socket) {
                self.next_client += 1;
                self.clients.insert(self.next_client, client);
            }
        }
    }

    /// Forgets who has waited longest without saying what for.
    fn drop_silent(&mut self) {
        let silent = self.clients.iter().filter(|(_, client)| !client.is_heard);
        if let Some(oldest) = silent.map(|(number, _)| *number).min() {
            self.clients.remove(&oldest);
        }
    }

    // What follows from what happened.

    fn follow_up(&mut self) {
        let now = Instant::now();
        let Self {
            services, context, ..
        } = self;
        for service in services.values_mut() {
            if service.deadline.is_some_and(|deadline| deadline <= now) {
                service.is_due(context);
            }
        }
        if let Some(mut shutdown) = self.shutdown.take() {
            shutdown.go_on(&mut self.services, &mut self.context);
            self.shutdown = Some(shutdown);
        } else {
            self.begin_in_order();
        }
        for (pipe, unit, speaker) in self.context.outputs.drain(..) {
            self.outputs.push(Output::new(pipe, unit, speaker));
        }
        self.follow_engine();
        self.tell_ready();
        for (client, unit, end) in std::mem::take(&mut self.context.ended) {
            self.tell(client, &unit, &describe(end));
        }
    }

    /// Starts those that wait for their turn and have it.
    fn begin_in_order(&mut self) {
        loop {
            let waiting = self
                .services
                .iter()
                .filter(|(_, service)| service.phase == Phase::Ordering);
            let mut waiting = waiting.peekable();
            let first = waiting.peek().map(|(name, _)| (*name).clone());
            let free = waiting
                .find(|(_, service)| !self.has_to_wait(service))
                .map(|(name, _)| name.clone());
            let is_stuck = !self
                .services
                .values()
                .any(|service| service.is_starting() && service.phase != Phase::Ordering);
            // Services that wait for each other go in any order.
            let Some(name) = free.or(first.filter(|_| is_stuck)) else {
                return;
            };
            let Self {
                services, context, ..
            } = self;
            if let Some(service) = services.get_mut(&name) {
                service.begin(context);
            }
        }
    }

    fn has_to_wait(&self, service: &Service) -> bool {
        let unit = &service.loaded.unit;
        // dockerd looks for containerd's socket until it is there; started beside it, and not after
        // it, it is there a tenth of a second sooner. It takes one that is left over for the new one.
        let is_patient = unit.name == ENGINE && !is_containerd_there();
        let before = unit
            .after
            .iter()
            .filter(|name| !(is_patient && *name == CONTAINERD));
        let mut before = before.filter_map(|name| self.services.get(name));
        before.any(Service::is_coming)
    }

    /// Starts a service and what it wants.
    fn start(&mut self, name: &str, job: Option<Job>) -> Result<(), LoadError> {
        self.load(name)?;
        let Self {
            services, context, ..
        } = self;
        let Some(service) = services.get_mut(name) else {
            return Ok(());
        };
        if service.wish_start(job, context) {
            self.start_wanted(name);
        }
        Ok(())
    }

    /// Starts what a service wants beside it. What cannot be started is no reason not to go on.
    fn start_wanted(&mut self, name: &str) {
        let wants = self
            .services
            .get(name)
            .map(|service| service.loaded.unit.wants.clone());
        for other in wants.unwrap_or_default() {
            if other.ends_with(".service") && other != name {
                let _ = self.start(&other, None);
            }
        }
    }

    /// Reads a service's description, unless it is known.
    fn load(&mut self, name: &str) -> Result<(), LoadError> {
        if !self.services.contains_key(name) {
            let loaded = files::load(name)?;
            self.services.insert(name.to_owned(), Service::new(loaded));
        }
        Ok(())
    }
}

fn describe(end: JobEnd) -> String {
    match end {
        JobEnd::Done => "done".to_owned(),
        JobEnd::Failed(outcome) => format!("failed {}", outcome.name()),
        JobEnd::Canceled => "canceled".to_owned(),
    }
}

/// Empties a signal's pipe.
fn drain(pipe: &mut UnixStream) {
    let mut bytes = [0; 64];
    while io::Read::read(pipe, &mut bytes).is_ok_and(|count| count > 0) {}
}

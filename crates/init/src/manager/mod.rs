//! The machine's first process: one loop that waits for whatever happens and does what follows.

mod properties;
mod requests;

use std::{
    collections::{BTreeMap, HashMap},
    fs::{File, OpenOptions},
    io::{self, Write},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::{UnixDatagram, UnixListener, UnixStream},
    },
    process::ExitCode,
    time::Instant,
};

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
    engine::{self, CONTAINERD, ENGINE},
    files::{self, LoadError},
    journal::{Journal, MAX_LINE, Speaker},
    notify, process,
    service::{Context, Job, JobEnd, Phase, Service},
    shutdown::Shutdown,
};

/// The variable that says where to tell that the machine is ready: the number of a pipe's end.
const READY_FD: &str = "GYOSIL_READY_FD";

/// How many may ask at once; more wait for their turn in the socket's queue.
const MAX_CLIENTS: usize = 64;

/// The output of a service.
struct Output {
    pipe: OwnedFd,
    unit: String,
    speaker: Speaker,
    /// What has come of a line whose end has not.
    begun: Vec<u8>,
}

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
    let ready = take_ready();
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

/// Takes over the pipe that machined gave, so that no child inherits it.
fn take_ready() -> Option<File> {
    let number: i32 = std::env::var(READY_FD).ok()?.parse().ok()?;
    let pipe = OpenOptions::new()
        .write(true)
        .open(format!("/proc/self/fd/{number}"))
        .ok();
    // Nothing of ours is open yet: above standard error there is only what was given.
    if number > 2 {
        let _ = nix::unistd::close(number);
    }
    pipe
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
                sockets: engine::Sockets::default(),
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

    fn read_output(&mut self, index: usize) {
        let Some(output) = self.outputs.get_mut(index) else {
            return;
        };
        let mut bytes = [0; MAX_LINE];
        let count = rustix::io::read(&output.pipe, &mut bytes).unwrap_or(0);
        output.begun.extend_from_slice(&bytes[..count]);
        while let Some(end) = output.end_of_line(count == 0) {
            let line: Vec<u8> = output.begun.drain(..end).collect();
            let line = String::from_utf8_lossy(&line);
            self.context.journal.write(
                &output.unit,
                &output.speaker,
                line.trim_end_matches(['\n', '\r']),
            );
        }
        if count == 0 {
            self.outputs.remove(index);
        }
    }

    fn accept(&mut self) {
        while self.clients.len() < MAX_CLIENTS {
            let Ok((socket, _)) = self.control.accept() else {
                return;
            };
            if let Ok(client) = Client::new(socket) {
                self.next_client += 1;
                self.clients.insert(self.next_client, client);
            }
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
            self.outputs.push(Output {
                pipe,
                unit,
                speaker,
                begun: Vec::new(),
            });
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
        unit.after
            .iter()
            .filter_map(|name| self.services.get(name))
            .any(Service::is_coming)
    }

    fn is_engine_asleep(&self) -> bool {
        self.services
            .get(ENGINE)
            .is_some_and(|engine| engine.is_asleep && engine.is_down())
    }

    /// The engine's sockets and its sleep.
    fn follow_engine(&mut self) {
        let Some(engine) = self.services.get(ENGINE) else {
            return;
        };
        if !engine.is_asleep {
            // One that fails to start keeps nobody waiting; one that crashed is back in a moment.
            let is_broken = engine.phase == Phase::AutoRestart && engine.lasted == 0;
            if engine.is_down() || is_broken {
                self.context.sockets.close();
            }
            // Who wanted it to sleep is told by an end without a word.
            self.dozing
                .take()
                .and_then(|client| self.clients.remove(&client));
        }
        if !engine.is_down() || self.dozing.is_none() {
            return;
        }
        match self.services.get_mut(CONTAINERD) {
            Some(containerd) if containerd.is_up() => containerd.doze(&mut self.context),
            Some(containerd) if !containerd.is_down() => {}
            _ => {
                self.context.journal.note(
                    ENGINE,
                    "Nobody uses the engine: asleep until somebody calls it.",
                );
                self.tell_asleep();
            }
        }
    }

    /// Somebody uses the sleeping engine.
    fn wake(&mut self) {
        // Two sockets may have told at once.
        if self.is_engine_asleep()
            && let Err(error) = self.start(ENGINE, None)
        {
            let journal = &mut self.context.journal;
            journal.note(ENGINE, &format!("{ENGINE}: Cannot be woken: {error}"));
            self.context.sockets.close();
        }
    }

    /// Tells machined, once, that the machine is up: `ready`, or `no-engine` where it has none that
    /// runs, because the student has disabled or broken it.
    fn tell_ready(&mut self) {
        let engine = self.services.get(ENGINE).map(|service| service.phase);
        let word = match engine {
            Some(Phase::Running) => "ready\n",
            None | Some(Phase::Dead | Phase::Failed | Phase::AutoRestart) => "no-engine\n",
            Some(_) => return,
        };
        if let Some(mut ready) = self.ready.take() {
            // machined may be gone; the machine is up nonetheless.
            let _ = ready.write_all(word.as_bytes());
        }
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

impl Output {
    /// Where the first line ends, if it does: a long one ends nonetheless, and all ends at the end.
    fn end_of_line(&self, is_end: bool) -> Option<usize> {
        let newline = self
            .begun
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|at| at + 1);
        let is_long = self.begun.len() >= MAX_LINE;
        let rest = ((is_end || is_long) && !self.begun.is_empty())
            .then_some(self.begun.len().min(MAX_LINE));
        newline.filter(|end| *end <= MAX_LINE).or(rest)
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

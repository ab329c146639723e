//! The machine's end: the engine first, since its containers want to be told, then the other
//! services, then everybody.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use nix::{sys::signal, unistd::Pid};

use crate::{
    engine::ENGINE,
    service::{Context, Service},
};

/// When each step gives way to the next, counted from the beginning. machined kills what is left
/// after 10 s, and a little of that goes by before the signal is here.
const ENGINE_UNTIL: Duration = Duration::from_secs(6);
const SERVICES_UNTIL: Duration = Duration::from_secs(7);
const ALL_UNTIL: Duration = Duration::from_secs(8);

/// How often what is left is counted, once everybody has been told.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Told,
    Engine,
    Services,
    Everybody,
    Over,
}

/// The machine is going down.
#[derive(Debug)]
pub(crate) struct Shutdown {
    since: Instant,
    step: Step,
}

impl Shutdown {
    pub(crate) fn new() -> Self {
        Self {
            since: Instant::now(),
            step: Step::Told,
        }
    }

    /// Whether nothing is left to wait for. What still runs ends with the first process.
    pub(crate) fn is_over(&self) -> bool {
        self.step == Step::Over
    }

    /// When to look again at the latest.
    pub(crate) fn deadline(&self) -> Instant {
        match self.step {
            Step::Told | Step::Engine => self.since + ENGINE_UNTIL,
            Step::Services => self.since + SERVICES_UNTIL,
            Step::Everybody | Step::Over => Instant::now() + LOOK_EVERY,
        }
    }

    /// Does what is next, as far as the last step is done or its time is up.
    pub(crate) fn go_on(
        &mut self,
        services: &mut BTreeMap<String, Service>,
        context: &mut Context,
    ) {
        let passed = self.since.elapsed();
        if self.step == Step::Told {
            if let Some(engine) = services.get_mut(ENGINE) {
                engine.wish_stop(None, context);
            }
            self.step = Step::Engine;
        }
        let is_down = |name| services.get(name).is_none_or(Service::is_down);
        if self.step == Step::Engine && (is_down(ENGINE) || passed > ENGINE_UNTIL) {
            services
                .values_mut()
                .for_each(|service| service.wish_stop(None, context));
            self.step = Step::Services;
        }
        let are_down = services.values().all(Service::is_down);
        if self.step == Step::Services && (are_down || passed > SERVICES_UNTIL) {
            tell_everybody(signal::Signal::SIGTERM);
            // Shells that wait for a key heed only this one.
            tell_everybody(signal::Signal::SIGHUP);
            self.step = Step::Everybody;
        }
        if self.step == Step::Everybody && (is_alone() || passed > ALL_UNTIL) {
            self.step = Step::Over;
        }
    }
}

/// Signals every process of the machine but the first.
fn tell_everybody(what: signal::Signal) {
    // That there is nobody is fine.
    let _ = signal::kill(Pid::from_raw(-1), what);
}

/// Whether no other process is left.
fn is_alone() -> bool {
    signal::kill(Pid::from_raw(-1), None).is_err()
}

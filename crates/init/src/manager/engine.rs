//! The Docker Engine among the services: its sockets, its sleep, and the word that it answers.

use std::{
    fs::{File, OpenOptions},
    io::Write,
};

use super::Manager;
use crate::{
    engine::{CONTAINERD, ENGINE},
    service::Phase,
};

/// The variable that says where to tell that the machine is ready: the number of a pipe's end.
const READY_FD: &str = "GYOSIL_READY_FD";

/// Takes over the pipe that machined gave, so that no child inherits it.
pub(super) fn take_ready() -> Option<File> {
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
    pub(super) fn is_engine_asleep(&self) -> bool {
        self.services
            .get(ENGINE)
            .is_some_and(|engine| engine.is_asleep && engine.is_down())
    }

    /// The engine's sockets and its sleep.
    pub(super) fn follow_engine(&mut self) {
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
    pub(super) fn wake(&mut self) {
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
    pub(super) fn tell_ready(&mut self) {
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
}

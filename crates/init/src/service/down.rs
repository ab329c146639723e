//! The way down: by a wish, or because something failed.

use std::{fs, path::Path, time::Instant};

use rustix::process::Signal;

use super::{Context, Outcome, Phase, Service};
use crate::{
    cgroup, clock, process,
    unit::{KillMode, Restart},
};

impl Service {
    /// Enters a phase on the way down, which has a limit of its own.
    fn enter_ending(&mut self, phase: Phase) {
        self.enter(phase);
        let limit = self.loaded.unit.stop_within;
        self.deadline = limit.map(|limit| Instant::now() + limit);
    }

    pub(super) fn enter_stop(&mut self, context: &mut Context) {
        self.enter_ending(Phase::Stop);
        self.run_next_line(context);
    }

    pub(super) fn enter_term(&mut self, context: &mut Context) {
        self.enter_ending(Phase::Term);
        let signal = process::signal(&self.loaded.unit.kill_signal);
        self.signal(signal, self.loaded.unit.kill_mode == KillMode::ControlGroup);
        self.look_whether_gone(context);
    }

    pub(super) fn enter_kill(&mut self, context: &mut Context) {
        self.enter_ending(Phase::Kill);
        self.signal(
            Signal::KILL,
            self.loaded.unit.kill_mode != KillMode::Process,
        );
        self.look_whether_gone(context);
    }

    pub(super) fn enter_stop_post(&mut self, context: &mut Context) {
        self.enter_ending(Phase::StopPost);
        self.run_next_line(context);
    }

    /// Signals the main process and what is under way; with `all`, everything in its control group.
    fn signal(&self, signal: Signal, all: bool) {
        if self.loaded.unit.kill_mode == KillMode::None {
            return;
        }
        let mut pids: Vec<u32> = self.main.into_iter().chain(self.control).collect();
        if all {
            pids.extend(cgroup::processes(self.name()));
        }
        pids.sort_unstable();
        pids.dedup();
        for pid in pids {
            process::send(pid, signal);
        }
    }

    /// While it is going down: whether all that has to go is gone.
    pub(crate) fn look_whether_gone(&mut self, context: &mut Context) {
        let is_going = matches!(self.phase, Phase::Term | Phase::Kill);
        let mode = self.loaded.unit.kill_mode;
        let waits = mode != KillMode::None && (self.main.is_some() || self.control.is_some());
        if !is_going || waits {
            return;
        }
        if matches!(mode, KillMode::ControlGroup | KillMode::Mixed) {
            let mut left = cgroup::processes(self.name());
            left.retain(|pid| process::is_alive(*pid));
            if mode == KillMode::Mixed {
                left.iter()
                    .for_each(|pid| process::send(*pid, Signal::KILL));
            }
            if !left.is_empty() {
                return;
            }
        }
        self.enter_stop_post(context);
    }

    /// A program has failed on the way up: down again.
    pub(super) fn fail(&mut self, outcome: Outcome, context: &mut Context) {
        self.blame(outcome);
        self.enter_term(context);
    }

    /// All has ended.
    pub(super) fn ended(&mut self, context: &mut Context) {
        self.main = None;
        cgroup::remove(self.name());
        self.remove_runtime_folders();
        self.inactive_since = Some(clock::now());
        if self.outcome == Outcome::Success {
            if self.active_since.is_some() || self.is_stopping {
                self.note(
                    context,
                    &format!("{}: Deactivated successfully.", self.name()),
                );
            }
        } else {
            let result = self.outcome.name();
            self.note(
                context,
                &format!("{}: Failed with result '{result}'.", self.name()),
            );
        }
        self.tell_end(context);
        if self.starts_again {
            self.starts_again = false;
            return self.begin(context);
        }
        if !self.is_stopping && self.should_restart() {
            self.settle(Phase::AutoRestart, context);
            self.deadline = Some(Instant::now() + self.loaded.unit.restart_sec);
            return;
        }
        let is_bad = self.outcome != Outcome::Success && !self.is_asleep;
        self.settle(if is_bad { Phase::Failed } else { Phase::Dead }, context);
    }

    fn remove_runtime_folders(&self) {
        let unit = &self.loaded.unit;
        if !unit.keeps_runtime_folders {
            for folder in &unit.runtime_folders {
                // One that is no longer there is what is wanted.
                let _ = fs::remove_dir_all(Path::new("/run").join(folder));
            }
        }
    }

    /// The last words in the journal.
    fn tell_end(&mut self, context: &mut Context) {
        let since = self.active_since.take();
        self.lasted = since.map_or(0, |since| clock::now().saturating_sub(since));
        let was_up = since.is_some();
        if was_up && self.is_stopping {
            self.note(context, &format!("Stopped {}.", self.title()));
        } else if !was_up && self.outcome != Outcome::Success {
            self.note(context, &format!("Failed to start {}.", self.title()));
        }
    }

    fn should_restart(&self) -> bool {
        let failed = self.outcome != Outcome::Success;
        let killed = matches!(self.outcome, Outcome::Signal | Outcome::CoreDump);
        match self.loaded.unit.restart {
            Restart::No => false,
            Restart::Always => true,
            Restart::OnSuccess => !failed,
            Restart::OnFailure => failed,
            Restart::OnAbnormal => killed || self.outcome == Outcome::Timeout,
            Restart::OnAbort => killed,
        }
    }
}

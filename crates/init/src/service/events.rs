//! What happens to a service: its processes end, its time is up.

use std::{
    fs,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use super::{Context, JobEnd, Outcome, Past, Phase, Service, Wish};
use crate::{
    cgroup,
    process::{self, End},
    unit::Kind,
};

/// How often a daemon that forks is looked at for the file with its number, which it may write a
/// moment after its parent has ended.
const LOOK_FOR_PID_FILE: Duration = Duration::from_millis(50);

impl Service {
    /// A process has ended; whether it was one of this service's.
    pub(crate) fn has_ended(&mut self, pid: u32, end: End, context: &mut Context) -> bool {
        if self.control == Some(pid) {
            self.control = None;
            self.control_ended(pid, end, context);
        } else if self.main == Some(pid) {
            self.main = None;
            self.main_ended(pid, end, context);
        } else {
            return false;
        }
        true
    }

    fn control_ended(&mut self, pid: u32, end: End, context: &mut Context) {
        let line = self.lines().get(self.next_line.saturating_sub(1)).cloned();
        let may_fail = line.as_ref().is_some_and(|line| line.may_fail);
        let outcome = self.judge(end);
        if outcome != Outcome::Success && !may_fail {
            self.note(
                context,
                &format!(
                    "{}: Control process exited, {}",
                    self.name(),
                    end.describe()
                ),
            );
            match self.phase {
                Phase::StartPre | Phase::Start | Phase::StartPost => {
                    let command = format!(
                        "ExecStart={}",
                        line.map(|line| line.text).unwrap_or_default()
                    );
                    self.past = Some(Past { pid, end, command });
                    return self.fail(outcome, context);
                }
                Phase::Reload => {
                    self.note(context, &format!("Reload failed for {}.", self.title()));
                    self.end_jobs_of(Wish::Reload, JobEnd::Failed(outcome), context);
                    return self.resume(context);
                }
                Phase::Stop | Phase::StopPost => self.blame(outcome),
                _ => {}
            }
        }
        match self.phase {
            Phase::Start => self.find_main(context),
            Phase::Term | Phase::Kill => self.look_whether_gone(context),
            _ => self.run_next_line(context),
        }
    }

    /// The parent has ended; the daemon that it left behind is the main process.
    fn find_main(&mut self, context: &mut Context) {
        self.main = match &self.loaded.unit.pid_file {
            None => cgroup::processes(self.name()).first().copied(),
            Some(file) => {
                let text = fs::read_to_string(file).unwrap_or_default();
                text.trim()
                    .parse()
                    .ok()
                    .filter(|pid| process::is_alive(*pid))
            }
        };
        if self.main.is_some() || self.loaded.unit.pid_file.is_none() {
            return self.enter_start_post(context);
        }
        let limit = self.loaded.unit.start_within;
        if limit.is_some_and(|limit| self.begun.elapsed() > limit) {
            self.fail(Outcome::Timeout, context);
        } else {
            self.deadline = Some(Instant::now() + LOOK_FOR_PID_FILE);
        }
    }

    fn main_ended(&mut self, pid: u32, end: End, context: &mut Context) {
        let unit = &self.loaded.unit;
        let line = unit
            .start
            .get(self.next_line.saturating_sub(1))
            .or(unit.start.first());
        let may_fail = line.is_some_and(|line| line.may_fail);
        let command = format!("ExecStart={}", line.map_or("", |line| &line.text));
        self.past = Some(Past { pid, end, command });
        let outcome = if may_fail {
            Outcome::Success
        } else {
            self.judge(end)
        };
        if outcome != Outcome::Success {
            self.note(
                context,
                &format!("{}: Main process exited, {}", self.name(), end.describe()),
            );
        }
        match self.phase {
            Phase::Start
                if self.loaded.unit.kind == Kind::Oneshot && outcome == Outcome::Success =>
            {
                self.run_next_line(context);
            }
            Phase::Start if outcome == Outcome::Success => self.fail(Outcome::Protocol, context),
            Phase::Start => self.fail(outcome, context),
            Phase::Running => {
                self.outcome = outcome;
                if self.loaded.unit.remain && outcome == Outcome::Success {
                    self.settle(Phase::Exited, context);
                } else {
                    self.enter_stop(context);
                }
            }
            Phase::Term | Phase::Kill => {
                self.blame(outcome);
                self.look_whether_gone(context);
            }
            // Something else is under way; what follows it finds the main process gone.
            _ => self.blame(outcome),
        }
    }

    /// The first failure is the one that counts.
    pub(super) fn blame(&mut self, outcome: Outcome) {
        if self.outcome == Outcome::Success {
            self.outcome = outcome;
        }
    }

    /// Whether an end is a good one. These signals are: a service that is told to go may go.
    fn judge(&self, end: End) -> Outcome {
        let clean = [Signal::HUP, Signal::INT, Signal::TERM, Signal::PIPE].map(Signal::as_raw);
        match end {
            End::Exited(0) => Outcome::Success,
            End::Exited(code) if self.loaded.unit.success.contains(&code) => Outcome::Success,
            End::Exited(_) => Outcome::ExitCode,
            End::Killed { dumped: true, .. } => Outcome::CoreDump,
            End::Killed { signal, .. } if clean.contains(&signal) => Outcome::Success,
            End::Killed { .. } => Outcome::Signal,
        }
    }

    /// Its deadline has come. Returns whether it is to start again.
    pub(crate) fn is_due(&mut self, context: &mut Context) -> bool {
        self.deadline = None;
        let name = self.name().to_owned();
        match self.phase {
            Phase::AutoRestart => return self.restart_by_itself(context),
            Phase::Start if self.loaded.unit.kind == Kind::Forking && self.control.is_none() => {
                self.find_main(context);
            }
            Phase::StartPre | Phase::Start | Phase::StartPost => {
                self.note(
                    context,
                    &format!("{name}: start operation timed out. Terminating."),
                );
                self.fail(Outcome::Timeout, context);
            }
            Phase::Reload => {
                self.note(
                    context,
                    &format!("{name}: Reload operation timed out. Killing reload process."),
                );
                self.control
                    .take()
                    .inspect(|pid| process::send(*pid, Signal::KILL));
                self.end_jobs_of(Wish::Reload, JobEnd::Failed(Outcome::Timeout), context);
                self.resume(context);
            }
            Phase::Stop => {
                self.note(
                    context,
                    &format!("{name}: Stopping timed out. Terminating."),
                );
                self.blame(Outcome::Timeout);
                self.enter_term(context);
            }
            Phase::Term => {
                self.note(
                    context,
                    &format!("{name}: State 'stop-sigterm' timed out. Killing."),
                );
                self.blame(Outcome::Timeout);
                self.enter_kill(context);
            }
            Phase::Kill => {
                self.note(
                    context,
                    &format!("{name}: Processes still around after SIGKILL. Ignoring."),
                );
                self.enter_stop_post(context);
            }
            Phase::StopPost => {
                self.control
                    .take()
                    .inspect(|pid| process::send(*pid, Signal::KILL));
                self.ended(context);
            }
            Phase::Dead | Phase::Ordering | Phase::Running | Phase::Exited | Phase::Failed => {}
        }
        false
    }

    /// It has ended by itself some time ago: whether it may try again.
    fn restart_by_itself(&mut self, context: &mut Context) -> bool {
        let name = self.name().to_owned();
        let interval = self.loaded.unit.interval;
        self.starts.retain(|start| start.elapsed() < interval);
        if self.starts.len() < self.loaded.unit.burst {
            self.restarts += 1;
            let count = self.restarts;
            self.note(
                context,
                &format!("{name}: Scheduled restart job, restart counter is at {count}."),
            );
            self.enter(Phase::Ordering);
            return true;
        }
        self.note(
            context,
            &format!("{name}: Start request repeated too quickly."),
        );
        self.note(
            context,
            &format!("{name}: Failed with result '{}'.", self.outcome.name()),
        );
        self.note(context, &format!("Failed to start {}.", self.title()));
        self.settle(Phase::Failed, context);
        false
    }
}

//! The way up: from a wish to a running service.

use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::{DirBuilderExt, chown},
    path::Path,
    time::Instant,
};

use super::{Context, Outcome, Phase, Service};
use crate::{
    clock, engine,
    journal::Speaker,
    notify::Notice,
    process,
    unit::{Kind, Line},
};

impl Service {
    /// It is its turn to start.
    pub(crate) fn begin(&mut self, context: &mut Context) {
        self.is_stopping = false;
        self.is_asleep = false;
        self.starts_again = false;
        self.outcome = Outcome::Success;
        self.past = None;
        self.status.clear();
        self.begun = Instant::now();
        self.starts.push(self.begun);
        if let Some(condition) = self.unmet_condition() {
            let title = self.title();
            let skipped = format!(
                "{title} was skipped because of an unmet condition check (ConditionPathExists={condition})."
            );
            self.note(context, &skipped);
            return self.settle(Phase::Dead, context);
        }
        if self.loaded.unit.kind != Kind::Simple {
            self.note(context, &format!("Starting {}...", self.title()));
        }
        if let Err(error) = self
            .make_runtime_folders()
            .and_then(|()| self.listen(context))
        {
            self.note(context, &format!("{}: {error}", self.name()));
            self.outcome = Outcome::Resources;
            return self.enter_stop_post(context);
        }
        self.enter(Phase::StartPre);
        self.deadline = self
            .loaded
            .unit
            .start_within
            .map(|limit| Instant::now() + limit);
        self.run_next_line(context);
    }

    fn unmet_condition(&self) -> Option<String> {
        let mut conditions = self.loaded.unit.conditions.iter();
        let unmet = conditions.find(|condition| match condition.strip_prefix('!') {
            Some(path) => Path::new(path).exists(),
            None => !Path::new(condition).exists(),
        });
        unmet.cloned()
    }

    fn make_runtime_folders(&self) -> io::Result<()> {
        let unit = &self.loaded.unit;
        let user = unit
            .user
            .as_deref()
            .and_then(|name| nix::unistd::User::from_name(name).ok());
        for folder in &unit.runtime_folders {
            let path = Path::new("/run").join(folder);
            DirBuilder::new()
                .recursive(true)
                .mode(unit.runtime_mode)
                .create(&path)?;
            if let Some(Some(user)) = &user {
                chown(&path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
            }
        }
        Ok(())
    }

    fn listen(&self, context: &mut Context) -> io::Result<()> {
        if self.name() == engine::ENGINE {
            context.sockets.open()
        } else {
            Ok(())
        }
    }

    /// The command lines of a phase.
    pub(super) fn lines(&self) -> &[Line] {
        let unit = &self.loaded.unit;
        match self.phase {
            Phase::StartPre => &unit.start_pre,
            Phase::Start => &unit.start,
            Phase::StartPost => &unit.start_post,
            Phase::Reload => &unit.reload,
            Phase::Stop => &unit.stop,
            Phase::StopPost => &unit.stop_post,
            _ => &[],
        }
    }

    /// Runs the phase's next program, or goes on to what follows the phase.
    pub(super) fn run_next_line(&mut self, context: &mut Context) {
        let Some(line) = self.lines().get(self.next_line).cloned() else {
            return self.after_lines(context);
        };
        self.next_line += 1;
        let is_main = self.phase == Phase::Start && self.loaded.unit.kind != Kind::Forking;
        let sockets = if is_main && self.name() == engine::ENGINE {
            context.sockets.fds()
        } else {
            Vec::new()
        };
        match process::start(&self.loaded.unit, &line, self.main, &sockets) {
            Err(error) => {
                self.note(
                    context,
                    &format!("{}: Failed to run a program: {error}", self.name()),
                );
                self.fail(Outcome::Resources, context);
            }
            Ok(started) => {
                let speaker = Speaker {
                    identifier: started.identifier,
                    pid: started.pid,
                };
                context
                    .outputs
                    .push((started.output, self.name().to_owned(), speaker));
                if is_main {
                    self.main = Some(started.pid);
                } else {
                    self.control = Some(started.pid);
                }
                if is_main && self.loaded.unit.kind == Kind::Simple {
                    self.enter_start_post(context);
                }
            }
        }
    }

    fn after_lines(&mut self, context: &mut Context) {
        match self.phase {
            Phase::StartPre => {
                self.enter_within(Phase::Start);
                self.run_next_line(context);
            }
            Phase::Start => self.enter_start_post(context),
            Phase::StartPost => self.is_started(context),
            Phase::Reload => {
                self.note(context, &format!("Reloaded {}.", self.title()));
                self.resume(context);
            }
            Phase::Stop => self.enter_term(context),
            Phase::StopPost => self.ended(context),
            _ => {}
        }
    }

    pub(super) fn enter_start_post(&mut self, context: &mut Context) {
        self.enter_within(Phase::StartPost);
        self.run_next_line(context);
    }

    fn is_started(&mut self, context: &mut Context) {
        let unit = &self.loaded.unit;
        let is_over = unit.kind == Kind::Oneshot;
        if is_over && !unit.remain {
            self.note(
                context,
                &format!("{}: Deactivated successfully.", self.name()),
            );
            self.note(context, &format!("Finished {}.", self.title()));
            return self.enter_stop(context);
        }
        self.note(
            context,
            &format!(
                "{} {}.",
                if is_over { "Finished" } else { "Started" },
                self.title()
            ),
        );
        self.active_since = Some(clock::now());
        self.resume(context);
    }

    /// Up, and nothing under way.
    pub(super) fn resume(&mut self, context: &mut Context) {
        let is_over = self.main.is_none() && self.loaded.unit.kind != Kind::Forking;
        self.settle(
            if is_over {
                Phase::Exited
            } else {
                Phase::Running
            },
            context,
        );
        // The main process may have ended while something else was under way.
        if is_over && !self.loaded.unit.remain {
            self.enter_stop(context);
        }
    }

    /// What the service says of itself.
    pub(crate) fn is_told(&mut self, notice: &Notice, context: &mut Context) {
        if let Some(status) = notice.get("STATUS") {
            status.clone_into(&mut self.status);
        }
        if let Some(pid) = notice.get("MAINPID").and_then(|pid| pid.parse().ok()) {
            self.main = Some(pid);
        }
        if notice.get("READY") == Some("1") && self.phase == Phase::Start {
            self.enter_start_post(context);
        }
    }
}

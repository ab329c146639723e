//! What systemctl asks for.

use super::{Manager, properties};
use crate::{
    control::{Heard, Request, Verb},
    engine::{CONTAINERD, ENGINE},
    files,
    service::{Job, Phase, Service, Wish},
};

impl Manager {
    /// Reads on from a client, and does what it asks for.
    pub(super) fn hear(&mut self, number: u64) {
        let Some(client) = self.clients.get_mut(&number) else {
            return;
        };
        match client.hear() {
            Heard::More => {}
            Heard::Nothing => drop(self.clients.remove(&number)),
            Heard::Request(request) if !request.verb.is_harmless() && !client.is_root() => {
                client.say("denied");
                self.finish_if_done(number);
            }
            Heard::Request(request) => self.serve(number, &request),
        }
    }

    fn serve(&mut self, number: u64, request: &Request) {
        match request.verb {
            Verb::Show | Verb::List if self.wakes(request) => self.wake_and_show(number, request),
            Verb::Show | Verb::List => self.show(number, request),
            Verb::DaemonReload => self.daemon_reload(),
            Verb::IsAsleep => self.say(number, self.how_awake()),
            Verb::Doze => self.doze(number),
            _ => self.act(number, request),
        }
        self.finish_if_done(number);
    }

    /// Whether a sleeping engine is asked after.
    fn wakes(&self, request: &Request) -> bool {
        self.is_engine_asleep()
            && (request.units.is_empty()
                || request
                    .units
                    .iter()
                    .any(|unit| [ENGINE, CONTAINERD].contains(&unit.as_str())))
    }

    /// Whoever asks after the engine uses it: what is shown, once it is awake, is then true.
    fn wake_and_show(&mut self, number: u64, request: &Request) {
        if let Some(client) = self.clients.get_mut(&number) {
            client.waits_for = 1;
            client.then = Some(request.clone());
        }
        let job = Job {
            client: number,
            wish: Wish::Start,
        };
        if self.start(ENGINE, Some(job)).is_err() {
            self.tell(number, ENGINE, "error");
        }
    }

    fn show(&mut self, number: u64, request: &Request) {
        let names: Vec<String> = match request.verb {
            Verb::List => self.services.keys().cloned().collect(),
            _ => request.units.clone(),
        };
        for name in names {
            let text = match self.services.get(&name) {
                Some(service) => properties::of(service),
                None => match files::load(&name) {
                    Ok(loaded) => properties::of(&Service::new(loaded)),
                    Err(error) => properties::of_none(&name, &error),
                },
            };
            self.say(number, &text);
        }
    }

    fn act(&mut self, number: u64, request: &Request) {
        for name in &request.units {
            if self.shutdown.is_some() {
                self.say(number, &format!("{name} canceled"));
                continue;
            }
            if let Err(error) = self.load(name) {
                self.say(number, &format!("{name} {error}"));
                continue;
            }
            if let Some(refusal) = self.act_on(number, name, request.verb) {
                self.say(number, &format!("{name} {refusal}"));
            }
        }
        // What has ended at once is told in `follow_up`.
    }

    /// Does what is wanted of one unit; a word at once, or a job.
    fn act_on(&mut self, number: u64, name: &str, verb: Verb) -> Option<&'static str> {
        let job = |wish| Job {
            client: number,
            wish,
        };
        let Self {
            services,
            context,
            clients,
            ..
        } = self;
        let service = services.get_mut(name)?;
        let client = clients.get_mut(&number)?;
        let is_up = service.is_up();
        let can_reload = !service.loaded.unit.reload.is_empty();
        let begins = match verb {
            Verb::ResetFailed => {
                service.forget_failure();
                return Some("done");
            }
            Verb::TryRestart if !is_up => return Some("done"),
            Verb::Reload if !is_up => return Some("not-active"),
            Verb::Reload if !can_reload => return Some("no-reload"),
            Verb::Reload | Verb::ReloadOrRestart if is_up && can_reload => {
                if !service.wish_reload(job(Wish::Reload), context) {
                    return Some("busy");
                }
                false
            }
            Verb::Stop => {
                // Put to sleep by us: stopped by the student, it is down for good.
                service.is_asleep = false;
                service.wish_stop(Some(job(Wish::Stop)), context);
                false
            }
            Verb::Start => service.wish_start(Some(job(Wish::Start)), context),
            _ => service.wish_restart(Some(job(Wish::Start)), context),
        };
        client.waits_for += 1;
        if begins {
            self.start_wanted(name);
        }
        None
    }

    fn daemon_reload(&mut self) {
        self.services
            .retain(|name, service| match files::load(name) {
                Ok(loaded) => {
                    service.loaded = loaded;
                    true
                }
                // What runs is kept, with what was known of it.
                Err(_) => !service.is_down(),
            });
    }

    /// `asleep`, `awake`, or `busy`: on its way somewhere, or down.
    fn how_awake(&self) -> &'static str {
        match self.services.get(ENGINE) {
            _ if self.dozing.is_some() => "busy",
            Some(engine) if engine.is_asleep && engine.is_down() => "asleep",
            Some(engine) if !engine.is_asleep && engine.phase == Phase::Running => "awake",
            _ => "busy",
        }
    }

    /// Puts the engine to sleep; the answer comes when it sleeps.
    fn doze(&mut self, number: u64) {
        let state = self.how_awake();
        let Self {
            services,
            context,
            clients,
            ..
        } = self;
        if let (Some(engine), Some(client), "awake") =
            (services.get_mut(ENGINE), clients.get_mut(&number), state)
        {
            engine.doze(context);
            client.waits_for += 1;
            self.dozing = Some(number);
        } else {
            self.say(number, state);
        }
    }

    fn say(&mut self, number: u64, line: &str) {
        if let Some(client) = self.clients.get_mut(&number) {
            client.say(line);
        }
    }

    /// The engine sleeps now.
    pub(super) fn tell_asleep(&mut self) {
        if let Some(number) = self.dozing.take()
            && let Some(client) = self.clients.get_mut(&number)
        {
            client.say("asleep");
            client.waits_for = 0;
            self.finish_if_done(number);
        }
    }

    /// A client's job has ended.
    pub(super) fn tell(&mut self, number: u64, unit: &str, end: &str) {
        let Some(client) = self.clients.get_mut(&number) else {
            return;
        };
        client.waits_for = client.waits_for.saturating_sub(1);
        match client.then.take() {
            Some(request) => self.show(number, &request),
            None => client.say(&format!("{unit} {end}")),
        }
        self.finish_if_done(number);
    }

    fn finish_if_done(&mut self, number: u64) {
        if self
            .clients
            .get(&number)
            .is_some_and(|client| client.is_heard && client.waits_for == 0)
            && let Some(client) = self.clients.remove(&number)
        {
            client.finish();
        }
    }
}

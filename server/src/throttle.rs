//! Limits on guessing: failed sign-ins per name and per address, failed join codes per address.
//!
//! Only failures count, so a class that signs in at nine o'clock from behind one address is never
//! refused; and the limit per name is the one that protects an account. The counts live in memory:
//! a restart forgives, which an attacker cannot cause.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::Mutex,
    time::{Duration, Instant},
};

/// How long a failure is remembered. Five guesses in five minutes are 1,440 a day: hopeless even
/// against a weak password, while somebody who mistyped waits no longer than a cup of tea.
const WINDOW: Duration = Duration::from_secs(5 * 60);
/// Failures for one name within [`WINDOW`] before it has to wait.
const FAILURES_PER_NAME: u32 = 5;
/// Failures from one address within [`WINDOW`]: a class of a hundred behind one NAT may mistype
/// once each and then some.
const FAILURES_PER_ADDRESS: u32 = 200;
/// The most keys that are remembered, so that made-up names cannot fill the memory (about 10 MB).
const KEYS_MAX: usize = 100_000;

/// Too many failures: try again after this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Duration);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Address(IpAddr),
}

/// The counts of recent failures.
#[derive(Default)]
pub(crate) struct Throttle {
    failures: Mutex<HashMap<Key, Failures>>,
}

struct Failures {
    first: Instant,
    count: u32,
}

impl Throttle {
    /// May somebody at `address` try `name` (none: a join code) now?
    pub(crate) fn allow(&self, name: Option<&str>, address: IpAddr) -> Result<(), Wait> {
        let failures = self.lock();
        let now = Instant::now();
        for (key, limit) in keys(name, address) {
            if let Some(seen) = failures.get(&key) {
                let left = WINDOW.saturating_sub(now - seen.first);
                if seen.count >= limit && !left.is_zero() {
                    return Err(Wait(left));
                }
            }
        }
        Ok(())
    }

    /// Somebody at `address` tried `name` (none: a join code) and failed.
    pub(crate) fn failed(&self, name: Option<&str>, address: IpAddr) {
        let mut failures = self.lock();
        let now = Instant::now();
        if failures.len() >= KEYS_MAX {
            failures.retain(|_, seen| now - seen.first < WINDOW);
        }
        for (key, _) in keys(name, address) {
            if failures.len() >= KEYS_MAX && !failures.contains_key(&key) {
                continue;
            }
            let seen = failures.entry(key).or_insert(Failures {
                first: now,
                count: 0,
            });
            if now - seen.first >= WINDOW {
                *seen = Failures {
                    first: now,
                    count: 0,
                };
            }
            seen.count += 1;
        }
    }

    /// `name` signed in: its earlier failures no longer count.
    pub(crate) fn succeeded(&self, name: &str) {
        self.lock().remove(&Key::Name(name.to_owned()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Failures>> {
        // Nothing in here panics half-way through a change, so a poisoned map is a sound one.
        self.failures
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn keys(name: Option<&str>, address: IpAddr) -> impl Iterator<Item = (Key, u32)> {
    let name = name.map(|name| (Key::Name(name.to_owned()), FAILURES_PER_NAME));
    name.into_iter()
        .chain([(Key::Address(address), FAILURES_PER_ADDRESS)])
}

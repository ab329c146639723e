//! Limits on guessing: failed sign-ins, failed join codes.
//!
//! Only failures count. After so many that are free each makes the next try wait, twice as long as the
//! one before, up to a limit: nobody is ever locked out for good, and a guesser gets nowhere. What
//! failed is counted thrice: for a name at an address, which is what protects an account from its
//! neighbours; for a name at all addresses, against many computers; and for an address, against one that
//! tries all names. A name that has signed in from an address is known there, and there only the first
//! counts against it: so neither somebody elsewhere nor somebody behind the same NAT can keep a class
//! out. The counts live in memory: a restart forgives, which an attacker cannot cause.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::Mutex,
    time::{Duration, Instant},
};

/// How long after the last failure all of them are forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30 * 60);
/// The most keys that are remembered of either kind, so that made-up names cannot fill the memory
/// (about 10 MB).
const KEYS_MAX: usize = 100_000;

/// How failures of one kind are answered.
struct Limit {
    /// How many are free.
    free: u32,
    /// The wait after the first that is not.
    wait_first: Duration,
    /// The longest wait.
    wait_max: Duration,
}

/// A name at an address. Somebody who mistyped waits no longer than a cup of tea; a guesser has some
/// 300 tries a day: hopeless even against a weak password.
const PER_NAME_HERE: Limit = Limit {
    free: 5,
    wait_first: Duration::from_secs(60),
    wait_max: Duration::from_secs(5 * 60),
};
/// A name at all addresses: many computers together have a try a minute, and whoever comes to a new place
/// meanwhile waits as long at most.
const PER_NAME: Limit = Limit {
    free: 20,
    wait_first: Duration::from_secs(1),
    wait_max: Duration::from_secs(60),
};
/// An address: a class of a hundred behind one NAT may mistype once each and then some.
const PER_ADDRESS: Limit = Limit {
    free: 200,
    wait_first: Duration::from_secs(1),
    wait_max: Duration::from_secs(60),
};

/// Too many failures: try again after this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Duration);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    NameHere(String, IpAddr),
    Name(String),
    Address(IpAddr),
    Code(IpAddr),
}

impl Key {
    fn limit(&self) -> &'static Limit {
        match self {
            Self::NameHere(..) => &PER_NAME_HERE,
            Self::Name(_) => &PER_NAME,
            Self::Address(_) | Self::Code(_) => &PER_ADDRESS,
        }
    }
}

/// The counts of recent failures.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    failures: HashMap<Key, Failures>,
    /// Names that have signed in, and where.
    known: HashSet<(String, IpAddr)>,
}

struct Failures {
    last: Instant,
    count: u32,
}

impl Failures {
    /// How long the next try has to wait from now.
    fn wait(&self, limit: &Limit, now: Instant) -> Duration {
        let Some(beyond) = self.count.checked_sub(limit.free) else {
            return Duration::ZERO;
        };
        let wait = limit
            .wait_first
            .saturating_mul(2_u32.saturating_pow(beyond));
        wait.min(limit.wait_max).saturating_sub(now - self.last)
    }
}

impl Throttle {
    /// May somebody at `address` try `name` (none: a join code) now?
    pub(crate) fn allow(&self, name: Option<&str>, address: IpAddr) -> Result<(), Wait> {
        let counts = self.lock();
        let now = Instant::now();
        let is_known = name.is_some_and(|name| counts.known.contains(&(name.to_owned(), address)));
        let wait = keys(name, address)
            .into_iter()
            .filter(|key| !is_known || matches!(key, Key::NameHere(..)))
            .filter_map(|key| Some(counts.failures.get(&key)?.wait(key.limit(), now)))
            .max()
            .unwrap_or_default();
        if wait.is_zero() {
            Ok(())
        } else {
            Err(Wait(wait))
        }
    }

    /// Somebody at `address` tried `name` (none: a join code) and failed.
    pub(crate) fn failed(&self, name: Option<&str>, address: IpAddr) {
        let failures = &mut self.lock().failures;
        let now = Instant::now();
        let is_old = |seen: &Failures| now - seen.last >= FORGOTTEN_AFTER;
        if failures.len() >= KEYS_MAX {
            failures.retain(|_, seen| !is_old(seen));
        }
        for key in keys(name, address) {
            if failures.len() >= KEYS_MAX && !failures.contains_key(&key) {
                continue;
            }
            let seen = failures.entry(key).or_insert(Failures {
                last: now,
                count: 0,
            });
            if is_old(seen) {
                seen.count = 0;
            }
            seen.last = now;
            seen.count = seen.count.saturating_add(1);
        }
    }

    /// `name` signed in at `address`: its earlier failures there no longer count, and it is known there.
    pub(crate) fn succeeded(&self, name: &str, address: IpAddr) {
        let counts = &mut *self.lock();
        counts
            .failures
            .remove(&Key::NameHere(name.to_owned(), address));
        if counts.known.len() < KEYS_MAX {
            counts.known.insert((name.to_owned(), address));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        // Nothing in here panics half-way through a change, so a poisoned map is a sound one.
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// What counts a try of `name` (none: a join code) at `address`.
fn keys(name: Option<&str>, address: IpAddr) -> Vec<Key> {
    match name {
        Some(name) => vec![
            Key::NameHere(name.to_owned(), address),
            Key::Name(name.to_owned()),
            Key::Address(address),
        ],
        None => vec![Key::Code(address)],
    }
}

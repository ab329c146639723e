//! What every handler shares.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use axum::body::Bytes;
use course::Course;
use machine::MachineId;
use store::{Account, AccountId, Store};

use crate::{
    examiner::Examiner, listener::Listener, passwords::Passwords, presence::Presence,
    roster::Roster, throttle::Throttle,
};

/// The classroom: one for the process, cheap to clone.
#[derive(Clone)]
pub(crate) struct Classroom(Arc<Parts>);

/// The parts of a [`Classroom`].
pub(crate) struct Parts {
    pub(crate) course: Arc<Course>,
    pub(crate) store: Store,
    pub(crate) machines: machine::Client,
    pub(crate) examiner: Examiner,
    pub(crate) listener: Listener,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) presence: Presence,
    pub(crate) roster: Roster,
    pub(crate) site: Arc<app::Site>,
    /// The pictures that lessons show, by the path that the author wrote.
    pub(crate) assets: HashMap<String, Bytes>,
}

impl Classroom {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for Classroom {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The name of an account's machine: one machine an account, found again after any restart without a
/// table that could disagree.
pub(crate) fn machine_of(account: &Account) -> MachineId {
    machine_id(account.id)
}

/// As [`machine_of`], by id.
pub(crate) fn machine_id(account: AccountId) -> MachineId {
    format!("s{account}")
        .parse()
        .expect("'s' and a number within i64 is a machine's name")
}

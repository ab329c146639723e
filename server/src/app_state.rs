//! What every handler shares.

use std::{ops::Deref, sync::Arc};

use course::Course;
use machine::MachineId;
use store::{Account, AccountId, ClassId, Store};
use tokio::sync::broadcast;

use crate::{
    class_watch::ClassWatch, course_folder::CourseFolder, examiner::Examiner, hub::Hub, kept::Kept,
    listener::Listener, passwords::Passwords, presence::Presence, roster::Roster,
    throttle::Throttle,
};

/// The classroom: one for the process, cheap to clone.
#[derive(Clone)]
pub(crate) struct Classroom(Arc<Parts>);

/// The parts of a [`Classroom`].
pub(crate) struct Parts {
    pub(crate) folder: CourseFolder,
    /// Whether whoever is at this computer is the course's author, without signing in.
    pub(crate) for_author: bool,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) kept: Kept,
    pub(crate) machines: machine::Client,
    pub(crate) examiner: Examiner,
    pub(crate) listener: Listener,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) presence: Presence,
    pub(crate) classes: ClassWatch,
    /// The classes to which something was said just now.
    pub(crate) announced: broadcast::Sender<ClassId>,
    pub(crate) roster: Roster,
    pub(crate) hub: Hub,
    pub(crate) site: Arc<app::Site>,
}

impl Classroom {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The course as it is now: what a request began with, it goes on with.
    pub(crate) fn course(&self) -> Arc<Course> {
        self.folder.taught().course.clone()
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

/// The name of an instructor's scratch machine, on which exercises are tried.
pub(crate) fn scratch_machine_of(account: &Account) -> MachineId {
    scratch_machine(account.id)
}

/// The name of the scratch machine of whoever is at this computer.
pub(crate) fn scratch_machine_here() -> MachineId {
    scratch_machine("here")
}

fn scratch_machine(whose: impl std::fmt::Display) -> MachineId {
    format!("author-{whose}")
        .parse()
        .expect("'author-' and a short word or a number within i64 is a machine's name")
}

/// As [`machine_of`], by id.
pub(crate) fn machine_id(account: AccountId) -> MachineId {
    format!("s{account}")
        .parse()
        .expect("'s' and a number within i64 is a machine's name")
}

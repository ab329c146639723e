//! What a classroom remembers: accounts, classes and attempts, in a file of SQLite's or in a database
//! of PostgreSQL's.
//!
//! An `Ok` from any function that writes means the change is on disk: neither the end of a process
//! nor of power takes it back. Several processes may have the record open at once; what one of them has
//! kept by a [`Stamp`] does not know of the others' writes.
//!
//! The door is the trait [`Store`], of parts by subject; [`open`] gives one. Both databases speak the
//! same SQL here: each file of `sql` is compiled once for each of them.

#![allow(
    clippy::duplicate_mod,
    reason = "the SQL is one text for two databases, compiled for each with its own types"
)]

mod accounts;
mod announcements;
mod assignments;
mod attempts;
mod changes;
mod classes;
mod hints;
mod hub;
mod ids;
mod location;
mod postgres;
mod reviews;
mod setups;
mod sign_ins;
mod sqlite;
mod words;

use std::{
    fmt::Debug,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use sqlx::{PgPool, SqlitePool};

pub use accounts::{Account, Accounts, DeleteError, Role, SetTokenError, SetupError};
pub use announcements::{
    ANNOUNCEMENT_MAX, Announcement, AnnouncementText, Announcements, BadAnnouncement,
};
pub use assignments::{Assigned, Assignment, Assignments};
pub use attempts::{
    ATTEMPT_KEY_MAX, Attempt, AttemptKey, Attempts, BadAttemptKey, Circumstances, ItemKind,
    ItemProgress, NewAttempt, Place, RecordError, Recorded, StudentProgress, Tried,
};
pub use changes::Stamp;
pub use classes::{Class, ClassMember, ClassSummary, Classes, JoinCode, JoinError};
pub use hints::Hints;
pub use hub::{HUB_TOKENS_MAX, HubAccounts, HubToken, HubTokenError};
pub use ids::{AccountId, AnnouncementId, AssignmentId, AttemptId, ClassId, HubTokenId};
pub use location::{BadLocation, Location, OpenError};
pub use reviews::{ReviewRound, Reviews};
pub use setups::Setups;
pub use sign_ins::{SignIn, SignInId, SignIns};
pub use words::{BadName, BadTitle, ClassTitle, NAME_MAX, Name, TITLE_MAX};

/// The database refused or failed: disk full, file damaged, locked for too long, server away.
#[derive(Debug, thiserror::Error)]
#[error("the record could not be read or written: {0}")]
pub struct Error(#[from] sqlx::Error);

/// SQLite's primary result code for a full disk: <https://www.sqlite.org/rescode.html#full>.
const SQLITE_FULL: &str = "13";
/// PostgreSQL's code for it: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
const POSTGRES_DISK_FULL: &str = "53100";

impl Error {
    /// Whether the disk was full. What was recorded before is safe; this change was not made.
    pub fn no_space_left(&self) -> bool {
        let code = self.0.as_database_error().and_then(|error| error.code());
        code.is_some_and(|code| code == SQLITE_FULL || code == POSTGRES_DISK_FULL)
    }
}

/// What most functions here return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The open record of a classroom. `Arc<dyn Store>` is what a program holds.
#[async_trait]
pub trait Store:
    Accounts
    + Announcements
    + Assignments
    + Attempts
    + Classes
    + Hints
    + HubAccounts
    + Reviews
    + Setups
    + SignIns
    + Debug
{
    /// The pool of connections, for the web's session store, which keeps its table in the same place.
    fn pool(&self) -> Pool;

    /// What is on record of `account` now: the same as before, if nothing has changed since. Of what was
    /// set up on machines it says nothing.
    fn stamp(&self, account: AccountId) -> Stamp;

    /// Writes a copy of the whole record, as it is at one moment, to `file`, which must not exist yet.
    /// Others may read and write meanwhile. What it is: a SQLite file, or what PostgreSQL's `pg_dump`
    /// makes (its custom format), which must be installed.
    ///
    /// # Errors
    /// The copy cannot be written; what is at `file` then is to be thrown away.
    async fn backup(&self, file: &Path) -> Result<(), BackupError>;

    /// Closes the connections that are not in use; the record must not be used afterwards. The last of
    /// them closes with the last of its owners.
    async fn close(&self);
}

/// A pool of connections.
#[derive(Clone, Debug)]
pub enum Pool {
    /// To a file.
    Sqlite(SqlitePool),
    /// To a server.
    Postgres(PgPool),
}

/// Why there is no copy of the record.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A copy must not overwrite anything.
    #[error("{} exists already: name a new file", .0.display())]
    Exists(std::path::PathBuf),
    /// The file cannot be written, or a program that is needed cannot be run.
    #[error("{what}: {source}")]
    Io {
        /// What could not be done.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// PostgreSQL's program said no.
    #[error("{program} failed: {said}")]
    Program {
        /// Which.
        program: &'static str,
        /// What it printed.
        said: String,
    },
    /// Somebody may be writing to it.
    #[error("{0} is in use: stop the classroom first")]
    InUse(Location),
    /// The file is no copy of a record, or of a newer Gyosil's.
    #[error(transparent)]
    Copy(#[from] OpenError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Opens the record, making it when there is none, and brings an older version's tables up to date.
///
/// # Errors
/// Each with what mends it.
pub async fn open(location: &Location) -> Result<Arc<dyn Store>, OpenError> {
    Ok(match location {
        Location::File(file) => Arc::new(sqlite::open(file).await?),
        Location::Postgres(options) => Arc::new(postgres::open(options).await?),
    })
}

/// Makes the record anew from a copy that [`Store::backup`] wrote. No process may have it open. A
/// record that is there already is kept beside the new one: the file with `.before` behind its name;
/// PostgreSQL's database must be empty.
///
/// # Errors
/// The copy is none, or cannot be put in place; the record is as it was then.
pub async fn restore(location: &Location, copy: &Path) -> Result<(), BackupError> {
    match location {
        Location::File(file) => sqlite::restore(file, copy).await,
        Location::Postgres(options) => postgres::restore(options, copy).await,
    }
}

/// Now, in unix milliseconds. A clock before 1970 counts as 1970: order comes from ids, not times.
pub fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

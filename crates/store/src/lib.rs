//! What a classroom remembers: accounts, classes and attempts, in one SQLite file.
//!
//! An `Ok` from any function that writes means the change is on disk: neither the end of a process
//! nor of power takes it back. Several processes may have the file open at once.
//!
//! Everything below is one door, [`Store`]; its functions are grouped by subject in the modules.

mod accounts;
mod attempts;
mod classes;
mod ids;
mod open;
mod setups;
mod words;

use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::SqlitePool;

pub use accounts::{Account, Role, SetTokenError, SetupError};
pub use attempts::{
    ATTEMPT_KEY_MAX, Attempt, AttemptKey, BadAttemptKey, ItemKind, ItemProgress, NewAttempt,
    RecordError, Recorded, StudentProgress,
};
pub use classes::{Class, ClassSummary, JoinCode, JoinError};
pub use ids::{AccountId, AttemptId, ClassId};
pub use open::OpenError;
pub use words::{BadName, BadTitle, ClassTitle, NAME_MAX, Name, TITLE_MAX};

/// The database refused or failed: disk full, file damaged, locked for too long.
#[derive(Debug, thiserror::Error)]
#[error("the record could not be read or written: {0}")]
pub struct Error(#[from] sqlx::Error);

impl Error {
    /// Whether the disk was full. What was recorded before is safe; this change was not made.
    pub fn no_space_left(&self) -> bool {
        sqlite_code(&self.0) == Some(SQLITE_FULL)
    }
}

/// SQLite's primary result codes: <https://www.sqlite.org/rescode.html>.
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_NOTADB: i32 = 26;

/// The primary result code, where it was SQLite that refused.
fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    // An extended code carries the primary one in its low byte.
    Some(code & 0xff)
}

/// What most functions here return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The open record of a classroom. Clones share one pool of connections.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
}

impl Store {
    /// The pool of connections, for the web's session store, which keeps its table in the same file.
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// A transaction that takes SQLite's write lock at once. One that begins with a read and writes
    /// later would fail, instead of wait, when another writer came in between.
    async fn write(&self) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
        self.pool.begin_with("BEGIN IMMEDIATE").await
    }
}

/// Now, in unix milliseconds. A clock before 1970 counts as 1970: order comes from ids, not times.
pub fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

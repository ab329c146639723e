//! A record in a file of SQLite's.

#[path = "sql/accounts.rs"]
mod accounts;
#[path = "sql/announcements.rs"]
mod announcements;
#[path = "sql/assignments.rs"]
mod assignments;
#[path = "sql/attempts.rs"]
mod attempts;
#[path = "sql/classes.rs"]
mod classes;
#[path = "sql/hints.rs"]
mod hints;
#[path = "sql/hub.rs"]
mod hub;
#[path = "sql/reviews.rs"]
mod reviews;
#[path = "sql/setups.rs"]
mod setups;
#[path = "sql/sign_ins.rs"]
mod sign_ins;
mod together;

use std::{ffi::OsString, fs, io, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::{
    Connection as _, SqliteConnection as Connection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::{Instant, sleep};

use crate::{
    AccountId, BackupError, Error, Location, NewAttempt, OpenError, Pool, RecordError, Recorded,
    Stamp, Store, changes::Changes,
};
use together::Together;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a writer waits for another. A write takes milliseconds; a whole class that submits at
/// once is through long before this, and a person does not wait longer.
const BUSY: Duration = Duration::from_secs(10);

/// How long a process that ends may take to let go of a record that is to be replaced, and how often
/// it is looked.
const LETS_GO_WITHIN: Duration = Duration::from_secs(2);
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Connections at once: SQLite has one writer, and readers are done in microseconds, so that more
/// would only wait for each other inside SQLite instead of in the pool.
const CONNECTIONS: u32 = 8;

/// SQLite's primary result codes: <https://www.sqlite.org/rescode.html>.
const SQLITE_BUSY: i32 = 5;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_NOTADB: i32 = 26;

/// A record in a file.
#[derive(Debug)]
pub(crate) struct Record {
    pool: SqlitePool,
    changes: Arc<Changes>,
    together: Together,
}

impl Record {
    /// A transaction that takes SQLite's write lock at once. One that begins with a read and writes
    /// later would fail, instead of wait, when another writer came in between.
    async fn write(&self) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
        self.pool.begin_with("BEGIN IMMEDIATE").await
    }

    /// Records an attempt, together with all that come while others are being written.
    async fn record_one(&self, new: NewAttempt<'_>) -> Result<Recorded, RecordError> {
        self.together.record(new).await
    }
}

#[async_trait]
impl Store for Record {
    fn pool(&self) -> Pool {
        Pool::Sqlite(self.pool.clone())
    }

    fn stamp(&self, account: AccountId) -> Stamp {
        self.changes.stamp(account)
    }

    async fn backup(&self, file: &Path) -> Result<(), BackupError> {
        // It would write into an empty file; a copy must not overwrite anything at all.
        if file.exists() {
            return Err(BackupError::Exists(file.to_owned()));
        }
        sqlx::query("VACUUM INTO $1")
            .bind(file.to_string_lossy())
            .execute(&self.pool)
            .await
            .map_err(Error)?;
        // SQLite leaves it to whoever asked that the copy is on disk.
        fs::File::open(file)
            .and_then(|copy| copy.sync_all())
            .map_err(|source| io_error(format!("cannot write {}", file.display()), source))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

/// Opens the record in `file`, making it when there is none; its folder must exist. Brings an older
/// version's tables up to date. Another process may have it open.
pub(crate) async fn open(file: &Path) -> Result<Record, OpenError> {
    let options = options(file).create_if_missing(true);
    let mut first = connect(&options)
        .await
        .map_err(|error| open_error(file, error))?;
    check(file, &mut first).await?;
    migrate(file, &mut first).await?;
    first
        .close()
        .await
        .map_err(|error| open_error(file, error))?;
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .connect_lazy_with(options);
    tracing::debug!(file = %file.display(), "opened the record");
    let changes = Arc::new(Changes::new());
    Ok(Record {
        together: Together::begin(pool.clone(), changes.clone()),
        pool,
        changes,
    })
}

/// Connects, and waits for another process that does so to a new file at the same moment: SQLite does
/// not wait by itself where the log of writes is begun.
async fn connect(options: &SqliteConnectOptions) -> Result<Connection, sqlx::Error> {
    let begun = Instant::now();
    loop {
        match Connection::connect_with(options).await {
            Err(error) if code(&error) == Some(SQLITE_BUSY) && begun.elapsed() < BUSY => {
                sleep(ASK_EVERY).await;
            }
            outcome => return outcome,
        }
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode only FULL writes a commit to disk before it is acknowledged.
        .synchronous(SqliteSynchronous::Full)
}

/// A damaged page is better met now, with words that help, than in the middle of a class.
async fn check(file: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await
        .map_err(|error| open_error(file, error))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(OpenError::Damaged {
        location: at(file),
        fault: verdict,
    })
}

/// All migrations in one transaction, under the write lock: two processes that open a new file at
/// once do not meet, and a failure leaves the file as it was.
async fn migrate(file: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(|error| open_error(file, error))?;
    match MIGRATIONS.run_direct(&mut *transaction).await {
        Ok(()) => transaction
            .commit()
            .await
            .map_err(|error| open_error(file, error)),
        Err(error) => Err(OpenError::of_migration(at(file), error)),
    }
}

/// Puts a copy in the record's place, once it is known to be one.
pub(crate) async fn restore(file: &Path, copy: &Path) -> Result<(), BackupError> {
    let beside = |ending: &str| {
        let mut name = OsString::from(file);
        name.push(ending);
        std::path::PathBuf::from(name)
    };
    let failed = |what: &str| {
        let what = format!("{what} {}", file.display());
        move |source| io_error(what, source)
    };
    let new = beside(".restored");
    fs::copy(copy, &new)
        .and_then(|_| fs::File::open(&new)?.sync_all())
        .map_err(failed("cannot write beside"))?;
    let fit = is_record(&new).await;
    if let Err(error) = fit {
        remove(&new).map_err(failed("cannot clear up beside"))?;
        return Err(error.into());
    }
    if file.exists() {
        if is_in_use(file).await {
            remove(&new).map_err(failed("cannot clear up beside"))?;
            return Err(BackupError::InUse(at(file)));
        }
        for ending in ["", "-wal", "-shm"] {
            if beside(ending).exists() {
                let before = beside(&format!(".before{ending}"));
                fs::rename(beside(ending), before).map_err(failed("cannot move"))?;
            }
        }
    }
    fs::rename(&new, file).map_err(failed("cannot put the copy at"))
}

/// Whether another process has the record open, and goes on to. Writes that only its log has are then
/// in the file.
async fn is_in_use(file: &Path) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LETS_GO_WITHIN {
        let Ok(mut connection) = Connection::connect_with(&options(file)).await else {
            // Damaged: that is what a copy is for.
            return false;
        };
        // SQLite leaves WAL mode only for the last that has it open, and does not wait for that.
        let mode: Result<String, _> = sqlx::query_scalar("PRAGMA journal_mode = DELETE")
            .fetch_one(&mut connection)
            .await;
        // Whether it closes well does not matter: the file is to be replaced.
        let _ = connection.close().await;
        if mode.is_ok_and(|mode| mode == "delete") {
            return false;
        }
        sleep(ASK_EVERY).await;
    }
    true
}

/// Whether a file is a whole record that this version can read.
async fn is_record(file: &Path) -> Result<(), OpenError> {
    let record = open(file).await?;
    record.close().await;
    Ok(())
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn io_error(what: String, source: io::Error) -> BackupError {
    BackupError::Io { what, source }
}

fn at(file: &Path) -> Location {
    Location::File(file.to_owned())
}

fn open_error(file: &Path, error: sqlx::Error) -> OpenError {
    let location = at(file);
    match code(&error) {
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => OpenError::Damaged {
            location,
            fault: error.to_string(),
        },
        _ => OpenError::Unreachable {
            location,
            source: error,
        },
    }
}

/// The primary result code, where it was SQLite that refused.
fn code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    // An extended code carries the primary one in its low byte.
    Some(code & 0xff)
}

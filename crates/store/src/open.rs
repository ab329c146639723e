//! Opening the file: made when new, checked, brought up to date.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    Connection, SqliteConnection,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{SQLITE_CORRUPT, SQLITE_NOTADB, Store, sqlite_code};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long a writer waits for another. A write takes milliseconds; a whole class that submits at
/// once is through long before this, and a person does not wait longer.
const BUSY: Duration = Duration::from_secs(10);

/// Connections at once: SQLite has one writer, and readers are done in microseconds, so that more
/// would only wait for each other inside SQLite instead of in the pool.
const CONNECTIONS: u32 = 8;

/// Why the record could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No such folder, no permission, or not a file.
    #[error(
        "cannot open {}: {source}. Its folder must exist and belong to the user that the classroom \
         runs as",
        path.display()
    )]
    Unreachable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The file is something else, or damaged.
    #[error(
        "{} is damaged or not a Gyosil record ({fault}). Nothing was changed. Put back a copy, or \
         move the file away to begin a new record",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        fault: String,
    },
    /// A later version of Gyosil has changed the file's tables.
    #[error(
        "{} was written by a newer Gyosil (its migration {version} is unknown here). Nothing was \
         changed. Start that version",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The migration that this version lacks.
        version: i64,
    },
    /// Bringing its tables up to date failed; it was left as it was.
    #[error("cannot bring {} up to date; it is as it was before: {source}", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: Box<MigrateError>,
    },
}

impl Store {
    /// Opens the record in `file`, making it when there is none; its folder must exist. Brings an
    /// older version's tables up to date. Another process may have it open.
    pub async fn open(file: &Path) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .journal_mode(SqliteJournalMode::Wal)
            // In WAL mode only FULL writes a commit to disk before it is acknowledged.
            .synchronous(SqliteSynchronous::Full);
        let mut first = SqliteConnection::connect_with(&options)
            .await
            .map_err(|error| from_sqlite(file, error))?;
        check(file, &mut first).await?;
        migrate(file, &mut first).await?;
        first
            .close()
            .await
            .map_err(|error| from_sqlite(file, error))?;
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_lazy_with(options);
        tracing::debug!(file = %file.display(), "opened the record");
        Ok(Self { pool })
    }
}

/// A damaged page is better met now, with words that help, than in the middle of a class.
async fn check(file: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await
        .map_err(|error| from_sqlite(file, error))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(OpenError::Damaged {
        path: file.to_owned(),
        fault: verdict,
    })
}

/// All migrations in one transaction, under the write lock: two processes that open a new file at
/// once do not meet, and a failure leaves the file as it was.
async fn migrate(file: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(|error| from_sqlite(file, error))?;
    match MIGRATIONS.run_direct(&mut *transaction).await {
        Ok(()) => transaction
            .commit()
            .await
            .map_err(|error| from_sqlite(file, error)),
        Err(MigrateError::VersionMissing(version)) => Err(OpenError::Newer {
            path: file.to_owned(),
            version,
        }),
        Err(source) => Err(OpenError::Migrate {
            path: file.to_owned(),
            source: Box::new(source),
        }),
    }
}

fn from_sqlite(file: &Path, error: sqlx::Error) -> OpenError {
    let path = file.to_owned();
    match sqlite_code(&error) {
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => OpenError::Damaged {
            path,
            fault: error.to_string(),
        },
        _ => OpenError::Unreachable {
            path,
            source: error,
        },
    }
}

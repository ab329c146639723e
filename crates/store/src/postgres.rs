//! A record in a database of PostgreSQL's.

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

use std::{io, path::Path, process::Stdio, time::Duration};

use async_trait::async_trait;
use sqlx::{
    ConnectOptions as _, PgConnection as Connection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{process::Command, time::timeout};

use crate::{
    AccountId, BackupError, Error, Location, NewAttempt, OpenError, Pool, RecordError, Recorded,
    Stamp, Store, changes::Changes,
};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// How long a request waits for a connection. A person does not wait longer.
const WAIT: Duration = Duration::from_secs(10);

/// Connections at once: a sixth of the hundred that PostgreSQL gives in all, and enough that commits
/// are written to disk together.
const CONNECTIONS: u32 = 16;

/// How long a copy may take: a school's whole record is some hundred megabytes, which take a minute.
const COPY_WITHIN: Duration = Duration::from_secs(3600);

/// A record in a database.
#[derive(Debug)]
pub(crate) struct Record {
    pool: PgPool,
    changes: Changes,
}

impl Record {
    /// A transaction.
    async fn write(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, sqlx::Error> {
        self.pool.begin().await
    }

    /// Records an attempt. PostgreSQL itself writes to disk together what is committed at once.
    async fn record_one(&self, new: NewAttempt<'_>) -> Result<Recorded, RecordError> {
        let _change = self.changes.of(new.account);
        let mut connection = self.pool.acquire().await.map_err(Error)?;
        attempts::record(&mut connection, new).await
    }
}

#[async_trait]
impl Store for Record {
    fn pool(&self) -> Pool {
        Pool::Postgres(self.pool.clone())
    }

    fn stamp(&self, account: AccountId) -> Stamp {
        self.changes.stamp(account)
    }

    async fn backup(&self, file: &Path) -> Result<(), BackupError> {
        if file.exists() {
            return Err(BackupError::Exists(file.to_owned()));
        }
        let mut dump = program("pg_dump", &self.pool.connect_options());
        dump.args(["--format=custom", "--no-owner", "--file"])
            .arg(file);
        run("pg_dump", dump).await
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

/// Opens the record, making its tables when there are none, and brings an older version's up to date.
pub(crate) async fn open(options: &PgConnectOptions) -> Result<Record, OpenError> {
    let location = || Location::Postgres(Box::new(options.clone()));
    // Whatever the server's setting is, a commit is on disk before it is acknowledged.
    let options = options.clone().options([("synchronous_commit", "on")]);
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(WAIT)
        .connect_with(options)
        .await
        .map_err(|source| OpenError::NoServer {
            location: location(),
            source,
        })?;
    MIGRATIONS
        .run(&pool)
        .await
        .map_err(|error| OpenError::of_migration(location(), error))?;
    tracing::debug!(location = %location(), "opened the record");
    Ok(Record {
        pool,
        changes: Changes::new(),
    })
}

/// Fills an empty database from a copy, all of it or nothing.
pub(crate) async fn restore(options: &PgConnectOptions, copy: &Path) -> Result<(), BackupError> {
    let mut restore = program("pg_restore", options);
    restore
        .args(["--single-transaction", "--exit-on-error", "--no-owner"])
        .arg("--dbname")
        .arg(options.get_database().unwrap_or_default())
        .arg(copy);
    run("pg_restore", restore).await?;
    open(options).await?.close().await;
    Ok(())
}

/// One of PostgreSQL's programs, told of the database by its environment, which no process list shows.
fn program(name: &'static str, options: &PgConnectOptions) -> Command {
    let mut command = Command::new(name);
    command.env_clear().stdin(Stdio::null());
    for kept in ["PATH", "HOME", "LANG", "PGPASSFILE"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    let host = options.get_socket().map_or_else(
        || options.get_host().into(),
        |socket| socket.as_os_str().to_owned(),
    );
    let url = options.to_url_lossy();
    command
        .env("PGHOST", host)
        .env("PGPORT", options.get_port().to_string())
        .env("PGUSER", options.get_username())
        .env("PGDATABASE", options.get_database().unwrap_or_default());
    if let Some(password) = url.password() {
        command.env("PGPASSWORD", password);
    }
    command
}

async fn run(name: &'static str, mut command: Command) -> Result<(), BackupError> {
    let output = timeout(COPY_WITHIN, command.kill_on_drop(true).output()).await;
    let output = output.map_err(io::Error::from).flatten();
    let output = output.map_err(|source| BackupError::Io {
        what: format!("cannot run {name}, of Debian's package postgresql-client"),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(BackupError::Program {
        program: name,
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

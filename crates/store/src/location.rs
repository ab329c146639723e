//! Where a record is, and what can be wrong there.

use std::{fmt, path::PathBuf, str::FromStr};

use sqlx::{migrate::MigrateError, postgres::PgConnectOptions};

/// Where a record is kept: a file's path, or the address of a database
/// (`postgres://user:password@host/name`).
#[derive(Clone, Debug)]
pub enum Location {
    /// A file of SQLite's; its folder must exist.
    File(PathBuf),
    /// A database of PostgreSQL's, which must exist.
    Postgres(Box<PgConnectOptions>),
}

/// An address that is none.
#[derive(Debug, thiserror::Error)]
#[error("not the address of a PostgreSQL database (postgres://user:password@host/name): {0}")]
pub struct BadLocation(#[from] sqlx::Error);

impl FromStr for Location {
    type Err = BadLocation;

    fn from_str(text: &str) -> Result<Self, BadLocation> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Ok(Self::Postgres(Box::new(text.parse()?)))
        } else {
            Ok(Self::File(text.into()))
        }
    }
}

/// Without the password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Postgres(options) => {
                let name = options.get_database().unwrap_or("?");
                let (host, port) = (options.get_host(), options.get_port());
                write!(f, "the database {name} at {host}:{port}")
            }
        }
    }
}

/// Why the record could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No such folder, no permission, or not a file.
    #[error(
        "cannot open {location}: {source}. Its folder must exist and belong to the user that the \
         classroom runs as"
    )]
    Unreachable {
        /// The file.
        location: Location,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The server does not answer, or does not let us in.
    #[error(
        "cannot reach {location}: {source}. The server must run, and the database and its user exist"
    )]
    NoServer {
        /// The database.
        location: Location,
        /// What went wrong.
        source: sqlx::Error,
    },
    /// The file is something else, or damaged.
    #[error(
        "{location} is damaged or not a Gyosil record ({fault}). Nothing was changed. Put back a \
         copy, or move the file away to begin a new record"
    )]
    Damaged {
        /// The file.
        location: Location,
        /// What SQLite found.
        fault: String,
    },
    /// A later version of Gyosil has changed the tables.
    #[error(
        "{location} was written by a newer Gyosil (its migration {version} is unknown here). \
         Nothing was changed. Start that version"
    )]
    Newer {
        /// The record.
        location: Location,
        /// The migration that this version lacks.
        version: i64,
    },
    /// Bringing its tables up to date failed; it was left as it was.
    #[error("cannot bring {location} up to date; it is as it was before: {source}")]
    Migrate {
        /// The record.
        location: Location,
        /// What went wrong.
        source: Box<MigrateError>,
    },
}

impl OpenError {
    /// What a migration's failure means.
    pub(crate) fn of_migration(location: Location, error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer { location, version },
            source => Self::Migrate {
                location,
                source: Box::new(source),
            },
        }
    }
}

//! Where the record is; `gyosil backup` and `gyosil restore`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use store::Location;

use crate::host::{self, WEB_USER};

/// Where the record is.
#[derive(clap::Args)]
pub(crate) struct RecordOption {
    /// A PostgreSQL database to keep the record in (postgres://user:password@host/name), instead of a
    /// file in the data folder. The variable keeps a password out of the process list.
    #[arg(
        long,
        env = "GYOSIL_DATABASE",
        hide_env_values = true,
        value_name = "URL"
    )]
    #[arg(value_parser = database)]
    database: Option<Location>,
}

impl RecordOption {
    /// The record of the classroom with this data folder.
    pub(crate) fn location(&self, data: &Path) -> Location {
        let in_folder = || Location::File(data.join("web/gyosil.sqlite"));
        self.database.clone().unwrap_or_else(in_folder)
    }
}

fn database(text: &str) -> Result<Location, String> {
    match text.parse() {
        Ok(location @ Location::Postgres(_)) => Ok(location),
        Ok(Location::File(_)) => Err("it begins with postgres://".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Which record, and the copy of it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The copy.
    file: PathBuf,
    /// The classroom's data folder.
    #[arg(long, default_value = "/var/lib/gyosil")]
    data: PathBuf,
    #[command(flatten)]
    record: RecordOption,
}

/// Copies the record, while the classroom goes on.
///
/// # Errors
/// When there is no record, or the copy cannot be written.
pub(crate) fn backup(args: &Args) -> Result<()> {
    let location = args.record.location(&args.data);
    if let Location::File(file) = &location {
        anyhow::ensure!(file.is_file(), "there is no record at {location}");
    }
    runtime()?.block_on(async {
        let record = store::open(&location).await?;
        record.backup(&args.file).await?;
        record.close().await;
        tracing::info!(%location, copy = %args.file.display(), "copied {location}");
        Ok(())
    })
}

/// Puts a copy in the record's place.
///
/// # Errors
/// When the file is no copy, or the classroom is open.
pub(crate) fn restore(args: &Args) -> Result<()> {
    let location = args.record.location(&args.data);
    if matches!(location, Location::File(_)) {
        host::prepare_web_folder(&args.data, WEB_USER)?;
    }
    runtime()?.block_on(store::restore(&location, &args.file))?;
    if matches!(location, Location::File(_)) {
        // What root has written is the web process's.
        host::prepare_web_folder(&args.data, WEB_USER)?;
    }
    tracing::info!(%location, "put the copy in place of {location}");
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

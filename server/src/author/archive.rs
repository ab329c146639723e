//! `gyosil course`: a course as one file, to be carried to another classroom.

use std::{
    fs::{File, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail, ensure};
use course::archive::{self, ArchiveError};

use super::{finding::Finding, lint, say};

/// What to do with a course.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Write a course to an archive (.tar.gz), if it has no problem.
    Export {
        /// The course's folder.
        dir: PathBuf,
        /// The archive; one that is there is left alone.
        file: PathBuf,
    },
    /// Take the course out of an archive, if it has no problem.
    Import {
        /// The archive.
        file: PathBuf,
        /// The course's folder, which must not be there yet.
        dir: PathBuf,
    },
}

/// Does what the command line says.
///
/// # Errors
/// When something is there already, or cannot be read or written.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let (done, dir, told) = match &args.command {
        Command::Export { dir, file } => (
            export(dir, file)?,
            dir,
            format!("{} is the course of {}", file.display(), dir.display()),
        ),
        Command::Import { file, dir } => (
            import(file, dir)?,
            dir,
            format!("{} is the course of {}", dir.display(), file.display()),
        ),
    };
    match done {
        Ok(()) => {
            say(&told)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(ArchiveError::Course(problems)) => {
            let findings: Vec<Finding> = problems.iter().map(Finding::from).collect();
            lint::report(&findings, None, dir)?;
            Ok(ExitCode::FAILURE)
        }
        Err(error) => bail!(error),
    }
}

/// Under the file's own name only when it is whole.
fn export(dir: &Path, file: &Path) -> Result<Result<(), ArchiveError>> {
    // Told before the work is done; what comes into its place meanwhile is kept as well.
    ensure!(
        file.symlink_metadata().is_err(),
        "there is already something at {}: choose another name, or move it away",
        file.display()
    );
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut beside = tempfile::Builder::new()
        .prefix(".export-")
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .with_context(|| format!("cannot write into {}", folder.display()))?;
    if let Err(error) = archive::export(dir, beside.as_file_mut()) {
        return Ok(Err(error));
    }
    beside
        .persist_noclobber(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(Ok(()))
}

fn import(file: &Path, dir: &Path) -> Result<Result<(), ArchiveError>> {
    let archive = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(archive::import(archive, dir))
}

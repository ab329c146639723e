//! `gyosil gift`: questions from and for Moodle, in its text format.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use course::{
    Lang,
    gift::{self, TEXT_MAX},
};

use super::lint;

/// What to do with questions.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the questions of a GIFT file as Markdown for a lesson; what cannot come over is told.
    Import {
        /// The file.
        file: PathBuf,
        /// The questions' language.
        #[arg(long, default_value = "ko")]
        lang: Lang,
    },
    /// Print all questions of a course in one language as GIFT.
    Export {
        /// The course's folder.
        dir: PathBuf,
        /// The language.
        #[arg(long, default_value = "ko")]
        lang: Lang,
    },
}

/// Does what the command line says; fails if a question was left out.
///
/// # Errors
/// When a file cannot be read, or nothing can be printed.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.command {
        Command::Import { file, lang } => import(file, *lang),
        Command::Export { dir, lang } => export(dir, *lang),
    }
}

fn import(file: &Path, lang: Lang) -> Result<ExitCode> {
    let read = || -> io::Result<String> {
        let mut text = String::new();
        // One byte more than may be: then the text is told to be too long.
        File::open(file)?
            .take(TEXT_MAX as u64 + 1)
            .read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read().with_context(|| format!("cannot read {}", file.display()))?;
    let import = gift::import(&text, lang);
    io::stdout().write_all(import.markdown.as_bytes())?;
    for remark in &import.remarks {
        let (file, line) = (file.display(), remark.line);
        if remark.left_out {
            tracing::error!("{file}:{line}: left out: {}", remark.message);
        } else {
            tracing::warn!("{file}:{line}: {}", remark.message);
        }
    }
    let is_whole = import.remarks.iter().all(|remark| !remark.left_out);
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn export(dir: &Path, lang: Lang) -> Result<ExitCode> {
    let (findings, course) = lint::read(dir)?;
    let course = match course {
        Some(course) if lint::is_well(&findings) => course,
        course => {
            lint::report(&findings, course.as_ref(), dir)?;
            return Ok(ExitCode::FAILURE);
        }
    };
    io::stdout().write_all(gift::export(&course, lang).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

//! What an author runs before any student sees a course.

pub(crate) mod archive;
mod bash;
mod finding;
pub(crate) mod gift;
pub(crate) mod lint;
pub(crate) mod rows;
mod script;
mod shellcheck;
pub(crate) mod test_course;

use std::{
    io::{self, IsTerminal, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result};
use miette::{GraphicalReportHandler, GraphicalTheme};

/// How wide a report is where no terminal says so, in columns.
const WIDTH: usize = 100;

/// Fails unless this may be a course: what is wrong with its content are findings.
///
/// # Errors
/// When it is no folder, or cannot be looked into.
fn ensure_folder(dir: &Path) -> Result<()> {
    std::fs::read_dir(dir)
        .with_context(|| format!("{} is no folder that can be read", dir.display()))?;
    Ok(())
}

/// How findings are drawn: with colours and lines on a terminal, plain for anything else.
fn drawing() -> GraphicalReportHandler {
    let stdout = io::stdout();
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let (theme, width) = if stdout.is_terminal() {
        let theme = if no_colour {
            GraphicalTheme::unicode_nocolor()
        } else {
            GraphicalTheme::unicode()
        };
        let size = rustix::termios::tcgetwinsize(&stdout);
        (theme, size.map_or(WIDTH, |size| size.ws_col.into()))
    } else {
        (GraphicalTheme::none(), WIDTH)
    };
    GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_width(width)
}

/// Prints a line.
fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// A number with its noun.
fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

//! A course as one file, to be carried to another classroom.
//!
//! The file is a tar archive compressed by gzip, with the course's files under the names they have in
//! its folder. One course makes the same bytes on every host. What comes in is somebody else's: only
//! regular files under names that a course has are taken up, within limits, and nothing is seen under
//! the new folder's name before all of it has been read and found to be a course.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use rustix::fs::{CWD, Mode, RenameFlags, chmod, renameat_with};

use crate::folder::{FILE_MAX, names};
use crate::ids::is_slug;
use crate::links::is_image;
use crate::model::Course;
use crate::problem::Problems;

/// Files of a course beside its units.
const TOP: [&str; 3] = ["course.toml", "map.toml", "glossary.toml"];

/// The longest name of a file in a unit, in bytes: what the oldest tar header has room for, so that
/// no header of a newer kind is ever needed.
pub const NAME_MAX: usize = 100;

/// The longest image of an archive, in bytes: a screenshot has a twentieth of it.
pub const IMAGE_MAX: u64 = 16 * 1024 * 1024;

/// The most files that an archive may have: a thousand lessons with two languages and as many
/// images take 4,000.
pub const FILES_MAX: usize = 10_000;

/// The most bytes that all files together may have: so much memory is never used, but disk is.
pub const TOTAL_MAX: u64 = 512 * 1024 * 1024;

/// A block of tar, in bytes (POSIX.1-1988, ustar): a header has one, contents fill whole ones.
const TAR_BLOCK: u64 = 512;

/// Files are readable for all, as a course's are in a repository.
const FILE_MODE: u32 = 0o644;

/// Why a course could not be put into a file, or taken out of one.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is not right; see the problems.
    #[error("the course has problems")]
    Course(#[from] Problems),
    /// Import never touches what is there.
    #[error("there is already something at {0}: choose another folder, or move it away")]
    Exists(PathBuf),
    /// A name that no file of a course has.
    #[error(
        "`{0}` has no place in a course: it has course.toml, map.toml, glossary.toml, and a folder per unit with Markdown files and images in it"
    )]
    Name(String),
    /// A folder, a link, a device …
    #[error("`{0}` in the archive is no regular file")]
    NotAFile(String),
    /// A name twice: which of the two is meant?
    #[error("`{0}` is in the archive twice")]
    Twice(String),
    /// Longer than [`FILE_MAX`] or, for an image, [`IMAGE_MAX`].
    #[error("`{name}` is longer than {max} bytes")]
    TooLong {
        /// The file.
        name: String,
        /// How long it may be.
        max: u64,
    },
    /// More than [`FILES_MAX`].
    #[error("there are more than {FILES_MAX} files")]
    TooMany,
    /// More than [`TOTAL_MAX`].
    #[error("the files are longer than {TOTAL_MAX} bytes together")]
    TooMuch,
    /// Not what [`export`] writes.
    #[error("this is no archive of a course, or it is broken: {0}")]
    Broken(#[source] io::Error),
    /// The disk, or the program that the archive goes to.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

/// Writes the course in this folder as an archive. The same course makes the same bytes.
///
/// # Errors
/// When the course has problems (nothing is written then), is beyond a limit, or cannot be read or
/// written.
pub fn export(dir: &Path, out: impl Write) -> Result<(), ArchiveError> {
    Course::lint(dir)?;
    let mut paths = Vec::new();
    for (name, is_dir) in folder(dir)? {
        if !is_dir && TOP.contains(&name.as_str()) {
            paths.push(name);
        } else if is_dir && is_slug(&name) {
            let files = folder(&dir.join(&name))?.into_iter();
            let files = files.filter(|(file, is_dir)| {
                !is_dir && (is_image(file) || (file.ends_with(".md") && !file.starts_with('.')))
            });
            paths.extend(files.map(|(file, _)| format!("{name}/{file}")));
        }
    }
    let written = io_error("the archive cannot be written");
    let packed = GzBuilder::new().mtime(0).write(out, Compression::best());
    let mut archive = tar::Builder::new(packed);
    let mut taken = Taken::default();
    for path in paths {
        let file = File::open(dir.join(&path)).map_err(io_error(&path))?;
        let size = file.metadata().map_err(io_error(&path))?.len();
        taken.add(&path, size)?;
        let mut header = tar::Header::new_ustar();
        header.set_path(&path).map_err(io_error(&path))?;
        header.set_size(size);
        header.set_mode(FILE_MODE);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        archive.append(&header, file.take(size)).map_err(&written)?;
    }
    let packed = archive.into_inner().map_err(&written)?;
    packed
        .finish()
        .and_then(|mut out| out.flush())
        .map_err(&written)
}

/// Takes the course out of an archive into a folder that is not there yet. It is unpacked into a
/// folder beside it and looked at first; the new name appears when all is well, or never.
///
/// # Errors
/// When something is there already, when the archive has what no course has or is beyond a limit,
/// when the course in it has problems, or when it cannot be read or written. Nothing is left then.
pub fn import(archive: impl Read, dir: &Path) -> Result<(), ArchiveError> {
    if dir.symlink_metadata().is_ok() {
        return Err(ArchiveError::Exists(dir.to_owned()));
    }
    let parent = match dir.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let shown = dir.display().to_string();
    let beside = tempfile::Builder::new()
        .prefix(".import-")
        .tempdir_in(parent)
        .map_err(io_error(&shown))?;
    unpack(archive, beside.path())?;
    Course::lint(beside.path())?;
    chmod(beside.path(), Mode::from_raw_mode(0o755))
        .map_err(|error| io_error(&shown)(error.into()))?;
    match renameat_with(CWD, beside.path(), CWD, dir, RenameFlags::NOREPLACE) {
        Ok(()) => {
            // It has another name now: there is nothing left to remove.
            let _ = beside.keep();
            Ok(())
        }
        Err(rustix::io::Errno::EXIST) => Err(ArchiveError::Exists(dir.to_owned())),
        Err(error) => Err(io_error(&shown)(error.into())),
    }
}

fn unpack(archive: impl Read, dir: &Path) -> Result<(), ArchiveError> {
    // All that the limits allow, and what tar adds to it: a header and padding for each file.
    let bytes = TOTAL_MAX + FILES_MAX as u64 * 2 * TAR_BLOCK;
    let mut archive = tar::Archive::new(GzDecoder::new(archive).take(bytes));
    let mut taken = Taken::default();
    // Raw: headers that rename the next file, or make it longer, are not files, so they are refused.
    let entries = archive.entries().map_err(ArchiveError::Broken)?.raw(true);
    for entry in entries {
        let mut entry = entry.map_err(ArchiveError::Broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !entry.header().entry_type().is_file() {
            return Err(ArchiveError::NotAFile(name));
        }
        let size = entry.header().entry_size().map_err(ArchiveError::Broken)?;
        taken.add(&name, size)?;
        let path = dir.join(&name);
        if let Some((unit, _)) = name.split_once('/') {
            fs::create_dir_all(dir.join(unit)).map_err(io_error(&name))?;
        }
        let mut file = File::create_new(&path).map_err(io_error(&name))?;
        let mut rest = size;
        let mut buffer = vec![0; 64 * 1024];
        while rest > 0 {
            let read = entry.read(&mut buffer).map_err(ArchiveError::Broken)?;
            if read == 0 {
                return Err(ArchiveError::Broken(io::ErrorKind::UnexpectedEof.into()));
            }
            file.write_all(&buffer[..read]).map_err(io_error(&name))?;
            rest = rest.saturating_sub(read as u64);
        }
    }
    Ok(())
}

/// The files of an archive so far, held against the limits.
#[derive(Default)]
struct Taken {
    names: BTreeSet<String>,
    bytes: u64,
}

impl Taken {
    fn add(&mut self, name: &str, size: u64) -> Result<(), ArchiveError> {
        let max = match kind(name) {
            Some(Kind::Text) => FILE_MAX,
            Some(Kind::Image) => IMAGE_MAX,
            None => return Err(ArchiveError::Name(name.to_owned())),
        };
        if size > max {
            let name = name.to_owned();
            return Err(ArchiveError::TooLong { name, max });
        }
        if !self.names.insert(name.to_owned()) {
            return Err(ArchiveError::Twice(name.to_owned()));
        }
        self.bytes += size;
        if self.names.len() > FILES_MAX {
            return Err(ArchiveError::TooMany);
        }
        if self.bytes > TOTAL_MAX {
            return Err(ArchiveError::TooMuch);
        }
        Ok(())
    }
}

enum Kind {
    Text,
    Image,
}

/// What a name stands for in a course. Only letters, digits, dots, dashes and underscores: nothing
/// that leads out of the folder, hides in it or could be something else to another system.
fn kind(name: &str) -> Option<Kind> {
    if TOP.contains(&name) {
        return Some(Kind::Text);
    }
    let (unit, file) = name.split_once('/')?;
    let plain = file
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if !is_slug(unit) || !plain || file.starts_with('.') || file.len() > NAME_MAX {
        return None;
    }
    if file.ends_with(".md") {
        Some(Kind::Text)
    } else {
        is_image(file).then_some(Kind::Image)
    }
}

fn folder(dir: &Path) -> Result<Vec<(String, bool)>, ArchiveError> {
    names(dir).map_err(io_error(&dir.display().to_string()))
}

fn io_error(what: &str) -> impl Fn(io::Error) -> ArchiveError {
    move |source| ArchiveError::Io {
        what: what.to_owned(),
        source,
    }
}

//! A course's folder in memory: its texts, and which images there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::glossary;
use crate::ids::is_slug;
use crate::links::is_image;
use crate::manifest;
use crate::map;
use crate::parallel;
use crate::problem::Problem;

/// The longest file of a course, in bytes: the longest lesson imaginable has a tenth of it.
pub const FILE_MAX: u64 = 1024 * 1024;

/// Files beside `course.toml` that a course may have.
const OPTIONAL: [&str; 2] = [glossary::NAME, map::NAME];

/// A course's folder in memory: texts by path, and which images there are.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) images: BTreeSet<String>,
    /// Files that are there and could not be taken up; told already.
    pub(crate) unreadable: BTreeSet<String>,
}

impl Folder {
    /// Reads `course.toml` and what lies one folder below it. Links are not followed: a course that
    /// came from elsewhere must not show files of this host.
    pub(crate) fn read(dir: &Path, problems: &mut Vec<Problem>) -> Self {
        let mut folder = Self::default();
        let mut texts = vec![manifest::NAME.to_owned()];
        for (unit, is_dir) in told(names(dir), ".", problems) {
            if !is_dir && OPTIONAL.contains(&unit.as_str()) {
                texts.push(unit);
                continue;
            }
            if !is_dir || !is_slug(&unit) {
                continue;
            }
            for (name, is_dir) in told(names(&dir.join(&unit)), &unit, problems) {
                let path = format!("{unit}/{name}");
                if is_dir {
                    continue;
                }
                if name.ends_with(".md") {
                    texts.push(path);
                } else if is_image(&name) {
                    folder.images.insert(path);
                }
            }
        }
        let read = parallel::map(&texts, |name| read_text(&dir.join(name), name));
        for (name, read) in texts.into_iter().zip(read) {
            match read {
                Ok(text) => {
                    folder.texts.insert(name, text);
                }
                Err(problem) => {
                    problems.push(*problem);
                    folder.unreadable.insert(name);
                }
            }
        }
        folder
    }

    /// Whether the course has this file, readable or not.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.texts.contains_key(path) || self.unreadable.contains(path)
    }

    /// A hash of all of it.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let texts: Vec<_> = self.texts.iter().collect();
        let digests = parallel::map(&texts, |(_, text)| Sha256::digest(text));
        for ((path, _), digest) in texts.iter().zip(digests) {
            hash.update(path);
            hash.update([0]);
            hash.update(digest);
        }
        for path in &self.images {
            hash.update(path);
            hash.update([0]);
        }
        hex::encode(hash.finalize())
    }
}

/// A text of the course, `name` in its folder.
fn read_text(path: &Path, name: &str) -> Result<String, Box<Problem>> {
    let read = fs::File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let (message, help) = match read.map(|bytes| (bytes.len() as u64, String::from_utf8(bytes))) {
        Ok((..=FILE_MAX, Ok(text))) => return Ok(text),
        Ok((..=FILE_MAX, Err(error))) => (
            format!("the file is not text in UTF-8: {error}"),
            "save it as UTF-8",
        ),
        Ok(_) => (
            format!("the file is longer than {FILE_MAX} bytes"),
            "cut it in two lessons",
        ),
        Err(error) => (
            format!("the file cannot be read: {error}"),
            "it has to be there, and readable for whoever serves the course",
        ),
    };
    Err(Box::new(of_file(name, message, help)))
}

/// Names in a folder, sorted, with whether each is a folder; links and others are left out.
pub(crate) fn names(dir: &Path) -> io::Result<Vec<(String, bool)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if let Ok(name) = entry.file_name().into_string()
            && (kind.is_dir() || kind.is_file())
        {
            names.push((name, kind.is_dir()));
        }
    }
    names.sort();
    Ok(names)
}

/// Names that were read; a problem where they could not be.
fn told(
    names: io::Result<Vec<(String, bool)>>,
    shown: &str,
    problems: &mut Vec<Problem>,
) -> Vec<(String, bool)> {
    names.unwrap_or_else(|error| {
        problems.push(of_file(
            shown,
            format!("the folder cannot be read: {error}"),
            "a course is a folder with course.toml and a folder per unit",
        ));
        Vec::new()
    })
}

/// A problem of a whole file or folder.
pub(crate) fn of_file(file: &str, message: String, help: &str) -> Problem {
    Problem {
        code: "file",
        file: file.to_owned(),
        line: 0,
        column: 0,
        width: 0,
        source: String::new(),
        skipped: 0,
        message,
        help: help.to_owned(),
    }
}

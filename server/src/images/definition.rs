//! What an image is to be made of: a folder of `images/`, as images/README.md describes it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest, Sha256};

/// The image that the others are built on.
pub(super) const BASE: &str = "debian";

/// Part of every hash: raised when this program builds the same folder into something else.
const RECIPE: &str = "1";

/// One image's definition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Definition {
    /// The folder's name: `nginx` is pulled as `nginx`.
    pub(super) name: String,
    /// The folder.
    pub(super) folder: PathBuf,
    /// Debian packages for the build context.
    pub(super) packages: Vec<String>,
    /// Tags beside `latest` and those of the first package's version.
    pub(super) tags: Vec<String>,
    /// Changes with anything that the image is made of.
    pub(super) hash: String,
}

/// The images defined in `images`, the base first, then by name.
///
/// # Errors
/// When the folder cannot be read or defines no base.
pub(super) fn read_all(images: &Path) -> Result<Vec<Definition>> {
    let mut folders = entries(images)?;
    folders.retain(|folder| folder.join("Dockerfile").is_file());
    let (base, others): (Vec<_>, Vec<_>) = folders
        .into_iter()
        .partition(|folder| folder.ends_with(BASE));
    ensure!(!base.is_empty(), "{} has no image {BASE}", images.display());
    let mut definitions: Vec<Definition> = Vec::new();
    for folder in base.into_iter().chain(others) {
        let beneath = definitions.first().map_or("", |base| &base.hash);
        definitions.push(read(folder, beneath)?);
    }
    Ok(definitions)
}

fn read(folder: PathBuf, beneath: &str) -> Result<Definition> {
    let name = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut hash = Sha256::new();
    for part in [RECIPE, beneath] {
        hash.update(part);
        hash.update([0]);
    }
    for file in files(&folder)? {
        let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        hash.update(
            file.strip_prefix(&folder)
                .unwrap_or(&file)
                .as_os_str()
                .as_encoded_bytes(),
        );
        hash.update([0]);
        hash.update((content.len() as u64).to_be_bytes());
        hash.update(content);
    }
    Ok(Definition {
        packages: lines(&folder.join("packages"))?,
        tags: lines(&folder.join("tags"))?,
        hash: hex::encode(hash.finalize()),
        name,
        folder,
    })
}

/// A folder's files, those of its folders among them, in a fixed order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in entries(folder)? {
        if entry.is_dir() {
            files.extend(self::files(&entry)?);
        } else {
            files.push(entry);
        }
    }
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    };
    let mut entries =
        read().with_context(|| format!("cannot read the folder {}", folder.display()))?;
    entries.sort();
    Ok(entries)
}

/// A list of one word a line; no file is an empty list.
fn lines(file: &Path) -> Result<Vec<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text.split_whitespace().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// The tags of a Debian version's upstream part, from the longest to the major number alone:
/// `1:1.26.3-3+deb13u1` gives 1.26.3, 1.26, 1.
pub(super) fn version_tags(version: &str) -> Vec<String> {
    let upstream = version
        .split_once(':')
        .map_or(version, |(_epoch, rest)| rest);
    let upstream = upstream
        .rsplit_once('-')
        .map_or(upstream, |(upstream, _revision)| upstream);
    // A tag may not hold `+` or `~`; what follows them is Debian's note on the same version.
    let upstream = upstream.split(['+', '~']).next().unwrap_or(upstream);
    let parts: Vec<&str> = upstream.split('.').collect();
    (1..=parts.len())
        .rev()
        .map(|count| parts[..count].join("."))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_gives_its_tags() {
        assert_eq!(version_tags("1.26.3-3+deb13u1"), ["1.26.3", "1.26", "1"]);
        assert_eq!(version_tags("1:1.37.0-6+b3"), ["1.37.0", "1.37", "1"]);
        assert_eq!(version_tags("2.8.2+ds1-1"), ["2.8.2", "2.8", "2"]);
        assert_eq!(version_tags("7"), ["7"]);
    }

    #[test]
    fn a_hash_covers_an_image_and_what_it_is_built_on() {
        let images = tempfile::tempdir().expect("a temporary folder");
        let write = |path: &str, text: &str| {
            let file = images.path().join(path);
            fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
            fs::write(file, text).expect("a file");
        };
        let hashes = || -> Vec<(String, String)> {
            let read = read_all(images.path()).expect("definitions");
            read.into_iter()
                .map(|definition| (definition.name, definition.hash))
                .collect()
        };
        write("web/Dockerfile", "FROM debian");
        write("debian/Dockerfile", "FROM scratch");
        write("machine/build", "not a teaching image");
        let before = hashes();
        let names: Vec<&str> = before.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["debian", "web"]);
        assert_eq!(before, hashes());

        write("web/html/index.html", "hello");
        let page_added = hashes();
        assert_eq!(before[0], page_added[0]);
        assert_ne!(before[1], page_added[1]);

        write("debian/tags", "trixie");
        let base_changed = hashes();
        assert_ne!(page_added[0], base_changed[0]);
        assert_ne!(page_added[1], base_changed[1]);
    }
}

//! What an image is to be made of: a folder of `images/`, as images/README.md describes it.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest, Sha256};

/// The image that the others are built on.
pub(super) const BASE: &str = "debian";

/// The tag that stands for none.
const LATEST: &str = "latest";

/// Part of every hash: raised when this program builds the same folder into something else.
const RECIPE: &str = "2";

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
    tags: Vec<TagLine>,
    /// What is tried with it before it is put on the hub: a bash script.
    pub(super) check: Option<String>,
    /// The images that it is built on.
    bases: Vec<String>,
    /// Changes with anything that the image is made of.
    pub(super) hash: String,
}

/// A line of `tags`: a tag, and build arguments where it is built by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TagLine {
    tag: String,
    arguments: Vec<String>,
}

/// What is built at once: build arguments, and the tags of what comes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    /// `NAME=VALUE` each.
    pub(super) arguments: Vec<String>,
    /// Its tags.
    pub(super) tags: Vec<String>,
}

impl Definition {
    /// What is to be built: the image as it is, under `latest` and `versions`, unless all its tags have
    /// arguments of their own; and what is built with those.
    pub(super) fn variants(&self, versions: &[String]) -> Vec<Variant> {
        let own_latest = self
            .tags
            .iter()
            .any(|line| line.tag == LATEST && !line.arguments.is_empty());
        let latest = (!own_latest).then(|| LATEST.to_owned());
        let mut plain = Variant {
            arguments: Vec::new(),
            tags: latest.into_iter().chain(versions.iter().cloned()).collect(),
        };
        let mut others: Vec<Variant> = Vec::new();
        for TagLine { tag, arguments } in self.tags.iter().cloned() {
            if arguments.is_empty() {
                plain.tags.push(tag);
            } else if let Some(same) = others.iter_mut().find(|it| it.arguments == arguments) {
                same.tags.push(tag);
            } else {
                let tags = vec![tag];
                others.push(Variant { arguments, tags });
            }
        }
        others.extend((!plain.tags.is_empty()).then_some(plain));
        others
    }
}

/// The images defined in `images`, each after those that it is built on, else by name.
///
/// # Errors
/// When the folder cannot be read or defines no base, or images are built on each other.
pub(super) fn read_all(images: &Path) -> Result<Vec<Definition>> {
    let mut folders = entries(images)?;
    folders.retain(|folder| folder.join("Dockerfile").is_file());
    let mut left: Vec<Definition> = folders.into_iter().map(read).collect::<Result<_>>()?;
    ensure!(
        left.iter().any(|definition| definition.name == BASE),
        "{} has no image {BASE}",
        images.display()
    );
    let mut ordered: Vec<Definition> = Vec::new();
    while !left.is_empty() {
        let names: BTreeSet<String> = left.iter().map(|it| it.name.clone()).collect();
        let waits = |it: &Definition| it.bases.iter().any(|base| names.contains(base));
        let next = left.iter().position(|it| !waits(it));
        let Some(next) = next else {
            bail!("these images are built on each other: {names:?}");
        };
        let mut definition = left.remove(next);
        definition.hash = with_beneath(&definition, &ordered);
        ordered.push(definition);
    }
    Ok(ordered)
}

/// The hash of an image and of those that it is built on.
fn with_beneath(definition: &Definition, before: &[Definition]) -> String {
    let mut hash = Sha256::new();
    hash.update(&definition.hash);
    for base in &definition.bases {
        let found = before.iter().find(|it| it.name == *base);
        hash.update(found.map_or("", |it| &it.hash));
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

/// The image that is defined in this folder alone.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read(folder: PathBuf) -> Result<Definition> {
    let name = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut hash = Sha256::new();
    hash.update(RECIPE);
    hash.update([0]);
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
        tags: lines(&folder.join("tags"))?
            .iter()
            .filter_map(|line| tag_line(line))
            .collect(),
        check: optional(&folder.join("check"))?,
        bases: bases(&folder.join("Dockerfile"))?,
        hash: hex::encode(hash.finalize()),
        name,
        folder,
    })
}

/// Reads `TAG NAME=VALUE…`.
fn tag_line(line: &str) -> Option<TagLine> {
    let mut words = line.split_whitespace().map(str::to_owned);
    let tag = words.next()?;
    let arguments = words.collect();
    Some(TagLine { tag, arguments })
}

/// The images that a Dockerfile begins from, without tags.
fn bases(dockerfile: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(dockerfile)
        .with_context(|| format!("cannot read {}", dockerfile.display()))?;
    let from = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_from = words.next()?.eq_ignore_ascii_case("FROM");
        let name = words.next().filter(|_| is_from)?;
        Some(name.split(':').next().unwrap_or(name).to_owned())
    });
    Ok(from.collect())
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

/// The lines that say something; no file is an empty list.
fn lines(file: &Path) -> Result<Vec<String>> {
    let text = optional(file)?.unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(str::to_owned).collect())
}

/// A file's text, if it is there.
fn optional(file: &Path) -> Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
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

        // What another is built on comes before it, whatever its name.
        write("app/Dockerfile", "FROM web:1 AS built\nFROM scratch");
        let names: Vec<String> = hashes().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["debian", "web", "app"]);
        write("debian/Dockerfile", "FROM app");
        assert!(read_all(images.path()).is_err());
    }

    #[test]
    fn a_tag_with_arguments_is_built_by_itself() {
        let images = tempfile::tempdir().expect("a temporary folder");
        let variants = |tags: &str| {
            fs::write(images.path().join("Dockerfile"), "FROM debian").expect("a file");
            fs::write(images.path().join("tags"), tags).expect("a file");
            let definition = read(images.path().to_owned()).expect("a definition");
            let variants = definition.variants(&["7".to_owned()]).into_iter();
            variants
                .map(|it| (it.arguments.join(" "), it.tags.join(" ")))
                .collect::<Vec<_>>()
        };
        let pair = |arguments: &str, tags: &str| (arguments.to_owned(), tags.to_owned());
        assert_eq!(variants("mine"), [pair("", "latest 7 mine")]);
        assert_eq!(
            variants("1 V=1\n2 V=2\nlatest V=2"),
            [pair("V=1", "1"), pair("V=2", "2 latest"), pair("", "7")]
        );
    }
}

//! Courses as one file: out and in again, and everything that must not come in.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use course::Course;
use course::archive::{self, ArchiveError, FILES_MAX, IMAGE_MAX};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::common::{KO, content, page};

/// A file of a hostile archive: name, kind of entry, contents.
type Entry<'a> = (&'a str, tar::EntryType, &'a [u8]);

fn packed(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Written by hand: the library refuses such names by itself.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        archive.append(&header, *bytes).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// A small course and one more entry.
fn with(name: &str, kind: tar::EntryType, bytes: &[u8]) -> Vec<u8> {
    let lesson = page("글");
    packed(&[
        ("course.toml", tar::EntryType::Regular, KO.as_bytes()),
        ("u/l.ko.md", tar::EntryType::Regular, lesson.as_bytes()),
        (name, kind, bytes),
    ])
}

fn import(archive: &[u8]) -> (tempfile::TempDir, Result<(), ArchiveError>) {
    let home = tempfile::tempdir().unwrap();
    let result = archive::import(archive, &home.path().join("new"));
    (home, result)
}

/// Every file below a folder, with its contents.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().display().to_string();
                found.push((name, fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_course_comes_out_as_it_went_in() {
    let mut archive = Vec::new();
    archive::export(&content(), &mut archive).unwrap();
    let (home, result) = import(&archive);
    result.unwrap();
    assert_eq!(files(&home.path().join("new")), files(&content()));
    let again = Course::load(&home.path().join("new")).unwrap();
    assert_eq!(
        again.fingerprint,
        Course::load(&content()).unwrap().fingerprint
    );
}

#[test]
fn one_course_makes_one_archive() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Vec::new();
    archive::export(&content(), &mut first).unwrap();
    archive::import(first.as_slice(), &dir.path().join("copy")).unwrap();
    let mut second = Vec::new();
    archive::export(&dir.path().join("copy"), &mut second).unwrap();
    assert!(first == second, "other times and owners, other bytes");
    let mut bytes = Vec::new();
    GzDecoder::new(first.as_slice())
        .read_to_end(&mut bytes)
        .unwrap();
    for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
        let header = entry.unwrap().header().clone();
        assert_eq!((header.mtime().unwrap(), header.uid().unwrap()), (0, 0));
    }
}

#[test]
fn what_is_there_is_never_touched() {
    let mut archive = Vec::new();
    archive::export(&content(), &mut archive).unwrap();
    let home = tempfile::tempdir().unwrap();
    // Even an empty folder, which a rename would replace.
    let error = archive::import(archive.as_slice(), home.path()).unwrap_err();
    assert!(matches!(error, ArchiveError::Exists(_)), "{error}");
    assert_eq!(files(home.path()), []);
}

#[test]
fn names_that_no_course_has_are_refused() {
    let hostile = [
        "/etc/passwd",
        "../out.md",
        "u/../../out.md",
        "u/..",
        "./u/l.md",
        "u//l.md",
        "u/deep/l.md",
        "U/l.md",
        ".git/config.md",
        "u/.hidden.md",
        "u/run.sh",
        "u/a b.md",
        "u/a\\b.md",
        "u/줄.md",
        "u/l.md/",
        "readme.md",
        "",
    ];
    for name in hostile {
        let (home, result) = import(&with(name, tar::EntryType::Regular, b"x"));
        let error = result.unwrap_err();
        assert!(matches!(error, ArchiveError::Name(_)), "{name}: {error}");
        assert_eq!(files(home.path()), [], "{name}");
    }
}

#[test]
fn only_regular_files_are_taken_up() {
    use tar::EntryType as T;
    let kinds = [
        T::Symlink,
        T::Link,
        T::Char,
        T::Block,
        T::Fifo,
        T::Directory,
        T::GNULongName,
        T::GNULongLink,
        T::GNUSparse,
        T::XHeader,
        T::XGlobalHeader,
    ];
    for kind in kinds {
        let (home, result) = import(&with("u/x.svg", kind, b""));
        let error = result.unwrap_err();
        assert!(
            matches!(error, ArchiveError::NotAFile(_)),
            "{kind:?}: {error}"
        );
        assert_eq!(files(home.path()), [], "{kind:?}");
    }
}

#[test]
fn limits_hold() {
    let twice = with("u/l.ko.md", tar::EntryType::Regular, b"x");
    assert!(matches!(import(&twice).1, Err(ArchiveError::Twice(_))));

    let long = with(
        "u/l.en.md",
        tar::EntryType::Regular,
        &vec![b'x'; 1024 * 1024 + 1],
    );
    assert!(matches!(import(&long).1, Err(ArchiveError::TooLong { .. })));

    let names: Vec<String> = (0..=FILES_MAX).map(|n| format!("u/{n}.svg")).collect();
    let many: Vec<Entry<'_>> = names
        .iter()
        .map(|name| (name.as_str(), tar::EntryType::Regular, b"".as_slice()))
        .collect();
    assert!(matches!(
        import(&packed(&many)).1,
        Err(ArchiveError::TooMany)
    ));
}

#[test]
fn a_small_file_that_unpacks_to_a_large_one_is_refused_by_its_header() {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.as_old_mut().name[..7].copy_from_slice(b"u/x.svg");
    header.set_size(IMAGE_MAX + 1);
    header.set_cksum();
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(header.as_bytes()).unwrap();
    packed.write_all(&vec![0; 1024]).unwrap();
    let result = import(&packed.finish().unwrap()).1;
    assert!(matches!(result, Err(ArchiveError::TooLong { .. })));
}

#[test]
fn a_course_with_problems_comes_neither_in_nor_out() {
    let broken = packed(&[(
        "course.toml",
        tar::EntryType::Regular,
        b"title = 1".as_slice(),
    )]);
    let (home, result) = import(&broken);
    assert!(matches!(result, Err(ArchiveError::Course(_))));
    assert_eq!(files(home.path()), []);

    let dir = tempfile::tempdir().unwrap();
    let mut out = Vec::new();
    let result = archive::export(dir.path(), &mut out);
    assert!(matches!(result, Err(ArchiveError::Course(_))) && out.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::common::cases(64)))]

    /// Bytes of an archive changed here and there, or cut: an error or a course, and never a file
    /// anywhere but in the new folder.
    #[test]
    fn damaged_archives_do_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let lesson = page("글");
        let mut bytes = Vec::new();
        GzDecoder::new(with("u/x.svg", tar::EntryType::Regular, lesson.as_bytes()).as_slice())
            .read_to_end(&mut bytes)
            .unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&bytes).unwrap();
        let (home, result) = import(&packed.finish().unwrap());
        let names: Vec<String> = fs::read_dir(home.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let expected: &[&str] = if result.is_ok() { &["new"] } else { &[] };
        prop_assert_eq!(names, expected);
    }
}

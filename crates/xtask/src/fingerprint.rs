//! Whether something changed since it was last built: a hash over names, sizes and times of files.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// A hash over what lies at `paths`; missing ones count as that.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn of(paths: &[PathBuf]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        add(path, &mut hasher).with_context(|| format!("cannot look at {}", path.display()))?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn add(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    path.hash(hasher);
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !meta.is_dir() {
        (meta.len(), meta.mtime(), meta.mtime_nsec()).hash(hasher);
        return Ok(());
    }
    let mut entries: Vec<_> = fs::read_dir(path)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        // npm's packages stand and fall with the lock file, which is looked at.
        if entry.file_name() != "node_modules" {
            add(&entry.path(), hasher)?;
        }
    }
    Ok(())
}

/// Whether the note says that this was done for the same fingerprint.
pub(crate) fn is_noted(note: &Path, fingerprint: &str) -> bool {
    fs::read_to_string(note).is_ok_and(|noted| noted == fingerprint)
}

/// Notes that it was done.
///
/// # Errors
/// When the note cannot be written.
pub(crate) fn note(note: &Path, fingerprint: &str) -> Result<()> {
    if let Some(folder) = note.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(note, fingerprint).with_context(|| format!("cannot write {}", note.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_new_or_removed_file_changes_the_fingerprint() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = [folder.path().to_owned()];
        fs::create_dir(folder.path().join("deep")).expect("a folder");
        let file = folder.path().join("deep/file");
        fs::write(&file, "one").expect("a file");
        let first = of(&paths).expect("a fingerprint");
        assert_eq!(first, of(&paths).expect("a fingerprint"));

        fs::write(&file, "longer").expect("a file");
        let second = of(&paths).expect("a fingerprint");
        assert_ne!(first, second);

        fs::write(folder.path().join("deep/other"), "").expect("a file");
        let third = of(&paths).expect("a fingerprint");
        assert_ne!(second, third);

        fs::remove_file(&file).expect("removing");
        assert_ne!(third, of(&paths).expect("a fingerprint"));
    }
}

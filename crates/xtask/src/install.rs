//! Putting what was built where the classroom serves it from: whole folders, swapped in one go.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{fingerprint, layout};

/// Folders of the clone, and what they are called in the data folder.
fn folders() -> [(PathBuf, &'static str); 2] {
    [
        (layout::dist(), "site"),
        (layout::root().join("content"), "content"),
    ]
}

/// Copies the browser client and the course into the data folder, each only if it has changed.
///
/// # Errors
/// When something cannot be read or written.
pub(crate) fn install(data: &Path) -> Result<()> {
    fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
    for (from, name) in folders() {
        let to = data.join(name);
        let note = data.join("cache").join(format!("{name}.installed"));
        let fingerprint = fingerprint::of(std::slice::from_ref(&from))?;
        if !to.is_dir() || !fingerprint::is_noted(&note, &fingerprint) {
            replace(&from, &to)?;
            fingerprint::note(&note, &fingerprint)?;
        }
    }
    Ok(())
}

/// Makes `to` a copy of `from`. Whoever reads it finds either the old one or the new one.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let new = to.with_extension("new");
    remove_if_there(&new)?;
    copy(from, &new).with_context(|| format!("copying {} to {}", from.display(), new.display()))?;
    if to.exists() {
        renameat_with(CWD, &new, CWD, to, RenameFlags::EXCHANGE)
            .with_context(|| format!("swapping {} in", to.display()))?;
        remove_if_there(&new)
    } else {
        fs::rename(&new, to).with_context(|| format!("moving {} in", to.display()))
    }
}

/// Copies a folder so that everybody may read it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    fs::set_permissions(to, Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            fs::set_permissions(&target, Permissions::from_mode(0o644))?;
        }
    }
    Ok(())
}

fn remove_if_there(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_replaced_with_all_that_it_held() {
        let here = tempfile::tempdir().expect("a folder");
        let (from, to) = (here.path().join("from"), here.path().join("to"));
        fs::create_dir_all(from.join("deep")).expect("a folder");
        fs::write(from.join("deep/new"), "new").expect("a file");
        fs::create_dir(&to).expect("a folder");
        fs::write(to.join("old"), "old").expect("a file");

        replace(&from, &to).expect("replacing");

        assert_eq!(
            fs::read_to_string(to.join("deep/new")).expect("the new file"),
            "new"
        );
        assert!(!to.join("old").exists());
        let left = fs::read_dir(here.path()).expect("the folder").count();
        assert_eq!(left, 2, "only from and to are left");
    }
}

//! Changing the registry's folder, in moments in which the registry does not.

use std::{collections::BTreeSet, fs, io, path::Path, time::Duration};

use crate::{
    names::{self, Digest, Repository},
    storage::{LINKS, Manifest, Storage, UPLOADS, names_in},
};

/// How deep lists of manifests may lead to lists: those of Docker's lead to images.
const DEPTH_MAX: u32 = 3;

impl Storage {
    /// Takes a tag away; what it stood for goes with the next sweep, if nothing else leads to it.
    /// Whether there was one.
    pub(crate) fn remove_tag(&self, repository: &Repository, tag: &str) -> bool {
        let folder = self.tags_folder(repository).join(tag);
        let was_there = folder.exists();
        remove(&folder);
        was_there
    }

    /// Takes all of an account's tags away, likewise.
    pub(crate) fn remove_account(&self, namespace: &str) {
        remove(&self.root().join("repositories").join(namespace));
    }

    /// Takes away all that no tag leads to, in every repository: its blobs are the registry's own to
    /// collect then. Takes the disk's time.
    pub(crate) fn sweep(&self) {
        for repository in self.all_repositories() {
            self.sweep_repository(&repository);
        }
    }

    fn sweep_repository(&self, repository: &Repository) {
        let folder = self.folder(repository);
        let mut kept = BTreeSet::new();
        for tag in names_in(&self.tags_folder(repository)) {
            match self.tagged(repository, &tag) {
                Some(digest) if names::is_tag(&tag) => {
                    self.mark(&digest, DEPTH_MAX, &mut kept);
                    let former = self.tags_folder(repository).join(&tag).join("index/sha256");
                    remove_others(&former, &BTreeSet::from([digest]));
                }
                // Half written, by a registry that was killed.
                _ => remove(&self.tags_folder(repository).join(&tag)),
            }
        }
        for links in LINKS {
            remove_others(&folder.join(links), &kept);
        }
        if kept.is_empty() && names_in(&folder.join(UPLOADS)).is_empty() {
            remove(&folder);
        }
    }

    /// Notes what a manifest leads to, and itself.
    fn mark(&self, digest: &Digest, depth: u32, kept: &mut BTreeSet<Digest>) {
        if !kept.insert(digest.clone()) {
            return;
        }
        let manifest: Manifest = self.document(digest).unwrap_or_default();
        let blobs = manifest.config.iter().chain(&manifest.layers);
        kept.extend(blobs.filter_map(|blob| blob.digest()));
        if depth > 0 {
            let manifests = manifest.manifests.iter().filter_map(|blob| blob.digest());
            manifests.for_each(|digest| self.mark(&digest, depth - 1, kept));
        }
    }

    /// Removes uploads of an account that nothing was written to for so long. Takes the disk's time.
    pub(crate) fn clear_uploads(&self, namespace: &str, silent: Duration) {
        let folder = self.root().join("repositories").join(namespace);
        for name in names_in(&folder) {
            let uploads = folder.join(name).join(UPLOADS);
            for upload in names_in(&uploads) {
                let upload = uploads.join(upload);
                if is_silent(&upload, silent) {
                    remove(&upload);
                }
            }
        }
    }

    /// Likewise, everybody's.
    pub(crate) fn clear_all_uploads(&self, silent: Duration) {
        for namespace in names_in(&self.root().join("repositories")) {
            self.clear_uploads(&namespace, silent);
        }
    }

    /// Removes an upload.
    pub(crate) fn clear_upload(&self, repository: &Repository, upload: &str) {
        remove(&self.folder(repository).join(UPLOADS).join(upload));
    }
}

/// Removes the links in a folder that lead elsewhere than to these.
fn remove_others(links: &Path, kept: &BTreeSet<Digest>) {
    for hex in names_in(links) {
        let is_kept = Digest::of_hex(&hex).is_some_and(|digest| kept.contains(&digest));
        if !is_kept {
            remove(&links.join(hex));
        }
    }
}

/// Whether nothing was written to an upload for so long.
fn is_silent(upload: &Path, long: Duration) -> bool {
    let newest = [upload.to_owned(), upload.join("data")]
        .iter()
        .filter_map(|path| fs::metadata(path).ok()?.modified().ok())
        .max();
    newest.is_none_or(|at| at.elapsed().is_ok_and(|since| since >= long))
}

/// Removes a folder, which the registry may do at the same time.
fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, folder = %folder.display(), "{} was not removed: {error}", folder.display());
        }
        _ => {}
    }
}

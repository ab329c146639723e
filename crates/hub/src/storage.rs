//! What the registry keeps, read from its folder
//! (<https://distribution.github.io/distribution/about/architecture/>: `repositories` has links, and
//! `blobs` what they lead to).

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::names::{self, Digest, Repository};

/// The largest manifest or configuration that is read, in bytes: the registry's own limit.
pub(crate) const DOCUMENT_MAX: u64 = 4 << 20;

/// The longest link, in bytes: a digest.
const LINK_MAX: u64 = 128;

/// The label of an image with a line about it
/// (<https://github.com/opencontainers/image-spec/blob/main/annotations.md>).
const DESCRIPTION: &str = "org.opencontainers.image.description";

/// The registry's folder.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    root: PathBuf,
}

/// An image's manifest, or a list of such, as far as it is of interest here.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Manifest {
    /// The image's configuration.
    pub(crate) config: Option<Blob>,
    /// Of a list: the manifests for each platform.
    #[serde(default)]
    pub(crate) manifests: Vec<Blob>,
}

/// A blob, as a manifest speaks of it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Blob {
    digest: String,
}

impl Blob {
    /// Its digest, if it is one that the registry keeps.
    pub(crate) fn digest(&self) -> Option<Digest> {
        Digest::read(&self.digest)
    }
}

/// An image's configuration, likewise.
#[derive(Debug, Default, Deserialize)]
struct Configuration {
    config: Option<Runtime>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Runtime {
    labels: Option<std::collections::HashMap<String, String>>,
}

impl Storage {
    /// The storage in a classroom's data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self {
            root: data.join("registry/docker/registry/v2"),
        }
    }

    /// Whether there is an image in this repository.
    pub(crate) async fn has(&self, repository: &Repository) -> bool {
        let tags = self.tags_folder(repository);
        match tokio::fs::read_dir(tags).await {
            Ok(mut entries) => matches!(entries.next_entry().await, Ok(Some(_))),
            Err(_) => false,
        }
    }

    /// All repositories with an image in them, by name. Takes the disk's time.
    pub(crate) fn repositories(&self) -> Vec<Repository> {
        let folder = self.root.join("repositories");
        let mut found = Vec::new();
        for namespace in names_in(&folder) {
            for name in names_in(&folder.join(&namespace)) {
                let repository = Repository::read(&format!("{namespace}/{name}"));
                found.extend(repository.filter(|repository| !self.tags(repository).is_empty()));
            }
        }
        found.sort();
        found
    }

    /// A repository's tags, by name. Takes the disk's time.
    pub(crate) fn tags(&self, repository: &Repository) -> Vec<String> {
        let mut tags = names_in(&self.tags_folder(repository));
        tags.retain(|tag| names::is_tag(tag));
        tags.sort();
        tags
    }

    /// The line about a repository that its image has, `latest` or any.
    pub(crate) fn description(&self, repository: &Repository) -> Option<String> {
        let tags = self.tags(repository);
        let latest = tags.iter().find(|tag| *tag == "latest");
        let digest = self.tagged(repository, latest.or(tags.first())?)?;
        let manifest = self.image(&digest)?;
        let config: Configuration = self.document(&manifest.config?.digest()?)?;
        config.config?.labels?.remove(DESCRIPTION)
    }

    /// What a tag stands for.
    pub(crate) fn tagged(&self, repository: &Repository, tag: &str) -> Option<Digest> {
        let link = self.tags_folder(repository).join(tag).join("current/link");
        let mut text = String::new();
        let file = File::open(link).ok()?;
        file.take(LINK_MAX).read_to_string(&mut text).ok()?;
        Digest::read(text.trim())
    }

    /// An image's manifest; of a list of several, that of the first.
    pub(crate) fn image(&self, digest: &Digest) -> Option<Manifest> {
        let manifest: Manifest = self.document(digest)?;
        match manifest.manifests.first() {
            Some(first) => self.document(&first.digest()?),
            None => Some(manifest),
        }
    }

    /// A JSON document among the blobs.
    fn document<T: DeserializeOwned>(&self, digest: &Digest) -> Option<T> {
        let file = File::open(self.blob(digest)).ok()?;
        serde_json::from_reader(io::BufReader::new(file.take(DOCUMENT_MAX))).ok()
    }

    /// Where a blob lies.
    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        let folder = self.root.join("blobs/sha256").join(&hex[..2]);
        folder.join(hex).join("data")
    }

    /// Where what is of a repository lies.
    pub(crate) fn folder(&self, repository: &Repository) -> PathBuf {
        self.root.join("repositories").join(repository.to_string())
    }

    fn tags_folder(&self, repository: &Repository) -> PathBuf {
        self.folder(repository).join("_manifests/tags")
    }
}

/// The names in a folder; none, if it is not there.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

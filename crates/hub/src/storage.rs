//! What the registry keeps, read from its folder
//! (<https://distribution.github.io/distribution/about/architecture/>: `repositories` has links, and
//! `blobs` what they lead to).

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::names::{self, Digest, Reference, Repository};

/// The largest manifest or configuration that is read, in bytes: the registry's own limit.
pub(crate) const DOCUMENT_MAX: u64 = 4 << 20;

/// The longest link, in bytes: a digest.
const LINK_MAX: u64 = 128;

/// The folders in a repository's that lead to what is of it.
pub(crate) const LINKS: [&str; 2] = [LAYERS, REVISIONS];
const LAYERS: &str = "_layers/sha256";
const REVISIONS: &str = "_manifests/revisions/sha256";

/// The folder of what is being uploaded.
pub(crate) const UPLOADS: &str = "_uploads";

/// What a file takes of the disk, whatever is in it, in bytes: a block, as file systems have it.
const BLOCK: u64 = 4096;

/// What an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// What its images and uploads take, in bytes; a layer of several images once.
    pub(crate) bytes: u64,
    /// How many layers, configurations and manifests that is.
    pub(crate) blobs: usize,
    /// How many repositories.
    pub(crate) repositories: usize,
    /// How many uploads are under way.
    pub(crate) uploads: usize,
}

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
    /// Its layers, the lowest first.
    #[serde(default)]
    pub(crate) layers: Vec<Blob>,
    /// Of a list: the manifests for each platform.
    #[serde(default)]
    pub(crate) manifests: Vec<Blob>,
}

/// A blob, as a manifest speaks of it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Blob {
    digest: String,
    /// Its size in bytes, as the manifest says.
    #[serde(default)]
    pub(crate) size: u64,
    /// Of an image in a list: what it is for.
    platform: Option<Platform>,
}

/// What an image is for.
#[derive(Clone, Debug, Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

/// This host's architecture and its machines', in the words of images.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};

impl Blob {
    /// Its digest, if it is one that the registry keeps.
    pub(crate) fn digest(&self) -> Option<Digest> {
        Digest::read(&self.digest)
    }

    /// Whether this image of a list runs in the class's machines.
    pub(crate) fn is_for_machines(&self) -> bool {
        self.platform
            .as_ref()
            .is_some_and(|of| of.os == "linux" && of.architecture == ARCHITECTURE)
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
        let mut found = self.all_repositories();
        found.retain(|repository| !self.tags(repository).is_empty());
        found
    }

    /// All repositories, by name. Takes the disk's time.
    pub(crate) fn all_repositories(&self) -> Vec<Repository> {
        let folder = self.root.join("repositories");
        let mut found = Vec::new();
        for namespace in names_in(&folder) {
            let names = names_in(&folder.join(&namespace)).into_iter();
            found.extend(names.filter_map(|name| Repository::read(&format!("{namespace}/{name}"))));
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
        let mut text = String::new();
        let file = File::open(self.tag_link(repository, tag)).ok()?;
        file.take(LINK_MAX).read_to_string(&mut text).ok()?;
        Digest::read(text.trim())
    }

    /// Whether a manifest is there. Takes the disk's time.
    pub(crate) fn has_manifest(&self, repository: &Repository, reference: &Reference) -> bool {
        let digest = match reference {
            Reference::Tag(tag) => self.tagged(repository, tag),
            Reference::Digest(digest) => {
                let link = self.folder(repository).join(REVISIONS).join(digest.hex());
                link.exists().then(|| digest.clone())
            }
        };
        digest.is_some_and(|digest| self.blob(&digest).exists())
    }

    /// A repository that has this layer or configuration, this one rather than others. Takes the
    /// disk's time.
    pub(crate) fn owner(&self, digest: &Digest, rather: &Repository) -> Option<Repository> {
        let has = |repository: &Repository| {
            let links = self.folder(repository).join(LAYERS);
            links.join(digest.hex()).join("link").exists()
        };
        if !self.blob(digest).exists() {
            return None;
        }
        let others = || self.all_repositories().into_iter().find(has);
        has(rather).then(|| rather.clone()).or_else(others)
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
    pub(crate) fn document<T: DeserializeOwned>(&self, digest: &Digest) -> Option<T> {
        let file = File::open(self.blob(digest)).ok()?;
        serde_json::from_reader(io::BufReader::new(file.take(DOCUMENT_MAX))).ok()
    }

    /// What an account has. Takes the disk's time.
    pub(crate) fn usage(&self, namespace: &str) -> Usage {
        let folder = self.root.join("repositories").join(namespace);
        let (mut usage, mut blobs) = (Usage::default(), BTreeSet::new());
        for name in names_in(&folder) {
            usage.repositories += 1;
            let repository = folder.join(name);
            for links in LINKS {
                let digests = names_in(&repository.join(links)).into_iter();
                blobs.extend(digests.filter_map(|hex| Digest::of_hex(&hex)));
            }
            for upload in names_in(&repository.join(UPLOADS)) {
                usage.uploads += 1;
                usage.bytes += size_of(&repository.join(UPLOADS).join(upload).join("data"));
            }
        }
        usage.blobs = blobs.len();
        usage.bytes += blobs
            .iter()
            .map(|blob| size_of(&self.blob(blob)))
            .sum::<u64>();
        usage
    }

    /// What all images take, in bytes. Takes the disk's time.
    pub(crate) fn whole(&self) -> u64 {
        let blobs = self.root.join("blobs/sha256");
        let mut bytes = 0;
        for group in names_in(&blobs) {
            let group = blobs.join(group);
            let sizes = names_in(&group).into_iter();
            bytes += sizes
                .map(|blob| size_of(&group.join(blob).join("data")))
                .sum::<u64>();
        }
        bytes
    }

    /// What is free on the disk, in bytes.
    pub(crate) fn free(&self) -> u64 {
        // Before the first image there is no folder; whoever cannot be asked is not full.
        let mut folder = self.root.as_path();
        while !folder.exists() {
            match folder.parent() {
                Some(parent) => folder = parent,
                None => return u64::MAX,
            }
        }
        rustix::fs::statvfs(folder).map_or(u64::MAX, |disk| disk.f_bavail * disk.f_frsize)
    }

    /// What a blob takes of the disk.
    pub(crate) fn size(&self, digest: &Digest) -> u64 {
        size_of(&self.blob(digest))
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

    /// What leads from a tag to what it stands for.
    pub(crate) fn tag_link(&self, repository: &Repository, tag: &str) -> PathBuf {
        self.tags_folder(repository).join(tag).join("current/link")
    }

    /// Where all of it lies.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn tags_folder(&self, repository: &Repository) -> PathBuf {
        self.folder(repository).join("_manifests/tags")
    }
}

/// What a file takes of the disk; nothing, if it is not there.
fn size_of(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |meta| meta.len().next_multiple_of(BLOCK))
}

/// The names in a folder; none, if it is not there.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

//! What there is, for the classroom's pages.

use std::{fs, path::Path, time::UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::{
    names::{Digest, Repository},
    storage::Storage,
};

/// How long a line of how a layer was made may be, in characters: some are whole scripts.
const MADE_BY_MAX: usize = 300;

/// How many layers are told of: Docker itself takes 127.
const LAYERS_MAX: usize = 200;

/// A repository, with its tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its name, such as `library/nginx` or `hong/web`.
    pub name: String,
    /// A line about it, which its author wrote; mostly none.
    pub description: String,
    /// Its tags, by name.
    pub tags: Vec<Tag>,
}

/// A tag of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub digest: String,
    /// What the image takes, compressed, in bytes.
    pub size: u64,
    /// When it was pushed, in unix milliseconds.
    pub pushed_ms: i64,
}

/// An image, looked at closely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
    /// What it runs: its entry point and command.
    pub command: Vec<String>,
    /// The ports that it says it listens on.
    pub ports: Vec<String>,
    /// The processors that it is for.
    pub architecture: String,
}

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its digest.
    pub digest: String,
    /// What it takes, compressed, in bytes.
    pub size: u64,
    /// What made it, as the image's author says.
    pub made_by: String,
}

/// An image's configuration, as far as it is of interest here.
#[derive(Debug, Default, Deserialize)]
struct Configuration {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    config: Option<Runtime>,
    #[serde(default)]
    history: Option<Vec<Step>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Runtime {
    #[serde(default)]
    entrypoint: Option<Vec<String>>,
    #[serde(default)]
    cmd: Option<Vec<String>>,
    #[serde(default)]
    exposed_ports: Option<std::collections::BTreeMap<String, serde_json::Value>>,
}

#[derive(Debug, Default, Deserialize)]
struct Step {
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    empty_layer: bool,
}

/// All images, by name. Takes the disk's time.
pub(crate) fn all(storage: &Storage) -> Vec<Image> {
    let repositories = storage.repositories().into_iter();
    repositories
        .map(|repository| Image {
            name: repository.to_string(),
            description: storage.description(&repository).unwrap_or_default(),
            tags: tags(storage, &repository),
        })
        .collect()
}

/// One repository, if there is an image in it. Takes the disk's time.
pub(crate) fn one(storage: &Storage, repository: &Repository) -> Option<Image> {
    let tags = tags(storage, repository);
    (!tags.is_empty()).then(|| Image {
        name: repository.to_string(),
        description: storage.description(repository).unwrap_or_default(),
        tags,
    })
}

fn tags(storage: &Storage, repository: &Repository) -> Vec<Tag> {
    let tag = |name: String| {
        let digest = storage.tagged(repository, &name)?;
        Some(Tag {
            size: size_of(storage, &digest)?,
            pushed_ms: changed_ms(&storage.tag_link(repository, &name)),
            digest: digest.to_string(),
            name,
        })
    };
    storage
        .tags(repository)
        .into_iter()
        .filter_map(tag)
        .collect()
}

/// What an image takes: what is on the disk, not what its author says. A layer that stands in it twice
/// is there once.
fn size_of(storage: &Storage, digest: &Digest) -> Option<u64> {
    let manifest = storage.image(digest)?;
    let blobs = manifest.config.iter().chain(&manifest.layers);
    let digests: std::collections::BTreeSet<_> = blobs.filter_map(|blob| blob.digest()).collect();
    Some(digests.iter().map(|digest| storage.size(digest)).sum())
}

/// What a tag of a repository stands for. Takes the disk's time.
pub(crate) fn inspect(storage: &Storage, repository: &Repository, tag: &str) -> Option<Inspection> {
    let manifest = storage.image(&storage.tagged(repository, tag)?)?;
    let config: Configuration = manifest
        .config
        .and_then(|config| storage.document(&config.digest()?))
        .unwrap_or_default();
    let history = config.history.unwrap_or_default();
    let mut steps = history.into_iter().filter(|step| !step.empty_layer);
    let layer = |digest: Digest| Layer {
        size: storage.size(&digest),
        digest: digest.to_string(),
        made_by: steps
            .next()
            .map(|step| short(&step.created_by))
            .unwrap_or_default(),
    };
    let digests = manifest.layers.iter().filter_map(|layer| layer.digest());
    let runtime = config.config.unwrap_or_default();
    Some(Inspection {
        layers: digests.take(LAYERS_MAX).map(layer).collect(),
        command: [runtime.entrypoint, runtime.cmd]
            .into_iter()
            .flatten()
            .flatten()
            .collect(),
        ports: runtime
            .exposed_ports
            .unwrap_or_default()
            .into_keys()
            .collect(),
        architecture: config.architecture,
    })
}

fn short(text: &str) -> String {
    text.chars().take(MADE_BY_MAX).collect()
}

fn changed_ms(file: &Path) -> i64 {
    let changed = fs::metadata(file).and_then(|meta| meta.modified()).ok();
    let since = changed.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

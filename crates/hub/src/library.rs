//! The classroom's own images, for the operator's commands: read and removed where they lie, whether
//! the hub runs or not.

use std::path::Path;

use crate::{
    images::{self, Image},
    names::{self, LIBRARY, Repository},
    storage::Storage,
};

/// The classroom's own images.
#[derive(Clone, Debug)]
pub struct Library {
    storage: Storage,
}

impl Library {
    /// Those of the classroom with this data folder.
    pub fn new(data: &Path) -> Self {
        Self {
            storage: Storage::new(data),
        }
    }

    /// Whether an image may be called so.
    pub fn is_name(name: &str) -> bool {
        names::is_part(name)
    }

    /// All of them, by name, as `docker pull` calls them.
    pub fn images(&self) -> Vec<Image> {
        let mut images = images::all(&self.storage);
        images.retain_mut(|image| {
            let shown = Repository::read(&image.name).map(|it| (it.shown(), it));
            match shown {
                Some((shown, repository)) if repository.namespace() == LIBRARY => {
                    image.name = shown;
                    true
                }
                _ => false,
            }
        });
        images
    }

    /// Whether there is one of this name.
    pub fn has(&self, name: &str) -> bool {
        repository(name).is_some_and(|repository| !self.storage.tags(&repository).is_empty())
    }

    /// Removes a tag of an image, or all of them. Whether there was one.
    pub fn remove(&self, name: &str, tag: Option<&str>) -> bool {
        let Some(repository) = repository(name) else {
            return false;
        };
        let tags = self.storage.tags(&repository).into_iter();
        let wanted: Vec<String> = tags.filter(|it| tag.is_none_or(|tag| tag == it)).collect();
        let removed = wanted
            .iter()
            .map(|tag| self.storage.remove_tag(&repository, tag));
        removed.fold(false, |any, removed| any | removed)
    }
}

fn repository(name: &str) -> Option<Repository> {
    Repository::read(&format!("{LIBRARY}/{name}"))
}

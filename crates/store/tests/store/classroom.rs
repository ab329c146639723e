//! A store in a folder that goes when the test ends, also when it fails.

use std::sync::Arc;

use store::{Account, Class, Location, Name, Store};
use tempfile::TempDir;

pub(crate) struct Classroom {
    pub(crate) folder: TempDir,
    pub(crate) location: Location,
    pub(crate) store: Arc<dyn Store>,
}

impl Classroom {
    /// With its record in a file.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::File(folder.path().join("gyosil.sqlite"));
        Self::open(folder, location).await
    }

    /// With its record elsewhere.
    pub(crate) async fn at(location: Location) -> Self {
        Self::open(tempfile::tempdir().unwrap(), location).await
    }

    async fn open(folder: TempDir, location: Location) -> Self {
        let store = store::open(&location).await.unwrap();
        Self {
            folder,
            location,
            store,
        }
    }

    pub(crate) async fn instructor(&self) -> Account {
        self.store.set_setup_token("token").await.unwrap();
        self.store
            .create_first_instructor("token", &name("김선생"), "hash")
            .await
            .unwrap()
    }

    pub(crate) async fn class(&self) -> Class {
        let instructor = self.instructor().await;
        self.store
            .create_class(instructor.id, &"클라우드 1반".parse().unwrap())
            .await
            .unwrap()
    }

    pub(crate) async fn student(&self) -> Account {
        let class = self.class().await;
        self.store
            .join(class.join_code.as_str(), &name("홍길동"), "hash")
            .await
            .unwrap()
    }
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

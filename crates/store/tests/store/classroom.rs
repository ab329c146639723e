//! A store in a folder that goes when the test ends, also when it fails.

use std::path::PathBuf;

use store::{Account, Class, Name, Store};
use tempfile::TempDir;

pub(crate) struct Classroom {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
}

impl Classroom {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("gyosil.sqlite"))
            .await
            .unwrap();
        Self { folder, store }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("gyosil.sqlite")
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

//! The class's hub, as far as the web process has to do with it: it tells who may log in there, and shows
//! what there is.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::Context;
use hub::{Client, Published, PublishedAccount};
use store::Store;
use tokio::{sync::Mutex, task::spawn_blocking};

/// The hub of this classroom.
pub(crate) struct Hub {
    data: PathBuf,
    store: Arc<dyn Store>,
    /// One at a time, so that the last one written is the newest.
    publishing: Mutex<()>,
    /// What answers for its images.
    pub(crate) images: Client,
}

impl Hub {
    pub(crate) fn new(data: PathBuf, store: Arc<dyn Store>) -> Self {
        Self {
            images: Client::new(&data),
            data,
            store,
            publishing: Mutex::default(),
        }
    }

    /// Whether images of this name are there, as of somebody who is gone. Where the hub does not answer,
    /// none are known of.
    pub(crate) async fn has_images_of(&self, name: &str) -> bool {
        self.images
            .share(name)
            .await
            .is_ok_and(|share| share.used > 0)
    }

    /// Removes the images of somebody who goes. Those that stay, since the hub does not answer, an
    /// instructor can remove.
    pub(crate) async fn forget(&self, name: &str) {
        if let Err(error) = self.images.remove_account(name).await {
            tracing::error!(name, %error, "The images of {name} were not removed from the hub: {error}");
        }
    }

    /// Tells the hub who may log in: at the start, and whenever a token comes or goes.
    ///
    /// # Errors
    /// When that cannot be read or written; the hub goes by what it was told before.
    pub(crate) async fn publish(&self) -> anyhow::Result<()> {
        let _turn = self.publishing.lock().await;
        let mut accounts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, hash) in self.store.hub_logins().await? {
            accounts.entry(name).or_default().push(hash);
        }
        let accounts = accounts
            .into_iter()
            .map(|(name, tokens)| PublishedAccount { name, tokens })
            .collect();
        let data = self.data.clone();
        spawn_blocking(move || Published { accounts }.write(&data))
            .await?
            .context("telling the hub who may log in")
    }
}

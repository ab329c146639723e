//! What of a machine must outlive machined: `machine.json` in its folder.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::ids::IdRange;

const FILE: &str = "machine.json";

/// What is known of a machine without looking.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Which disk this is: another after a machine was deleted and made again.
    pub(crate) generation: String,
    /// The ids that its files carry; from its first start on.
    pub(crate) ids: Option<IdRange>,
    /// The number of its network, while it is up.
    pub(crate) network: Option<u8>,
}

impl Record {
    /// The record of a new machine.
    pub(crate) fn new() -> Self {
        let generation = hex::encode(rand::random::<[u8; 8]>());
        Self {
            generation,
            ids: None,
            network: None,
        }
    }

    /// The record in a machine's folder.
    pub(crate) fn load(folder: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(folder.join(FILE))?)?)
    }

    pub(crate) fn save(&self, folder: &Path) -> io::Result<()> {
        write(&folder.join(FILE), self)
    }
}

/// Whether the machine in `folder` has these ids.
pub(crate) fn is_owner(folder: &Path, ids: IdRange) -> bool {
    Record::load(folder).is_ok_and(|record| record.ids == Some(ids))
}

/// Writes a file that is there whole, or not at all, whenever the power goes.
pub(crate) fn write(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(&serde_json::to_vec(content)?)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

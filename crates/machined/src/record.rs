//! What of a machine must outlive machined: `machine.json` in its folder.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    time::SystemTime,
};

use machine::MachineId;
use serde::{Deserialize, Serialize};

use crate::ids::IdRange;

const FILE: &str = "machine.json";

/// What is known of a machine without looking.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Which disk this is, and what the machine is called on the host: 16 hexadecimal digits.
    pub(crate) generation: String,
    /// Whose it is.
    pub(crate) holder: Holder,
    /// The ids that its files carry; from its first start on.
    pub(crate) ids: Option<IdRange>,
    /// The number of its network, while it is up.
    pub(crate) network: Option<u8>,
    /// The stamp of the image that it was started from.
    pub(crate) image: String,
    /// When its lifetime ends, in seconds since 1970, while it is up and there is such a limit.
    pub(crate) ends_at: Option<u64>,
    /// When it was stopped, likewise.
    pub(crate) stopped_at: Option<u64>,
}

/// Whose a machine is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Holder {
    /// Nobody's yet: it waits, ready, for somebody.
    Pool,
    /// It is the machine of this name.
    Name(MachineId),
    /// Nobody's any more: it is about to be removed.
    Nobody,
}

impl Record {
    /// The record of a new machine.
    pub(crate) fn new(holder: Holder) -> Self {
        Self::of(hex::encode(rand::random::<[u8; 8]>()), holder)
    }

    /// The record of a machine of this generation, of which nothing else is known.
    pub(crate) fn of(generation: String, holder: Holder) -> Self {
        Self {
            generation,
            holder,
            ids: None,
            network: None,
            image: String::new(),
            ends_at: None,
            stopped_at: None,
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

/// Whether a folder's name is a generation, so that the folder is a machine's.
pub(crate) fn is_generation(name: &str) -> bool {
    name.len() == 16
        && name
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether the machine in `folder` has these ids.
pub(crate) fn is_owner(folder: &Path, ids: IdRange) -> bool {
    Record::load(folder).is_ok_and(|record| record.ids == Some(ids))
}

/// Seconds since 1970: for what must outlive machined, and for people.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    // A clock before 1970 is a dead battery: limits then wait for a better one.
    since.unwrap_or_default().as_secs()
}

/// Writes a file that is there whole, or not at all, whenever the power goes.
pub(crate) fn write(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(&serde_json::to_vec(content)?)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

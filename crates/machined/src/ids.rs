//! Which user and group ids of the host stand for a machine's.
//!
//! Every machine has a range of its own, so that no two machines share an id, not even those of two
//! classrooms on one host. The files of a machine's disk carry those ids: the range is the
//! machine's for as long as its disk lives, and the claims outlive a restart of the host.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

/// The ids of one machine: what Linux distributions give a container, and enough for every account
/// that a package makes and for `nobody` (65534).
pub(crate) const IDS: u32 = 65_536;

/// The first id that is given away. From here to [`SLOTS`] ranges on, neither `useradd`'s
/// subordinate ids (to 600,100,000) nor systemd's containers (to 1,879,048,191) nor its foreign
/// range (from 2,147,352,576) reach: <https://systemd.io/UIDS-GIDS/>.
const FIRST: u32 = 1_879_048_192;

/// How many ranges there are.
const SLOTS: u32 = 4094;

/// Where all classrooms of a host note what is taken: one file a range, naming who has it.
const CLAIMS: &str = "/var/lib/gyosil-ids";

/// The 65,536 ids of the host from `base`; they are the machine's 0 to 65,535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct IdRange {
    base: u32,
}

impl IdRange {
    /// The host's id of the machine's root.
    pub(crate) fn root(self) -> u32 {
        self.base
    }

    /// The line for `/proc/PID/uid_map`.
    pub(crate) fn map(self) -> String {
        format!("0 {} {IDS}\n", self.base)
    }

    fn slot(self) -> u32 {
        (self.base - FIRST) / IDS
    }
}

/// Claims a free range for the machine whose folder is `owner`; `save` writes its record, which is
/// what makes the claim last: a range that the record in the claimant's folder does not name, as
/// `is_owner` finds, is nobody's.
pub(crate) fn claim(
    owner: &Path,
    is_owner: impl Fn(&Path, IdRange) -> bool,
    save: impl FnOnce(IdRange) -> io::Result<()>,
) -> io::Result<IdRange> {
    let _lock = lock()?;
    for slot in 0..SLOTS {
        let range = IdRange {
            base: FIRST + slot * IDS,
        };
        if owner_of(range, &is_owner)?.is_none() {
            write_claim(range, owner)?;
            save(range)?;
            return Ok(range);
        }
    }
    Err(io::Error::other("all ranges of ids are taken"))
}

/// Claims again what the record of the machine at `owner` names: claims may have been lost, and a
/// data folder may have come from elsewhere.
///
/// # Errors
/// When another machine has this range by now.
pub(crate) fn confirm(
    owner: &Path,
    range: IdRange,
    is_owner: impl Fn(&Path, IdRange) -> bool,
) -> io::Result<()> {
    let _lock = lock()?;
    match owner_of(range, &is_owner)? {
        Some(by) if by == owner => Ok(()),
        Some(by) => Err(io::Error::other(format!(
            "{} has them as well",
            by.display()
        ))),
        None => write_claim(range, owner),
    }
}

/// The folder of the machine that has this range.
fn owner_of(
    range: IdRange,
    is_owner: impl Fn(&Path, IdRange) -> bool,
) -> io::Result<Option<PathBuf>> {
    match fs::read_to_string(claim_path(range)) {
        Ok(by) => Ok(Some(by.into()).filter(|by: &PathBuf| is_owner(by, range))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write_claim(range: IdRange, owner: &Path) -> io::Result<()> {
    let owner = owner
        .to_str()
        .ok_or_else(|| io::Error::other("a path that is no text"))?;
    fs::write(claim_path(range), owner)
}

/// Gives a range back, after the last file that carries its ids is gone. Another's stays.
pub(crate) fn release(owner: &Path, range: IdRange) -> io::Result<()> {
    let _lock = lock()?;
    if owner_of(range, |by, _| by == owner)?.is_some() {
        fs::remove_file(claim_path(range))?;
    }
    Ok(())
}

fn claim_path(range: IdRange) -> PathBuf {
    Path::new(CLAIMS).join(range.slot().to_string())
}

/// Held while claims are read and written; ends with the file. Other classrooms hold it for
/// milliseconds.
fn lock() -> io::Result<File> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(CLAIMS)?;
    let file = File::create(Path::new(CLAIMS).join("lock"))?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

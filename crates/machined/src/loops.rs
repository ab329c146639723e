//! Loop devices: a file as a block device.

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode, OFlags, fstat, major, minor, openat},
    mount::{OpenTreeFlags, open_tree},
};

use crate::sys;

/// How often another program may take the free loop device before we do.
const TRIES: u32 = 16;

/// A loop device that goes with its last use: when this is dropped, or later, when the file system
/// on it is unmounted.
#[derive(Debug)]
pub(crate) struct LoopDevice {
    device: File,
    path: PathBuf,
}

impl LoopDevice {
    /// Makes a block device of the file `name` in `folder`.
    ///
    /// The kernel shows the file's path to everybody who has a `/sys`, so to every machine. It is
    /// opened through a mount that hangs nowhere, and shown as `/name`: no machine learns its
    /// neighbours' names.
    pub(crate) fn attach(folder: &Path, name: &str) -> io::Result<Self> {
        let nowhere = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let folder = open_tree(CWD, folder, nowhere)?;
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = openat(&folder, name, flags, Mode::empty())?;
        let control = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/loop-control")?;
        let mut tries = 0;
        loop {
            let path = PathBuf::from(format!("/dev/loop{}", sys::free_loop(&control)?));
            let device = OpenOptions::new().read(true).write(true).open(&path)?;
            match sys::configure_loop(&device, &file) {
                Ok(()) => {
                    return Ok(Self { device, path });
                }
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy && tries < TRIES => {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Its major and minor number.
    pub(crate) fn numbers(&self) -> io::Result<(u32, u32)> {
        let device = fstat(&self.device)?.st_rdev;
        Ok((major(device), minor(device)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

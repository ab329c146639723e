//! What systemd would have readied before the first service.
//!
//! Given by the bundle (crates/machined): `/proc`, `/sys`, `/sys/fs/cgroup`, `/dev`, an empty `/run`
//! with `/run/gyosil` bound into it, `/var/lib/docker` on a file system that is no overlay.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
};

use rustix::mount::{MountPropagationFlags, mount_change};

use crate::{cgroup, control, journal::Journal};

/// Where complaints about the boot go.
const SELF: &str = "init.scope";

/// Readies the machine. What fails is noted, and the rest done: a machine without one of these is
/// still one in which a student can look for the reason.
pub(crate) fn ready_machine(journal: &mut Journal) {
    let steps = [
        ("hand control groups on", cgroup::delegate()),
        ("share mounts", share_mounts()),
        ("make folders in /run", make_folders()),
    ];
    for (what, done) in steps {
        if let Err(error) = done {
            journal.note(SELF, &format!("Could not {what}: {error}"));
        }
    }
}

/// Mounts made later reach containers that ask for it (`-v …:shared`), as on a machine with systemd.
fn share_mounts() -> io::Result<()> {
    mount_change(
        "/",
        MountPropagationFlags::SHARED | MountPropagationFlags::REC,
    )?;
    Ok(())
}

fn make_folders() -> io::Result<()> {
    for (folder, mode) in [
        ("/run/lock", 0o1777),
        ("/run/gyosil", 0o755),
        (control::FOLDER, 0o755),
    ] {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(mode))?;
    }
    Ok(())
}

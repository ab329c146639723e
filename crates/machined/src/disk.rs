//! A machine's files on the host.
//!
//! ```text
//! machines/<id>/           root's; the machine's root may pass through it, and nobody else
//!   machine.json           what must outlive machined
//!   disk.img               a sparse ext4 file system: everything that the student writes, and so
//!                          the quota
//!   disk/                  where it is mounted: upper/ and work/ of the overlay, docker/ for
//!                          /var/lib/docker (which may not lie on an overlay), engine/ for the
//!                          engine's second socket
//!   image/                 the machine image, read-only, its ids mapped into the machine's range
//!   rootfs/                the overlay of both: the machine's root
//!   side/                  the machine image again, with folders to mount on: a sidecar's root
//!   events/                what its engine has reported: see `events`
//!   config.json            the OCI bundle
//! ```
//!
//! Below disk/upper, disk/docker and disk/engine everything is a student's: nothing there is ever
//! opened by name from the host.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use rustix::{
    fs::statvfs,
    mount::{
        MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount,
    },
};

use crate::{
    command::run,
    error::{Doing, HostError},
    ids::IdRange,
    loops::LoopDevice,
    sys,
};
use machine::Problem;

/// What the host's disk keeps free, in bytes: no machine is made or started below. Room for the
/// class's database and logs, and for the running machines to write a little on.
const RESERVE: u64 = 2 << 30;

/// The journal of a machine's disk, in MiB: the smallest that does not slow an image's unpacking
/// noticeably; ext4's own choice for 8 GB is 64.
const JOURNAL_MIB: u32 = 16;

/// Bytes of disk for each inode: ext4's default, which bounds files at 512 Ki for 8 GB. Debian based
/// images need a tenth of that.
const BYTES_PER_INODE: u32 = 16_384;

/// What a failing unmount is tried: programs that just were killed let go in milliseconds.
const UNMOUNT_TRIES: u32 = 50;

/// The file of a machine's disk.
const DISK: &str = "disk.img";

/// The folder of one machine.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    dir: PathBuf,
}

impl Disk {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn rootfs(&self) -> PathBuf {
        self.dir.join("rootfs")
    }

    pub(crate) fn side(&self) -> PathBuf {
        self.dir.join("side")
    }

    /// What the machine sees as `/var/lib/docker`.
    pub(crate) fn docker(&self) -> PathBuf {
        self.dir.join("disk/docker")
    }

    /// What the machine sees as `/run/gyosil`, a sidecar as `/engine`. On the machine's own disk, so
    /// that filling it fills nothing else.
    pub(crate) fn engine(&self) -> PathBuf {
        self.dir.join("disk/engine")
    }

    /// What a sidecar sees as `/events`, and the machine not at all.
    pub(crate) fn events(&self) -> PathBuf {
        self.dir.join("events")
    }

    /// Whether it has been made.
    pub(crate) fn exists(&self) -> bool {
        self.dir.join(DISK).exists()
    }

    /// Makes the folder, for a machine with these ids.
    pub(crate) fn make_dir(&self, ids: IdRange) -> io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)?;
        // runc, as the machine's root, has to pass through; see `spec`.
        chown(&self.dir, Some(0), Some(ids.root()))?;
        fs::set_permissions(&self.dir, fs::Permissions::from_mode(0o710))
    }

    /// Makes the disk, unless there is one, and mounts everything. The disk's device, as its major
    /// and minor number.
    pub(crate) async fn mount(
        &self,
        image: &Path,
        ids: IdRange,
        size: u64,
    ) -> Result<(u32, u32), HostError> {
        let file = self.dir.join(DISK);
        if !file.exists() {
            self.format(&file, size).await?;
        }
        let disk = self.folder("disk", 0o711)?;
        let device = LoopDevice::attach(&self.dir, DISK).doing(|| "attach a loop device".into())?;
        // No `nodev`, no `noatime`: flags of a mount are locked inside the machine, and its Docker,
        // which binds files read-only without repeating them, would fail (`docker run --init`).
        // Device files do no harm: nobody in a user namespace can make one that means anything.
        mount(
            device.path(),
            &disk,
            "ext4",
            MountFlags::empty(),
            Some(c"discard,noinit_itable"),
        )
        .doing(|| format!("mount {}", disk.display()))?;
        fs::set_permissions(&disk, fs::Permissions::from_mode(0o711))
            .doing(|| "open the disk's root".into())?;
        for name in ["disk/upper", "disk/work", "disk/docker", "disk/engine"] {
            let path = self.folder(name, 0o755)?;
            chown(&path, Some(ids.root()), Some(ids.root()))
                .doing(|| format!("hand over {name}"))?;
        }

        let mapped = self.folder("image", 0o755)?;
        let namespace = sys::user_namespace(ids).doing(|| "make a user namespace".into())?;
        sys::mount_mapped(image, &mapped, &namespace)
            .doing(|| "mount the machine image with mapped ids (Linux 5.19 or newer can)".into())?;
        let (upper, work) = (self.dir.join("disk/upper"), self.dir.join("disk/work"));
        overlay(
            &self.folder("rootfs", 0o755)?,
            &format!(
                "lowerdir={},upperdir={},workdir={}",
                mapped.display(),
                upper.display(),
                work.display()
            ),
        )?;
        for name in [
            "events",
            "mountpoints",
            "mountpoints/machine",
            "mountpoints/engine",
            "mountpoints/events",
        ] {
            self.folder(name, 0o755)?;
        }
        overlay(
            &self.folder("side", 0o755)?,
            &format!(
                "lowerdir={}:{}",
                self.dir.join("mountpoints").display(),
                mapped.display()
            ),
        )?;
        device.numbers().doing(|| "look at a loop device".into())
    }

    /// Unmounts everything; the loop device goes with its file system. What is not mounted is fine.
    pub(crate) async fn unmount(&self) -> Result<(), HostError> {
        for name in ["side", "rootfs", "image", "disk"] {
            unmount_all(&self.dir.join(name)).await?;
        }
        Ok(())
    }

    /// Whether the machine's file systems are mounted, as a running machine needs them.
    pub(crate) fn is_mounted(&self) -> io::Result<bool> {
        Ok(is_mount_point(&self.rootfs())? && is_mount_point(&self.side())?)
    }

    /// How much of the mounted disk is used, and how large it is, in bytes.
    pub(crate) fn usage(&self) -> io::Result<(u64, u64)> {
        let disk = statvfs(self.dir.join("disk"))?;
        let size = disk.f_blocks.saturating_mul(disk.f_frsize);
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        Ok((size.saturating_sub(free), size))
    }

    /// Removes the folder and all in it. Nothing may be mounted there.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Makes an empty file system; it has its name only when it is whole.
    async fn format(&self, file: &Path, size: u64) -> Result<(), HostError> {
        let new = self.dir.join("disk.img.new");
        let made = fs::File::create(&new).and_then(|file| file.set_len(size));
        made.doing(|| format!("make {}", new.display()))?;
        let features = format!(
            "-q -F -m 0 -i {BYTES_PER_INODE} -J size={JOURNAL_MIB} -E lazy_itable_init=1,lazy_journal_init=1,nodiscard"
        );
        let arguments = features
            .split(' ')
            .map(AsRef::as_ref)
            .chain([new.as_os_str()]);
        run("mkfs.ext4", arguments).await?;
        fs::rename(&new, file).doing(|| format!("name {}", file.display()))
    }

    fn folder(&self, name: &str, mode: u32) -> Result<PathBuf, HostError> {
        let path = self.dir.join(name);
        let made = match fs::DirBuilder::new().mode(mode).create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        };
        made.doing(|| format!("make {}", path.display()))?;
        Ok(path)
    }
}

/// Fails when the host's disk at `data` is too full for another machine to start.
pub(crate) fn check_space(data: &Path) -> Result<(), HostError> {
    let disk = statvfs(data).doing(|| "measure the host's disk".into())?;
    if disk.f_bavail.saturating_mul(disk.f_frsize) < RESERVE {
        return Err(Problem::NoSpace.into());
    }
    Ok(())
}

/// Makes the folder of all machines a mount of its own that nothing spreads from: a mount below
/// that another mount namespace had a copy of could not be taken down.
pub(crate) fn isolate(machines: &Path) -> Result<(), HostError> {
    let what = || format!("isolate the mounts of {}", machines.display());
    if !is_mount_point(machines).doing(what)? {
        mount_bind(machines, machines).doing(what)?;
    }
    mount_change(machines, MountPropagationFlags::PRIVATE).doing(what)
}

/// Undoes [`isolate`], when nothing is mounted below any more. Somebody's shell that stands there
/// does not hold it up.
pub(crate) fn release(machines: &Path) -> Result<(), HostError> {
    unmount(machines, UnmountFlags::DETACH).doing(|| format!("unmount {}", machines.display()))
}

fn overlay(at: &Path, options: &str) -> Result<(), HostError> {
    let options = std::ffi::CString::new(options).map_err(io::Error::other);
    let options = options.doing(|| "spell the overlay's options".into())?;
    mount(
        "overlay",
        at,
        "overlay",
        MountFlags::empty(),
        options.as_c_str(),
    )
    .doing(|| format!("mount an overlay at {}", at.display()))
}

fn is_mount_point(path: &Path) -> io::Result<bool> {
    // The fifth field is the mount point, its blanks as octal numbers.
    let path = path.display().to_string().replace(' ', "\\040");
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    Ok(mounts
        .lines()
        .any(|line| line.split(' ').nth(4) == Some(&path)))
}

/// Unmounts what is mounted at `path`, also when it is several deep.
async fn unmount_all(path: &Path) -> Result<(), HostError> {
    let mut tries = 0;
    while is_mount_point(path).doing(|| "read the list of mounts".into())? {
        match unmount(path, UnmountFlags::NOFOLLOW) {
            Ok(()) => {}
            Err(rustix::io::Errno::BUSY) if tries < UNMOUNT_TRIES => {
                tries += 1;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            Err(error) => {
                return Err(error).doing(|| format!("unmount {}", path.display()));
            }
        }
    }
    Ok(())
}

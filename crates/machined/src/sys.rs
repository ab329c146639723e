//! What takes unsafe code, and user namespaces: the kernel's newer mount calls, as far as `rustix`
//! has no safe wrapper, and waiting for what a file descriptor has.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    path::Path,
    process::{Command, Stdio},
};

use rustix::{
    fs::CWD,
    mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree},
};

use tokio::io::unix::AsyncFd;

use crate::ids::IdRange;

/// A user namespace whose ids 0 to 65,535 are `range`, as the kernel wants it to map a mount's ids.
///
/// A user namespace lives as long as something holds it, and only a process can make one: `cat` in
/// a fresh one, which has certainly entered it when it answers.
pub(crate) fn user_namespace(range: IdRange) -> io::Result<OwnedFd> {
    let mut child = Command::new("unshare")
        .args(["--user", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let result = (|| {
        let (Some(stdin), Some(stdout)) = (&mut child.stdin, &mut child.stdout) else {
            return Err(io::Error::other("no pipes to the namespace's process"));
        };
        stdin.write_all(b"?")?;
        stdout.read_exact(&mut [0])?;
        let process = format!("/proc/{}", child.id());
        for map in ["uid_map", "gid_map"] {
            fs::write(format!("{process}/{map}"), range.map())?;
        }
        Ok(File::open(format!("{process}/ns/user"))?.into())
    })();
    child.kill()?;
    child.wait()?;
    result
}

/// Mounts `from` at `to`, read-only, its ids mapped by the user namespace `ids`.
///
/// Needs Linux 5.12; as a lower layer of an overlay, 5.19. Read-only matters: a process that
/// reached a writable one would write as the host's root.
pub(crate) fn mount_mapped(from: &Path, to: &Path, ids: &OwnedFd) -> io::Result<()> {
    let tree = open_tree(
        CWD,
        from,
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC,
    )?;
    set_mount_attributes(
        tree.as_fd(),
        &libc::mount_attr {
            attr_set: libc::MOUNT_ATTR_IDMAP | libc::MOUNT_ATTR_RDONLY,
            attr_clr: 0,
            propagation: libc::MS_PRIVATE,
            userns_fd: ids.as_raw_fd() as u64,
        },
    )?;
    let whole = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    Ok(move_mount(&tree, "", CWD, to, whole)?)
}

/// Lets the runtime wait for what `fd` has.
#[allow(unsafe_code)]
pub(crate) fn watch(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is one open file descriptor from its making to its end, as asked for.
    unsafe { AsyncFd::register(fd) }.map_err(io::Error::from)
}

/// The number of a loop device that nobody uses: `LOOP_CTL_GET_FREE` of `loop(4)`.
#[allow(unsafe_code)]
pub(crate) fn free_loop(control: &File) -> io::Result<i32> {
    const GET_FREE: libc::Ioctl = 0x4c82;
    // SAFETY: this request takes no argument.
    let number = unsafe { libc::ioctl(control.as_raw_fd(), GET_FREE) };
    if number < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(number)
    }
}

/// `struct loop_config` of `linux/loop.h`, fields of one type together.
#[repr(C)]
#[derive(Default)]
struct LoopConfig {
    fd: u32,
    block_size: u32,
    /// Device, inode, device again, offset, size limit.
    place: [u64; 5],
    /// Number, kind and size of encryption.
    numbers: [u32; 3],
    flags: u32,
    /// Two names of 64 bytes, a key of 32.
    names: [[u8; 32]; 5],
    init: [u64; 2],
    reserved: [u64; 8],
}

/// Puts a file behind a loop device, until its last use: `LOOP_CONFIGURE` of `loop(4)`, Linux 5.8.
#[allow(unsafe_code)]
pub(crate) fn configure_loop(device: &File, file: &OwnedFd) -> io::Result<()> {
    const CONFIGURE: libc::Ioctl = 0x4c0a;
    const AUTOCLEAR: u32 = 4;
    let fd = u32::try_from(file.as_raw_fd()).map_err(io::Error::other)?;
    let config = LoopConfig {
        fd,
        flags: AUTOCLEAR,
        ..LoopConfig::default()
    };
    // SAFETY: the pointer is that of a live `loop_config`, which the kernel only reads.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), CONFIGURE, std::ptr::from_ref(&config)) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// `mount_setattr(2)` on the mount that `mount` stands for. `rustix` has no wrapper.
#[allow(unsafe_code)]
fn set_mount_attributes(mount: BorrowedFd<'_>, attributes: &libc::mount_attr) -> io::Result<()> {
    // SAFETY: the path is a NUL-terminated constant; the pointer and the size are those of a live
    // `mount_attr`, which the kernel only reads.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            std::ptr::from_ref(attributes),
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

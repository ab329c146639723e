//! The Docker Engine's sockets. This process listens on them and hands them to dockerd, so that a
//! sleeping engine starts at the first call, which finds it slow, not absent.

use std::{
    fs::{self, Permissions},
    io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::{
            fs::{MetadataExt, PermissionsExt, chown},
            net::UnixListener,
        },
    },
    path::Path,
};

/// The services that sleep when nobody uses the engine.
pub(crate) const ENGINE: &str = "docker.service";
pub(crate) const CONTAINERD: &str = "containerd.service";

/// What students use: as Debian's docker.socket has it, the group `docker` may.
pub(crate) const SOCKET: &str = "/run/docker.sock";

/// What check scripts, beside the machine, use: it lies in a folder that they see as well.
pub(crate) const SIDE_SOCKET: &str = "/run/gyosil/docker.sock";

/// Where containerd listens.
const CONTAINERD_SOCKET: &str = "/run/containerd/containerd.sock";

/// Whether containerd's socket is there.
pub(crate) fn is_containerd_there() -> bool {
    Path::new(CONTAINERD_SOCKET).exists()
}

/// The listening sockets, and what tells their files from others; none while the student has the engine stopped, so that `docker ps` says
/// that it cannot connect.
#[derive(Debug, Default)]
pub(crate) struct Sockets(Vec<(UnixListener, FileId)>);

/// Which file a path leads to: device and inode.
type FileId = (u64, u64);

fn file_id(path: &str) -> io::Result<FileId> {
    let meta = fs::symlink_metadata(path)?;
    Ok((meta.dev(), meta.ino()))
}

impl Sockets {
    /// Listens, unless it does. Who removed a socket, or has put another there, gets ours back.
    ///
    /// # Errors
    /// When a socket cannot be made.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        let mut files = self.0.iter().zip([SOCKET, SIDE_SOCKET]);
        let are_ours = files.all(|((_, id), path)| file_id(path).is_ok_and(|now| now == *id));
        if self.0.is_empty() || !are_ours {
            let group = nix::unistd::Group::from_name("docker").ok().flatten();
            let docker = group.map_or(0, |group| group.gid.as_raw());
            self.0 = vec![
                listen(SOCKET, 0o660, docker)?,
                listen(SIDE_SOCKET, 0o600, 0)?,
            ];
        }
        Ok(())
    }

    /// Stops listening; who connects is refused.
    pub(crate) fn close(&mut self) {
        if !self.0.is_empty() {
            self.0.clear();
            // A file that somebody has removed is none that misleads.
            let _ = fs::remove_file(SOCKET);
            let _ = fs::remove_file(SIDE_SOCKET);
        }
    }

    /// The sockets, in the order in which dockerd gets them.
    pub(crate) fn fds(&self) -> Vec<BorrowedFd<'_>> {
        self.0.iter().map(|(socket, _)| socket.as_fd()).collect()
    }
}

fn listen(path: &str, mode: u32, group: u32) -> io::Result<(UnixListener, FileId)> {
    // Left by an earlier life of the machine, or by a dockerd that the student ran by hand.
    let _ = fs::remove_file(path);
    let socket = UnixListener::bind(path)?;
    chown(path, Some(0), Some(group))?;
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    Ok((socket, file_id(path)?))
}

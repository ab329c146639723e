//! What services say of themselves: sd_notify(3).

use std::{
    fs::{self, Permissions},
    io,
    mem::MaybeUninit,
    os::{
        fd::AsFd,
        unix::{fs::PermissionsExt, net::UnixDatagram},
    },
};

use rustix::{
    io::IoSliceMut,
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg, sockopt},
};

/// Where they say it.
pub(crate) const SOCKET: &str = "/run/init/notify";

/// The longest message that is read, in bytes: real ones have a hundred.
const MAX_MESSAGE: usize = 4 << 10;

/// A message, and the process that sent it, as the kernel vouches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) pid: u32,
    pub(crate) text: String,
}

impl Notice {
    /// The value of a variable in it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.text.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// Opens the socket.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn listen() -> io::Result<UnixDatagram> {
    let _ = fs::remove_file(SOCKET);
    let socket = UnixDatagram::bind(SOCKET)?;
    // A service that runs as somebody else speaks here as well.
    fs::set_permissions(SOCKET, Permissions::from_mode(0o666))?;
    socket.set_nonblocking(true)?;
    sockopt::set_socket_passcred(&socket, true)?;
    Ok(socket)
}

/// The next message, if there is one.
pub(crate) fn receive(socket: impl AsFd) -> Option<Notice> {
    let mut bytes = [0; MAX_MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut slices = [IoSliceMut::new(&mut bytes)];
    let message = recvmsg(socket, &mut slices, &mut ancillary, RecvFlags::CMSG_CLOEXEC).ok()?;
    let pid = ancillary.drain().find_map(|part| match part {
        RecvAncillaryMessage::ScmCredentials(sender) => Some(sender.pid),
        _ => None,
    })?;
    let text = String::from_utf8_lossy(&bytes[..message.bytes.min(MAX_MESSAGE)]).into_owned();
    Some(Notice {
        pid: pid.as_raw_nonzero().get().unsigned_abs(),
        text,
    })
}

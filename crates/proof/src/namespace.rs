//! Other network namespaces: listeners in them, and whether somebody is reached from there.

use std::{
    fs::File,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::fd::AsFd,
    path::Path,
    sync::{Arc, Weak},
    time::Duration,
};

use rustix::{
    net::sockopt::{Timeout, set_socket_timeout},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

/// What a listener says to everybody.
pub const GREETING: &str = "HTTP/1.0 200 OK\r\n\r\nreached";

/// The host's own network namespace, or whichever this process is in.
pub const OWN: &str = "/proc/self/ns/net";

/// How often a listener looks whether it is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Somebody who answers in a network namespace, until this is dropped, or a moment longer.
#[derive(Debug)]
pub struct Listener {
    port: u16,
    _wanted: Arc<()>,
}

impl Listener {
    /// Listens on an address of this network namespace, on a free port if `port` is 0, and greets
    /// whoever comes.
    ///
    /// # Errors
    /// When the namespace cannot be entered, or address or port are not to be had there.
    pub fn new(namespace: &Path, address: &'static str, port: u16) -> io::Result<Self> {
        let listener = inside(namespace, move || TcpListener::bind((address, port)))?;
        let port = listener.local_addr()?.port();
        Self::serve(port, listener, |listener| {
            let (mut stream, _) = listener.accept()?;
            // What nobody has read when it is closed would be answered by a reset instead.
            stream.set_read_timeout(Some(LOOK_EVERY))?;
            let _ = stream.read(&mut [0; 1024]);
            stream.write_all(GREETING.as_bytes())
        })
    }

    /// Answers every datagram to this port, on all addresses of this network namespace.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn of_datagrams(namespace: &Path, port: u16) -> io::Result<Self> {
        let socket = inside(namespace, move || UdpSocket::bind(("0.0.0.0", port)))?;
        Self::serve(port, socket, |socket| {
            let mut piece = [0; 64];
            let (_, from) = socket.recv_from(&mut piece)?;
            socket.send_to(b"reached", from).map(drop)
        })
    }

    fn serve<S: AsFd + Send + 'static>(
        port: u16,
        socket: S,
        answer: impl Fn(&S) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        set_socket_timeout(&socket, Timeout::Recv, Some(LOOK_EVERY))?;
        let wanted = Arc::new(());
        let is_wanted = Arc::downgrade(&wanted);
        std::thread::Builder::new().spawn(move || {
            while Weak::upgrade(&is_wanted).is_some() {
                // Nobody came, or went before the answer: the attempt says what it saw.
                let _ = answer(&socket);
            }
        })?;
        Ok(Self {
            port,
            _wanted: wanted,
        })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Whether a TCP connection from this network namespace gets through.
///
/// # Errors
/// When the namespace cannot be entered.
pub fn reaches(namespace: &Path, address: SocketAddr) -> io::Result<bool> {
    inside(namespace, move || {
        Ok(TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok())
    })
}

/// Whether a datagram from this network namespace is answered.
///
/// # Errors
/// When the namespace cannot be entered, or has no socket for it.
pub fn answers(namespace: &Path, address: SocketAddr) -> io::Result<bool> {
    inside(namespace, move || {
        let socket = UdpSocket::bind(("0.0.0.0", 0))?;
        socket.set_read_timeout(Some(Duration::from_secs(5)))?;
        let sent = socket.send_to(b"?", address);
        Ok(sent.is_ok() && socket.recv_from(&mut [0; 64]).is_ok())
    })
}

/// Does something in another network namespace: in a thread that goes no further.
///
/// # Errors
/// When the namespace cannot be entered, and those of `work`.
pub fn inside<T: Send + 'static>(
    namespace: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let namespace = File::open(namespace)?;
    let thread = std::thread::Builder::new().spawn(move || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
        work()
    })?;
    thread
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the thread in the namespace broke")))
}

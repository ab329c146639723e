//! Listeners in other network namespaces.

use std::{
    fs::File,
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    time::Duration,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// What a listener says to everybody.
pub(crate) const GREETING: &str = "HTTP/1.0 200 OK\r\n\r\nreached";

/// Listens on a free port of an address of this network namespace, until the test ends, and greets.
/// The port.
pub(crate) fn listen(namespace: &Path, address: &'static str, port: u16) -> u16 {
    let listener = inside(namespace, move || {
        TcpListener::bind((address, port)).expect("a port")
    });
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(GREETING.as_bytes());
        }
    });
    port
}

/// Whether a TCP connection from this network namespace gets through.
pub(crate) fn reaches(namespace: &Path, address: SocketAddr) -> bool {
    inside(namespace, move || {
        TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok()
    })
}

/// Does something in another network namespace: in a thread that goes no further.
fn inside<T: Send + 'static>(namespace: &Path, work: impl FnOnce() -> T + Send + 'static) -> T {
    let namespace = File::open(namespace).expect("a network namespace");
    let thread = std::thread::spawn(move || {
        let kind = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(std::os::fd::AsFd::as_fd(&namespace), kind).expect("to enter it");
        work()
    });
    thread.join().expect("the thread's work")
}

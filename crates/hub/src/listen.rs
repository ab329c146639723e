//! Machines' connections: TLS, and how long and how much each may take.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use crate::{admin, client::Client, ledger::Quotas, service::Hub};

/// How long the greeting of TLS may take, which takes milliseconds.
const GREETING_WITHIN: Duration = Duration::from_secs(10);

/// How long a connection may be silent before and between requests, and take to send the head of
/// one. Docker opens another when it needs it.
const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// How long a client may take nothing of an answer, before it is given up.
const TAKES_WITHIN: Duration = Duration::from_secs(60);

/// The largest head of a request and the largest piece of a body that are held in memory, in bytes:
/// with 256 connections of a machine, its part of the hub's memory is some 30 MB at worst.
const BUFFER_MAX: usize = 64 << 10;

/// How many headers a request may have: Docker sends a dozen.
const HEADERS_MAX: usize = 64;

/// How long to wait when no connection can be taken, as of too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Where things are.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The classroom's data folder.
    pub data: PathBuf,
    /// Where machines find the hub.
    pub listen: SocketAddr,
    /// Where the hub finds the registry.
    pub registry: SocketAddr,
    /// Whether what the class does not have is fetched from elsewhere.
    pub fetches: bool,
    /// How much may be pushed.
    pub quotas: Quotas,
}

impl Settings {
    /// The hub's own folder: its certificate, its key for tokens.
    pub(crate) fn folder(&self) -> PathBuf {
        self.data.join("run/hub")
    }
}

/// Answers machines, for ever.
///
/// # Errors
/// When it cannot begin: there is no certificate, or the address is taken.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let acceptor = TlsAcceptor::from(Arc::new(tls(&settings.folder())?));
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("listening on {}", settings.listen))?;
    let hub = Arc::new(Hub::open(&settings)?);
    let door = admin::listen(&Client::socket(&settings.data))?;
    let routes = admin::routes(hub.clone());
    tokio::spawn(async move { axum::serve(door, routes).await });
    tokio::spawn(hub.sweeper(&settings).keep());
    tracing::info!(address = %settings.listen, "The hub listens on {}", settings.listen);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (acceptor, hub) = (acceptor.clone(), hub.clone());
                tokio::spawn(async move {
                    // Whatever ends a connection, the machine at its other end knows.
                    if let Err(error) = converse(stream, peer.ip(), &acceptor, hub).await {
                        tracing::debug!(%error, %peer, "A connection of {peer} broke: {error}");
                    }
                });
            }
            Err(error) => {
                tracing::error!(%error, "No connection can be taken: {error}");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn converse(
    stream: TcpStream,
    peer: IpAddr,
    acceptor: &TlsAcceptor,
    hub: Arc<Hub>,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKES_WITHIN));
    let stream = timeout(GREETING_WITHIN, acceptor.accept(Box::pin(stream))).await??;
    let answer = service_fn(move |request| {
        let hub = hub.clone();
        async move { Ok::<_, std::convert::Infallible>(hub.answer(peer, request).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(BUFFER_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), answer)
        .await?;
    Ok(())
}

/// The hub's certificate, which machined has made.
fn tls(folder: &Path) -> anyhow::Result<ServerConfig> {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let read = |file: &Path| -> io::Result<Vec<u8>> { fs::read(file) };
    let chain = read(&certificate).with_context(|| format!("reading {}", certificate.display()))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let key_text = read(&key).with_context(|| format!("reading {}", key.display()))?;
    let key = PrivateKeyDer::from_pem_slice(&key_text)
        .with_context(|| format!("reading {}", key.display()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain?, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

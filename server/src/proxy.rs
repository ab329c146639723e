//! Whence a request comes, where a reverse proxy stands before the classroom.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName},
    middleware::Next,
    response::Response,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Which proxies are believed.
#[derive(clap::Args, Clone)]
pub(crate) struct ProxyOption {
    /// Addresses of reverse proxies that bring visitors over TLS. From them alone two headers are
    /// believed: of X-Forwarded-For the last address, and X-Forwarded-Proto. Cookies are then marked
    /// Secure, and browsers are told to come over TLS only.
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    behind_proxy: Vec<IpAddr>,
}

impl ProxyOption {
    /// Whether visitors come over TLS.
    pub(crate) fn secure(&self) -> bool {
        !self.behind_proxy.is_empty()
    }

    /// The proxies.
    pub(crate) fn proxies(&self) -> Arc<[IpAddr]> {
        self.behind_proxy.as_slice().into()
    }
}

/// Whence a request comes, as far as it is believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Via {
    /// The visitor's address, or that of the last thing on the way which is not a proxy of ours.
    pub(crate) address: IpAddr,
    /// Whether the visitor came over TLS.
    pub(crate) secure: bool,
}

impl Via {
    /// The scheme of the addresses that the visitor sees.
    pub(crate) fn scheme(self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

/// The outermost layer: notes it for all that follows.
pub(crate) async fn note(
    State(proxies): State<Arc<[IpAddr]>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(via) = via(&proxies, &request) {
        request.extensions_mut().insert(via);
    }
    next.run(request).await
}

/// Whence it comes; `None` of one that came over no connection.
pub(crate) fn via(proxies: &[IpAddr], request: &Request) -> Option<Via> {
    let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    Some(believed(proxies, peer, request.headers()))
}

fn believed(proxies: &[IpAddr], peer: IpAddr, headers: &HeaderMap) -> Via {
    if !proxies.contains(&peer) {
        return Via {
            address: peer,
            secure: false,
        };
    }
    // What the visitor wrote into the header stands before what the proxy added.
    let last = |name: HeaderName| {
        let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        value.rsplit(',').next().map(str::trim)
    };
    Via {
        address: last(FORWARDED_FOR)
            .and_then(|address| address.parse().ok())
            .unwrap_or(peer),
        secure: last(FORWARDED_PROTO) == Some("https"),
    }
}

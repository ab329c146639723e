//! The registry behind the hub, and what of a request and its answer passes between.

use std::{
    error::Error,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::body::Body;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header,
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo},
};
use tokio::{net::TcpStream, time::sleep};

use crate::{
    answer,
    upload::{Broken, Fate, Room, Watched},
};

/// How long a registry that does not answer is waited for: it is started again within a second or two
/// when it has ended.
const BACK_WITHIN: Duration = Duration::from_secs(8);

/// How often it is tried meanwhile.
const TRY_EVERY: Duration = Duration::from_millis(100);

/// When to ask again, where the registry was not there for so long.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// How the registry is to call itself in the addresses that it gives.
const NAME: &str = "registry-1.docker.io";

/// The headers of a request that the registry is told; of none of the others it has any need.
const TOLD: [HeaderName; 6] = [
    header::ACCEPT,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::IF_NONE_MATCH,
    header::RANGE,
];

/// The headers of an answer that are about the connection to the registry.
const OWN: [HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
];

/// Debian's docker-registry, which only the hub reaches.
pub(crate) struct Registry {
    client: Client<Patient, Body>,
    authority: Authority,
}

impl Registry {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let authority = address.to_string();
        Self {
            client: Client::builder(TokioExecutor::new()).build(Patient(address)),
            // An address is one.
            authority: authority
                .parse()
                .unwrap_or_else(|_| Authority::from_static(NAME)),
        }
    }

    /// Asks the registry what a request asks, which has nothing to say itself.
    pub(crate) async fn read(&self, request: Request<Incoming>, path: &str) -> Response<Body> {
        let (head, _) = request.into_parts();
        self.ask(head, path, Body::new(Empty::<Bytes>::new())).await
    }

    /// Gives the registry what a request has.
    pub(crate) async fn write(
        &self,
        request: Request<Incoming>,
        path: &str,
        room: Room,
        fate: &Fate,
    ) -> Response<Body> {
        let (head, body) = request.into_parts();
        let body = Watched::new(body, room, fate.clone());
        self.ask(head, path, Body::new(body)).await
    }

    /// Asks the registry what a request with this head and body asks.
    pub(crate) async fn ask(
        &self,
        head: http::request::Parts,
        path: &str,
        body: Body,
    ) -> Response<Body> {
        let Some(uri) = self.uri(path, head.uri.query()) else {
            return answer::unknown();
        };
        let mut request = Request::new(body);
        *request.method_mut() = head.method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        for (name, value) in &head.headers {
            if TOLD.contains(name) {
                headers.append(name, value.clone());
            }
        }
        headers.insert(header::HOST, HeaderValue::from_static(NAME));
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        match self.client.request(request).await {
            Ok(answer) => passed_on(answer),
            Err(error) => {
                if !is_clients(&error) {
                    tracing::warn!(%error, path, "The registry did not answer: {error:?}");
                }
                answer::later("the class's registry does not answer", ASK_AGAIN)
            }
        }
    }

    /// The address of a path at the registry.
    fn uri(&self, path: &str, query: Option<&str>) -> Option<Uri> {
        let path = match query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let path: PathAndQuery = path.parse().ok()?;
        Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .ok()
    }
}

/// Whether it was what is pushed that broke off, and not the registry.
fn is_clients(error: &(dyn Error + 'static)) -> bool {
    error.is::<Broken>() || error.source().is_some_and(is_clients)
}

fn passed_on(answer: Response<Incoming>) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let mut headers = HeaderMap::with_capacity(head.headers.len());
    for (name, value) in &head.headers {
        if !OWN.contains(name) {
            headers.append(name, value.clone());
        }
    }
    head.headers = headers;
    Response::from_parts(head, Body::new(body))
}

/// Connects to the registry, and waits for it where it is just being started.
#[derive(Clone, Copy)]
struct Patient(SocketAddr);

impl tower_service::Service<Uri> for Patient {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self(address) = *self;
        Box::pin(async move {
            let began = Instant::now();
            loop {
                match TcpStream::connect(address).await {
                    Ok(stream) => {
                        stream.set_nodelay(true)?;
                        return Ok(TokioIo::new(stream));
                    }
                    Err(error) if began.elapsed() > BACK_WITHIN => return Err(error),
                    Err(_) => sleep(TRY_EVERY).await,
                }
            }
        })
    }
}

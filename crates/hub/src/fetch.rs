//! Fetching what the class does not have, where the operator allows the internet: once, whole, and for
//! good. The image is put into the class's registry as a push would, its manifest last, so that what is
//! there is never half an image; only then is the machine that asked for it answered.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use axum::body::Body;
use http::{
    Method, Request, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use tokio::{
    net::UnixStream,
    sync::{Mutex as Turn, OwnedMutexGuard, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use crate::{
    answer::{self, Lacking},
    ledger::{Full, Ledger},
    names::{Digest, Reference, Repository},
    proxy::Registry,
    route::{Action, Route, Target},
    storage::{Blob, DOCUMENT_MAX, Manifest, Storage},
    sweep::Gate,
};

/// How many images are fetched at once, of all machines together; a machine's are, one by one.
const FETCHES_MAX: usize = 4;

/// How long one image may take: gigabytes, over a school's connection.
const FETCH_WITHIN: Duration = Duration::from_secs(3600);

/// How long nothing is tried again after the registry there could not be reached: so long, everybody
/// hears so at once.
const AWAY_FOR: Duration = Duration::from_secs(10);

/// When to ask again, where an image could not be taken in.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// How much of a digest is in the tag under which what was asked for by its digest is kept.
const HEX_SHOWN: usize = 12;

/// Why an image is not there.
#[derive(Clone, Debug)]
pub(crate) enum Missing {
    /// The registry there does not have it either.
    Unknown,
    /// It cannot be reached.
    Away,
    /// There is no room for it.
    Full(Full),
    /// It broke off.
    Broken(String),
}

impl Missing {
    /// What the machine hears.
    pub(crate) fn answer(&self, repository: &Repository) -> Response<Body> {
        match self {
            Self::Unknown => answer::unauthorized(Some((repository, Action::Pull)), Lacking::Scope),
            Self::Away => {
                let message = "the class does not have it, and Docker Hub is out of reach";
                answer::error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", message)
            }
            Self::Full(full) => answer::full(full),
            Self::Broken(why) => answer::later(why, AGAIN_AFTER),
        }
    }
}

impl From<Full> for Missing {
    fn from(full: Full) -> Self {
        Self::Full(full)
    }
}

impl From<hyper::Error> for Missing {
    fn from(error: hyper::Error) -> Self {
        Self::Broken(format!("the fetch broke off: {error}"))
    }
}

/// What fetches.
pub(crate) struct Fetcher {
    pub(crate) socket: PathBuf,
    pub(crate) storage: Storage,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) state: State,
}

/// Whose turn it is, and since when nobody is to be reached.
pub(crate) struct State {
    turns: Mutex<HashMap<String, Weak<Turn<()>>>>,
    places: Semaphore,
    away: Mutex<Option<Instant>>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            turns: Mutex::default(),
            places: Semaphore::new(FETCHES_MAX),
            away: Mutex::default(),
        }
    }
}

impl Fetcher {
    /// Sees to it that an image is there. Whoever asks for it meanwhile waits for the first. A fetch that
    /// has begun goes on when its machine goes; so a machine has one at most, however often it asks.
    pub(crate) async fn have(
        self: &Arc<Self>,
        peer: IpAddr,
        repository: &Repository,
        reference: &Reference,
    ) -> Result<(), Missing> {
        if self.has(repository, reference).await {
            return Ok(());
        }
        let machine = self.turn(peer.to_string()).await;
        let image = self.turn(format!("{repository}:{reference}")).await;
        if self.has(repository, reference).await {
            return Ok(());
        }
        let (fetcher, repository) = (self.clone(), repository.clone());
        let reference = reference.clone();
        let fetch = async move {
            let _turns = (machine, image);
            let fetch = fetcher.fetch(&repository, &reference);
            let late = |_| Err(Missing::Broken("the fetch takes too long".into()));
            timeout(FETCH_WITHIN, fetch).await.unwrap_or_else(late)
        };
        let broken = |error| Err(Missing::Broken(format!("the fetch broke: {error}")));
        tokio::spawn(fetch).await.unwrap_or_else(broken)
    }

    async fn has(&self, repository: &Repository, reference: &Reference) -> bool {
        let storage = self.storage.clone();
        let (repository, reference) = (repository.clone(), reference.clone());
        let look = spawn_blocking(move || storage.has_manifest(&repository, &reference));
        // It only fails where the program ends.
        look.await.unwrap_or_default()
    }

    async fn fetch(&self, repository: &Repository, reference: &Reference) -> Result<(), Missing> {
        let began = Instant::now();
        if self.away().is_some_and(|since| since.elapsed() < AWAY_FOR) {
            return Err(Missing::Away);
        }
        // It is never closed.
        let _place = self.state.places.acquire().await;
        let document = self.image(repository, reference).await?;
        let Some(_push) = self.gate.push().await else {
            return Err(Missing::Broken("the hub is being tidied up".into()));
        };
        let blobs = document.blobs()?;
        let bytes = blobs
            .values()
            .fold(0, |sum: u64, size| sum.saturating_add(*size));
        let _room = self.ledger.make_room_for_fetched(bytes).await?;
        for (digest, size) in &blobs {
            self.take_in(repository, digest, *size).await?;
        }
        let tag = match reference {
            Reference::Tag(tag) => tag.clone(),
            // What no tag leads to would be swept.
            Reference::Digest(digest) => format!("sha256-{}", &digest.hex()[..HEX_SHOWN]),
        };
        self.put_manifest(repository, tag, document).await?;
        let took = began.elapsed();
        tracing::info!(
            %repository, %reference, bytes, ?took,
            "Fetched {repository}:{reference} within {took:.1?}: {bytes} bytes"
        );
        Ok(())
    }

    /// The manifest of an image for machines like these.
    async fn image(
        &self,
        repository: &Repository,
        reference: &Reference,
    ) -> Result<Document, Missing> {
        let document = self.document(repository, reference.clone()).await?;
        let list = &document.manifest.manifests;
        if list.is_empty() {
            return Ok(document);
        }
        // Its digest would not be that of what is kept.
        if matches!(reference, Reference::Digest(_)) {
            return Err(Missing::Unknown);
        }
        let ours = list.iter().find(|image| image.is_for_machines());
        let digest = ours.and_then(Blob::digest).ok_or(Missing::Unknown)?;
        self.document(repository, Reference::Digest(digest)).await
    }

    async fn document(
        &self,
        repository: &Repository,
        reference: Reference,
    ) -> Result<Document, Missing> {
        let target = Target::Manifest(reference.clone());
        let answer = self.ask(repository, target).await?;
        let kind = answer.headers().get(CONTENT_TYPE).cloned();
        let limit = usize::try_from(DOCUMENT_MAX).unwrap_or(usize::MAX);
        let body = Limited::new(answer.into_body(), limit).collect().await;
        let bytes = body
            .map_err(|error| Missing::Broken(format!("the manifest broke off: {error}")))?
            .to_bytes();
        if let Reference::Digest(digest) = &reference
            && hex::encode(Sha256::digest(&bytes)) != digest.hex()
        {
            return Err(Missing::Broken(
                "the manifest is not what its digest says".into(),
            ));
        }
        let manifest = serde_json::from_slice(&bytes).map_err(|_| Missing::Unknown)?;
        Ok(Document {
            bytes,
            kind: kind.ok_or(Missing::Unknown)?,
            manifest,
        })
    }

    /// Takes a blob in, from the class's own images if one of them has it.
    async fn take_in(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: u64,
    ) -> Result<(), Missing> {
        let (storage, wanted, own) = (self.storage.clone(), digest.clone(), repository.clone());
        let from = spawn_blocking(move || storage.owner(&wanted, &own)).await;
        let begin = format!("/v2/{repository}/blobs/uploads/");
        let begin = match from.ok().flatten() {
            Some(from) if from == *repository => return Ok(()),
            Some(from) => format!("{begin}?mount={digest}&from={from}"),
            None => begin,
        };
        let empty = || Body::new(Empty::<Bytes>::new());
        let begun = self.own(Method::POST, &begin, empty(), None).await?;
        if begun.status() == StatusCode::CREATED {
            return Ok(());
        }
        let upload = begun.headers().get(http::header::LOCATION);
        let upload: Option<http::Uri> = upload.and_then(|to| to.to_str().ok()?.parse().ok());
        let upload = upload.and_then(|to| to.path_and_query().map(ToString::to_string));
        let upload = upload.ok_or_else(|| refused(begun.status()))?;
        let found = self.ask(repository, Target::Blob(digest.clone())).await?;
        let limit = usize::try_from(size).unwrap_or(usize::MAX);
        let body = Body::new(Limited::new(found.into_body(), limit));
        let end = format!("{upload}&digest={digest}");
        let ended = self.own(Method::PUT, &end, body, None).await?;
        created(&ended)
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        tag: String,
        document: Document,
    ) -> Result<(), Missing> {
        let path = Route::Of(repository.clone(), Target::Manifest(Reference::Tag(tag))).path();
        let body = Body::from(document.bytes);
        let put = self
            .own(Method::PUT, &path, body, Some(document.kind))
            .await?;
        created(&put)
    }

    /// Asks the class's registry.
    async fn own(
        &self,
        method: Method,
        path: &str,
        body: Body,
        kind: Option<HeaderValue>,
    ) -> Result<Response<Body>, Missing> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        if let Some(kind) = kind {
            request.headers_mut().insert(CONTENT_TYPE, kind);
        }
        let (head, body) = request.into_parts();
        Ok(self.registry.ask(head, path, body).await)
    }

    /// Asks the registry elsewhere.
    async fn ask(
        &self,
        repository: &Repository,
        target: Target,
    ) -> Result<Response<Incoming>, Missing> {
        let path = Route::Of(repository.clone(), target).path();
        let away = |error: &dyn std::error::Error| {
            tracing::warn!(%error, "The way to Docker Hub is closed: {error}");
            *self.away() = Some(Instant::now());
            Missing::Away
        };
        let stream = UnixStream::connect(&self.socket).await;
        let stream = stream.map_err(|error: io::Error| away(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::get(path).body(Empty::<Bytes>::new());
        // Made of checked names alone.
        let request = request.map_err(|_| Missing::Unknown)?;
        let answer = sender.send_request(request).await?;
        match answer.status() {
            StatusCode::OK => Ok(answer),
            StatusCode::BAD_GATEWAY => {
                *self.away() = Some(Instant::now());
                Err(Missing::Away)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Err(Missing::Unknown)
            }
            other => Err(Missing::Broken(format!("Docker Hub answers {other}"))),
        }
    }

    async fn turn(&self, what: String) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self
                .state
                .turns
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            let turn = turns.get(&what).and_then(Weak::upgrade).unwrap_or_default();
            turns.insert(what, Arc::downgrade(&turn));
            turn
        };
        turn.lock_owned().await
    }

    fn away(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.state
            .away
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A manifest as it came.
struct Document {
    bytes: Bytes,
    kind: HeaderValue,
    manifest: Manifest,
}

impl Document {
    /// What the image is made of, each once, with its size as the manifest says it.
    fn blobs(&self) -> Result<BTreeMap<Digest, u64>, Missing> {
        let Manifest { config, layers, .. } = &self.manifest;
        // Those of before 2016 have no configuration of their own, and Docker takes them no more.
        let config = config.as_ref().ok_or(Missing::Unknown)?;
        let blobs = std::iter::once(config).chain(layers);
        blobs
            .map(|blob| Ok((blob.digest().ok_or(Missing::Unknown)?, blob.size)))
            .collect()
    }
}

fn created(answer: &Response<Body>) -> Result<(), Missing> {
    match answer.status() {
        StatusCode::CREATED => Ok(()),
        other => Err(refused(other)),
    }
}

fn refused(status: StatusCode) -> Missing {
    Missing::Broken(format!("the class's registry did not take it: {status}"))
}

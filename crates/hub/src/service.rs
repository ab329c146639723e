//! A request, from which name it is for to its answer.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header::HOST};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::json;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::{
    accounts::Accounts,
    answer, far, fetch,
    fetch::Fetcher,
    ledger::Ledger,
    listen::Settings,
    names::Repository,
    proxy::Registry,
    search,
    storage::Storage,
    sweep::{Gate, Sweeper},
    token,
    token::Signer,
};

/// How many requests of one machine are answered at once: a pull makes three or so, a push five, and
/// a student may run some of each.
const REQUESTS_MAX: u32 = 64;

/// How many searches look through the disk at once, of all machines together.
const SEARCHES_MAX: usize = 4;

/// The longest form that asks for a token, in bytes, and how long it may take to come.
const FORM_MAX: usize = 16 << 10;
const FORM_WITHIN: Duration = Duration::from_secs(10);

/// What all connections share.
pub(crate) struct Hub {
    pub(crate) accounts: Accounts,
    pub(crate) signer: Signer,
    pub(crate) storage: Storage,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) registry: Arc<Registry>,
    fetcher: Option<Arc<Fetcher>>,
    crowd: Crowd,
    searches: Semaphore,
}

impl Hub {
    pub(crate) fn open(settings: &Settings) -> anyhow::Result<Self> {
        let key = settings.folder().join("token.key");
        let storage = Storage::new(&settings.data);
        let ledger = Arc::new(Ledger::new(storage.clone(), settings.quotas));
        let (gate, registry) = (
            Arc::new(Gate::new()),
            Arc::new(Registry::new(settings.registry)),
        );
        let fetcher = settings.fetches.then(|| {
            Arc::new(Fetcher {
                socket: far::socket(&settings.data),
                storage: storage.clone(),
                ledger: ledger.clone(),
                gate: gate.clone(),
                registry: registry.clone(),
                state: fetch::State::default(),
            })
        });
        Ok(Self {
            accounts: Accounts::new(&settings.data),
            signer: Signer::open(&key).context("opening the key of tokens")?,
            ledger,
            gate,
            storage,
            registry,
            fetcher,
            crowd: Crowd::default(),
            searches: Semaphore::new(SEARCHES_MAX),
        })
    }

    /// What fetches this repository's images when the class does not have them; what has an account's
    /// name is the account's alone.
    pub(crate) fn fetcher(&self, repository: &Repository) -> Option<&Arc<Fetcher>> {
        let fetcher = self.fetcher.as_ref()?;
        (!self.accounts.is_known(repository.namespace())).then_some(fetcher)
    }

    /// What sweeps it.
    pub(crate) fn sweeper(&self, settings: &Settings) -> Sweeper {
        Sweeper {
            gate: self.gate.clone(),
            ledger: self.ledger.clone(),
            storage: self.storage.clone(),
            config: settings.data.join("run/registry.yml"),
            lock: settings.data.join("registry/lock"),
        }
    }

    /// Answers a machine.
    pub(crate) async fn answer(&self, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
        let Some(place) = self.crowd.enter(peer) else {
            return answer::too_many();
        };
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let host = host(&request);
        let answer = match host.as_deref() {
            Some("registry-1.docker.io") => self.registry_api(peer, request).await,
            Some("auth.docker.io") => self.token_api(request).await,
            Some("index.docker.io") => self.search_api(request).await,
            _ if path == "/" => answer::welcome(),
            _ => answer::unknown(),
        };
        let status = answer.status().as_u16();
        tracing::debug!(%peer, %method, path, status, "{peer}: {method} {path}: {status}");
        // The place is taken until all of the answer is.
        answer.map(|body| {
            Body::new(body.map_frame(move |frame| {
                let _ = &place;
                frame
            }))
        })
    }

    async fn token_api(&self, request: Request<Incoming>) -> Response<Body> {
        if request.uri().path() != "/token" {
            return answer::unknown();
        }
        let (head, body) = request.into_parts();
        let fields = match head.method {
            Method::GET => head.uri.query().unwrap_or_default().to_owned(),
            // BuildKit's way.
            Method::POST => match form(body).await {
                Some(form) => form,
                None => return answer::unsupported(),
            },
            _ => return answer::unsupported(),
        };
        let wrong = || {
            let details = json!({ "details": "incorrect username or password" });
            answer::json(StatusCode::UNAUTHORIZED, &details)
        };
        let Some(asked) = token::Asked::read(&fields, &head.headers) else {
            return wrong();
        };
        match token::give(asked, self).await {
            Ok(token) => {
                let answer = json!({
                    "token": token,
                    "access_token": token,
                    "expires_in": token::GOOD_FOR_S,
                });
                answer::json(StatusCode::OK, &answer)
            }
            Err(token::WrongCredentials) => wrong(),
        }
    }

    async fn search_api(&self, request: Request<Incoming>) -> Response<Body> {
        if request.uri().path() != "/v1/search" {
            return answer::unknown();
        }
        let query = request.uri().query().unwrap_or_default();
        let Ok(asked) = serde_urlencoded::from_str::<search::Asked>(query) else {
            return answer::unsupported();
        };
        // It is never closed.
        let _turn = self.searches.acquire().await;
        let storage = self.storage.clone();
        match spawn_blocking(move || search::search(&storage, &asked)).await {
            Ok(results) => answer::json(StatusCode::OK, &results),
            Err(error) => {
                tracing::error!(%error, "A search broke: {error}");
                answer::later("the search broke", Duration::from_secs(1))
            }
        }
    }
}

/// Which of our names a request is for, without a port.
fn host(request: &Request<Incoming>) -> Option<String> {
    // A request that names the server in its first line is one for a proxy, and there is none here.
    if request.uri().authority().is_some() {
        return None;
    }
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let name = host.strip_suffix(":443").unwrap_or(host);
    Some(name.to_ascii_lowercase())
}

/// A form, if it is short and comes soon.
async fn form(body: Incoming) -> Option<String> {
    let read = timeout(FORM_WITHIN, Limited::new(body, FORM_MAX).collect()).await;
    let bytes = read.ok()?.ok()?.to_bytes();
    String::from_utf8(bytes.into()).ok()
}

/// How many requests of which machine are being answered.
#[derive(Clone, Default)]
struct Crowd(Arc<Mutex<HashMap<IpAddr, u32>>>);

impl Crowd {
    /// A place for one more request, if there is one.
    fn enter(&self, peer: IpAddr) -> Option<Place> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer).or_default();
        if *count >= REQUESTS_MAX {
            return None;
        }
        *count += 1;
        let crowd = self.clone();
        Some(Place { crowd, peer })
    }
}

/// A request's place, free again when this is dropped.
struct Place {
    crowd: Crowd,
    peer: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.peer);
            }
        }
    }
}

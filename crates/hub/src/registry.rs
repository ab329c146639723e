//! `registry-1.docker.io`: who asks for what, before it is asked of the registry.

use std::{net::IpAddr, time::Duration};

use axum::body::Body;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::json;

use tokio::task::spawn_blocking;

use crate::{
    answer::{self, Lacking},
    fetch::Missing,
    ledger::Full,
    names::{Digest, Reference, Repository},
    route::{Action, Refused, Route, Target},
    service::Hub,
    storage::DOCUMENT_MAX,
    upload::{Fate, Room},
};

/// When to push again, where the hub is being swept.
const TIDIED_UP_WITHIN: Duration = Duration::from_secs(10);

/// How long nothing may come of an upload, before it gives way to another of the same account: twice
/// as long as it could go on so slowly.
const BROKEN_OFF: Duration = Duration::from_secs(60);

impl Hub {
    pub(crate) async fn registry_api(
        &self,
        peer: IpAddr,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let (repository, target) = match Route::read(request.uri()) {
            Ok(Route::Of(repository, target)) => (repository, target),
            Ok(Route::Ping) => return self.ping(&request),
            Err(_) => return answer::unknown(),
        };
        let action = match target.action(request.method()) {
            Ok(action) => action,
            Err(Refused::Path | Refused::Method) => return answer::unsupported(),
        };
        let headers = request.headers();
        if let Err(lacking) = self.allows(headers, &repository, action) {
            return answer::unauthorized(Some((&repository, action)), lacking);
        }
        match action {
            Action::Pull => {
                // A push asks so whether a layer is there already, and goes by it.
                let pushes = *request.method() == Method::HEAD
                    && self.allows(headers, &repository, Action::Push).is_ok();
                let _push = if pushes { self.gate.push().await } else { None };
                if let Target::Manifest(reference) = &target
                    && let Some(fetcher) = self.fetcher(&repository)
                    && let Err(missing) = fetcher.have(peer, &repository, reference).await
                {
                    // Where there are other images of this name, the registry has the words.
                    let is_unknown = matches!(missing, Missing::Unknown);
                    if !(is_unknown && self.storage.has(&repository).await) {
                        return missing.answer(&repository);
                    }
                }
                let path = Route::Of(repository, target).path();
                self.registry.read(request, &path).await
            }
            Action::Push => match self.push(request, repository, target).await {
                Ok(answer) => answer,
                Err(full) => answer::full(&full),
            },
        }
    }

    /// Takes what is pushed, as far as there is room for it.
    async fn push(
        &self,
        request: Request<Incoming>,
        repository: Repository,
        target: Target,
    ) -> Result<Response<Body>, Full> {
        let Some(_push) = self.gate.push().await else {
            return Ok(answer::later(
                "the hub is being tidied up",
                TIDIED_UP_WITHIN,
            ));
        };
        let incoming = self.ledger.begin(repository.namespace()).await?;
        let mut most = None;
        match &target {
            Target::NewUpload => {
                self.make_room_for_upload(&repository).await?;
                if let Some(blob) = mounted(&request) {
                    incoming.take(self.storage.size(&blob))?;
                }
            }
            Target::Manifest(reference) => {
                most = Some(DOCUMENT_MAX);
                if let Reference::Tag(tag) = reference {
                    self.ledger.check_tag(&repository, tag).await?;
                }
            }
            _ => {}
        }
        let upload = match &target {
            Target::Upload(id) => Some(id.clone()),
            _ => None,
        };
        let (room, fate) = (Room { incoming, most }, Fate::default());
        let path = Route::Of(repository.clone(), target).path();
        let answer = self.registry.write(request, &path, room, &fate).await;
        match fate.refused().await {
            Some(full) => {
                // Half an upload is of no use to anybody.
                if let Some(upload) = upload {
                    self.storage.clear_upload(&repository, &upload);
                }
                Err(full)
            }
            None => Ok(answer),
        }
    }

    /// Uploads that were broken off do not stand in the way of new ones.
    async fn make_room_for_upload(&self, repository: &Repository) -> Result<(), Full> {
        match self.ledger.check_upload(repository).await {
            Err(Full::Uploads) => {}
            other => return other,
        }
        let (storage, namespace) = (self.storage.clone(), repository.namespace().to_owned());
        // It only fails where the program ends.
        let _ = spawn_blocking(move || storage.clear_uploads(&namespace, BROKEN_OFF)).await;
        self.ledger.check_upload(repository).await
    }

    /// Where `docker login` and every client begins.
    fn ping(&self, request: &Request<Incoming>) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return answer::unsupported();
        }
        match self.signer.read(request.headers()) {
            None => answer::unauthorized(None, Lacking::Token),
            Some(Err(_)) => answer::unauthorized(None, Lacking::ValidToken),
            Some(Ok(_)) => answer::json(StatusCode::OK, &json!({})),
        }
    }

    fn allows(
        &self,
        headers: &HeaderMap,
        repository: &Repository,
        action: Action,
    ) -> Result<(), Lacking> {
        let claims = self
            .signer
            .read(headers)
            .ok_or(Lacking::Token)?
            .map_err(|_| Lacking::ValidToken)?;
        if claims.allow(repository, action, &self.accounts) {
            Ok(())
        } else {
            Err(Lacking::Scope)
        }
    }
}

/// The blob that a new upload would rather take from another repository.
fn mounted(request: &Request<Incoming>) -> Option<Digest> {
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(request.uri().query()?).ok()?;
    let (_, digest) = fields.iter().find(|(name, _)| name == "mount")?;
    Digest::read(digest)
}

//! `registry-1.docker.io`: who asks for what, before it is asked of the registry.

use axum::body::Body;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::json;

use crate::{
    answer::{self, Lacking},
    names::Repository,
    route::{Action, Refused, Route},
    service::Hub,
};

impl Hub {
    pub(crate) async fn registry_api(&self, request: Request<Incoming>) -> Response<Body> {
        let (repository, target) = match Route::read(request.uri()) {
            Ok(Route::Of(repository, target)) => (repository, target),
            Ok(Route::Ping) => return self.ping(&request),
            Err(_) => return answer::unknown(),
        };
        let action = match target.action(request.method()) {
            Ok(action) => action,
            Err(Refused::Path | Refused::Method) => return answer::unsupported(),
        };
        if let Err(lacking) = self.allows(&request, &repository, action) {
            return answer::unauthorized(Some((&repository, action)), lacking);
        }
        let path = Route::Of(repository, target).path();
        match action {
            Action::Pull => self.registry.read(request, &path).await,
            Action::Push => self.registry.write(request, &path).await,
        }
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
        request: &Request<Incoming>,
        repository: &Repository,
        action: Action,
    ) -> Result<(), Lacking> {
        let claims = self
            .signer
            .read(request.headers())
            .ok_or(Lacking::Token)?
            .map_err(|_| Lacking::ValidToken)?;
        if claims.allow(repository, action, &self.accounts) {
            Ok(())
        } else {
            Err(Lacking::Scope)
        }
    }
}

//! The hub's other door: a socket on the host, for the classroom's web process.

use std::{fs, io::ErrorKind, path::Path, sync::Arc};

use anyhow::Context;
use axum::{
    Json, Router,
    extract::{Path as Named, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get},
};
use serde::{Deserialize, Serialize};
use tokio::{net::UnixListener, task::spawn_blocking};

use crate::{
    images,
    names::{self, Repository},
    service::Hub,
};

/// How much of the hub an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// What its images take, in bytes.
    pub used: u64,
    /// What they may take.
    pub quota: u64,
}

/// Listens on the socket in the hub's folder, which is closed to all but its user and root.
pub(crate) fn listen(socket: &Path) -> anyhow::Result<UnixListener> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    UnixListener::bind(socket).with_context(|| format!("listening on {}", socket.display()))
}

/// What it answers.
pub(crate) fn routes(hub: Arc<Hub>) -> Router {
    Router::new()
        .route("/v1/images", get(list))
        .route("/v1/images/{namespace}/{name}", get(one))
        .route(
            "/v1/images/{namespace}/{name}/{tag}",
            get(inspect).delete(remove),
        )
        .route("/v1/accounts/{namespace}", get(share))
        .route("/v1/accounts/{namespace}", delete(remove_account))
        .with_state(hub)
}

async fn list(State(hub): State<Arc<Hub>>) -> Response {
    let storage = hub.storage.clone();
    found(spawn_blocking(move || Some(images::all(&storage))).await)
}

async fn one(
    State(hub): State<Arc<Hub>>,
    Named((namespace, name)): Named<(String, String)>,
) -> Response {
    let storage = hub.storage.clone();
    let look = move || images::one(&storage, &repository(&namespace, &name)?);
    found(spawn_blocking(look).await)
}

async fn inspect(
    State(hub): State<Arc<Hub>>,
    Named((namespace, name, tag)): Named<(String, String, String)>,
) -> Response {
    let storage = hub.storage.clone();
    let look = move || {
        let repository = repository(&namespace, &name)?;
        names::is_tag(&tag).then(|| images::inspect(&storage, &repository, &tag))?
    };
    found(spawn_blocking(look).await)
}

async fn remove(
    State(hub): State<Arc<Hub>>,
    Named((namespace, name, tag)): Named<(String, String, String)>,
) -> Response {
    let storage = hub.storage.clone();
    let take_away = move || {
        let repository = repository(&namespace, &name)?;
        (names::is_tag(&tag) && storage.remove_tag(&repository, &tag)).then_some(())
    };
    let removed = spawn_blocking(take_away).await;
    hub.gate.ask();
    found(removed)
}

async fn share(State(hub): State<Arc<Hub>>, Named(namespace): Named<String>) -> Response {
    if !names::is_part(&namespace) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let used = hub.ledger.usage(&namespace).await.bytes;
    let quota = hub.ledger.quota();
    Json(Share { used, quota }).into_response()
}

async fn remove_account(State(hub): State<Arc<Hub>>, Named(namespace): Named<String>) -> Response {
    if !names::is_part(&namespace) || namespace == names::LIBRARY {
        return StatusCode::NOT_FOUND.into_response();
    }
    let storage = hub.storage.clone();
    let removed = spawn_blocking(move || storage.remove_account(&namespace)).await;
    hub.gate.ask();
    found(removed.map(Some))
}

fn repository(namespace: &str, name: &str) -> Option<Repository> {
    Repository::read(&format!("{namespace}/{name}"))
}

fn found<T: Serialize>(found: Result<Option<T>, tokio::task::JoinError>) -> Response {
    match found {
        Ok(Some(found)) => Json(found).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "A look at the storage broke: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

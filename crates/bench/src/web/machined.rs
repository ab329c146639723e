//! What stands in for machined: every machine is ready, and every check says "not yet".

use std::{convert::Infallible, os::unix::fs::PermissionsExt, path::Path};

use anyhow::{Context, Result};
use axum::{
    Json, Router,
    body::Body,
    extract::Path as Named,
    response::IntoResponse,
    routing::{get, post, put},
};
use futures::{StreamExt, stream};
use machine::{Health, Limits, Machine, MachineId, Outcome, State};
use tokio::net::UnixListener;
use tokio_util::task::AbortOnDropHandle;

/// Listens where machined would, until the handle is dropped.
pub(crate) fn stand_in(socket: &Path) -> Result<AbortOnDropHandle<()>> {
    let listener = UnixListener::bind(socket).context("no socket for machined's stand-in")?;
    // The server gives root up before it asks.
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o666))?;
    let routes = Router::new()
        .route("/v1/health", get(async || Json(health())))
        .route("/v1/roster", put(async || Json(())))
        .route("/v1/machines/{id}", get(ready).put(ready))
        .route("/v1/machines/{id}/wake", post(ready))
        .route("/v1/machines/{id}/watch", get(watch))
        .route("/v1/machines/{id}/events", get(async || never(None)))
        .route("/v1/machines/{id}/check", post(async || ended(1)))
        .route("/v1/machines/{id}/exec", post(async || ended(0)));
    let serve = axum::serve(listener, routes);
    Ok(AbortOnDropHandle::new(tokio::spawn(async {
        if let Err(error) = serve.await {
            eprintln!("machined's stand-in has ended: {error}");
        }
    })))
}

async fn ready(Named(id): Named<MachineId>) -> Json<Machine> {
    Json(machine(id))
}

/// Its state now, and then nothing for as long as somebody watches.
async fn watch(Named(id): Named<MachineId>) -> impl IntoResponse {
    never(serde_json::to_string(&machine(id)).ok())
}

fn machine(id: MachineId) -> Machine {
    Machine {
        generation: format!("g-{}", id.as_str()),
        id,
        state: State::Ready,
        low: Vec::new(),
        deadline: None,
    }
}

/// A line, and no end.
fn never(line: Option<String>) -> impl IntoResponse {
    let line = stream::iter(line).map(|line| Ok::<_, Infallible>(line + "\n"));
    Body::from_stream(line.chain(stream::pending()))
}

fn ended(exit: i32) -> Json<Outcome> {
    Json(Outcome {
        exit: Some(exit),
        stdout: String::new(),
        stderr: String::new(),
    })
}

fn health() -> Health {
    Health {
        version: "stand-in".to_owned(),
        image: true,
        hub: true,
        running: 0,
        queued: 0,
        pool: 0,
        limits: Limits {
            max_machines: 1000,
            idle_freeze_s: 900,
            idle_stop_s: 7200,
            lifetime_s: 28_800,
            extend_s: 3600,
            keep_s: 2_592_000,
            warn_s: 300,
            memory: 1_572_864_000,
            disk: 8_589_934_592,
            cpus: 2.0,
            pids: 4096,
            internet: false,
        },
    }
}

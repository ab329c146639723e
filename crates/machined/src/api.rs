//! The API on the unix socket; docs/machined-api.md describes it.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{
        ConnectInfo, DefaultBodyLimit, FromRequestParts, Path, Query, Request, State,
        connect_info::Connected,
        rejection::{BytesRejection, QueryRejection},
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
    serve::IncomingStream,
};
use futures::{Stream, StreamExt};
use machine::{
    ARGV_MAX, CHECK_TIMEOUT_MAX, CheckRequest, EXEC_TIMEOUT_MAX, ExecRequest, Health,
    Machine as Seen, MachineId, Outcome, PIPE_END_TRAILER, PIPE_REQUEST_HEADER, Roster, SCRIPT_MAX,
    is_terminal_name,
};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::net::UnixListener;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::CancellationToken;

use crate::{
    attach, config::Account, error::ApiError, hub::Hub, life::Machine, machines::Machines, program,
    sidecar,
};

/// The largest body of a request but for `pipe`, in bytes: the longest script in JSON's longest
/// spelling, 6 bytes for one.
const BODY_MAX: usize = 6 * SCRIPT_MAX + 64 * 1024;

/// What the routes need.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) machines: Arc<Machines>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) account: Account,
}

/// Who is at the other end of a connection; `None` if the kernel does not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(Option<u32>);

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self(stream.io().peer_cred().ok().map(|peer| peer.uid()))
    }
}

/// All routes.
pub(crate) fn router(context: Context) -> Router {
    Router::new()
        .route("/v1/health", get(health))
        .route("/v1/roster", put(roster))
        .route("/v1/machines", get(list))
        .route("/v1/machines/{id}", put(ensure).get(show).delete(delete))
        .route("/v1/machines/{id}/wake", post(wake))
        .route("/v1/machines/{id}/extend", post(extend))
        .route("/v1/machines/{id}/reset", post(reset))
        .route("/v1/machines/{id}/stop", post(stop))
        .route("/v1/machines/{id}/watch", get(watch))
        .route("/v1/machines/{id}/exec", post(exec))
        .route("/v1/machines/{id}/check", post(check))
        .route("/v1/machines/{id}/pipe", post(pipe))
        .route("/v1/machines/{id}/events", get(events))
        .route("/v1/machines/{id}/terminals/{name}", get(terminal))
        .fallback(async || ApiError::BadRequest("there is no such route".into()))
        .method_not_allowed_fallback(async || ApiError::BadRequest("not with this method".into()))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(context.clone(), authorize))
        .with_state(context)
}

/// The socket's owner and mode say who may connect; this says it again, should somebody change them.
async fn authorize(
    State(context): State<Context>,
    ConnectInfo(Peer(uid)): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if uid != Some(0) && uid != Some(context.account.uid) {
        return Err(ApiError::Forbidden(context.account.name));
    }
    Ok(next.run(request).await)
}

/// The machine's name in the path.
#[derive(Debug)]
struct Id(MachineId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let path = path.map_err(|error| ApiError::BadRequest(error.body_text()))?;
        let id = path
            .0
            .iter()
            .find(|(key, _)| key == "id")
            .map_or("", |(_, value)| value);
        id.parse()
            .map(Self)
            .map_err(|error: machine::BadMachineId| ApiError::BadRequest(error.to_string()))
    }
}

async fn health(State(context): State<Context>) -> Json<Health> {
    let host = &context.machines.host;
    let (running, queued, pool) = context.machines.counts();
    Json(Health {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        image: host.data.image().is_dir(),
        hub: context.hub.is_running(),
        running,
        queued,
        pool,
        limits: host.options.limits(),
    })
}

async fn roster(
    State(context): State<Context>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, ApiError> {
    let roster: Roster = parse(&body?)?;
    context.machines.set_roster(roster.expected);
    Ok(StatusCode::NO_CONTENT)
}

async fn list(State(context): State<Context>) -> Json<Vec<Seen>> {
    Json(context.machines.list())
}

async fn ensure(State(context): State<Context>, Id(id): Id) -> Result<Json<Seen>, ApiError> {
    context.machines.ensure(&id).map(Json)
}

async fn show(State(context): State<Context>, Id(id): Id) -> Result<Json<Seen>, ApiError> {
    seen(&context, &id)
}

async fn wake(State(context): State<Context>, Id(id): Id) -> Result<Json<Seen>, ApiError> {
    let machine = context.machines.get(&id)?;
    to_the_end(async move { machine.wake().await }).await?;
    seen(&context, &id)
}

async fn extend(State(context): State<Context>, Id(id): Id) -> Result<Json<Seen>, ApiError> {
    let machine = context.machines.get(&id)?;
    to_the_end(async move { machine.extend().await }).await?;
    seen(&context, &id)
}

async fn reset(State(context): State<Context>, Id(id): Id) -> Result<Json<Seen>, ApiError> {
    context.machines.reset(&id).map(Json)
}

async fn stop(State(context): State<Context>, Id(id): Id) -> Result<StatusCode, ApiError> {
    to_the_end(async move { context.machines.stop(&id).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(State(context): State<Context>, Id(id): Id) -> Result<StatusCode, ApiError> {
    to_the_end(async move { context.machines.delete(&id).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn seen(context: &Context, id: &MachineId) -> Result<Json<Seen>, ApiError> {
    let place = context.machines.place(id)?;
    place.seen().map(Json).ok_or(ApiError::NoSuchMachine)
}

async fn watch(State(context): State<Context>, Id(id): Id) -> Result<Response, ApiError> {
    let states = context.machines.place(&id)?.watch();
    let lines = states.filter_map(async |seen| {
        let mut line = serde_json::to_string(&seen).ok()?;
        line.push('\n');
        Some(line)
    });
    Ok(json_lines(lines))
}

async fn exec(
    State(context): State<Context>,
    Id(id): Id,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Outcome>, ApiError> {
    let request: ExecRequest = parse(&body?)?;
    check_exec(&request)?;
    let machine = context.machines.get(&id)?;
    while_asked(|gone| program::exec(machine, request, gone))
        .await
        .map(Json)
}

async fn check(
    State(context): State<Context>,
    Id(id): Id,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Outcome>, ApiError> {
    let request: CheckRequest = parse(&body?)?;
    check_text("a script", &request.script)?;
    check_timeout(request.timeout_ms, CHECK_TIMEOUT_MAX)?;
    let machine = context.machines.get(&id)?;
    while_asked(|gone| sidecar::check(machine, request, gone))
        .await
        .map(Json)
}

async fn pipe(
    State(context): State<Context>,
    Id(id): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let request = headers
        .get(PIPE_REQUEST_HEADER)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let request: ExecRequest = parse(request)?;
    check_exec(&request)?;
    if !request.stdin.is_empty() {
        return Err(ApiError::BadRequest(
            "a pipe's standard input is its body".into(),
        ));
    }
    let machine = context.machines.get(&id)?;
    let output = program::pipe(machine, request, body).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::TRAILER, PIPE_END_TRAILER),
    ];
    Ok((headers, output).into_response())
}

async fn events(State(context): State<Context>, Id(id): Id) -> Result<Response, ApiError> {
    let machine: Arc<Machine> = context.machines.get(&id)?;
    let over = machine.running()?.over;
    let lines = BroadcastStream::new(machine.events.follow());
    // What a slow caller has missed, it has missed.
    let lines = lines.filter_map(async |line| line.ok());
    Ok(json_lines(lines.take_until(over.cancelled_owned())))
}

#[derive(Debug, Deserialize)]
struct Size {
    cols: u16,
    rows: u16,
}

async fn terminal(
    State(context): State<Context>,
    Id(id): Id,
    Path((_, name)): Path<(String, String)>,
    size: Result<Query<Size>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    if !is_terminal_name(&name) {
        return Err(ApiError::BadRequest("not a terminal's name".into()));
    }
    let Query(Size { cols, rows }) =
        size.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    attach::check_size(cols, rows)?;
    let upgrade = upgrade.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let machine = context.machines.get(&id)?;
    let to = machine.clone();
    let attach = async move { to.terminals.attach(&to, &name, cols, rows).await };
    let (attached, last) = to_the_end(attach).await?;
    Ok(attach::upgrade(upgrade, machine, attached, last))
}

impl From<BytesRejection> for ApiError {
    fn from(error: BytesRejection) -> Self {
        Self::BadRequest(error.body_text())
    }
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(json).map_err(|error| ApiError::BadRequest(error.to_string()))
}

fn check_exec(request: &ExecRequest) -> Result<(), ApiError> {
    let length: usize = request.argv.iter().map(|argument| argument.len() + 1).sum();
    if request.argv.first().is_none_or(String::is_empty) {
        return Err(ApiError::BadRequest("a program is needed".into()));
    }
    if length > ARGV_MAX || request.argv.iter().any(|argument| argument.contains('\0')) {
        let message = format!("arguments have at most {ARGV_MAX} bytes, none of them 0");
        return Err(ApiError::BadRequest(message));
    }
    check_text("standard input", &request.stdin)?;
    check_timeout(request.timeout_ms, EXEC_TIMEOUT_MAX)
}

fn check_text(what: &str, text: &str) -> Result<(), ApiError> {
    if text.len() > SCRIPT_MAX {
        return Err(ApiError::BadRequest(format!(
            "{what} has at most {SCRIPT_MAX} bytes"
        )));
    }
    Ok(())
}

fn check_timeout(timeout_ms: u64, most: std::time::Duration) -> Result<(), ApiError> {
    if timeout_ms == 0 || u128::from(timeout_ms) > most.as_millis() {
        let most = most.as_millis();
        return Err(ApiError::BadRequest(format!(
            "a time limit is 1 to {most} milliseconds"
        )));
    }
    Ok(())
}

fn json_lines<T: Into<Bytes> + 'static>(lines: impl Stream<Item = T> + Send + 'static) -> Response {
    let body = Body::from_stream(lines.map(Ok::<_, Infallible>));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

/// Does something to its end, even if the caller goes.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "A request's work broke off");
            Err(machine::Problem::Internal.into())
        }
    }
}

/// Does something that ends orderly when the caller goes.
async fn while_asked<T, F>(work: impl FnOnce(CancellationToken) -> F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let gone = CancellationToken::new();
    let _guard = gone.clone().drop_guard();
    to_the_end(work(gone)).await
}

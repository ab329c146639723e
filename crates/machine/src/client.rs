//! The client of machined: one connection of the unix socket for each request, so that nothing is
//! shared, and dropping a stream ends what it stood for.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use futures::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::UnixStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite};
use tokio_util::{
    codec::{FramedRead, LinesCodec},
    io::StreamReader,
};

use crate::{
    CheckRequest, ErrorBody, ExecRequest, Health, Machine, MachineId, Outcome, PIPE_END_TRAILER,
    PIPE_REQUEST_HEADER, PipeEnd, Problem, Roster,
};

/// How long machined may take for an answer that needs no machine to do anything. It answers in
/// milliseconds; a student waits for the rest.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How long `stop` and `delete` may take: machined gives the machine's programs 10 s to end, and a
/// start under way may have to reach its next step first.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// What is added to a program's own time limit: waiting for a place, starting it, ending it.
const GRACE: Duration = Duration::from_secs(30);

/// The most of one JSON answer that is read, in bytes: an [`Outcome`] of two full outputs in JSON's
/// longest spelling (6 bytes for one) fits.
const ANSWER_MAX: usize = 1024 * 1024;

/// The longest line of a stream, in bytes: an event has at most 4 KiB, a machine's state less.
const LINE_MAX: usize = 64 * 1024;

/// Why machined did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It will not or cannot have this machine; see the problem.
    #[error(transparent)]
    Refused(Problem),
    /// There is no machine of this name.
    #[error("there is no such machine")]
    NoSuchMachine,
    /// The machine does not run, or its engine does not answer yet.
    #[error("the machine is not ready")]
    NotReady,
    /// As many checks or terminals as a machine may have are under way.
    #[error("too much is under way for this machine")]
    Busy,
    /// The request breaks a rule of the API.
    #[error("machined refuses the request: {0}")]
    BadRequest(String),
    /// A program behind [`Client::pipe`] did not end well.
    #[error("the program did not end well (exit code {exit:?}): {stderr}")]
    Ended {
        /// Its exit code; `None` when the time limit ended it.
        exit: Option<i32>,
        /// The last of its standard error; a student's machine wrote it.
        stderr: String,
    },
    /// machined cannot be reached, or did not answer in time.
    #[error("machined cannot be reached: {0}")]
    Unreachable(#[source] io::Error),
    /// machined said something that this client does not understand, or broke off.
    #[error("machined gave an unexpected answer: {0}")]
    Protocol(String),
}

/// What a streaming call yields, until it is dropped or its source ends.
pub type Items<T> = BoxStream<'static, Result<T, Error>>;

/// machined, as its callers see it. Cheap to clone; holds no connection.
#[derive(Clone, Debug)]
pub struct Client {
    socket: Arc<PathBuf>,
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

impl Client {
    /// A client of the machined that listens on `socket`.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: Arc::new(socket.into()),
        }
    }

    /// What machined says of itself.
    pub async fn health(&self) -> Result<Health, Error> {
        self.ask(Method::GET, "/v1/health", ANSWER_WITHIN).await
    }

    /// Makes the machine, or starts it; both in the background, or when its turn comes. Answers at
    /// once with its state, doing nothing if it runs, sleeps, waits or is on its way. A failed
    /// machine is tried again.
    ///
    /// A place in the queue is kept as long as somebody [watches](Self::watch) the machine, and a
    /// minute longer.
    ///
    /// # Errors
    /// [`Error::Refused`] when the host has no room or no image; the machine is then as it was.
    pub async fn ensure(&self, id: &MachineId) -> Result<Machine, Error> {
        self.ask(Method::PUT, &path(id, ""), ANSWER_WITHIN).await
    }

    /// Wakes the machine if it sleeps, and counts as its being used. Waits for it to be awake.
    ///
    /// # Errors
    /// [`Error::NotReady`] when it does not run.
    pub async fn wake(&self, id: &MachineId) -> Result<Machine, Error> {
        self.ask(Method::POST, &path(id, "/wake"), ANSWER_WITHIN)
            .await
    }

    /// Lets a running machine run longer: its lifetime ends no sooner than
    /// [`Limits::extend_s`](crate::Limits::extend_s) from now. Wakes it, as [`wake`](Self::wake).
    ///
    /// # Errors
    /// [`Error::NotReady`] when it does not run.
    pub async fn extend(&self, id: &MachineId) -> Result<Machine, Error> {
        self.ask(Method::POST, &path(id, "/extend"), ANSWER_WITHIN)
            .await
    }

    /// Gives the machine a fresh disk and starts it, as [`ensure`](Self::ensure) does: everything
    /// that was on it is gone. The old one is removed in the background.
    ///
    /// # Errors
    /// As for `ensure`, and [`Error::NoSuchMachine`].
    pub async fn reset(&self, id: &MachineId) -> Result<Machine, Error> {
        self.ask(Method::POST, &path(id, "/reset"), ANSWER_WITHIN)
            .await
    }

    /// Says how many students may come, which bounds the pool of ready machines.
    pub async fn set_roster(&self, roster: Roster) -> Result<(), Error> {
        let body = Full::new(to_json(&roster)?.into()).map_err(|never| match never {});
        let request = build(Method::PUT, "/v1/roster", body.boxed_unsync())?;
        within(ANSWER_WITHIN, self.send(request)).await.map(drop)
    }

    /// The machine's state now; `None` if there is none of this name.
    pub async fn get(&self, id: &MachineId) -> Result<Option<Machine>, Error> {
        match self.ask(Method::GET, &path(id, ""), ANSWER_WITHIN).await {
            Ok(machine) => Ok(Some(machine)),
            Err(Error::NoSuchMachine) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All machines, by name.
    pub async fn list(&self) -> Result<Vec<Machine>, Error> {
        self.ask(Method::GET, "/v1/machines", ANSWER_WITHIN).await
    }

    /// Stops the machine and waits for its end; its disk is kept. One that waits for its turn gives
    /// its place up.
    pub async fn stop(&self, id: &MachineId) -> Result<(), Error> {
        let request = build(Method::POST, &path(id, "/stop"), empty())?;
        within(STOP_WITHIN, self.send(request)).await.map(drop)
    }

    /// Ends the machine and removes everything of it. No error if there is none.
    pub async fn delete(&self, id: &MachineId) -> Result<(), Error> {
        let request = build(Method::DELETE, &path(id, ""), empty())?;
        within(STOP_WITHIN, self.send(request)).await.map(drop)
    }

    /// The machine's state now, then after each change; ends when the machine is deleted.
    pub async fn watch(&self, id: &MachineId) -> Result<Items<Machine>, Error> {
        self.json_lines(&path(id, "/watch")).await
    }

    /// Runs a program in the machine and waits for its end.
    pub async fn exec(&self, id: &MachineId, request: &ExecRequest) -> Result<Outcome, Error> {
        self.run(&path(id, "/exec"), request, request.timeout_ms)
            .await
    }

    /// Runs a script beside the machine and waits for its end.
    pub async fn check(&self, id: &MachineId, request: &CheckRequest) -> Result<Outcome, Error> {
        self.run(&path(id, "/check"), request, request.timeout_ms)
            .await
    }

    /// Runs a program in the machine with `stdin` as its standard input (the request's own must be
    /// empty); yields its standard output as it comes. A last item of [`Error::Ended`] says that it
    /// did not exit with 0 within its time: without it, all went well.
    pub async fn pipe(
        &self,
        id: &MachineId,
        exec: &ExecRequest,
        stdin: impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
    ) -> Result<Items<Bytes>, Error> {
        let body = StreamBody::new(stdin.map_ok(Frame::data)).boxed_unsync();
        let mut request = build(Method::POST, &path(id, "/pipe"), body)?;
        // JSON escapes what a header must not hold, but for DEL, which `from_bytes` refuses.
        let exec = HeaderValue::from_bytes(&to_json(exec)?)
            .map_err(|error| Error::BadRequest(error.to_string()))?;
        request.headers_mut().insert(PIPE_REQUEST_HEADER, exec);
        request
            .headers_mut()
            .insert(header::TE, HeaderValue::from_static("trailers"));
        // The answer begins with the program, whose output may wait for all of its input: only the
        // beginning has a limit here, the rest is machined's to end.
        let answer = within(GRACE, self.send(request)).await?;
        Ok(piped(answer.into_body()).boxed())
    }

    /// The Docker Engine's events from now on, as the engine spells them, long labels cut. Goes on when
    /// the engine ends and starts again; ends when the machine goes down. A caller that does not keep up
    /// misses some.
    pub async fn events(&self, id: &MachineId) -> Result<Items<serde_json::Value>, Error> {
        self.json_lines(&path(id, "/events")).await
    }

    /// Attaches to the machine's terminal of this name, starting a login shell if there is none.
    /// The last output comes first. Bytes typed are sent as binary frames,
    /// [`TerminalControl`](crate::TerminalControl) as text frames; what comes is output as binary
    /// frames and [`TerminalEvent`](crate::TerminalEvent) as text frames. Closing it leaves the
    /// shell running.
    pub async fn terminal(
        &self,
        id: &MachineId,
        name: &str,
        cols: u16,
        rows: u16,
    ) -> Result<WebSocketStream<UnixStream>, Error> {
        if !crate::is_terminal_name(name) {
            return Err(Error::BadRequest("not a terminal's name".into()));
        }
        let path = path(id, &format!("/terminals/{name}?cols={cols}&rows={rows}"));
        let stream = within(ANSWER_WITHIN, self.connect()).await?;
        let upgrade = client_async(format!("ws://machined{path}"), stream);
        within(GRACE, async {
            upgrade.await.map(|(socket, _)| socket).map_err(websocket)
        })
        .await
    }

    async fn connect(&self) -> Result<UnixStream, Error> {
        UnixStream::connect(self.socket.as_path())
            .await
            .map_err(Error::Unreachable)
    }

    /// Sends a request and reads as far as the answer's status: an error status is an [`Error`].
    async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Error> {
        let stream = TokioIo::new(self.connect().await?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream)
            .await
            .map_err(protocol)?;
        // It ends with the answer's body, or when that is dropped; its error shows in the body.
        tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(protocol)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let body = read(answer.into_body()).await?;
        Err(refusal(status, &body))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        limit: Duration,
    ) -> Result<T, Error> {
        let request = build(method, path, empty())?;
        within(limit, async {
            from_json(&read(self.send(request).await?.into_body()).await?)
        })
        .await
    }

    async fn run(
        &self,
        path: &str,
        request: &impl Serialize,
        timeout_ms: u64,
    ) -> Result<Outcome, Error> {
        let body = Full::new(to_json(request)?.into()).map_err(|never| match never {});
        let request = build(Method::POST, path, body.boxed_unsync())?;
        let limit = Duration::from_millis(timeout_ms).saturating_add(GRACE);
        within(limit, async {
            from_json(&read(self.send(request).await?.into_body()).await?)
        })
        .await
    }

    async fn json_lines<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
    ) -> Result<Items<T>, Error> {
        let request = build(Method::GET, path, empty())?;
        let answer = within(ANSWER_WITHIN, self.send(request)).await?;
        let bytes = answer
            .into_body()
            .into_data_stream()
            .map_err(io::Error::other);
        let lines = FramedRead::new(
            StreamReader::new(bytes),
            LinesCodec::new_with_max_length(LINE_MAX),
        );
        Ok(lines
            .map(|line| from_json(line.map_err(protocol)?.as_bytes()))
            .boxed())
    }
}

/// The data of a pipe's answer, then what its trailers say of the end, if it was not a good one.
fn piped(body: Incoming) -> impl Stream<Item = Result<Bytes, Error>> + Send {
    stream::unfold(Some(body), |body| async {
        let mut body = body?;
        match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => Some((Ok(bytes), Some(body))),
                Err(frame) => {
                    let end = frame.trailers_ref().and_then(|t| t.get(PIPE_END_TRAILER));
                    let end = end.map(|value| from_json::<PipeEnd>(value.as_bytes()));
                    match end.unwrap_or_else(|| Err(Error::Protocol("no ending".into()))) {
                        Ok(PipeEnd { exit: Some(0), .. }) => None,
                        Ok(PipeEnd { exit, stderr }) => {
                            Some((Err(Error::Ended { exit, stderr }), None))
                        }
                        Err(error) => Some((Err(error), None)),
                    }
                }
            },
            Some(Err(error)) => Some((Err(protocol(error)), None)),
            None => Some((Err(Error::Protocol("the output broke off".into())), None)),
        }
    })
}

fn path(id: &MachineId, rest: &str) -> String {
    format!("/v1/machines/{id}{rest}")
}

fn empty() -> Body {
    Full::default()
        .map_err(|never| match never {})
        .boxed_unsync()
}

fn build(method: Method, path: &str, body: Body) -> Result<Request<Body>, Error> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "machined")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body)
        .map_err(|error| Error::BadRequest(error.to_string()))
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(late) => Err(Error::Unreachable(late.into())),
    }
}

async fn read(body: Incoming) -> Result<Bytes, Error> {
    let body = Limited::new(body, ANSWER_MAX).collect().await;
    Ok(body
        .map_err(|error| Error::Protocol(error.to_string()))?
        .to_bytes())
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::BadRequest(error.to_string()))
}

fn from_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(json).map_err(protocol)
}

fn protocol(error: impl std::error::Error) -> Error {
    // hyper's own messages are short; what matters is often the cause.
    let cause = error
        .source()
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    Error::Protocol(format!("{error}{cause}"))
}

fn websocket(error: tungstenite::Error) -> Error {
    match error {
        tungstenite::Error::Http(answer) => refusal(
            answer.status(),
            answer.body().as_deref().unwrap_or_default(),
        ),
        tungstenite::Error::Io(error) => Error::Unreachable(error),
        error => protocol(error),
    }
}

/// The [`Error`] that an error answer stands for.
fn refusal(status: StatusCode, body: &[u8]) -> Error {
    let Ok(ErrorBody { error, message }) = serde_json::from_slice(body) else {
        return Error::Protocol(format!("status {status} without an explanation"));
    };
    match error.as_str() {
        "no-such-machine" => Error::NoSuchMachine,
        "not-ready" => Error::NotReady,
        "busy" => Error::Busy,
        "bad-request" => Error::BadRequest(message),
        kind => match serde_json::from_value(kind.into()) {
            Ok(problem) => Error::Refused(problem),
            Err(_) => Error::Protocol(format!("status {status}, {kind}: {message}")),
        },
    }
}

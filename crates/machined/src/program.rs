//! Programs in a machine: what `exec` runs to its end, and what `pipe` streams through.

use std::{ffi::OsString, fs, path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use axum::body::{Body, Bytes};
use futures::{StreamExt, stream};
use http_body_util::StreamBody;
use machine::{
    ExecRequest, MachineUser, OUTPUT_MAX, Outcome, PIPE_END_TRAILER, PIPE_STDERR_MAX, PipeEnd,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout},
    sync::mpsc,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{ApiError, Doing, HostError},
    life::{Machine, Running},
    output::{DRAIN, Keep, Output},
    process::kill_session,
    runc, spec,
};

/// How long runc may take to notice that its program was killed.
const NOTICED_WITHIN: Duration = Duration::from_secs(2);

/// How much of a pipe's output waits for its reader, in pieces of at most 16 KiB: the program waits
/// then.
const PIECES: usize = 8;
const PIECE: usize = 16 * 1024;

/// A frame of a pipe's answer.
type Frame = hyper::body::Frame<Bytes>;

/// A program that runs in a machine.
#[derive(Debug)]
struct Program {
    machine: Arc<Machine>,
    child: Child,
    pid_file: PathBuf,
    until: Instant,
    /// Cancelled when the machine goes down.
    over: CancellationToken,
}

/// Runs a program to its end. It is killed at its limit, and when `gone` is cancelled.
pub(crate) async fn exec(
    machine: Arc<Machine>,
    request: ExecRequest,
    gone: CancellationToken,
) -> Result<Outcome, ApiError> {
    let mut program = Program::start(machine, &request, !request.stdin.is_empty())?;
    let stdout = program.child.stdout.take().ok_or_else(no_pipe)?;
    let stderr = program.child.stderr.take().ok_or_else(no_pipe)?;
    let stdout = Output::read(stdout, OUTPUT_MAX, Keep::First);
    let stderr = Output::read(stderr, OUTPUT_MAX, Keep::First);
    let feeding = program.child.stdin.take().map(|mut pipe| {
        // A program need not read what it is given.
        tokio::spawn(async move { pipe.write_all(request.stdin.as_bytes()).await })
    });
    let exit = tokio::select! {
        exit = program.end() => exit?,
        () = gone.cancelled() => program.kill().await,
    };
    if let Some(feeding) = feeding {
        feeding.abort();
    }
    Ok(Outcome {
        exit,
        stdout: stdout.text().await,
        stderr: stderr.text().await,
    })
}

/// Starts a program whose standard input is `input`; the answer's body is its standard output, and
/// its trailer says how it ended.
pub(crate) fn pipe(
    machine: Arc<Machine>,
    request: ExecRequest,
    input: Body,
) -> Result<Body, ApiError> {
    let mut program = Program::start(machine, &request, true)?;
    let stdin = program.child.stdin.take().ok_or_else(no_pipe)?;
    let mut stdout = program.child.stdout.take().ok_or_else(no_pipe)?;
    let stderr = program.child.stderr.take().ok_or_else(no_pipe)?;
    let stderr = Output::read(stderr, PIPE_STDERR_MAX, Keep::Last);
    let (frames, mut answer) = mpsc::channel::<Frame>(PIECES);
    tokio::spawn(async move {
        let (broken, exited) = (CancellationToken::new(), CancellationToken::new());
        let feeding = tokio::spawn(feed(input, stdin, broken.clone()));
        let ended = async {
            let exit = program.end().await;
            exited.cancel();
            exit
        };
        let ended = tokio::select! {
            (exit, ()) = async { tokio::join!(ended, forward(&mut stdout, &frames, &exited)) } => exit,
            () = frames.closed() => Ok(None),
            () = broken.cancelled() => Ok(None),
        };
        if !exited.is_cancelled() {
            program.kill().await;
        }
        feeding.abort();
        let exit = ended.unwrap_or_else(|error| {
            tracing::error!(%error, "A program behind a pipe could not be waited for");
            None
        });
        // The reader may have gone; then nobody wants to know.
        if let Some(trailer) = trailer(exit, stderr.text().await) {
            let _ = frames.send(trailer).await;
        }
    });
    let frames = stream::poll_fn(move |context| answer.poll_recv(context));
    Ok(Body::new(StreamBody::new(
        frames.map(Ok::<_, std::convert::Infallible>),
    )))
}

/// Gives a program what comes, until either has enough. `broken` is cancelled when the input breaks
/// off: the program would take the half for the whole.
async fn feed(input: Body, mut stdin: ChildStdin, broken: CancellationToken) {
    let mut input = input.into_data_stream();
    while let Some(bytes) = input.next().await {
        let Ok(bytes) = bytes else {
            return broken.cancel();
        };
        if stdin.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Passes on what a program writes, to its end; or, once it has exited, as long as something comes:
/// a daemon that it started may hold the pipe open for ever.
async fn forward(
    stdout: &mut ChildStdout,
    frames: &mpsc::Sender<Frame>,
    exited: &CancellationToken,
) {
    let mut piece = vec![0; PIECE];
    loop {
        let count = tokio::select! {
            biased;
            count = stdout.read(&mut piece) => count,
            () = async { exited.cancelled().await; sleep(DRAIN).await } => return,
        };
        let Ok(count @ 1..) = count else { return };
        if frames
            .send(Frame::data(Bytes::copy_from_slice(&piece[..count])))
            .await
            .is_err()
        {
            return;
        }
    }
}

fn trailer(exit: Option<i32>, stderr: String) -> Option<Frame> {
    // JSON escapes all that a header must not hold, but DEL.
    let stderr = stderr.replace('\u{7f}', "\u{fffd}");
    let end = serde_json::to_vec(&PipeEnd { exit, stderr }).ok()?;
    let mut trailers = http::HeaderMap::new();
    trailers.insert(PIPE_END_TRAILER, http::HeaderValue::from_bytes(&end).ok()?);
    Some(Frame::trailers(trailers))
}

impl Program {
    fn start(machine: Arc<Machine>, request: &ExecRequest, stdin: bool) -> Result<Self, ApiError> {
        let running = machine.running()?;
        let pid_file = machine
            .host
            .data
            .scratch()
            .join(format!("{}.pid", machine.host.unique()));
        let mut command = machine.host.runc.command();
        command.args(exec_arguments(&running, request.user));
        command
            .arg("--pid-file")
            .arg(&pid_file)
            .arg(machine.id.as_str())
            .args(&request.argv);
        command.stdin(if stdin { Stdio::piped() } else { Stdio::null() });
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = command.spawn().doing(|| "start runc".into())?;
        let until = Instant::now() + Duration::from_millis(request.timeout_ms);
        Ok(Self {
            machine,
            child,
            pid_file,
            until,
            over: running.over,
        })
    }

    /// Waits for its end and kills it at its limit; its exit code, `None` at the limit.
    async fn end(&mut self) -> Result<Option<i32>, HostError> {
        tokio::select! {
            status = self.child.wait() => {
                let status = status.doing(|| "wait for runc".into())?;
                Ok(status.code())
            }
            () = sleep_until(self.until) => Ok(self.kill().await),
            () = self.over.cancelled() => Ok(self.kill().await),
        }
    }

    /// Kills it and its session. What a student froze is thawed: a frozen program does not die.
    async fn kill(&mut self) -> Option<i32> {
        self.machine.host.cgroups.thaw(self.machine.id.as_str());
        if let Ok(leader) = runc::read_pid(&self.pid_file) {
            kill_session(leader);
        }
        if timeout(NOTICED_WITHIN, self.child.wait()).await.is_err()
            && let Err(error) = self.child.kill().await
        {
            tracing::error!(machine = %self.machine.id, %error, "A program could not be ended");
        }
        None
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.pid_file);
    }
}

/// The arguments of `runc exec` as one of the machine's accounts; more options, the machine's name
/// and the program may follow.
pub(crate) fn exec_arguments(running: &Running, user: MachineUser) -> Vec<OsString> {
    let (ids, name, home) = match user {
        MachineUser::Root => ("0:0", "root", "/root"),
        MachineUser::Student => ("1000:1000", "student", "/home/student"),
    };
    let mut arguments: Vec<String> = ["exec", "--user", ids, "--cwd", home]
        .map(Into::into)
        .into();
    if user == MachineUser::Student {
        let groups = running.image.student_groups.iter();
        arguments.extend(groups.flat_map(|group| ["--additional-gids".into(), group.to_string()]));
    }
    let environment = [
        spec::PATH.to_owned(),
        format!("LANG={}", running.image.lang),
        format!("HOME={home}"),
        format!("USER={name}"),
        format!("LOGNAME={name}"),
        "SHELL=/bin/bash".to_owned(),
    ];
    arguments.extend(
        environment
            .into_iter()
            .flat_map(|variable| ["--env".into(), variable]),
    );
    arguments.into_iter().map(Into::into).collect()
}

fn no_pipe() -> HostError {
    HostError::Io {
        what: "talk to a program".into(),
        source: std::io::ErrorKind::BrokenPipe.into(),
    }
}

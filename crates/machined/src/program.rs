//! Programs in a machine: what `exec` runs to its end, and what `pipe` streams through.

use std::{convert::Infallible, ffi::OsString, fs, path::PathBuf, sync::Arc, time::Duration};

use axum::body::{Body, Bytes};
use futures::{StreamExt, stream};
use http_body_util::StreamBody;
use machine::{
    ExecRequest, MachineUser, OUTPUT_MAX, Outcome, PIPE_END_TRAILER, PIPE_STDERR_MAX, PipeEnd,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{ChildStdin, ChildStdout},
    sync::mpsc,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{ApiError, HostError},
    life::{Machine, Running},
    output::{DRAIN, Keep, Output},
    process::{Process, kill_session},
    runc::{self, Launched},
    spec,
};

/// How long a killed program may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// How much of a pipe's output waits for its reader, in pieces of at most 16 KiB: the program waits
/// then.
const PIECES: usize = 8;
const PIECE: usize = 16 * 1024;

/// A frame of a pipe's answer.
type Frame = hyper::body::Frame<Bytes>;

/// A program that is to run in a machine, or runs.
#[derive(Debug)]
struct Program {
    machine: Arc<Machine>,
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
    let _use = machine.hold(true);
    let running = machine.awake().await?;
    Ok(run(machine, running, request, gone).await?)
}

/// The machine's own program that lets its engine sleep: images/machine says what it does.
const DOZE: [&str; 2] = ["/usr/lib/gyosil/init", "doze"];

/// Asks a machine to let its engine sleep. Its exit code, as for [`exec`]: 0 if it does.
pub(crate) async fn doze(
    machine: &Arc<Machine>,
    running: Running,
    limit: Duration,
) -> Result<Option<i32>, HostError> {
    let request = ExecRequest {
        argv: DOZE.map(str::to_owned).to_vec(),
        user: MachineUser::Root,
        stdin: String::new(),
        timeout_ms: limit.as_millis().try_into().unwrap_or(u64::MAX),
    };
    let outcome = run(machine.clone(), running, request, CancellationToken::new()).await?;
    Ok(outcome.exit)
}

async fn run(
    machine: Arc<Machine>,
    running: Running,
    request: ExecRequest,
    gone: CancellationToken,
) -> Result<Outcome, HostError> {
    let program = Program::prepare(machine, &running, &request);
    let has_stdin = !request.stdin.is_empty();
    let launched = match program.launch(&running, &request, has_stdin, &gone).await? {
        Start::Launched(launched) => launched,
        Start::Failed(PipeEnd { exit, stderr }) => {
            return Ok(Outcome {
                exit,
                stdout: String::new(),
                stderr,
            });
        }
    };
    let stdout = Output::read(launched.stdout, OUTPUT_MAX, Keep::First);
    let stderr = Output::read(launched.stderr, OUTPUT_MAX, Keep::First);
    let feeding = launched.stdin.map(|mut pipe| {
        // A program need not read what it is given.
        tokio::spawn(async move { pipe.write_all(request.stdin.as_bytes()).await })
    });
    let exit = program.end(&launched.process, launched.pid, &gone).await;
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
pub(crate) async fn pipe(
    machine: Arc<Machine>,
    request: ExecRequest,
    input: Body,
) -> Result<Body, ApiError> {
    let using = machine.hold(true);
    let running = machine.awake().await?;
    let program = Program::prepare(machine, &running, &request);
    let (frames, mut answer) = mpsc::channel::<Frame>(PIECES);
    tokio::spawn(async move {
        let _use = using;
        let end = stream_through(&program, &running, &request, input, &frames).await;
        let end = end.unwrap_or_else(|error| {
            tracing::error!(%error, "A program behind a pipe could not be run");
            PipeEnd {
                exit: None,
                stderr: error.problem().to_string(),
            }
        });
        // The reader may have gone; then nobody wants to know.
        if let Some(trailer) = trailer(end) {
            let _ = frames.send(trailer).await;
        }
    });
    let frames = stream::poll_fn(move |context| answer.poll_recv(context));
    Ok(Body::new(StreamBody::new(frames.map(Ok::<_, Infallible>))))
}

/// Runs a program between two streams, to its end, or that of either stream if it breaks off.
async fn stream_through(
    program: &Program,
    running: &Running,
    request: &ExecRequest,
    input: Body,
    frames: &mpsc::Sender<Frame>,
) -> Result<PipeEnd, HostError> {
    let (gone, exited) = (CancellationToken::new(), CancellationToken::new());
    let launch = program.launch(running, request, true, &gone);
    let mut launched = match launch.await? {
        Start::Launched(launched) => launched,
        Start::Failed(end) => return Ok(end),
    };
    let stderr = Output::read(launched.stderr, PIPE_STDERR_MAX, Keep::Last);
    let feeding = launched
        .stdin
        .map(|stdin| tokio::spawn(feed(input, stdin, gone.clone())));
    let end = async {
        let exit = program.end(&launched.process, launched.pid, &gone).await;
        exited.cancel();
        exit
    };
    let read = async {
        tokio::select! {
            () = forward(&mut launched.stdout, frames, &exited) => {}
            () = frames.closed() => gone.cancel(),
        }
    };
    let (exit, ()) = tokio::join!(end, read);
    if let Some(feeding) = feeding {
        feeding.abort();
    }
    Ok(PipeEnd {
        exit,
        stderr: stderr.text().await,
    })
}

/// Gives a program what comes, until either has enough. `broken` is cancelled when the input breaks
/// off: the program would take the half for the whole.
async fn feed(input: Body, mut stdin: ChildStdin, broken: CancellationToken) {
    let mut input = input.into_data_stream();
    while let Some(bytes) = input.next().await {
        let Ok(bytes) = bytes else {
            broken.cancel();
            // The program must be dead before its input ends: this is aborted then.
            return std::future::pending().await;
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

fn trailer(end: PipeEnd) -> Option<Frame> {
    // JSON escapes all that a header must not hold, but DEL.
    let stderr = end.stderr.replace('\u{7f}', "\u{fffd}");
    let end = serde_json::to_vec(&PipeEnd { stderr, ..end }).ok()?;
    let mut trailers = http::HeaderMap::new();
    trailers.insert(PIPE_END_TRAILER, http::HeaderValue::from_bytes(&end).ok()?);
    Some(Frame::trailers(trailers))
}

/// Whether a program runs.
enum Start {
    Launched(Launched),
    /// It could not be started: there is none of this name, say. Or the time is over.
    Failed(PipeEnd),
}

impl Program {
    fn prepare(machine: Arc<Machine>, running: &Running, request: &ExecRequest) -> Self {
        let pid_file = machine.host.scratch(&machine.generation, "pid");
        Self {
            machine,
            pid_file,
            until: Instant::now() + Duration::from_millis(request.timeout_ms),
            over: running.over.clone(),
        }
    }

    async fn launch(
        &self,
        running: &Running,
        request: &ExecRequest,
        has_stdin: bool,
        gone: &CancellationToken,
    ) -> Result<Start, HostError> {
        let mut arguments = exec_arguments(running, request.user);
        arguments.push((&self.machine.generation).into());
        arguments.extend(request.argv.iter().map(OsString::from));
        let launch = self
            .machine
            .host
            .runc
            .launch("exec", &self.pid_file, arguments, has_stdin);
        let launched = tokio::select! {
            launched = launch => launched,
            () = self.enough(gone) => {
                // runc itself hangs, as it does when a student has frozen the machine. What it
                // started ends with it, once thawed.
                self.kill(runc::read_pid(&self.pid_file).ok());
                return Ok(Start::Failed(PipeEnd { exit: None, stderr: String::new() }));
            }
        };
        match launched {
            Ok(launched) => Ok(Start::Launched(launched)),
            Err(HostError::Program { status, stderr, .. }) => Ok(Start::Failed(PipeEnd {
                exit: status.code(),
                stderr,
            })),
            Err(error) => Err(error),
        }
    }

    /// Waits for its end and kills it when it has to; its exit code, `None` if it was killed.
    async fn end(&self, process: &Process, pid: u32, gone: &CancellationToken) -> Option<i32> {
        tokio::select! {
            exit = process.ended() => exit,
            () = self.enough(gone) => {
                self.kill(Some(pid));
                if timeout(GONE_WITHIN, process.ended()).await.is_err() {
                    tracing::error!(machine = self.machine.who(), pid, "A program does not die");
                }
                None
            }
        }
    }

    /// Waits for a reason to kill it.
    async fn enough(&self, gone: &CancellationToken) {
        tokio::select! {
            () = sleep_until(self.until) => {}
            () = self.over.cancelled() => {}
            () = gone.cancelled() => {}
        }
    }

    /// Kills it and its session. What a student froze is thawed: what is frozen does not die.
    fn kill(&self, pid: Option<u32>) {
        self.machine.host.cgroups.thaw(&self.machine.generation);
        if let Some(pid) = pid {
            kill_session(pid);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.pid_file);
    }
}

/// The options of `runc exec` for one of the machine's accounts; more of them, the machine's name and
/// the program may follow.
pub(crate) fn exec_arguments(running: &Running, user: MachineUser) -> Vec<OsString> {
    let (ids, name, home) = match user {
        MachineUser::Root => ("0:0", "root", "/root"),
        MachineUser::Student => ("1000:1000", "student", "/home/student"),
    };
    let mut arguments: Vec<String> = ["--user", ids, "--cwd", home].map(Into::into).into();
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

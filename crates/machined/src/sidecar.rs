//! Sidecars: short-lived containers beside a machine, in its network and with its engine's socket,
//! but with the machine image's own tools and out of sight of whoever is root in the machine.

use std::{fs, path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use machine::{CheckRequest, OUTPUT_MAX, Outcome};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdout},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{ApiError, Doing, HostError},
    life::{Machine, Running},
    output::{Keep, Output},
    record, spec,
};

/// bash with a script from standard input, which is gone from there before the script begins: no
/// file and no argument has it, and no program of the script eats the rest of it.
const BASH: [&str; 3] = ["/bin/bash", "-c", r#"eval "$(cat)" </dev/null"#];

/// Asks the engine until it answers.
const ASK_ENGINE: &str = "until curl -fso /dev/null --unix-socket /engine/docker.sock http://engine/_ping; do sleep 0.05; done";

/// The engine's own stream of events.
const EVENTS: [&str; 5] = [
    "/usr/bin/curl",
    "-sN",
    "--unix-socket",
    "/engine/docker.sock",
    "http://engine/events",
];

/// How long runc may take to notice that its container was killed.
const NOTICED_WITHIN: Duration = Duration::from_secs(2);

/// A running sidecar.
#[derive(Debug)]
pub(crate) struct Sidecar {
    machine: Arc<Machine>,
    name: String,
    bundle: PathBuf,
    child: Child,
}

/// Runs a script beside a machine. Ends, with the sidecar, when the script does, at the limit, when
/// the machine goes down, or when `gone` is cancelled.
pub(crate) async fn check(
    machine: Arc<Machine>,
    request: CheckRequest,
    gone: CancellationToken,
) -> Result<Outcome, ApiError> {
    let running = machine.running()?;
    let until = Instant::now() + Duration::from_millis(request.timeout_ms);
    let places = async {
        let beside = machine.checks.clone().acquire_owned().await;
        (beside, machine.host.checks.clone().acquire_owned().await)
    };
    let _places = timeout_at(until, places)
        .await
        .map_err(|_| ApiError::Busy)?;
    let mut sidecar = Sidecar::start(machine.clone(), &running, &BASH)?;
    let (stdout, stderr) = (sidecar.child.stdout.take(), sidecar.child.stderr.take());
    let stdout = stdout.map(|stdout| Output::read(stdout, OUTPUT_MAX, Keep::First));
    let stderr = stderr.map(|stderr| Output::read(stderr, OUTPUT_MAX, Keep::First));
    // The limit is the script's: starting and ending the sidecar are not its fault.
    let limit = Duration::from_millis(request.timeout_ms);
    let exit = tokio::select! {
        exit = timeout(limit, sidecar.feed(&request.script)) => exit.ok(),
        () = gone.cancelled() => None,
        () = running.over.cancelled() => None,
    };
    sidecar.end().await;
    let text = async |output: Option<Output>| match output {
        Some(output) => output.text().await,
        None => String::new(),
    };
    Ok(Outcome {
        exit: exit.transpose()?.flatten(),
        stdout: text(stdout).await,
        stderr: text(stderr).await,
    })
}

/// Waits until the engine answers; whether it did, within the limit.
pub(crate) async fn wait_for_engine(
    machine: &Arc<Machine>,
    running: &Running,
    limit: Duration,
) -> Result<bool, HostError> {
    let mut sidecar = Sidecar::start(machine.clone(), running, &BASH)?;
    let exit = timeout(limit, sidecar.feed(ASK_ENGINE)).await;
    sidecar.end().await;
    Ok(matches!(exit, Ok(Ok(Some(0)))))
}

/// Follows the engine's events; the sidecar lives until it is ended or its output ends.
pub(crate) fn events(
    machine: Arc<Machine>,
    running: &Running,
) -> Result<(Sidecar, ChildStdout), HostError> {
    let mut sidecar = Sidecar::start(machine, running, &EVENTS)?;
    let stdout = sidecar.child.stdout.take().ok_or_else(no_pipe)?;
    Ok((sidecar, stdout))
}

/// Ends all sidecars of a machine, also those that a former machined left.
pub(crate) async fn end_all(machine: &Machine) -> Result<(), HostError> {
    let prefix = format!("{}.", machine.id);
    for name in machine.host.runc.list().await?.into_keys() {
        if name.starts_with(&prefix) {
            machine.host.remove_container(&name).await?;
        }
    }
    Ok(())
}

impl Sidecar {
    fn start(
        machine: Arc<Machine>,
        running: &Running,
        arguments: &[&str],
    ) -> Result<Self, HostError> {
        // A dot: no machine's name has one.
        let name = format!("{}.{}", machine.id, machine.host.unique());
        let bundle = machine.host.data.scratch().join(&name);
        let Running {
            init, ids, image, ..
        } = running;
        let host = &machine.host;
        let config = spec::sidecar(
            &host.cgroups,
            image,
            &machine.disk,
            &name,
            *ids,
            *init,
            arguments,
        );
        fs::create_dir_all(&bundle)
            .and_then(|()| record::write(&bundle.join("config.json"), &config))
            .doing(|| "write a sidecar's bundle".into())?;
        let mut command = host.runc.command();
        command.args(["run", "--bundle"]).arg(&bundle).arg(&name);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command
            .kill_on_drop(true)
            .spawn()
            .doing(|| "start runc".into())?;
        Ok(Self {
            machine,
            name,
            bundle,
            child,
        })
    }

    /// Gives it its standard input and waits for its end; its exit code.
    async fn feed(&mut self, stdin: &str) -> Result<Option<i32>, HostError> {
        let mut pipe = self.child.stdin.take().ok_or_else(no_pipe)?;
        // A sidecar that ends without having read it says why with its exit code.
        let _ = pipe.write_all(stdin.as_bytes()).await;
        drop(pipe);
        let status = self
            .child
            .wait()
            .await
            .doing(|| "wait for a sidecar".into())?;
        Ok(status.code())
    }

    /// Ends it with all its processes, if it has not ended, and removes what it had on the host.
    pub(crate) async fn end(mut self) {
        if let Err(error) = self.try_end().await {
            tracing::error!(sidecar = self.name, %error, "A sidecar left something behind");
        }
    }

    async fn try_end(&mut self) -> Result<(), HostError> {
        let host = &self.machine.host;
        host.runc.delete(&self.name).await?;
        if timeout(NOTICED_WITHIN, self.child.wait()).await.is_err() {
            // It was about to make the container while we deleted it.
            self.child.kill().await.doing(|| "end runc".into())?;
            host.runc.delete(&self.name).await?;
        }
        host.remove_container(&self.name).await?;
        fs::remove_dir_all(&self.bundle).doing(|| "remove a sidecar's bundle".into())
    }
}

fn no_pipe() -> HostError {
    HostError::Io {
        what: "talk to a program".into(),
        source: std::io::ErrorKind::BrokenPipe.into(),
    }
}

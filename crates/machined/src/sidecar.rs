//! Sidecars: short-lived containers beside a machine, in its network and with its engine's socket,
//! but with the machine image's own tools and out of sight of whoever is root in the machine.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use machine::{CheckRequest, OUTPUT_MAX, Outcome};
use tokio::{io::AsyncWriteExt, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{ApiError, Doing, HostError},
    host::remove_scratch,
    life::{Machine, Running},
    output::{Keep, Output},
    process::Process,
    record,
    runc::{self, Launched},
    spec,
};

/// How long a check waits for others to end: as long as a lesson's may run.
const PLACE_WITHIN: Duration = Duration::from_secs(10);

/// How long a killed sidecar may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// bash with a script from standard input, which is gone from there before the script begins: no
/// file and no argument has it, and no program of the script eats the rest of it.
const BASH: [&str; 3] = ["/bin/bash", "-c", r#"eval "$(cat)" </dev/null"#];

/// Asks the engine until it answers.
const ASK_ENGINE: &str = "until curl -fso /dev/null --unix-socket /engine/docker.sock http://engine/_ping; do sleep 0.05; done";

/// A running sidecar.
#[derive(Debug)]
pub(crate) struct Sidecar {
    machine: Arc<Machine>,
    name: String,
    bundle: PathBuf,
}

/// Runs a script beside a machine. Ends, with the sidecar, when the script does, at the limit, when
/// the machine goes down, or when `gone` is cancelled.
pub(crate) async fn check(
    machine: Arc<Machine>,
    request: CheckRequest,
    gone: CancellationToken,
) -> Result<Outcome, ApiError> {
    let _hold = machine.hold(request.counts_as_use);
    let running = if request.counts_as_use {
        machine.awake().await?
    } else {
        machine.running()?
    };
    let places = async {
        let beside = machine.checks.clone().acquire_owned().await;
        (beside, machine.host.checks.clone().acquire_owned().await)
    };
    let _places = timeout(PLACE_WITHIN, places)
        .await
        .map_err(|_| ApiError::Busy)?;
    let sidecar = Sidecar::prepare(machine.clone(), &running, &BASH)?;
    let limit = Duration::from_millis(request.timeout_ms);
    let outcome = tokio::select! {
        outcome = sidecar.bash(&request.script, limit) => outcome.map_err(ApiError::from),
        () = gone.cancelled() => Err(ApiError::NotReady),
        () = running.over.cancelled() => Err(ApiError::NotReady),
    };
    sidecar.end().await;
    outcome
}

/// Waits until the engine answers; whether it did, within the limit.
pub(crate) async fn wait_for_engine(
    machine: &Arc<Machine>,
    running: &Running,
    limit: Duration,
) -> Result<bool, HostError> {
    let sidecar = Sidecar::prepare(machine.clone(), running, &BASH)?;
    let outcome = sidecar.bash(ASK_ENGINE, limit).await;
    sidecar.end().await;
    Ok(outcome?.exit == Some(0))
}

/// Ends all sidecars of a machine, also those that a former machined left, and removes what programs
/// and terminals left beside them.
pub(crate) async fn end_all(machine: &Machine) -> Result<(), HostError> {
    let prefix = format!("{}.", machine.generation);
    for name in machine.host.runc.names()? {
        if name.starts_with(&prefix) {
            machine.host.remove_container(&name).await?;
        }
    }
    machine.host.clear_scratch(&machine.generation)
}

impl Sidecar {
    fn prepare(
        machine: Arc<Machine>,
        running: &Running,
        arguments: &[&str],
    ) -> Result<Self, HostError> {
        // A dot: no machine's own container has one.
        let name = format!("{}.{}", machine.generation, machine.host.unique());
        let bundle = machine.host.data.scratch().join(&name);
        let Running {
            init, ids, image, ..
        } = running;
        let cgroups = &machine.host.cgroups;
        let config = spec::sidecar(cgroups, image, &machine.disk, &name, *ids, *init, arguments);
        fs::create_dir_all(&bundle)
            .and_then(|()| record::write(&bundle.join("config.json"), &config))
            .doing(|| "write a sidecar's bundle".into())?;
        Ok(Self {
            machine,
            name,
            bundle,
        })
    }

    async fn launch(&self) -> Result<Launched, HostError> {
        let arguments = [
            "--bundle".into(),
            self.bundle.clone().into(),
            (&self.name).into(),
        ];
        let pid_file = self.bundle.join("pid");
        self.machine
            .host
            .runc
            .launch("run", &pid_file, arguments, true)
            .await
    }

    /// Gives bash its script and waits for its end; at the limit, which is the script's alone, the
    /// outcome has no exit code.
    async fn bash(&self, script: &str, limit: Duration) -> Result<Outcome, HostError> {
        let launched = self.launch().await?;
        let stdout = Output::read(launched.stdout, OUTPUT_MAX, Keep::First);
        let stderr = Output::read(launched.stderr, OUTPUT_MAX, Keep::First);
        let run = async {
            if let Some(mut pipe) = launched.stdin {
                // A bash that ends without having read it says why with its exit code.
                let _ = pipe.write_all(script.as_bytes()).await;
            }
            launched.process.ended().await
        };
        let exit = timeout(limit, run).await.ok().flatten();
        Ok(Outcome {
            exit,
            stdout: stdout.text().await,
            stderr: stderr.text().await,
        })
    }

    /// Ends it with all its processes, if it has not ended, and removes what it had on the host.
    pub(crate) async fn end(self) {
        let ended = self.machine.host.remove_container(&self.name).await;
        // Its first process is our child, and a zombie until we have looked.
        if let Ok(process) = runc::read_pid(&self.bundle.join("pid")).and_then(Process::open) {
            let _ = timeout(GONE_WITHIN, process.ended()).await;
        }
        if let Err(error) = ended.and(remove_scratch(&self.bundle)) {
            tracing::error!(sidecar = self.name, %error, "A sidecar left something behind");
        }
    }
}

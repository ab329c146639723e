//! The classroom's registry: Debian's docker-registry, unprivileged, inside the class's network, so
//! that `docker pull nginx` in a machine needs no internet.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::process::{Child, Command};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::{Account, Data},
    error::{Doing, HostError},
    network::{REGISTRY_PORT, Router, SERVICE_ADDRESS},
};

/// How long it stays down after it ended by itself: long enough that a broken one does not keep a
/// processor busy, short enough that a student's pull finds it again.
const PAUSE: Duration = Duration::from_secs(1);

/// How long it may take to end when asked to.
const END_WITHIN: Duration = Duration::from_secs(5);

/// The running registry.
#[derive(Debug)]
pub(crate) struct Registry {
    running: Arc<AtomicBool>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Registry {
    /// Starts the registry in the router's namespace and keeps it running.
    pub(crate) fn start(
        data: &Data,
        router: &Router,
        account: &Account,
    ) -> Result<Self, HostError> {
        let storage = data.path("registry");
        fs::create_dir_all(&storage).doing(|| "make the registry's folder".into())?;
        chown(&storage, Some(account.uid), Some(account.gid))
            .doing(|| "hand over the registry's folder".into())?;
        let config = data.path("run/registry.yml");
        fs::write(&config, configuration(&storage)).doing(|| "configure the registry".into())?;
        fs::set_permissions(&config, fs::Permissions::from_mode(0o644))
            .doing(|| "configure the registry".into())?;

        let registry = Self {
            running: Arc::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let (running, stop) = (registry.running.clone(), registry.stop.clone());
        let (namespace, account) = (router.namespace(), account.clone());
        registry.tasks.spawn(async move {
            stop.run_until_cancelled(keep(&namespace, &account, &config, &running))
                .await;
            // What is running now is dropped, and so ends: see `spawn`.
            running.store(false, Ordering::Relaxed);
        });
        Ok(registry)
    }

    /// Whether it is running now.
    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Ends it.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(END_WITHIN, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("The registry did not end in time");
        }
    }
}

/// Starts it again and again.
async fn keep(namespace: &Path, account: &Account, config: &Path, running: &AtomicBool) {
    loop {
        match spawn(namespace, account, config) {
            Ok(mut child) => {
                running.store(true, Ordering::Relaxed);
                let status = child.wait().await;
                running.store(false, Ordering::Relaxed);
                tracing::warn!(?status, "The registry ended; it is started again");
            }
            Err(error) => tracing::error!(%error, "The registry could not be started"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Its life hangs on machined's: it is killed when its handle is dropped, and when machined is.
/// It only reads, so that it loses nothing.
fn spawn(namespace: &Path, account: &Account, config: &Path) -> std::io::Result<Child> {
    Command::new("nsenter")
        .arg(format!("--net={}", namespace.display()))
        .args([
            "setpriv",
            "--pdeathsig",
            "KILL",
            "--clear-groups",
            "--no-new-privs",
        ])
        .args([
            format!("--reuid={}", account.uid),
            format!("--regid={}", account.gid),
        ])
        .args([
            "--inh-caps=-all",
            "--bounding-set=-all",
            "docker-registry",
            "serve",
        ])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}

/// It listens where only machines can reach it, and takes nothing from them.
fn configuration(storage: &Path) -> String {
    format!(
        r#"version: 0.1
log: {{ level: error, accesslog: {{ disabled: true }} }}
storage:
  filesystem: {{ rootdirectory: "{}" }}
  maintenance:
    uploadpurging: {{ enabled: false }}
    readonly: {{ enabled: true }}
http:
  addr: "{SERVICE_ADDRESS}:{REGISTRY_PORT}"
"#,
        storage.display()
    )
}

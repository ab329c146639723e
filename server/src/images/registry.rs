//! A registry on loopback, for as long as images are put into its storage. What machines pull from is
//! another one, behind the hub, which machined runs on the same storage.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use nix::unistd::User;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::program::run;
use crate::host::WEB_USER;

/// How long the registry may take to listen: about 50 ms.
const LISTEN_WITHIN: Duration = Duration::from_secs(10);

/// How often it is tried.
const TRY_EVERY: Duration = Duration::from_millis(20);

/// How long one push may take: packing some hundreds of megabytes on a slow processor.
const PUSH_WITHIN: Duration = Duration::from_secs(10 * 60);

/// A running registry; it ends when this is dropped.
pub(super) struct Registry {
    port: u16,
    _program: Child,
}

impl Registry {
    /// Starts Debian's docker-registry as the unprivileged user on `storage`.
    ///
    /// # Errors
    /// When it is not installed or does not listen.
    pub(super) async fn start(storage: &Path, cache: &Path) -> Result<Self> {
        let user = User::from_name(WEB_USER)?
            .with_context(|| format!("the system user {WEB_USER} is missing"))?;
        let port = free_port()?;
        let config = cache.join("registry.json");
        let json = serde_json::json!({
            "version": "0.1",
            "log": { "accesslog": { "disabled": true }, "level": "error" },
            "storage": { "filesystem": { "rootdirectory": storage.canonicalize()? } },
            "http": { "addr": format!("127.0.0.1:{port}") },
        });
        // JSON is YAML, which the registry reads.
        fs::write(&config, json.to_string())
            .with_context(|| format!("cannot write {}", config.display()))?;
        // Not to the person: "blob unknown" is an error to it, and the usual answer to what a push asks.
        let log = cache.join("registry.log");
        let errors =
            fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut program = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .uid(user.uid.as_raw())
            .gid(user.gid.as_raw())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start docker-registry (is it installed?)")?;
        let listening = async {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .await
                .is_err()
            {
                if let Some(status) = program.try_wait()? {
                    bail!(
                        "docker-registry ended at once ({status}); see {}",
                        log.display()
                    );
                }
                sleep(TRY_EVERY).await;
            }
            Ok(())
        };
        timeout(LISTEN_WITHIN, listening)
            .await
            .context("docker-registry does not listen")??;
        Ok(Self {
            port,
            _program: program,
        })
    }

    /// Puts a `docker save` archive into the registry as `library/<name>`, under each of `tags`.
    ///
    /// # Errors
    /// What skopeo says.
    pub(super) async fn push(&self, archive: &Path, name: &str, tags: &[String]) -> Result<()> {
        for tag in tags {
            let mut skopeo = Command::new("skopeo");
            skopeo.args([
                "--insecure-policy",
                "copy",
                "--quiet",
                "--dest-tls-verify=false",
            ]);
            skopeo.arg(format!("docker-archive:{}", archive.display()));
            skopeo.arg(format!(
                "docker://127.0.0.1:{}/library/{name}:{tag}",
                self.port
            ));
            run(&mut skopeo, PUSH_WITHIN).await?;
        }
        Ok(())
    }
}

/// A port that nobody has at this moment. Somebody may take it before the registry does, which then
/// ends at once and says so.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("finding a free port")?;
    Ok(listener.local_addr()?.port())
}

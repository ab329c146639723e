//! The registry behind the class's hub: Debian's docker-registry, unprivileged, on the router's own
//! loopback address, where nobody but the hub comes to. It has no accounts of its own and takes
//! whatever it is given: who may do what, the hub knows.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
};

use rand::RngCore;

use crate::{
    config::{Account, Data},
    error::{Doing, HostError},
    network::Router,
    service::{Place, Service, Words},
};

/// Where the hub finds it.
pub(crate) const ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5000);

/// Starts the registry.
pub(crate) fn start(data: &Data, router: &Router, account: &Account) -> Result<Service, HostError> {
    let storage = data.path("registry");
    fs::create_dir_all(&storage).doing(|| "make the registry's folder".into())?;
    chown(&storage, Some(account.uid), Some(account.gid))
        .doing(|| "hand over the registry's folder".into())?;
    let config = data.path("run/registry.yml");
    let doing = || "configure the registry".into();
    fs::write(&config, configuration(&storage)).doing(doing)?;
    chown(&config, None, Some(account.gid)).doing(doing)?;
    fs::set_permissions(&config, fs::Permissions::from_mode(0o640)).doing(doing)?;
    let command = ["docker-registry".into(), "serve".into(), config.into()];
    // It calls an error what is the usual answer to a push: that a blob is not there yet.
    Ok(Service::start(
        "registry",
        Place::Router(router),
        account,
        &command,
        Words::Dropped,
    ))
}

/// Uploads go on where they were when it has ended and is started again: hence a secret that is the
/// same for both. What is left of those that do not, the hub clears away.
fn configuration(storage: &Path) -> String {
    let mut secret = [0u8; 32];
    rand::rng().fill_bytes(&mut secret);
    format!(
        r#"version: 0.1
log: {{ level: error, accesslog: {{ disabled: true }} }}
storage:
  filesystem: {{ rootdirectory: "{}" }}
  maintenance:
    uploadpurging: {{ enabled: false }}
http:
  addr: "{ADDRESS}"
  secret: "{}"
"#,
        storage.display(),
        hex::encode(secret)
    )
}

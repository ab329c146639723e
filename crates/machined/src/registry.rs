//! The classroom's registry: Debian's docker-registry, unprivileged, inside the class's network, so
//! that `docker pull nginx` in a machine needs no internet.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
};

use crate::{
    config::{Account, Data},
    error::{Doing, HostError},
    network::{REGISTRY_PORT, Router, SERVICE_ADDRESS},
    service::Service,
};

/// Starts the registry. It only reads, so that it loses nothing however it ends.
pub(crate) fn start(data: &Data, router: &Router, account: &Account) -> Result<Service, HostError> {
    let storage = data.path("registry");
    fs::create_dir_all(&storage).doing(|| "make the registry's folder".into())?;
    chown(&storage, Some(account.uid), Some(account.gid))
        .doing(|| "hand over the registry's folder".into())?;
    let config = data.path("run/registry.yml");
    fs::write(&config, configuration(&storage)).doing(|| "configure the registry".into())?;
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644))
        .doing(|| "configure the registry".into())?;
    let command = ["docker-registry".into(), "serve".into(), config.into()];
    Ok(Service::start("registry", router, account, &command))
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

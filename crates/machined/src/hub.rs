//! The class's hub, which is docker.io in machines: `gyosil-hub` (crates/hub), unprivileged, before the
//! registry. Machines trust it by the class's certificate authority, which was made with their image.
//! Where they may reach the internet, it has a way out beside it, in the host's network.

use std::{
    ffi::OsString,
    fs,
    io::{self, ErrorKind},
    os::unix::fs::{OpenOptionsExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};

use crate::{
    config::{Account, Data, Options},
    error::{Doing, HostError},
    network::{HUB_PORT, Router, SERVICE_ADDRESS},
    registry,
    service::{Place, Service, Words},
};

/// The names that the hub answers for; its authority can sign for no others.
const NAMES: [&str; 2] = ["docker.io", "*.docker.io"];

/// How long a certificate is good: longer than a machined runs, which makes one at each start.
const GOOD_FOR: Duration = Duration::days(365);

/// How far a machine's clock, which is the host's, may have been set back since.
const GOOD_SINCE: Duration = Duration::days(1);

/// The hub and the registry behind it.
#[derive(Debug)]
pub(crate) struct Hub {
    registry: Service,
    /// None, where there is no authority to trust it by.
    front: Option<Service>,
    /// None, where there is no internet.
    far: Option<Service>,
}

impl Hub {
    /// Starts all that there is to be.
    pub(crate) fn start(
        options: &Options,
        data: &Data,
        router: &Router,
        account: &Account,
    ) -> Result<Self, HostError> {
        let registry = registry::start(data, router, account)?;
        let (front, far) = match Authority::find(data)? {
            Some(authority) => {
                let command = command(options, data, account, &authority)?;
                let place = Place::Router(router);
                let front = Service::start("hub", place, account, &command, Words::Logged);
                let far = options.internet.then(|| {
                    let command = far(options, data);
                    Service::start(
                        "hub's way out",
                        Place::Host,
                        account,
                        &command,
                        Words::Logged,
                    )
                });
                (Some(front), far)
            }
            None => {
                tracing::warn!(
                    "There is no hub for docker.io: the machine image has no certificate authority. \
                     Build it with images/machine/build and start machined again"
                );
                (None, None)
            }
        };
        Ok(Self {
            registry,
            front,
            far,
        })
    }

    /// Whether both the registry and what is before it run.
    pub(crate) fn is_running(&self) -> bool {
        self.registry.is_running() && self.front.as_ref().is_some_and(Service::is_running)
    }

    /// Ends all of it.
    pub(crate) async fn close(&self) {
        for service in [&self.front, &self.far].into_iter().flatten() {
            service.close().await;
        }
        self.registry.close().await;
    }
}

/// What starts the front, with all that it needs made for it.
fn command(
    options: &Options,
    data: &Data,
    account: &Account,
    authority: &Authority,
) -> Result<Vec<OsString>, HostError> {
    let folder = data.path("run/hub");
    fs::create_dir_all(&folder).doing(|| "make the hub's folder".into())?;
    chown(&folder, Some(account.uid), Some(account.gid))
        .doing(|| "hand over the hub's folder".into())?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))
        .doing(|| "close the hub's folder".into())?;
    let (certificate, key) = authority.issue()?;
    write_for(account, &folder.join("certificate.pem"), &certificate)?;
    write_for(account, &folder.join("key.pem"), &key)?;
    let mut command: Vec<OsString> = vec![
        program(data)?.into(),
        "serve".into(),
        "--data".into(),
        data.path("").into(),
        "--listen".into(),
        format!("{SERVICE_ADDRESS}:{HUB_PORT}").into(),
        "--registry".into(),
        registry::ADDRESS.to_string().into(),
        "--quota".into(),
        options.hub_quota.0.to_string().into(),
        "--disk".into(),
        options.hub_disk.0.to_string().into(),
    ];
    if options.internet {
        command.push("--fetch".into());
    }
    Ok(command)
}

/// What starts the hub's way out, once its program is there.
fn far(options: &Options, data: &Data) -> [OsString; 6] {
    [
        data.path("run/gyosil-hub").into(),
        "far".into(),
        "--data".into(),
        data.path("").into(),
        "--upstream".into(),
        options.hub_upstream.clone().into(),
    ]
}

/// The hub's program, in a place where its account may come to: beside machined's own it need not be
/// so, as in the home folder of whoever built both.
fn program(data: &Data) -> Result<PathBuf, HostError> {
    let here = std::env::current_exe().doing(|| "find this program".into())?;
    let built = here.with_file_name("gyosil-hub");
    let (program, new) = (data.path("run/gyosil-hub"), data.path("run/gyosil-hub.new"));
    fs::copy(&built, &new).doing(|| format!("copy {}", built.display()))?;
    // One that runs may not be written to, but its name may be another's.
    fs::rename(&new, &program).doing(|| format!("put {} there", program.display()))?;
    Ok(program)
}

/// Writes a file that only `account` and root can read.
fn write_for(account: &Account, path: &Path, text: &str) -> Result<(), HostError> {
    let doing = || format!("write {}", path.display());
    // It is the account's, in the account's folder: whatever is there goes.
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).doing(doing),
        _ => {}
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .doing(doing)?;
    io::Write::write_all(&mut file, text.as_bytes()).doing(doing)?;
    std::os::unix::fs::fchown(&file, Some(account.uid), Some(account.gid)).doing(doing)
}

/// The class's certificate authority, beside the machine image. Its key never leaves root's hands.
struct Authority {
    certificate: String,
    key: String,
}

impl Authority {
    /// The authority that machines trust, if their image was made with one.
    fn find(data: &Data) -> Result<Option<Self>, HostError> {
        let Ok(image) = data.image().canonicalize() else {
            return Ok(None);
        };
        let read = |name: &str| {
            let file = image.with_file_name(name);
            match fs::read_to_string(&file) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                read => read.map(Some).doing(|| format!("read {}", file.display())),
            }
        };
        Ok(read("ca.pem")?
            .zip(read("ca.key")?)
            .map(|(certificate, key)| Self { certificate, key }))
    }

    /// A certificate for the hub, and its key, both as PEM.
    fn issue(&self) -> Result<(String, String), HostError> {
        let doing = || "make the hub's certificate".into();
        let issue = || -> Result<_, rcgen::Error> {
            let authority = KeyPair::from_pem(&self.key)?;
            let issuer = Issuer::from_ca_cert_pem(&self.certificate, authority)?;
            let mut hub = CertificateParams::new(NAMES.map(String::from))?;
            hub.distinguished_name.push(DnType::CommonName, NAMES[0]);
            let now = OffsetDateTime::now_utc();
            (hub.not_before, hub.not_after) = (now - GOOD_SINCE, now + GOOD_FOR);
            hub.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            hub.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            hub.use_authority_key_identifier_extension = true;
            let key = KeyPair::generate()?;
            Ok((hub.signed_by(&key, &issuer)?.pem(), key.serialize_pem()))
        };
        issue().map_err(io::Error::other).doing(doing)
    }
}

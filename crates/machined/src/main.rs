//! `gyosil-machined` runs the students' machines of a classroom, and is its only privileged process.
//!
//! A machine is an unprivileged system container, started with plain runc: `spec` says what it is,
//! `disk` and `network` what it stands on, `life` how it comes and goes, `sleep` how it rests. Which
//! name has which machine, and who waits for one, is in `machines`. Beside a machine run sidecars
//! (`sidecar`), in it programs (`program`) and shells (`terminal`). docs/machined-api.md describes
//! what callers see (`api`).

mod api;
mod attach;
mod cgroup;
mod command;
mod config;
mod disk;
mod dns;
mod engine;
mod error;
mod events;
mod fitness;
mod host;
mod hub;
mod ids;
mod keeper;
mod life;
mod loops;
mod machines;
mod network;
mod output;
mod place;
mod process;
mod program;
mod ready;
mod record;
mod registry;
mod ring;
mod runc;
mod service;
mod sidecar;
mod sleep;
mod spec;
mod sys;
mod terminal;

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, IsTerminal, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt, chown},
    path::Path,
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::Parser;
use rustix::fs::{FlockOperation, flock};
use tokio::{
    net::UnixListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

use crate::{
    api::Peer,
    cgroup::Cgroups,
    config::{Account, Data, Options},
    error::Doing,
    host::Host,
    hub::Hub,
    machines::Machines,
    network::{Internet, Router},
};

/// How often the folder for sockets is emptied: what a killed machined had started may write a file
/// into it at that very moment, once each.
const SCRATCH_TRIES: u32 = 100;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    log.with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    if !rustix::process::geteuid().is_root() {
        bail!("gyosil-machined runs as root");
    }
    fitness::check()?;
    // Containers' first processes and shells are left to us by the runc that made them.
    rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1))
        .context("becoming a subreaper")?;

    tokio::spawn(process::reap_strays());
    // What is for root only is made so; what others pass through must not depend on who starts us.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));

    command::set_patience(options.patience);
    fs::create_dir_all(&options.data)?;
    let account = Account::find(&options.socket_user)?;
    let data = Data::open(&options.data)?;
    let _lock = lock(&data)?;
    // From here on there is something to take down: who asks us to end meanwhile is heard afterwards.
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    make_folders(&data)?;
    disk::isolate(&data.machines())?;
    let cgroups = Cgroups::open(data.tag()).context("finding our control group")?;
    fitness::check_limits(&cgroups, &options)?;
    let internet = options
        .internet
        .then(|| Internet::new(options.resolver.clone()));
    let internet = internet.transpose()?;
    let router = Router::open(data.tag(), internet.as_ref()).await?;
    let hub = Arc::new(Hub::start(&options, &data, &router, &account)?);
    let dns = dns::start(&router, &account, internet.as_ref());
    let socket = options
        .socket
        .clone()
        .unwrap_or_else(|| data.path("run/machined.sock"));
    let host = Arc::new(Host::new(options, data, cgroups, router));
    let machines = Arc::new(Machines::open(host.clone()).await?);

    tokio::spawn(keeper::keep(machines.clone()));

    let listener = listen(&socket, &account)?;
    let context = api::Context {
        machines: machines.clone(),
        hub: hub.clone(),
        account,
    };
    let service = api::router(context).into_make_service_with_connect_info::<Peer>();
    tracing::info!(socket = %socket.display(), "machined listens on {}", socket.display());
    tokio::select! {
        ended = axum::serve(listener, service) => ended?,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }

    tracing::info!("machined stops, and all machines with it");
    fs::remove_file(&socket)?;
    machines.stop_all().await;
    tokio::join!(hub.close(), dns.close());
    // Each as far as it goes: what one leaves, the next start finds.
    let scratch = fs::remove_dir_all(host.data.scratch());
    let left = [
        host.router.close().await,
        host.cgroups.close(),
        disk::release(&host.data.machines()),
        scratch.doing(|| "remove the folder for sockets".into()),
    ];
    left.into_iter()
        .collect::<Result<(), _>>()
        .context("something was left")
}

/// Makes sure that one machined serves this data folder, and says which.
fn lock(data: &Data) -> anyhow::Result<File> {
    let run = data.path("run");
    fs::create_dir_all(&run)?;
    let path = run.join("machined.pid");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        bail!(
            "another machined serves this data folder: see {}",
            path.display()
        );
    }
    file.set_len(0)?;
    write!(file, "{}", std::process::id())?;
    Ok(file)
}

fn make_folders(data: &Data) -> anyhow::Result<()> {
    let make = |path: &Path, mode| {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .with_context(|| format!("making {}", path.display()))
    };
    // Machines' roots pass through on the way to their own folder; what is there they cannot list.
    make(&data.machines(), 0o711)?;
    make(&data.path("runc"), 0o700)?;
    let scratch = data.scratch();
    let mut tries = 0;
    loop {
        match fs::remove_dir_all(&scratch) {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && tries < SCRATCH_TRIES => {
                tries += 1;
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => break,
        }
    }
    make(&scratch, 0o700)
}

/// Listens on `socket`, for the account only.
fn listen(socket: &Path, account: &Account) -> anyhow::Result<UnixListener> {
    if let Some(folder) = socket.parent() {
        fs::create_dir_all(folder)?;
    }
    // Left by a machined that was killed: the lock says that none is alive.
    if socket.exists() {
        fs::remove_file(socket)?;
    }
    // Nobody else may connect, not even in the moment before the next two lines.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener =
        UnixListener::bind(socket).with_context(|| format!("listening on {}", socket.display()));
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let listener = listener?;
    chown(socket, Some(account.uid), Some(account.gid))?;
    fs::set_permissions(socket, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

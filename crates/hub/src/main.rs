//! `gyosil-hub`: the class's hub, in the class's network. machined starts it, as an unprivileged user.

use std::{io::IsTerminal, net::SocketAddr, path::PathBuf};

use anyhow::Context;
use clap::Parser;
use hub::{Quotas, Settings};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing_subscriber::EnvFilter;

/// Answers as Docker Hub does, with what the class has.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The classroom's data folder. `registry` in it is the registry's storage; `run/hub` is the hub's
    /// own, where machined puts its certificate.
    #[arg(long)]
    data: PathBuf,
    /// Where machines find the hub.
    #[arg(long)]
    listen: SocketAddr,
    /// Where the hub finds the registry.
    #[arg(long)]
    registry: SocketAddr,
    /// How much one account's images may take, in bytes.
    #[arg(long)]
    quota: u64,
    /// How much all images may take together, in bytes.
    #[arg(long)]
    disk: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    log.with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    open_many_files();
    hub::serve(Settings {
        data: options.data,
        listen: options.listen,
        registry: options.registry,
        quotas: Quotas {
            account: options.quota,
            all: options.disk,
        },
    })
    .await
    .context("the hub cannot go on")
}

/// A class has more connections than a program has open files by default.
fn open_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "The hub's open files are few, and stay so: {error}");
    }
}

//! `gyosil-hub`: the class's hub, in the class's network, and its way out, in the host's. machined starts
//! both, as an unprivileged user.

use std::{io::IsTerminal, net::SocketAddr, path::PathBuf};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use hub::{Quotas, Settings};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing_subscriber::EnvFilter;

/// The class's Docker Hub.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The classroom's data folder. `registry` in it is the registry's storage; `run/hub` is the hub's
    /// own, where machined puts its certificate.
    #[arg(long, global = true, default_value = "/var/lib/gyosil")]
    data: PathBuf,
    #[command(subcommand)]
    work: Work,
}

#[derive(Subcommand)]
enum Work {
    /// Answers machines as Docker Hub does, with what the class has.
    Serve(Serve),
    /// Reads for the hub what another registry has.
    Far {
        /// Its address.
        #[arg(long)]
        upstream: String,
    },
}

#[derive(Args)]
struct Serve {
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
    /// Fetches what the class does not have, by the `far` of the same data folder.
    #[arg(long)]
    fetch: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    log.with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let Options { data, work } = Options::parse();
    match work {
        Work::Serve(options) => {
            open_many_files();
            let quotas = Quotas {
                account: options.quota,
                all: options.disk,
            };
            let settings = Settings {
                data,
                listen: options.listen,
                registry: options.registry,
                fetches: options.fetch,
                quotas,
            };
            hub::serve(settings).await.context("the hub cannot go on")
        }
        Work::Far { upstream } => hub::serve_far(&data, &upstream)
            .await
            .context("the hub's way out cannot go on"),
    }
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

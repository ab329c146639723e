//! The class's names: dnsmasq, unprivileged, inside the class's network. Machines ask it, and so do
//! the containers in them.

use crate::{
    config::Account,
    network::{Internet, Router, SERVICE_ADDRESS},
    service::{Place, Service, Words},
};

/// The classroom's own domain, of which nothing is asked elsewhere.
const DOMAIN: &str = "gyosil";

/// Whose names are all at the classroom's own address, whatever the internet says of them: Docker
/// Hub's, which here is the class's hub.
const HUB: &str = "docker.io";

/// Answers that are kept, for the whole class: what a few dozen package and image servers have, in
/// some hundred kilobytes.
const CACHE: u32 = 1000;

/// How many questions may wait for the internet's answers, for the whole class. One machine can
/// have 700 of them wait: as many as the router lets it ask within dnsmasq's ten seconds.
const WAITING: u32 = 4000;

/// Starts the name server. It reads nothing of the host's: no configuration, no `/etc/hosts`.
/// Names of the internet it asks there, if it is allowed.
pub(crate) fn start(router: &Router, account: &Account, internet: Option<&Internet>) -> Service {
    let mut command: Vec<String> = [
        "dnsmasq",
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--pid-file=",
        // What it says at the start goes to standard error; later it would say what students make
        // it say.
        "--log-facility=/dev/null",
        "--no-hosts",
        "--no-resolv",
        "--bind-interfaces",
    ]
    .map(Into::into)
    .into();
    command.push(format!("--listen-address={SERVICE_ADDRESS}"));
    command.push(format!("--cache-size={CACHE}"));
    command.push(format!("--address=/{HUB}/{SERVICE_ADDRESS}"));
    match internet {
        // A name that the classroom does not have does not exist: said at once, so that nobody
        // waits.
        None => command.push("--address=/#/".into()),
        Some(internet) => {
            // No name of the internet's leads into a private network.
            command
                .extend(["--domain-needed", "--bogus-priv", "--stop-dns-rebind"].map(Into::into));
            command.push(format!("--local=/{DOMAIN}/"));
            command.push(format!("--dns-forward-max={WAITING}"));
            command.extend(
                internet
                    .resolvers
                    .iter()
                    .map(|resolver| format!("--server={resolver}")),
            );
        }
    }
    let command: Vec<_> = command.into_iter().map(Into::into).collect();
    Service::start(
        "name server",
        Place::Router(router),
        account,
        &command,
        Words::Logged,
    )
}

//! The class's names: dnsmasq, unprivileged, inside the class's network. Machines ask it, and so do
//! the containers in them.

use crate::{
    config::Account,
    network::{Router, SERVICE_ADDRESS},
    service::Service,
};

/// The domain of the classroom's own names.
const DOMAIN: &str = "gyosil";

/// What is at the classroom's own address.
const NAMES: [&str; 1] = ["registry"];

/// Answers that are kept, for the whole class: what a few dozen package and image servers have, in
/// some hundred kilobytes.
const CACHE: u32 = 1000;

/// Starts the name server. It reads nothing of the host's: no configuration, no `/etc/hosts`.
pub(crate) fn start(router: &Router, account: &Account) -> Service {
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
        // Without the internet a name that the classroom does not have does not exist: said at
        // once, so that nobody waits.
        "--address=/#/",
    ]
    .map(Into::into)
    .into();
    command.push(format!("--listen-address={SERVICE_ADDRESS}"));
    command.push(format!("--cache-size={CACHE}"));
    command.extend(NAMES.map(|name| format!("--host-record={name}.{DOMAIN},{SERVICE_ADDRESS}")));
    let command: Vec<_> = command.into_iter().map(Into::into).collect();
    Service::start("name server", router, account, &command)
}

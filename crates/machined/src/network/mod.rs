//! The class's network: a router, which is a network namespace of its own, and a cable to it from
//! each machine.
//!
//! The router has no way to the host, and none to the world but where the operator allows it
//! (`uplink`). Machines reach the hub and the name server on it, then the world, and nothing
//! else: not each other, not the host (`rules`). What they may not reach is rejected, not dropped,
//! so that nobody waits for it.

mod rules;
mod uplink;

pub(crate) use uplink::Internet;
use uplink::{PREFIX, ROUTER_END};

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    command::{run, run_with},
    error::HostError,
};

/// How many machines have a network: 10.88.1.0/24 to 10.88.254.0/24.
pub(crate) const MACHINES_MAX: u8 = 254;

/// The classroom's own address, inside the class's network only.
pub(crate) const SERVICE_ADDRESS: &str = "10.88.0.1";

/// The hub's port there.
pub(crate) const HUB_PORT: u16 = 443;

/// The name server's port there.
const DNS_PORT: u16 = 53;

/// Settings of the router: no IPv6 at all; a sender's address must be its own; no limit on saying
/// no, which would make the second attempt wait; and the hub and the name server need no privilege
/// for their ports.
const SETTINGS: [&str; 7] = [
    "net.ipv6.conf.all.disable_ipv6=1",
    "net.ipv6.conf.default.disable_ipv6=1",
    "net.ipv4.conf.all.rp_filter=1",
    "net.ipv4.conf.default.rp_filter=1",
    "net.ipv4.icmp_ratelimit=0",
    "net.ipv4.ip_forward=1",
    "net.ipv4.ip_unprivileged_port_start=53",
];

/// How long the router remembers a connection that is over, half open or silent, in seconds: it and
/// the machines are next to each other, and the kernel's own times (120 s, 5 days) are for the
/// world's far ends. These are there once the rules, which count connections, are.
const TIMES: [&str; 7] = [
    "net.netfilter.nf_conntrack_tcp_timeout_syn_sent=20",
    "net.netfilter.nf_conntrack_tcp_timeout_syn_recv=20",
    "net.netfilter.nf_conntrack_tcp_timeout_fin_wait=20",
    "net.netfilter.nf_conntrack_tcp_timeout_close_wait=20",
    "net.netfilter.nf_conntrack_tcp_timeout_last_ack=20",
    "net.netfilter.nf_conntrack_tcp_timeout_time_wait=10",
    "net.netfilter.nf_conntrack_tcp_timeout_established=7200",
];

/// How many neighbours the host knows at most, on the networks of all its namespaces together: the
/// kernel's 1024 are too few for the containers of a class. Full, the table takes 6 MB.
const NEIGHBOURS: u32 = 16_384;

/// The class's router.
#[derive(Clone, Debug)]
pub(crate) struct Router {
    name: String,
}

impl Router {
    /// Makes the router of the classroom with this tag, or readies the one that a former machined
    /// left with machines on it. With `internet`, machines reach that as well.
    pub(crate) async fn open(tag: &str, internet: Option<&Internet>) -> Result<Self, HostError> {
        let router = Self {
            name: format!("gyosil-{tag}"),
        };
        make_room_for_neighbours();
        turn_the_one_way_switch();
        // Of a former machined, which may have had another setting.
        uplink::remove(&router.name).await?;
        if !router.namespace().exists() {
            run("ip", ["netns", "add", &router.name]).await?;
        }
        router
            .inside(&[&["sysctl", "-q", "-w"][..], &SETTINGS].concat(), "")
            .await?;
        let resolvers = internet.map_or(&[][..], |internet| &internet.resolvers);
        router
            .inside(&["nft", "-f", "-"], &rules::router(resolvers))
            .await?;
        router
            .inside(&[&["sysctl", "-q", "-w"][..], &TIMES].concat(), "")
            .await?;
        let address = format!("{SERVICE_ADDRESS}/32");
        router.ip(&["link", "set", "lo", "up"]).await?;
        router
            .ip(&["addr", "replace", &address, "dev", "lo"])
            .await?;
        if let Some(internet) = internet {
            let [host, own] = uplink::lay(&router.name, tag, internet).await?;
            let batch = format!(
                "addr add {own}/{PREFIX} dev {ROUTER_END}\nlink set {ROUTER_END} up\n\
                 route replace default via {host}\n"
            );
            run_with("ip", ["-n", &router.name, "-batch", "-"], &batch).await?;
        }
        Ok(router)
    }

    /// Where the router's network namespace is to be found.
    pub(crate) fn namespace(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }

    /// Lays the cable of a machine whose first process is `init`. The machine must not run yet: its
    /// root could take the cable's end.
    ///
    /// Both ends know each other for good: all of the host's namespaces share one table of
    /// neighbours, and whoever fills it, in a machine, must not part the others from the router.
    pub(crate) async fn plug(&self, number: u8, init: u32) -> Result<(), HostError> {
        let (cable, init) = (format!("m{number}"), init.to_string());
        let (our_end, their_end) = (hardware_address(number, 1), hardware_address(number, 2));
        self.ip(&[
            "link", "add", &cable, "address", &our_end, "type", "veth", "peer", "name", "eth0",
            "address", &their_end, "netns", &init,
        ])
        .await?;
        let ours = format!(
            "addr add 10.88.{number}.1/24 dev {cable}\nlink set {cable} up\n\
             neigh replace 10.88.{number}.2 lladdr {their_end} dev {cable} nud permanent\n"
        );
        run_with("ip", ["-n", &self.name, "-batch", "-"], &ours).await?;
        let theirs = format!(
            "link set lo up\naddr add 10.88.{number}.2/24 dev eth0\nlink set eth0 up\n\
             route add default via 10.88.{number}.1\n\
             neigh replace 10.88.{number}.1 lladdr {our_end} dev eth0 nud permanent\n"
        );
        let namespace = format!("--net=/proc/{init}/ns/net");
        run_with("nsenter", [&namespace, "ip", "-batch", "-"], &theirs)
            .await
            .map(drop)
    }

    /// Takes the cable away, if it is there: it goes with the machine's namespace as well, but only
    /// some time after.
    pub(crate) async fn unplug(&self, number: u8) -> Result<(), HostError> {
        let cable = format!("m{number}");
        if self.ip(&["link", "show", "dev", &cable]).await.is_ok()
            && let Err(error) = self.ip(&["link", "del", &cable]).await
            && self.ip(&["link", "show", "dev", &cable]).await.is_ok()
        {
            return Err(error);
        }
        Ok(())
    }

    /// Removes the router.
    pub(crate) async fn close(&self) -> Result<(), HostError> {
        // Each as far as it goes.
        let uplink = uplink::remove(&self.name).await;
        run("ip", ["netns", "del", &self.name]).await?;
        uplink
    }

    async fn ip(&self, arguments: &[&str]) -> Result<String, HostError> {
        run(
            "ip",
            ["-n", &self.name]
                .into_iter()
                .chain(arguments.iter().copied()),
        )
        .await
    }

    async fn inside(&self, command: &[&str], stdin: &str) -> Result<String, HostError> {
        let namespace = format!("--net={}", self.namespace().display());
        run_with("nsenter", [&*namespace].iter().chain(command), stdin).await
    }
}

/// The hardware address of one end of a cable, made from its IPv4 address: of the locally
/// administered ones.
fn hardware_address(number: u8, end: u8) -> String {
    format!("02:00:0a:58:{number:02x}:{end:02x}")
}

/// A switch of the whole host that only goes on, and that the kernel lets every network namespace
/// turn: light tunnels' packets pass the firewall as well
/// (<https://docs.kernel.org/networking/nf_conntrack-sysctl.html>).
const ONE_WAY_SWITCH: &str = "/proc/sys/net/netfilter/nf_hooks_lwtunnel";

/// Turns what any machine could turn, so that none can change anything of the host's by it.
fn turn_the_one_way_switch() {
    if fs::read_to_string(ONE_WAY_SWITCH).is_ok_and(|now| now.trim() == "0") {
        match fs::write(ONE_WAY_SWITCH, "1") {
            Ok(()) => tracing::info!(
                "Turned {ONE_WAY_SWITCH} on, as every machine could: it is for all of the host"
            ),
            Err(error) => tracing::warn!(%error, "{ONE_WAY_SWITCH} could not be turned on"),
        }
    }
}

/// Raises the host's limits on neighbours where they are lower. Where they are not to be seen, as
/// in a network namespace, they are somebody else's.
fn make_room_for_neighbours() {
    for (threshold, least) in [(3, NEIGHBOURS), (2, NEIGHBOURS / 2), (1, NEIGHBOURS / 4)] {
        let path = format!("/proc/sys/net/ipv4/neigh/default/gc_thresh{threshold}");
        let Ok(now) = fs::read_to_string(&path) else {
            continue;
        };
        if now.trim().parse::<u32>().is_ok_and(|now| now >= least) {
            continue;
        }
        match fs::write(&path, least.to_string()) {
            Ok(()) => tracing::info!(path, "Raised {path} to {least}: it is for all of the host"),
            Err(error) => tracing::warn!(
                path, %error,
                "{path} could not be raised: with many machines, containers may lose each other"
            ),
        }
    }
}

//! The class's network: a router, which is a network namespace of its own, and a cable to it from
//! each machine.
//!
//! The router has no way to the host and none to the world. Machines reach the registry on it, and
//! nothing else: not each other, not the host. What they may not reach is rejected, not dropped, so
//! that nobody waits for it.

use std::path::{Path, PathBuf};

use crate::{
    command::{run, run_with},
    error::HostError,
};

/// How many machines have a network: 10.88.1.0/24 to 10.88.254.0/24.
pub(crate) const MACHINES_MAX: u8 = 254;

/// The classroom's own address, inside the class's network only.
pub(crate) const SERVICE_ADDRESS: &str = "10.88.0.1";

/// The registry's port there.
pub(crate) const REGISTRY_PORT: u16 = 5000;

/// What the router lets pass; machines' cables are called m1 to m254. The rules are put in whole,
/// in one step.
///
/// All is said before routing, as the router has no way on for most addresses: such a packet would
/// not come as far as the forward chain, and be answered by the kernel, which counts and delays.
fn rules() -> String {
    format!(
        r#"table inet gyosil {{}}
delete table inet gyosil
table inet gyosil {{
    chain arriving {{
        type filter hook prerouting priority filter; policy accept;
        iifname != "m*" accept
        fib saddr . iif oif missing drop comment "not the machine's own address"
        ip daddr {SERVICE_ADDRESS} tcp dport {REGISTRY_PORT} accept
        meta l4proto tcp counter reject with tcp reset
        counter reject with icmpx type admin-prohibited
    }}
    chain passing {{
        type filter hook forward priority filter; policy drop;
    }}
}}
"#
    )
}

/// Settings of the router: no IPv6 at all; a sender's address must be its own; and no limit on
/// saying no, which would make the second attempt wait.
const SETTINGS: [&str; 6] = [
    "net.ipv6.conf.all.disable_ipv6=1",
    "net.ipv6.conf.default.disable_ipv6=1",
    "net.ipv4.conf.all.rp_filter=1",
    "net.ipv4.conf.default.rp_filter=1",
    "net.ipv4.icmp_ratelimit=0",
    "net.ipv4.ip_forward=1",
];

/// The class's router.
#[derive(Clone, Debug)]
pub(crate) struct Router {
    name: String,
}

impl Router {
    /// Makes the router of the classroom with this tag, or readies the one that a former machined
    /// left with machines on it.
    pub(crate) async fn open(tag: &str) -> Result<Self, HostError> {
        let router = Self {
            name: format!("gyosil-{tag}"),
        };
        if !router.namespace().exists() {
            run("ip", ["netns", "add", &router.name]).await?;
        }
        router
            .inside(&[&["sysctl", "-q", "-w"][..], &SETTINGS].concat(), "")
            .await?;
        router.inside(&["nft", "-f", "-"], &rules()).await?;
        let address = format!("{SERVICE_ADDRESS}/32");
        router.ip(&["link", "set", "lo", "up"]).await?;
        router
            .ip(&["addr", "replace", &address, "dev", "lo"])
            .await?;
        Ok(router)
    }

    /// Where the router's network namespace is to be found.
    pub(crate) fn namespace(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }

    /// Lays the cable of a machine whose first process is `init`. The machine must not run yet: its
    /// root could take the cable's end.
    pub(crate) async fn plug(&self, number: u8, init: u32) -> Result<(), HostError> {
        let (cable, init) = (format!("m{number}"), init.to_string());
        self.ip(&[
            "link", "add", &cable, "type", "veth", "peer", "name", "eth0", "netns", &init,
        ])
        .await?;
        let ours = format!("10.88.{number}.1/24");
        self.ip(&["addr", "add", &ours, "dev", &cable]).await?;
        self.ip(&["link", "set", &cable, "up"]).await?;
        let theirs = format!(
            "link set lo up\naddr add 10.88.{number}.2/24 dev eth0\nlink set eth0 up\n\
             route add default via 10.88.{number}.1\n"
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
        run("ip", ["netns", "del", &self.name]).await.map(drop)
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

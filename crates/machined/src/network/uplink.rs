//! The class's way to the internet, where the operator allows it: a cable between the router and
//! the network namespace that machined runs in, the host's.
//!
//! Machines' addresses stay inside: the router speaks for them with its own address on the cable,
//! and the host for that one. Both say what may pass, the router first.

use std::{fs, io, net::Ipv4Addr, path::Path};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::rules;
use crate::{
    command::{run, run_with},
    error::{Doing, HostError},
};

/// The router's end of the cable; the host's is called as the router itself.
pub(super) const ROUTER_END: &str = "uplink";

/// Cables lie in 10.87.0.0/16, beside the machines' 10.88.0.0/16: four addresses each.
const CABLES: u32 = 0x0a57_0000;
const CABLES_COUNT: u32 = 1 << 14;
pub(super) const PREFIX: u8 = 30;

/// Where Docker has the host's own rules on what is passed on.
const DOCKER_CHAIN: &str = "DOCKER-USER";

/// Where a host says who answers names: its own file, and systemd-resolved's, for when the first
/// only names that.
const RESOLVER_FILES: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/// The internet, as the operator allows it.
#[derive(Clone, Debug)]
pub(crate) struct Internet {
    /// Who answers its names; at least one.
    pub(crate) resolvers: Vec<Ipv4Addr>,
}

impl Internet {
    /// With these resolvers, or the host's own if there are none.
    ///
    /// # Errors
    /// When the host has none that can be asked from another network namespace.
    pub(crate) fn new(mut resolvers: Vec<Ipv4Addr>) -> anyhow::Result<Self> {
        for path in RESOLVER_FILES.map(Path::new) {
            if resolvers.is_empty() && path.exists() {
                let text = fs::read_to_string(path)
                    .with_context(|| format!("reading {}", path.display()))?;
                resolvers = remote_resolvers(&text);
            }
        }
        if resolvers.is_empty() {
            bail!(
                "{} has no resolver with an IPv4 address other than this host's own: say which \
                 with --resolver",
                RESOLVER_FILES[0]
            );
        }
        Ok(Self { resolvers })
    }
}

/// The nameservers of a resolv.conf that are not the host itself.
fn remote_resolvers(text: &str) -> Vec<Ipv4Addr> {
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next())?
    });
    servers
        .filter_map(|address| address.parse::<Ipv4Addr>().ok())
        .filter(|address| !address.is_loopback() && !address.is_unspecified())
        .collect()
}

/// Lays the cable from the host to the router `name`, whose own rules must be there already, and has
/// the host pass on what comes over it. The addresses of the host's end and the router's.
pub(super) async fn lay(
    name: &str,
    tag: &str,
    internet: &Internet,
) -> Result<[Ipv4Addr; 2], HostError> {
    let addresses = run("ip", ["-4", "-json", "addr", "show"]).await?;
    let [ours, theirs] = free_cable(tag, &addresses).doing(|| "lay the uplink".into())?;
    let rules = rules::host(name, theirs, &internet.resolvers);
    run_with("nft", ["-f", "-"], &rules).await?;
    if docker_rules().await.is_some() {
        let comment = ["-m", "comment", "--comment", name, "-j", "ACCEPT"];
        let back = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"];
        let insert = ["-w", "-I", DOCKER_CHAIN];
        let [out, back] = [["-i", name].to_vec(), [&["-o", name], &back[..]].concat()];
        for rule in [out, back] {
            run("iptables", [&insert[..], &rule, &comment].concat()).await?;
        }
    }
    let batch = format!(
        "link add {name} type veth peer name {ROUTER_END} netns {name}\n\
         addr add {ours}/{PREFIX} dev {name}\nlink set {name} up\n"
    );
    run_with("ip", ["-batch", "-"], &batch).await?;
    forward()?;
    Ok([ours, theirs])
}

/// Takes away whatever [`lay`] put on the host, of this machined or of one that was killed. What is
/// set for the whole host stays, as others may have come to need it.
pub(super) async fn remove(name: &str) -> Result<(), HostError> {
    // As /proc knows, and not as /sys does, which may be another namespace's.
    if Path::new("/proc/sys/net/ipv4/conf").join(name).exists() {
        run("ip", ["link", "del", name]).await?;
    }
    let docker_rules = docker_rules().await.unwrap_or_default();
    for rule in docker_rules.lines().filter(|rule| rule.contains(name)) {
        let words = rule.split(' ').filter(|word| *word != "-A");
        run("iptables", ["-w", "-D"].into_iter().chain(words)).await?;
    }
    run_with("nft", ["-f", "-"], &rules::no_host(name))
        .await
        .map(drop)
}

/// The rules of Docker's on the host that are for others to set, if there are any: where Docker
/// runs, nothing is passed on that it or these do not let pass.
/// <https://docs.docker.com/engine/network/packet-filtering-firewalls/>
async fn docker_rules() -> Option<String> {
    run("iptables", ["-w", "-S", DOCKER_CHAIN]).await.ok()
}

/// Has the host pass packets on, from any of its networks to any other that its firewall allows.
fn forward() -> Result<(), HostError> {
    let path = "/proc/sys/net/ipv4/ip_forward";
    let what = || "switch forwarding on".to_owned();
    if fs::read_to_string(path).doing(what)?.trim() == "0" {
        fs::write(path, "1").doing(what)?;
        tracing::info!(
            "Switched net.ipv4.ip_forward on, as machines may reach the internet: it is for all of \
             the host, and stays"
        );
    }
    Ok(())
}

/// One of `ip -json addr`'s interfaces.
#[derive(Deserialize)]
struct Interface {
    addr_info: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    local: Ipv4Addr,
    prefixlen: u8,
}

/// The host's and the router's address on a cable of the classroom with this tag, in none of the
/// networks that the host is on.
fn free_cable(tag: &str, addresses: &str) -> io::Result<[Ipv4Addr; 2]> {
    let interfaces: Vec<Interface> = serde_json::from_str(addresses)?;
    let networks: Vec<Address> = interfaces.into_iter().flat_map(|i| i.addr_info).collect();
    let first = u32::from_str_radix(tag, 16).map_err(io::Error::other)?;
    let cables = (0..CABLES_COUNT).map(|n| CABLES | (first.wrapping_add(n) % CABLES_COUNT) << 2);
    let is_free = |cable: &u32| {
        networks.iter().all(|network| {
            let shared = network.prefixlen.min(PREFIX);
            let mask = u32::MAX.checked_shl(32 - u32::from(shared)).unwrap_or(0);
            (network.local.to_bits() ^ cable) & mask != 0
        })
    };
    let cable = cables.into_iter().find(is_free);
    let cable = cable.ok_or_else(|| io::Error::other("10.87.0.0/16 is in use on this host"))?;
    Ok([cable | 1, cable | 2].map(Ipv4Addr::from_bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cable_lies_where_the_host_has_nothing() {
        let on = |local: &str, prefixlen: u8| {
            format!(
                r#"[{{"ifname":"x","addr_info":[{{"local":"{local}","prefixlen":{prefixlen}}}]}}]"#
            )
        };
        let cable = |addresses: &str| free_cable("0000ffff", addresses).map(|c| c[0].to_string());
        assert_eq!(cable("[]").expect("a cable"), "10.87.255.253");
        assert_eq!(
            cable(&on("192.0.2.2", 24)).expect("a cable"),
            "10.87.255.253"
        );
        assert_eq!(
            cable(&on("10.87.255.254", 30)).expect("a cable"),
            "10.87.0.1"
        );
        assert_eq!(cable(&on("10.87.240.1", 20)).expect("a cable"), "10.87.0.1");
        assert!(cable(&on("10.1.2.3", 8)).is_err());
    }

    #[test]
    fn a_host_is_not_asked_what_only_it_can_ask() {
        let text = "# nameserver 1.1.1.1\nnameserver 127.0.0.53\nnameserver fe80::1%eth0\n\
                    nameserver  192.168.0.1\nsearch lan\noptions edns0\n";
        assert_eq!(remote_resolvers(text), [Ipv4Addr::new(192, 168, 0, 1)]);
    }
}

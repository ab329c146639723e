//! What the class's router lets pass, in nft's words.

use super::{DNS_PORT, REGISTRY_PORT, SERVICE_ADDRESS};

/// How many connections a machine may have to the registry at once: `docker pull` opens six or so,
/// and a class of 30 that all go to the limit still fits into the registry's open files.
const CALLS: u32 = 256;

/// How many connections a machine may open to services: 100 a second, after a first 500. With
/// [`CALLS`] and the router's timeouts this bounds what the kernel remembers of one machine's
/// connections at some 2,000 of the usual 262,144.
const OPENING: &str = "100/second burst 500 packets";

/// How many names a machine may ask for: 50 a second, after a first 200. An `npm install` asks for
/// a few dozen.
const QUERIES: &str = "50/second burst 200 packets";

/// How many TCP connections a machine may have to the name server at once: a resolver uses one, and
/// dnsmasq has 20 for all (`MAX_PROCS` in its `config.h`).
const LONG_QUERIES: u32 = 2;

/// The router's rules; machines' cables are called m1 to m254. They are put in whole, in one step.
///
/// All is said before routing, as the router has no way on for most addresses: such a packet would
/// not come as far as the forward chain, and be answered by the kernel, which counts and delays.
///
/// Connections are counted by the cable's index, not its name: a new machine's cable may have an
/// old one's name, but starts from nothing.
pub(super) fn router() -> String {
    format!(
        r#"table inet gyosil {{}}
delete table inet gyosil
table inet gyosil {{
    set queries {{ type ifname; flags dynamic; }}
    set opening {{ type ifname; flags dynamic; }}
    set long_queries {{ type iface_index; flags dynamic; }}
    set calls {{ type iface_index; flags dynamic; }}

    chain arriving {{
        type filter hook prerouting priority filter; policy accept;
        iifname != "m*" accept
        fib saddr . iif oif missing drop comment "not the machine's own address"
        ip daddr {SERVICE_ADDRESS} goto services
        goto refused
    }}
    chain services {{
        udp dport {DNS_PORT} add @queries {{ iifname limit rate over {QUERIES} }} goto refused
        udp dport {DNS_PORT} accept
        tcp dport {{ {DNS_PORT}, {REGISTRY_PORT} }} ct state new add @opening {{ iifname limit rate over {OPENING} }} goto refused
        tcp dport {DNS_PORT} ct state new add @long_queries {{ iif ct count over {LONG_QUERIES} }} goto refused
        tcp dport {REGISTRY_PORT} ct state new add @calls {{ iif ct count over {CALLS} }} goto refused
        tcp dport {{ {DNS_PORT}, {REGISTRY_PORT} }} accept
        goto refused
    }}
    chain refused {{
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

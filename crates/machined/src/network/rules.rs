//! What the class's router lets pass, in nft's words.

use std::net::Ipv4Addr;

use super::{DNS_PORT, HUB_PORT, SERVICE_ADDRESS, uplink::ROUTER_END};

/// How many connections a machine may have to the hub at once: `docker pull` opens six or so, and a
/// class of 30 that all go to the limit still fits into the hub's open files.
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

/// How many connections a machine may have to the internet at once, UDP's and ping's among them: a
/// browser with many tabs has 200.
const FLOWS: u32 = 512;

/// How many connections to the internet a machine may open: 20 a second, after a first 200. The host
/// remembers each for two minutes after its end, so this bounds it at some 3,000 for a machine,
/// where it usually has room for 65,536 or more.
const STARTING: &str = "20/second burst 200 packets";

/// What is no public address, by IANA's registry of special-purpose addresses:
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>. Multicast and reserved ones are
/// the last.
const CLOSED: &str = "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, \
    172.16.0.0/12, 192.0.0.0/24, 192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, \
    198.51.100.0/24, 203.0.113.0/24, 224.0.0.0/3";

/// Where nobody is let to: mail servers, as a class must not be a source of spam.
const CLOSED_PORT: u16 = 25;

/// How what is not let pass is refused: at once, so that nobody waits for it.
const REFUSED: &str = "chain refused {
        meta l4proto tcp counter reject with tcp reset
        counter reject with icmpx type admin-prohibited
    }";

/// The router's rules; machines' cables are called m1 to m254. They are put in whole, in one step.
///
/// All is said before routing, as the router has no way on for most addresses: such a packet would
/// not come as far as the forward chain, and be answered by the kernel, which counts and delays.
///
/// Connections are counted by the cable's index, not its name: a new machine's cable may have an
/// old one's name, but starts from nothing.
///
/// `resolvers` are those of the internet, or none where machines may not reach it.
pub(super) fn router(resolvers: &[Ipv4Addr]) -> String {
    let (elsewhere, world) = if resolvers.is_empty() {
        ("refused", String::new())
    } else {
        ("world", world(resolvers))
    };
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
        goto {elsewhere}
    }}
    chain services {{
        udp dport {DNS_PORT} add @queries {{ iifname limit rate over {QUERIES} }} goto refused
        udp dport {DNS_PORT} accept
        tcp dport {{ {DNS_PORT}, {HUB_PORT} }} ct state new add @opening {{ iifname limit rate over {OPENING} }} goto refused
        tcp dport {DNS_PORT} ct state new add @long_queries {{ iif ct count over {LONG_QUERIES} }} goto refused
        tcp dport {HUB_PORT} ct state new add @calls {{ iif ct count over {CALLS} }} goto refused
        tcp dport {{ {DNS_PORT}, {HUB_PORT} }} accept
        goto refused
    }}
    {REFUSED}
    chain passing {{
        type filter hook forward priority filter; policy drop;
        iifname "m*" oifname "{ROUTER_END}" accept
        iifname "{ROUTER_END}" oifname "m*" ct state established,related accept
    }}
    {world}
}}
"#
    )
}

/// The router's rules for the internet. Over the uplink the router itself asks names, and nothing
/// else; and it hears nothing that was not asked for.
fn world(resolvers: &[Ipv4Addr]) -> String {
    format!(
        r#"
    set flows {{ type iface_index; flags dynamic; }}
    set starting {{ type ifname; flags dynamic; }}
    chain world {{
        meta nfproto ipv6 goto refused
        ip daddr {{ {CLOSED} }} goto refused
        tcp dport {CLOSED_PORT} goto refused
        meta l4proto != {{ tcp, udp, icmp }} goto refused
        ct state established,related accept
        add @starting {{ iifname limit rate over {STARTING} }} goto refused
        add @flows {{ iif ct count over {FLOWS} }} goto refused
        accept
    }}
    chain speaking {{
        type filter hook output priority filter; policy accept;
        oifname != "{ROUTER_END}" accept
        ct state established,related accept
        {asking} accept
        goto refused
    }}
    chain hearing {{
        type filter hook input priority filter; policy accept;
        iifname != "{ROUTER_END}" accept
        ct state established,related accept
        goto refused
    }}
    chain leaving {{
        type nat hook postrouting priority srcnat; policy accept;
        oifname "{ROUTER_END}" masquerade
    }}"#,
        asking = asking(resolvers)
    )
}

/// The host's rules for the cable to the router `name`, whose address there is `router`. They say
/// again what the router says, and know what it cannot: which addresses are the host's own, and
/// what it leads on to others.
pub(super) fn host(name: &str, router: Ipv4Addr, resolvers: &[Ipv4Addr]) -> String {
    format!(
        r#"table inet {name} {{}}
delete table inet {name}
table inet {name} {{
    chain arriving {{
        type filter hook input priority filter - 1; policy accept;
        iifname "{name}" goto refused
    }}
    chain passing {{
        type filter hook forward priority filter - 1; policy accept;
        iifname "{name}" goto world
        oifname "{name}" ct state established,related accept
        oifname "{name}" goto refused
    }}
    chain world {{
        ip saddr != {router} goto refused
        meta nfproto ipv6 goto refused
        {asking} accept
        ip daddr {{ {CLOSED} }} goto refused
        tcp dport {CLOSED_PORT} goto refused
        ct status dnat goto refused
        accept
    }}
    {REFUSED}
    chain leaving {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr {router} oifname != "{name}" masquerade
    }}
}}
"#,
        asking = asking(resolvers)
    )
}

/// Takes the host's rules away, if they are there.
pub(super) fn no_host(name: &str) -> String {
    format!("table inet {name} {{}}\ndelete table inet {name}\n")
}

/// What asks these resolvers.
fn asking(resolvers: &[Ipv4Addr]) -> String {
    let resolvers: Vec<String> = resolvers.iter().map(ToString::to_string).collect();
    let resolvers = resolvers.join(", ");
    format!("ip daddr {{ {resolvers} }} meta l4proto {{ tcp, udp }} th dport {DNS_PORT}")
}

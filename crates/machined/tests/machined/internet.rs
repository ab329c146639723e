//! What machines reach where the operator allows the internet. The test has a host and a world of
//! its own, in network namespaces: no packet leaves this machine.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use machine::{MachineId, State};
use proof::namespace::{Listener, reaches};

use crate::classroom::{Classroom, id};

/// A host, where Docker runs as well, and the world that it is connected to.
pub(crate) struct World {
    name: String,
    names: Child,
    listeners: Vec<Listener>,
}

/// The host has a public address, 9.9.9.2, and one in its own network; the world has everything
/// else, and answers names at 8.8.8.8 and 10.1.2.53.
const MAKE: &str = r#"set -e
ip netns add $host; ip netns add $far
ip link add world netns $host type veth peer name host netns $far
ip -n $host link set lo up; ip -n $far link set lo up
ip -n $host addr add 9.9.9.2/24 dev world; ip -n $host link set world up
ip -n $host addr add 192.168.50.1/24 dev lo
ip -n $far addr add 9.9.9.1/24 dev host; ip -n $far link set host up
ip -n $host route add default via 9.9.9.1
for address in 1.1.1.1 8.8.8.8 10.1.2.3 10.1.2.53 169.254.169.254 192.168.7.7 100.64.0.1 203.0.113.5; do
    ip -n $far addr add $address/32 dev lo
done
in_host="nsenter --net=/run/netns/$host"
$in_host sysctl -qw net.ipv4.ip_forward=0
$in_host iptables -N DOCKER-USER
$in_host iptables -A DOCKER-USER -j RETURN
$in_host iptables -A FORWARD -j DOCKER-USER
$in_host iptables -P FORWARD DROP"#;

impl World {
    pub(crate) async fn new() -> Self {
        let name = format!("gyosil-test-{}", hex::encode(rand::random::<[u8; 4]>()));
        bash(&format!("host={name}-host far={name}-far\n{MAKE}")).await;
        let names = Command::new("nsenter")
            .arg(format!("--net=/run/netns/{name}-far"))
            .args(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null"])
            .args(["--pid-file=", "--log-facility=/dev/null", "--no-hosts"])
            .args(["--no-resolv", "--bind-interfaces", "--user=nobody"])
            .args(["--listen-address=8.8.8.8", "--listen-address=10.1.2.53"])
            .args(["--address=/far.example/1.1.1.1"])
            .args(["--address=/inside.example/192.168.7.7"])
            .stdin(Stdio::null())
            .spawn()
            .expect("dnsmasq");
        let mut world = Self {
            name,
            names,
            listeners: Vec::new(),
        };
        for (namespace, port) in [(world.far(), 25), (world.far(), 8080), (world.host(), 8081)] {
            let listener = Listener::new(&namespace, "0.0.0.0", port);
            world.listeners.push(listener.expect("a port"));
        }
        world
    }

    pub(crate) fn host(&self) -> PathBuf {
        format!("/run/netns/{}-host", self.name).into()
    }

    fn far(&self) -> PathBuf {
        format!("/run/netns/{}-far", self.name).into()
    }

    /// All that machined could have left on the host.
    async fn traces(&self) -> String {
        bash(&format!(
            "set -e; in_host='nsenter --net={}'; $in_host ip -br addr | sed s/@if[0-9]*//; \
             $in_host iptables -S; $in_host nft list tables",
            self.host().display()
        ))
        .await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.names.kill();
        let _ = self.names.wait();
        for end in ["host", "far"] {
            let name = format!("{}-{end}", self.name);
            let _ = Command::new("ip").args(["netns", "del", &name]).status();
        }
    }
}

async fn bash(script: &str) -> String {
    let output = tokio::process::Command::new("bash")
        .args(["-c", script])
        .output()
        .await
        .expect("bash");
    assert!(output.status.success(), "{script}\n{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Which of these a machine's root gets an answer from, and the same from the most privileged
/// container that the machine's engine makes. What is not reached must be refused at once.
async fn reached(classroom: &Classroom, id: &MachineId, targets: &[String]) -> [Vec<String>; 2] {
    let script: String = targets
        .iter()
        .map(|target| {
            format!(
                "start=${{EPOCHREALTIME/.}}
                 timeout 5 bash -c 'exec 3<>/dev/tcp/{}' 2>/dev/null && echo '{target}'
                 [ $((${{EPOCHREALTIME/.}} - start)) -lt 2000000 ] || echo 'hung {target}'\n",
                target.replace(':', "/")
            )
        })
        .collect();
    let privileged = format!(
        "docker run --rm -i --privileged --pid=host --net=host -v /:/h tiny chroot /h bash -s \
         <<'END'\n{script}\ntrue\nEND\n"
    );
    let direct = classroom.bash(id, &format!("{script}\ntrue")).await;
    [direct, classroom.bash(id, &privileged).await]
        .map(|lines| lines.lines().map(ToOwned::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_internet_is_reached_where_it_is_allowed_and_nothing_else_is() {
    let world = World::new().await;
    let before = world.traces().await;
    let options = ["--internet", "--resolver", "10.1.2.53"];
    let mut classroom = Classroom::open_within(&world.host(), &options).await;
    let health = classroom.client().health().await.expect("health");
    assert!(health.limits.internet);
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    classroom.ready(&kim).await;
    classroom.import_tiny(&hong).await;
    let uplink = format!(
        "ip -n {}-host -4 -o addr show dev gyosil-{} | grep -o '10\\.87[.0-9]*' | head -1",
        world.name,
        classroom.tag()
    );
    let uplink = bash(&uplink).await;
    let neighbour = "ip -4 -o addr show eth0 | grep -o '10\\.88\\.[0-9]*\\.2'";
    let neighbour = classroom.bash(&kim, neighbour).await;
    let neighbour_namespace = format!("/proc/{}/ns/net", classroom.init(&kim).await);
    let _neighbour =
        Listener::new(Path::new(&neighbour_namespace), "0.0.0.0", 8080).expect("a port");

    let open = ["1.1.1.1:8080", "8.8.8.8:8080", "far.example:8080"].map(ToOwned::to_owned);
    // All of these answer the host.
    let mut closed = Vec::new();
    for address in [
        "169.254.169.254:8080",
        "192.168.7.7:8080",
        "10.1.2.3:8080",
        "10.1.2.53:8080",
        "100.64.0.1:8080",
        "203.0.113.5:8080",
        "1.1.1.1:25",
        // The host's own.
        "9.9.9.2:8081",
        "192.168.50.1:8081",
        &format!("{}:8081", uplink.trim()),
    ] {
        let there: SocketAddr = address.parse().expect("an address");
        assert!(reaches(&world.host(), there).expect("a host"), "{address}");
        closed.push(address.to_owned());
    }
    // The resolver's port is for the classroom's name server, not for machines; a name that leads
    // inside has no address.
    closed.extend(["10.1.2.53:53", "inside.example:8080"].map(ToOwned::to_owned));
    closed.push(format!("{}:8080", neighbour.trim()));

    for _ in 0..2 {
        for (found, wanted) in reached(&classroom, &hong, &open)
            .await
            .iter()
            .zip([&open; 2])
        {
            assert_eq!(found, wanted, "{}", classroom.log());
        }
        for found in reached(&classroom, &hong, &closed).await {
            assert_eq!(found, Vec::<String>::new());
        }
        let container = "docker run --rm tiny bash -c 'exec 3<>/dev/tcp/far.example/8080'; ping -qc1 -W2 1.1.1.1";
        classroom.bash(&hong, container).await;
        // The second time with what a crash left.
        classroom.kill();
        classroom.restart().await;
        let is_ready = |state: &State| matches!(state, State::Ready);
        classroom.wait_until(&hong, is_ready).await;
    }
    assert_ne!(world.traces().await, before);
    classroom.terminate();
    assert_eq!(world.traces().await, before);
    drop(classroom);

    // Without the operator's word there is no way at all, though the host now forwards.
    let classroom = Classroom::open_within(&world.host(), &[]).await;
    classroom.ready(&hong).await;
    classroom.import_tiny(&hong).await;
    for found in reached(&classroom, &hong, &[&open[..], &closed].concat()).await {
        assert_eq!(found, Vec::<String>::new());
    }
}

//! Points 9, 10, 11 and 14: open files, sockets, the network and machined's own door.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixStream},
    },
    path::{Path, PathBuf},
};

use machine::MachineUser;
use rustix::{
    process::{Gid, Uid},
    thread::{set_thread_gid, set_thread_groups, set_thread_uid},
};

use crate::{
    Doing, Error, Place,
    command::run,
    echo::Terminal,
    namespace::{self, Listener, reaches},
    points::ids::range,
    probe::{Probe, Seen},
    stage::Stage,
};

/// The class's own address; docs/machined-api.md, "Running it".
const SERVICE: &str = "10.88.0.1";
const HUB: &str = "10.88.0.1:443";

/// Addresses of the world, which the suite gives to the class's router: whatever passed it would be
/// answered, and nothing leaves the host. The cloud's metadata service, private networks, the world.
const WORLD: [&str; 5] = [
    "169.254.169.254",
    "192.168.7.7",
    "172.16.7.7",
    "10.7.7.7",
    "1.1.1.1",
];

/// Where nobody is at all: refused as well, and at once.
const NOBODY: [&str; 2] = ["10.88.253.2:80", "8.8.8.8:53"];

/// What neighbours and the router listen on for the suite.
const NEIGHBOUR_PORT: u16 = 8080;
const ROUTER_PORT: u16 = 8081;

/// Sends the student's programs, whose working folder is their home, through an open file of whoever
/// starts them. Given: the number of that file. CVE-2024-21626.
const MOVE_HOME: &str = "mv /home/student /home/moved 2>/dev/null; rm -f /home/student; ln -s /proc/self/fd/$1 /home/student";
const MOVE_BACK: &str = "rm -f /home/student; mv /home/moved /home/student";

/// The numbers that runc's own open files have.
const LEAKED: std::ops::RangeInclusive<u8> = 3..=12;

fn paths(stage: &Stage) -> impl Iterator<Item = impl std::fmt::Display> {
    stage.outside.files().iter().map(|file| file.display())
}

/// The probe of open files and working folders.
fn descriptors(stage: &Stage, tiny: u8) -> Probe {
    let probe = Probe::bash(include_str!("../../probes/descriptors.sh"));
    probe.give("FILES", paths(stage)).give("TINY", [tiny])
}

pub(crate) async fn check_descriptors(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    // The shell's own open files are looked at as well.
    let _shell = Terminal::open(stage.client(), &stage.hong, "shell").await?;
    let mut checks = Vec::new();
    for (place, tiny) in [(Place::Root, 1), (Place::Privileged, 0)] {
        checks.push((place, stage.run(place, &descriptors(stage, tiny)).await?));
    }
    let moved = through_home(stage).await;
    stage.bash(&stage.hong, MOVE_BACK).await?;
    if let Some((_, seen)) = checks.first_mut() {
        *seen = std::mem::take(seen).and(moved?);
    }
    Ok(checks)
}

/// Runs the student's programs with each of runc's open files as their home.
async fn through_home(stage: &Stage) -> Result<Seen, Error> {
    let (mut seen, mut refused) = (Seen::default(), 0);
    let look = descriptors(stage, 0).script();
    for number in LEAKED {
        stage
            .bash(&stage.hong, &format!("set -- {number}; {MOVE_HOME}"))
            .await?;
        let outcome = stage
            .exec(&stage.hong, &["bash", "-s"], MachineUser::Student, &look)
            .await?;
        if outcome.exit == Some(0) {
            seen = seen.and(Seen::read(&outcome.stdout, &outcome.stderr));
        } else {
            refused += 1;
        }
    }
    Ok(seen.saw(format!(
        "{refused} working folders in /proc/self/fd refused"
    )))
}

pub(crate) async fn check_sockets(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    let name = SocketAddr::from_abstract_name(stage.outside.token());
    let by_name = name.and_then(|name| UnixStream::connect_addr(&name));
    let by_path = UnixStream::connect(stage.outside.socket());
    let mut checks = stage.run_both(&sockets(stage, true)?).await?;
    for (_, seen) in &mut checks {
        *seen = std::mem::take(seen)
            .control(
                by_name.is_ok(),
                "the host's abstract socket does not answer on the host",
            )
            .control(
                by_path.is_ok(),
                "the host's socket does not answer on the host",
            );
    }
    Ok(checks)
}

/// Knocks at all sockets that the host lists; whether there are some of one's own that must answer.
pub(crate) fn sockets(stage: &Stage, own_answer: bool) -> Result<Probe, Error> {
    let list = fs::read_to_string("/proc/net/unix").doing(|| "list the host's sockets".into())?;
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().nth(7))
        .collect();
    let own = [
        stage.socket(),
        stage.outside.socket(),
        PathBuf::from("/run/containerd/containerd.sock"),
    ];
    let paths = names
        .iter()
        .filter(|name| name.starts_with('/'))
        .map(|name| (*name).to_owned());
    let probe = Probe::perl(include_str!("../../probes/sockets.pl"));
    Ok(probe
        .give("OWN", [u8::from(own_answer)])
        .give(
            "ABSTRACT",
            names
                .iter()
                .filter_map(|name| name.strip_prefix('@'))
                .chain([stage.outside.token()]),
        )
        .give(
            "PATHS",
            paths.chain(own.map(|path| path.display().to_string())),
        ))
}

pub(crate) async fn check_network(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    let others = Others::open(stage).await?;
    let absent = others.absent()?;
    let targets = others.targets.iter().map(|(_, target)| target.clone());
    let more = NOBODY
        .map(Into::into)
        .into_iter()
        .chain([format!("{SERVICE}:{}", others.host_port)]);
    let probe = reach(targets.chain(more))
        .give("HUB", [HUB])
        .give("PINGS", [&*others.neighbour, WORLD[0], WORLD[1], "1.1.1.1"])
        .give("DATAGRAMS", &others.datagrams)
        .give("THEIRS", [&others.neighbour]);
    let mut checks = stage.run_both(&probe).await?;
    for (_, seen) in &mut checks {
        *seen = std::mem::take(seen).control(
            absent.is_empty(),
            &format!("nobody answers at {}", absent.join(", ")),
        );
    }
    Ok(checks)
}

/// Those who must not be reached, and who answer in their own network namespaces.
struct Others {
    /// Each with a namespace from where it is reached.
    targets: Vec<(PathBuf, String)>,
    /// Who answers datagrams, in the router's namespace.
    datagrams: Vec<String>,
    /// The neighbour's address.
    neighbour: String,
    host_port: u16,
    router: PathBuf,
    _listeners: [Listener; 4],
}

impl Others {
    async fn open(stage: &Stage) -> Result<Self, Error> {
        let (router, own) = (stage.router(), PathBuf::from(namespace::OWN));
        for address in WORLD {
            let address = format!("{address}/32");
            let add = [
                "-n",
                &stage.prefix(),
                "addr",
                "replace",
                &address,
                "dev",
                "lo",
            ];
            run("ip", add, "").await?;
        }
        let kim = PathBuf::from(format!("/proc/{}/ns/net", stage.init(&stage.kim).await?));
        let listen = |namespace: &Path, address, port| {
            let listener = Listener::new(namespace, address, port);
            listener.doing(|| format!("listen on {address}:{port}"))
        };
        let host = listen(&own, "127.0.0.1", 0)?;
        let host_port = host.port();
        let datagrams = Listener::of_datagrams(&router, ROUTER_PORT);
        let listeners = [
            host,
            listen(&kim, "0.0.0.0", NEIGHBOUR_PORT)?,
            listen(&router, "0.0.0.0", ROUTER_PORT)?,
            datagrams.doing(|| "listen for datagrams".into())?,
        ];
        let neighbour = address(stage, &stage.kim).await?;
        let gateway = address(stage, &stage.hong).await?.replace(".2", ".1");
        let on_router = |address: &str| format!("{address}:{ROUTER_PORT}");
        let mut targets = vec![
            (kim, format!("{neighbour}:{NEIGHBOUR_PORT}")),
            (own, format!("127.0.0.1:{host_port}")),
        ];
        let addresses = WORLD.into_iter().chain([SERVICE, &gateway]);
        targets.extend(addresses.map(|address| (router.clone(), on_router(address))));
        let datagrams = [WORLD[0], SERVICE, &gateway].map(on_router).into();
        Ok(Self {
            targets,
            datagrams,
            neighbour,
            host_port,
            router,
            _listeners: listeners,
        })
    }

    /// Who does not answer those who may ask: not reaching them would say nothing.
    fn absent(&self) -> Result<Vec<String>, Error> {
        let mut absent = Vec::new();
        for (namespace, target) in &self.targets {
            if !reaches(namespace, socket(target)?).doing(|| "enter a namespace".into())? {
                absent.push(target.clone());
            }
        }
        for target in &self.datagrams {
            let answers = namespace::answers(&self.router, socket(target)?);
            if !answers.doing(|| "enter a namespace".into())? {
                absent.push(format!("{target} to datagrams"));
            }
        }
        Ok(absent)
    }
}

fn socket(target: &str) -> Result<std::net::SocketAddr, Error> {
    target
        .parse()
        .map_err(io::Error::other)
        .doing(|| format!("understand {target}"))
}

/// The probe of who can be reached.
pub(crate) fn reach(targets: impl Iterator<Item = String>) -> Probe {
    Probe::bash(include_str!("../../probes/reach.sh")).give("TARGETS", targets)
}

/// A machine's address.
async fn address(stage: &Stage, id: &machine::MachineId) -> Result<String, Error> {
    let ask = "ip -4 -o addr show eth0 | grep -o -m 1 '10\\.88\\.[0-9]*\\.2' | head -n 1";
    Ok(stage.bash(id, ask).await?.trim().to_owned())
}

/// Who asks machined on the host: only its account and root may. That another student's machine
/// cannot be named, and that another site's page gets no terminal, is the web server's to hold; its
/// own tests show it.
pub(crate) async fn check_callers(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    let account = account(stage.account()).doing(|| format!("look up {}", stage.account()))?;
    let mut seen = Seen::default();
    let answer = ask_as(&stage.socket(), account).doing(|| "ask machined".into())?;
    seen = seen.control(
        answer.as_deref() == Some("HTTP/1.1 200 OK"),
        &format!(
            "machined does not answer {} either ({answer:?})",
            stage.account()
        ),
    );
    let machines = range(stage, &stage.hong, "uid_map").await?;
    // The account `nobody`, somebody who may log in, a machine's root and its student.
    let others = [65_534, 1000, machines.start, machines.start + 1000];
    for uid in others.into_iter().filter(|uid| *uid != account) {
        let answer = ask_as(&stage.socket(), uid).doing(|| "ask machined".into())?;
        seen = match answer {
            None => seen.saw(format!("uid {uid} is not let in")),
            Some(status) if status.starts_with("HTTP/1.1 403") => {
                seen.saw(format!("uid {uid}: {status}"))
            }
            Some(status) => seen.broken(format!("uid {uid} is answered: {status}")),
        };
    }
    Ok(vec![(Place::Host, seen)])
}

/// Asks machined for all machines as an account of the host, in a thread that becomes it for good.
/// The answer's first line; `None` if it was not let in.
fn ask_as(socket: &Path, uid: u32) -> io::Result<Option<String>> {
    let socket = socket.to_owned();
    let thread = std::thread::Builder::new().spawn(move || {
        set_thread_groups(&[])?;
        set_thread_gid(Gid::from_raw(uid))?;
        set_thread_uid(Uid::from_raw(uid))?;
        let Ok(mut stream) = UnixStream::connect(socket) else {
            return Ok(None);
        };
        stream.write_all(
            b"GET /v1/machines HTTP/1.1\r\nhost: machined\r\nconnection: close\r\n\r\n",
        )?;
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status)?;
        Ok(Some(status.trim().to_owned()))
    })?;
    thread
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the asking thread broke")))
}

/// The number of an account of the host.
fn account(name: &str) -> io::Result<u32> {
    let passwd = fs::read_to_string("/etc/passwd")?;
    let mut fields = passwd.lines().map(|line| line.split(':'));
    let found = fields.find_map(|mut fields| {
        (fields.next() == Some(name))
            .then(|| fields.nth(1).and_then(|uid| uid.parse().ok()))
            .flatten()
    });
    found.ok_or_else(|| io::Error::other("there is no such account"))
}

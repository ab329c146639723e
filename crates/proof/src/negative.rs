//! Point 16: with one wall taken away, the checks that are about it must fail. A suite that cannot fail
//! shows nothing.
//!
//! The container is a machine's but for that wall: of machined's own bundle, on the machine's own root
//! (read-only) and ids, without an engine. It does no harm: it reads canaries, opens knobs without
//! writing, and what plays the host's network is a namespace that leads nowhere.

use std::{
    fs, io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    Doing, Error,
    command::run,
    namespace::{self, Listener},
    points::{Point, doors, floods, ids, kernel, outside},
    probe::{Probe, Seen},
    stage::Stage,
};

/// The container's name and its group's.
const NAME: &str = "negative";

/// What root may without a user namespace: enough to run, and nothing that could do harm.
const CAPABILITIES: [&str; 5] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_SETGID",
    "CAP_SETUID",
];

/// Where a part of the host is mounted.
const HOST: &str = "/mnt";

/// How long a container may take to its first process.
const RUNS_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A machine's walls, as far as they can be taken away one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wall {
    UserNamespace,
    Network,
    Limits,
    Mounts,
    Processes,
    SystemCalls,
}

impl Wall {
    const ALL: [Self; 6] = [
        Self::UserNamespace,
        Self::Network,
        Self::Limits,
        Self::Mounts,
        Self::Processes,
        Self::SystemCalls,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::UserNamespace => "a user namespace of its own",
            Self::Network => "a network of its own",
            Self::Limits => "limits",
            Self::Mounts => "mounts of its own only",
            Self::Processes => "a process namespace of its own",
            Self::SystemCalls => "a filter of system calls",
        }
    }

    /// The checks that are about it.
    fn checks(self, stage: &Stage, host: &PlayedHost) -> Result<Vec<(Point, Probe)>, Error> {
        Ok(match self {
            Self::UserNamespace => vec![
                (Point::Ids, ids::ids()),
                (Point::Owners, Probe::bash("sleep 2\necho done\n")),
                (Point::Knobs, kernel::knobs(&["/proc/sys/kernel"])),
            ],
            Self::Network => vec![
                (Point::Sockets, doors::sockets(stage, false)?),
                (
                    Point::Network,
                    doors::reach([format!("127.0.0.1:{}", host.listener.port())].into_iter()),
                ),
            ],
            Self::Limits => vec![
                (Point::Groups, kernel::groups()),
                (Point::Floods, floods::beyond()),
            ],
            Self::Mounts => {
                let file = format!("{HOST}/{}", stage.outside.token());
                let look = outside::look(&[stage.outside.token()], &["/"]);
                vec![(Point::Files, look.give("FILES", [file]).give("MEMORY", [0]))]
            }
            Self::Processes => {
                let look = outside::look(&[stage.outside.token()], &[]).give("MEMORY", [0]);
                vec![
                    (Point::Processes, look),
                    (Point::Processes, outside::signals(stage)?),
                ]
            }
            Self::SystemCalls => vec![(Point::Calls, kernel::calls())],
        })
    }

    /// Takes it away.
    fn tear_down(self, config: &mut Value, stage: &Stage, host: &PlayedHost) {
        match self {
            Self::UserNamespace => {
                remove_namespace(config, "user");
                for map in ["uidMappings", "gidMappings"] {
                    config["linux"][map] = Value::Null;
                }
                for set in ["bounding", "effective", "permitted"] {
                    config["process"]["capabilities"][set] = json!(CAPABILITIES);
                }
            }
            Self::Network => {
                remove_namespace(config, "network");
                push(
                    &mut config["linux"]["namespaces"],
                    json!({ "type": "network", "path": host.namespace() }),
                );
                config["linux"]["sysctl"] = Value::Null;
                // Nobody but the network's owner may mount what tells of it.
                keep_mounts(config, |at| !at.starts_with("/sys"));
            }
            Self::Limits => {
                for limit in ["memory", "cpu", "pids"] {
                    config["linux"]["resources"][limit] = Value::Null;
                }
            }
            Self::Mounts => {
                let source = stage.outside.open_folder();
                let bind = json!({ "destination": HOST, "type": "bind", "source": source, "options": ["bind", "rw"] });
                push(&mut config["mounts"], bind);
            }
            Self::Processes => {
                remove_namespace(config, "pid");
                keep_mounts(config, |at| at != "/proc");
                let proc = json!({ "destination": "/proc", "type": "bind", "source": "/proc", "options": ["rbind"] });
                if let Some(mounts) = config["mounts"].as_array_mut() {
                    mounts.insert(0, proc);
                }
            }
            Self::SystemCalls => config["linux"]["seccomp"] = Value::Null,
        }
    }
}

pub(crate) async fn check(stage: &Stage) -> Result<Vec<Seen>, Error> {
    let host = PlayedHost::open(stage).await?;
    let bundle = stage.machine_folder(&stage.hong).await?.join("config.json");
    let config = fs::read(&bundle).doing(|| format!("read {}", bundle.display()))?;
    let config: Value = serde_json::from_slice(&config)
        .map_err(io::Error::from)
        .doing(|| "understand it".into())?;
    let mut checks = Vec::new();
    for wall in Wall::ALL {
        let mut seen = Seen::default();
        for (point, probe) in wall.checks(stage, &host)? {
            let whole = run_probe(stage, point, &probe, prepared(&config, &probe, stage)).await?;
            let mut torn = prepared(&config, &probe, stage);
            wall.tear_down(&mut torn, stage, &host);
            let without = run_probe(stage, point, &probe, torn).await?;
            let number = point.number();
            seen = match whole.lines().first() {
                Some(line) if whole.verdict() != crate::Verdict::Held => {
                    seen.untried(format!("check {number} fails with all walls: {line}"))
                }
                _ => seen,
            };
            seen = match without.what_broke() {
                [] => seen.broken(format!(
                    "without {}, check {number} notices nothing: {}",
                    wall.name(),
                    without.lines().join("; ")
                )),
                [first, ..] => seen.saw(format!(
                    "without {}, check {number} fails: {first}",
                    wall.name()
                )),
            };
        }
        checks.push(seen);
    }
    Ok(checks)
}

/// The machine's bundle, for a probe instead of a boot.
fn prepared(config: &Value, probe: &Probe, stage: &Stage) -> Value {
    let mut config = config.clone();
    config["process"]["args"] = json!(probe.command());
    config["root"]["readonly"] = json!(true);
    config["linux"]["cgroupsPath"] = match config["linux"]["cgroupsPath"]
        .as_str()
        .and_then(|path| path.rsplit_once('/'))
    {
        Some((base, _)) => json!(format!("{base}/{NAME}")),
        None => json!(format!("/{}/{NAME}", stage.prefix())),
    };
    keep_mounts(&mut config, |at| {
        at != "/run/gyosil" && at != "/var/lib/docker"
    });
    let options = ["nosuid", "nodev", "mode=1777", "size=16m"];
    push(
        &mut config["mounts"],
        json!({ "destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": options }),
    );
    config
}

fn push(list: &mut Value, item: Value) {
    if let Some(list) = list.as_array_mut() {
        list.push(item);
    }
}

fn remove_namespace(config: &mut Value, kind: &str) {
    if let Some(namespaces) = config["linux"]["namespaces"].as_array_mut() {
        namespaces.retain(|namespace| namespace["type"] != kind);
    }
}

fn keep_mounts(config: &mut Value, keep: impl Fn(&str) -> bool) {
    if let Some(mounts) = config["mounts"].as_array_mut() {
        mounts.retain(|mount| mount["destination"].as_str().is_some_and(&keep));
    }
}

/// Runs a probe in a container of this bundle.
async fn run_probe(
    stage: &Stage,
    point: Point,
    probe: &Probe,
    config: Value,
) -> Result<Seen, Error> {
    let container = Container::new(stage, &config)?;
    let look = async {
        if point == Point::Owners {
            container.owners(stage).await
        } else {
            Ok(Seen::default())
        }
    };
    let script = probe.script();
    let (output, owners) = tokio::join!(container.run(&script), look);
    Ok(match output {
        Ok(output) => Seen::read(&output, "").and(owners?),
        Err(error) => Seen::default().untried(error.to_string()),
    })
}

/// A container of the suite's own; it goes, whatever becomes of the suite.
struct Container {
    folder: PathBuf,
}

impl Container {
    fn new(stage: &Stage, config: &Value) -> Result<Self, Error> {
        let container = Self {
            folder: stage.data().join(NAME),
        };
        let made = fs::create_dir_all(&container.folder)
            .and_then(|()| fs::write(container.folder.join("config.json"), config.to_string()));
        made.doing(|| "write a container's bundle".into())?;
        Ok(container)
    }

    fn runc(&self) -> PathBuf {
        self.folder.join("runc")
    }

    async fn run(&self, script: &str) -> Result<String, Error> {
        let (runc, folder) = (
            self.runc().display().to_string(),
            self.folder.display().to_string(),
        );
        run(
            "runc",
            ["--root", &runc, "run", "--bundle", &folder, NAME],
            script,
        )
        .await
    }

    /// Whose the container's processes are, as the host sees them, when it runs.
    async fn owners(&self, stage: &Stage) -> Result<Seen, Error> {
        let machine = ids::range(stage, &stage.hong, "uid_map").await?;
        let (group, since) = (
            format!("{}/{NAME}", stage.prefix()),
            tokio::time::Instant::now(),
        );
        // runc's own process is in the group before it is the container's.
        let runs = || fs::read(self.runc().join(NAME).join("state.json")).is_ok();
        while !runs() && since.elapsed() < RUNS_WITHIN {
            sleep(LOOK_EVERY).await;
        }
        sleep(Duration::from_secs(1)).await;
        let (count, seen) = ids::owners(&group, &machine)?;
        Ok(seen.control(count > 0, "the container has no process"))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // No error if it is gone; what could not be removed, the last check of the suite sees.
        let mut runc = Command::new("runc");
        runc.arg("--root")
            .arg(self.runc())
            .args(["delete", "--force", NAME]);
        let _ = runc
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A network namespace that plays the host's, with the host's canaries in it and no way out.
struct PlayedHost {
    name: String,
    listener: Listener,
    _socket: UnixListener,
}

impl PlayedHost {
    async fn open(stage: &Stage) -> Result<Self, Error> {
        let name = format!("{}-host", stage.prefix());
        run("ip", ["netns", "add", &name], "").await?;
        let opened = Self::furnish(stage, &name).await;
        if opened.is_err() {
            remove(&name);
        }
        opened
    }

    async fn furnish(stage: &Stage, name: &str) -> Result<Self, Error> {
        run("ip", ["-n", name, "link", "set", "lo", "up"], "").await?;
        let path = Path::new("/run/netns").join(name);
        let listener =
            Listener::new(&path, "127.0.0.1", 0).doing(|| "listen in a namespace".into())?;
        let token = stage.outside.token().to_owned();
        let socket = namespace::inside(&path, move || {
            SocketAddr::from_abstract_name(token).and_then(|name| UnixListener::bind_addr(&name))
        });
        let _socket = socket.doing(|| "listen on a unix socket".into())?;
        Ok(Self {
            name: name.to_owned(),
            listener,
            _socket,
        })
    }

    fn namespace(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }
}

impl Drop for PlayedHost {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

fn remove(namespace: &str) {
    // If it stays, it is empty; nobody can be told from here.
    let _ = Command::new("ip")
        .args(["netns", "del", namespace])
        .stderr(Stdio::null())
        .status();
}

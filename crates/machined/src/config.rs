//! What the operator says, and where things lie.

use std::{
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::Parser;
use machine::Limits;
use sha2::{Digest, Sha256};

use crate::network;

/// Runs the students' machines of one classroom: the only privileged process of it.
///
/// Listens on a unix socket, for the web server. On SIGTERM and SIGINT it stops all machines,
/// keeping their disks, and ends; when it is killed otherwise, they live on and the next start
/// adopts them.
#[derive(Parser, Debug, Clone)]
#[command(version)]
pub(crate) struct Options {
    /// The classroom's data folder.
    #[arg(long, default_value = "/var/lib/gyosil")]
    pub(crate) data: PathBuf,
    /// Where to listen [default: run/machined.sock in the data folder].
    #[arg(long)]
    pub(crate) socket: Option<PathBuf>,
    /// The unprivileged account that may ask, and that the hub runs as.
    #[arg(long, default_value = "gyosil")]
    pub(crate) socket_user: String,
    /// How many machines may run at once; at most 254, as each has a network 10.88.N.0/24
    /// [default: one for each 512 MiB of the host's memory beyond 2 GiB].
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=i64::from(network::MACHINES_MAX)))]
    pub(crate) max_machines: Option<u8>,
    /// How many machines are kept ready that nobody has yet.
    #[arg(long, default_value_t = 2)]
    pub(crate) pool: u8,
    /// A machine's memory, without swap: a number with K, M or G.
    #[arg(long, default_value = "1500M")]
    pub(crate) memory: Size,
    /// How many processors' time a machine may use.
    #[arg(long, default_value_t = 2.0)]
    pub(crate) cpus: f64,
    /// How many processes and threads a machine may have.
    #[arg(long, default_value_t = 4096)]
    pub(crate) pids: u32,
    /// A machine's disk, all of its images and files: a number with K, M or G. It takes room on the
    /// host only as it fills.
    #[arg(long, default_value = "8G")]
    pub(crate) disk: Size,
    /// How many bytes a second a machine may read from its disk, and write to it: a number with K, M
    /// or G; 0 for no limit.
    #[arg(long, default_value = "200M")]
    pub(crate) disk_speed: Size,
    /// After how long without use a machine falls asleep; this and the other times are like 90s, 15m,
    /// 8h, 30d, and 0s means never.
    #[arg(long, default_value = "15m", value_parser = humantime::parse_duration)]
    pub(crate) idle_freeze: Duration,
    /// After how long asleep a machine is stopped.
    #[arg(long, default_value = "2h", value_parser = humantime::parse_duration)]
    pub(crate) idle_stop: Duration,
    /// How long a machine runs at most, from its start: a day of classes.
    #[arg(long, default_value = "8h", value_parser = humantime::parse_duration)]
    pub(crate) lifetime: Duration,
    /// How much longer a machine may run when its student asks for it.
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
    pub(crate) extend: Duration,
    /// How long the disk of a stopped machine is kept.
    #[arg(long, default_value = "30d", value_parser = humantime::parse_duration)]
    pub(crate) keep_disks: Duration,
    /// How many times as long machines' engines and the host's own programs may take before machined
    /// gives them up (an engine otherwise has 30 s): for a host that is emulated or very slow.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) patience: u32,
    /// How much of the hub one account's images may take: a number with K, M or G.
    #[arg(long, default_value = "2G")]
    pub(crate) hub_quota: Size,
    /// How much all images of the hub may take, the classroom's own among them: a number with K, M or
    /// G.
    #[arg(long, default_value = "50G")]
    pub(crate) hub_disk: Size,
    /// Lets machines reach the internet's public addresses, by the host's own connection. Switches
    /// the host's forwarding on.
    #[arg(long)]
    pub(crate) internet: bool,
    /// Which registry the hub fetches from what the class does not have, once for all: its address, as of
    /// a mirror nearby.
    #[arg(
        long,
        default_value = "https://registry-1.docker.io",
        requires = "internet"
    )]
    pub(crate) hub_upstream: String,
    /// Who answers names of the internet: an IPv4 address, once or more; not this host's own
    /// [default: the host's resolvers].
    #[arg(long, requires = "internet")]
    pub(crate) resolver: Vec<Ipv4Addr>,
}

/// How long before a limit strikes it is told of: time to read the warning and finish a thought.
pub(crate) const WARN: Duration = Duration::from_secs(300);

/// What a machine in use takes of the host's memory, in bytes, as a rule of thumb: an engine, and a
/// few containers of a lesson. Its limit is much higher, and few reach it at once.
const MEMORY_IN_USE: u64 = 512 << 20;

/// The host's memory that is not for machines when their number is worked out, in bytes: the
/// system, the web server, the page cache.
const MEMORY_ASIDE: u64 = 2 << 30;

impl Options {
    /// How many machines may run at once.
    pub(crate) fn max_machines(&self) -> usize {
        let by_memory = || {
            let memory = rustix::system::sysinfo();
            let total = (memory.totalram as u64).saturating_mul(u64::from(memory.mem_unit));
            let fit = total.saturating_sub(MEMORY_ASIDE) / MEMORY_IN_USE;
            u8::try_from(fit)
                .unwrap_or(u8::MAX)
                .clamp(1, network::MACHINES_MAX)
        };
        self.max_machines.unwrap_or_else(by_memory).into()
    }

    /// What of this others may know.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_machines: self.max_machines(),
            idle_freeze_s: self.idle_freeze.as_secs(),
            idle_stop_s: self.idle_stop.as_secs(),
            lifetime_s: self.lifetime.as_secs(),
            extend_s: self.extend.as_secs(),
            keep_s: self.keep_disks.as_secs(),
            warn_s: WARN.as_secs(),
            memory: self.memory.0,
            disk: self.disk.0,
            cpus: self.cpus,
            pids: self.pids,
            internet: self.internet,
        }
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, shift) = match text.as_bytes().last() {
            Some(b'K') => (&text[..text.len() - 1], 10),
            Some(b'M') => (&text[..text.len() - 1], 20),
            Some(b'G') => (&text[..text.len() - 1], 30),
            _ => (text, 0),
        };
        let number: u64 = digits
            .parse()
            .map_err(|_| "a number, with K, M or G if you like")?;
        number
            .checked_mul(1 << shift)
            .map(Self)
            .ok_or("too large a number")
    }
}

/// An account of the host.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// The host's account of this name. Read from `/etc/passwd`: the classroom's is a local one.
    pub(crate) fn find(name: &str) -> anyhow::Result<Self> {
        let passwd = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        for line in passwd.lines() {
            if let [account, _, uid, gid, ..] = line.split(':').collect::<Vec<_>>()[..]
                && account == name
            {
                return Ok(Self {
                    name: name.to_owned(),
                    uid: uid.parse()?,
                    gid: gid.parse()?,
                });
            }
        }
        bail!("there is no user {name}: useradd --system --shell /usr/sbin/nologin {name}")
    }
}

/// The classroom's data folder.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    path: PathBuf,
    tag: String,
}

impl Data {
    /// The folder at `path`, which must exist; its path goes into mount options, which have no way
    /// to quote.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let path = path
            .canonicalize()
            .with_context(|| format!("opening {}", path.display()))?;
        let Some(text) = path.to_str() else {
            bail!("the data folder's path is no text")
        };
        if text.contains([':', ',', '\\', '"', '\n']) {
            bail!("the data folder's path must not contain ':', ',', '\\', '\"' or a line break");
        }
        let tag = hex::encode(Sha256::digest(text))[..8].to_owned();
        Ok(Self { path, tag })
    }

    /// Eight digits that tell this classroom's names on the host from another's.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The pristine root file system that all machines share.
    pub(crate) fn image(&self) -> PathBuf {
        self.path.join("machine-image/rootfs")
    }

    /// The folder of all machines.
    pub(crate) fn machines(&self) -> PathBuf {
        self.path.join("machines")
    }

    /// The folder of the machine of this generation.
    pub(crate) fn machine(&self, generation: &str) -> PathBuf {
        self.machines().join(generation)
    }

    /// What tells one build of the image from another; empty where nobody noted it.
    pub(crate) fn image_stamp(&self) -> String {
        std::fs::read_to_string(self.path.join("machine-image/stamp")).unwrap_or_default()
    }

    /// A folder for sockets and the like, on memory, with a path short enough for a socket's
    /// address (108 bytes).
    pub(crate) fn scratch(&self) -> PathBuf {
        PathBuf::from(format!("/run/gyosil-{}", self.tag))
    }
}

/// The machine image's accounts and language, read from the pristine root file system, which is
/// the host's own and out of every student's reach.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// The groups of the account `student` besides its own.
    pub(crate) student_groups: Vec<u32>,
    /// `LANG` for programs in a machine.
    pub(crate) lang: String,
}

impl Image {
    /// Reads the image at `root`.
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let groups = std::fs::read_to_string(root.join("etc/group"))?;
        let student_groups = groups
            .lines()
            .filter_map(|line| match line.split(':').collect::<Vec<_>>()[..] {
                [_, _, gid, members] if members.split(',').any(|m| m == "student") => {
                    gid.parse().ok()
                }
                _ => None,
            })
            .collect();
        let locale = std::fs::read_to_string(root.join("etc/default/locale")).unwrap_or_default();
        let lang = locale.lines().find_map(|line| line.strip_prefix("LANG="));
        Ok(Self {
            student_groups,
            lang: lang.unwrap_or("C.UTF-8").to_owned(),
        })
    }
}

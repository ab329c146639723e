//! What the operator says, and where things lie.

use std::{
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, bail};
use clap::Parser;
use machine::MachineId;
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
    /// The unprivileged account that may ask, and that the registry runs as.
    #[arg(long, default_value = "gyosil")]
    pub(crate) socket_user: String,
    /// How many machines may run at once; at most 254, as each has a network 10.88.N.0/24.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(1..=i64::from(network::MACHINES_MAX)))]
    pub(crate) max_machines: u8,
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

    /// The folder of one machine.
    pub(crate) fn machine(&self, id: &MachineId) -> PathBuf {
        self.machines().join(id.as_str())
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

//! What is on the host to be found by nobody in a machine.

use std::{
    fs,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::PermissionsExt,
            net::{SocketAddr, UnixListener},
            process::CommandExt,
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::{Doing, Error};

/// Where files are laid: what everybody may read, what is gone at the next start, root's own.
const PLACES: [&str; 3] = ["/var/tmp", "/run", "/root"];

/// A process that notes each SIGURG, a signal that does nothing to who does not ask for it.
pub(crate) const LISTENING: &str = r#"trap 'echo hit >>"$1"' URG; echo ready >"$1"; while :; do sleep 1000 & wait $!; kill $!; done"#;

/// A random word that nothing else has.
pub(crate) fn token() -> String {
    format!("canary-{}", hex::encode(rand::random::<[u8; 16]>()))
}

/// Files, a process and sockets of the host, that all have the same word in them.
#[derive(Debug)]
pub(crate) struct Canary {
    token: String,
    folders: Vec<TempDir>,
    files: Vec<PathBuf>,
    hits: PathBuf,
    process: Child,
    // Nobody need answer: to be let in is enough.
    _sockets: [UnixListener; 2],
}

impl Canary {
    /// Lays them out; `web` is where a classroom's database is.
    pub(crate) fn new(web: &Path) -> Result<Self, Error> {
        let token = token();
        let mut folders = Vec::new();
        let mut files = vec![web.join("gyosil.sqlite")];
        for place in PLACES {
            let folder = tempfile::Builder::new()
                .prefix("gyosil-proof-")
                .tempdir_in(place);
            let folder = folder.doing(|| format!("make a folder in {place}"))?;
            files.push(folder.path().join(&token));
            folders.push(folder);
        }
        for file in &files {
            fs::write(file, format!("{token}\n")).doing(|| format!("write {}", file.display()))?;
        }
        // One that everybody may read and write, if only they can get there.
        let open = folders[0].path();
        let opened = fs::set_permissions(open, fs::Permissions::from_mode(0o755))
            .and_then(|()| fs::set_permissions(&files[1], fs::Permissions::from_mode(0o666)));
        opened.doing(|| format!("open {} to all", open.display()))?;
        let hits = folders[2].path().join("hits");
        // It ends with this process, however that comes.
        let process = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "bash", "-c", LISTENING, &token])
            .arg(&hits)
            .env("CANARY", &token)
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .doing(|| "start a process to be found by nobody".into())?;
        let path = UnixListener::bind(open.join("socket"));
        let name =
            SocketAddr::from_abstract_name(&token).and_then(|name| UnixListener::bind_addr(&name));
        let sockets = [path, name].map(|socket| socket.doing(|| "listen on a unix socket".into()));
        let [path, name] = sockets;
        Ok(Self {
            token,
            folders,
            files,
            hits,
            process,
            _sockets: [path?, name?],
        })
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The files, on the host.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// A folder that has one of the files, which everybody may write.
    pub(crate) fn open_folder(&self) -> &Path {
        self.folders[0].path()
    }

    /// The folders that the files are in.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().filter_map(|file| file.parent())
    }

    /// The path of the socket that has one.
    pub(crate) fn socket(&self) -> PathBuf {
        self.open_folder().join("socket")
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Whether the process lives and has been sent nothing.
    pub(crate) fn is_untouched(&self) -> bool {
        let lives = Path::new(&format!("/proc/{}/fd", self.pid())).exists();
        lives && fs::read_to_string(&self.hits).is_ok_and(|hits| hits == "ready\n")
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        let group = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        // Its `sleep` too. Nobody else waits for it, so the number is still its own.
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        let _ = self.process.wait();
    }
}

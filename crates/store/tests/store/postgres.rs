//! A PostgreSQL server of the tests' own, on a socket in a folder that goes with it.

use std::{
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};
use store::Location;
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// How long the server, and each program, may take; it takes a second.
const WITHIN: Duration = Duration::from_secs(60);

/// A server that ends, and whose folder goes, when this is dropped.
pub(crate) struct Server {
    folder: TempDir,
    server: Child,
}

impl Server {
    /// A new server with one empty database.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if let Some(user) = postgres() {
            chown(
                folder.path(),
                Some(user.uid.as_raw()),
                Some(user.gid.as_raw()),
            )
            .unwrap();
        }
        let data = folder.path().join("data");
        let mut make = command("initdb");
        make.args([
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "-U",
            "gyosil",
        ])
        .arg("-D")
        .arg(&data);
        let made = output(make).await;
        assert!(made.status.success(), "{made:?}");
        let server = command("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses="])
            .arg("-k")
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { folder, server };
        let begun = Instant::now();
        while let Err(made) = server.try_create("gyosil").await {
            assert!(begun.elapsed() < WITHIN, "{made:?}");
            sleep(Duration::from_millis(100)).await;
        }
        server
    }

    /// Where its database is.
    pub(crate) fn location(&self) -> Location {
        self.location_of("gyosil")
    }

    /// Where another database of its is.
    pub(crate) fn location_of(&self, database: &str) -> Location {
        let host = self.folder.path().display();
        format!("postgres:///{database}?host={host}&user=gyosil")
            .parse()
            .unwrap()
    }

    /// Makes another database.
    pub(crate) async fn create(&self, database: &str) {
        self.try_create(database).await.unwrap();
    }

    async fn try_create(&self, database: &str) -> Result<(), Output> {
        let mut create = command("createdb");
        create
            .args(["-U", "gyosil", "-h"])
            .arg(self.folder.path())
            .arg(database);
        let made = output(create).await;
        made.status.success().then_some(()).ok_or(made)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = self.server.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid {
            // Its immediate end: SIGQUIT. Nothing is to be done here where that fails; nobody needs
            // what is in its folder.
            let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
        }
    }
}

/// What a program that ends by itself printed.
async fn output(mut command: Command) -> Output {
    let output = timeout(WITHIN, command.kill_on_drop(true).output()).await;
    output.expect("PostgreSQL's programs end").unwrap()
}

/// Whom PostgreSQL runs as: it refuses root.
fn postgres() -> Option<User> {
    geteuid().is_root().then(|| {
        User::from_name("postgres")
            .unwrap()
            .expect("the package postgresql")
    })
}

/// One of PostgreSQL's programs, which Debian keeps out of `PATH`.
fn command(program: &str) -> Command {
    let mut command = Command::new(newest().join(program));
    command.current_dir("/").stdin(Stdio::null());
    if let Some(user) = postgres() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

fn newest() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("the package postgresql");
    let newest = versions
        .filter_map(|version| Some(version.ok()?.path()))
        .max_by_key(|path| number(path));
    newest.expect("a version of PostgreSQL").join("bin")
}

fn number(path: &Path) -> u32 {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.parse().ok()).unwrap_or_default()
}

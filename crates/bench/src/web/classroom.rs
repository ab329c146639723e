//! A classroom on a temporary data folder, with an instructor and a class; ended and removed when dropped.

use std::{
    fs::{self, Permissions},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use crate::{browser::Browser, machined};

/// How long the server may take to open on a busy host.
const OPENS_WITHIN: Duration = Duration::from_secs(60);
/// How many students join at once: the server hashes two passwords at a time.
const JOIN_AT_ONCE: usize = 4;
/// What everybody's password is.
const PASSWORD: &str = "correct horse battery";

pub(crate) struct Classroom {
    pub(crate) address: SocketAddr,
    pub(crate) instructor: Browser,
    /// The class's page.
    pub(crate) class: String,
    pub(crate) students: Vec<Student>,
    code: String,
    server: Child,
    _machined: AbortOnDropHandle<()>,
    folder: TempDir,
}

/// A student of the class, signed in.
pub(crate) struct Student {
    pub(crate) name: String,
    pub(crate) browser: Browser,
}

impl Classroom {
    /// Starts it, and makes its instructor and class.
    pub(crate) async fn open(gyosil: &Path, content: &Path) -> Result<Self> {
        // Not below /tmp, which may be memory: what is written must reach a disk.
        let folder = tempfile::Builder::new()
            .prefix("gyosil-web-")
            .tempdir_in("/var/tmp")?;
        // The server may give root up, and must come through all the same.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let data = folder.path();
        lay_out(data, content)?;
        let machined = machined::stand_in(&data.join("run/machined.sock"))?;
        let mut server = Command::new(gyosil)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(data.join("log.txt"))?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", gyosil.display()))?;
        let said = server.stdout.take().context("the server says nothing")?;
        let mut said = BufReader::new(said).lines();
        let opened = async { anyhow::Ok((link(&mut said).await?, link(&mut said).await?)) };
        let (front, setup) = timeout(OPENS_WITHIN, opened)
            .await
            .map_err(anyhow::Error::from)
            .and_then(|links| links)
            .with_context(|| format!("the server does not open: {}", log(data)))?;
        let address: SocketAddr = front.parse().context("the server's address")?;
        let mut instructor = Browser::at(address);
        let path = setup.trim_start_matches(&front).to_owned();
        let who = [("name", "김선생"), ("password", PASSWORD)];
        instructor.post(&path, &who).await?.led_to()?;
        let class = instructor.post("/ko/classes", &[("title", "1반")]).await?;
        let class = class.led_to()?;
        let page = instructor.get(&class).await?.body;
        let code = between(&page, "join-code\">", "<").context("no join code")?;
        Ok(Self {
            address,
            instructor,
            class,
            students: Vec::new(),
            code: code.to_owned(),
            server,
            _machined: machined,
            folder,
        })
    }

    /// Lets so many students join.
    pub(crate) async fn students_join(&mut self, count: usize) -> Result<()> {
        let (address, code) = (self.address, self.code.as_str());
        let joining = (1..=count).map(|number| async move {
            let name = format!("학생 {number}");
            let mut browser = Browser::at(address);
            let fields = [("code", code), ("name", &name), ("password", PASSWORD)];
            browser.post("/ko/join", &fields).await?.led_to()?;
            anyhow::Ok(Student { name, browser })
        });
        let joined = stream::iter(joining).buffered(JOIN_AT_ONCE);
        self.students = joined.try_collect().await?;
        println!("{count} students have joined");
        Ok(())
    }

    /// A folder on the file system that has the record.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the server holds of memory now, in megabytes.
    pub(crate) fn server_mb(&self) -> Result<f64> {
        let pid = self.server.id().context("the server has ended")?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let kib = between(&status, "VmRSS:", " kB").context("no VmRSS")?;
        let kib: f64 = kib.trim().parse()?;
        Ok(kib * 1024.0 / 1e6)
    }
}

/// The address that the next line tells, without its scheme.
async fn link(said: &mut Lines<BufReader<ChildStdout>>) -> Result<String> {
    let line = said.next_line().await?.context("it has ended")?;
    let (_, address) = line.split_once("http://").context("it tells no address")?;
    Ok(address.trim_end_matches('/').to_owned())
}

/// The folders that the server wants, and a browser client of the right shape: no script runs here.
fn lay_out(data: &Path, content: &Path) -> Result<()> {
    for folder in ["run", "site"] {
        fs::create_dir(data.join(folder))?;
    }
    let index = "<link href=/pkg/client-0123_bg.wasm><link href=\"/pkg/style-4567.css\">";
    let files = [
        ("index.html", index),
        ("terminal.js", ""),
        ("terminal_bg.wasm", ""),
    ];
    for (name, text) in files {
        fs::write(data.join("site").join(name), text)?;
    }
    let copied = std::process::Command::new("cp")
        .args(["--recursive", "--no-preserve=mode"])
        .arg(content)
        .arg(data.join("content"))
        .status()?;
    ensure!(copied.success(), "the course could not be copied");
    Ok(())
}

fn log(data: &Path) -> String {
    fs::read_to_string(data.join("log.txt")).unwrap_or_default()
}

/// What stands between two words, the first time.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?
        .1
        .split_once(after)
        .map(|(it, _)| it)
}

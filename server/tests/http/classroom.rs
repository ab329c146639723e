//! A classroom for one test, and visitors to it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::Receiver,
    time::Duration,
};

use machine::{Client, ExecRequest, Machine, Outcome};
use sqlx::{ConnectOptions as _, Row as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use ureq::{Agent, http::Response};

/// How long the server may take to open, on a busy machine.
const OPENS_WITHIN: Duration = Duration::from_secs(60);

/// Where a developer's machine image is, unless `GYOSIL_TEST_IMAGE` says otherwise.
const IMAGE: &str = "/var/lib/gyosil-dev/machine-image/rootfs";

/// A running classroom with the repository's course; ended, with its machined, when dropped.
pub(crate) struct Classroom {
    data: TempDir,
    server: Child,
    pub(crate) url: String,
    pub(crate) setup_link: String,
}

impl Classroom {
    /// Without an image that machines could be made from.
    pub(crate) fn open() -> Self {
        Self::with_options(&[])
    }

    /// The same with options for machined.
    pub(crate) fn with_options(options: &[&str]) -> Self {
        let content = concat!(env!("CARGO_MANIFEST_DIR"), "/../content");
        Self::serve(content.as_ref(), None, &[], options)
    }

    /// For whoever writes this course at this computer, without signing in.
    pub(crate) fn for_author(content: &Path) -> Self {
        Self::serve(content, None, &["--author"], &[])
    }

    /// Behind a reverse proxy at 127.0.0.1, which whoever asks here then is.
    pub(crate) fn behind_proxy() -> Self {
        let content = concat!(env!("CARGO_MANIFEST_DIR"), "/../content");
        let proxy = ["--behind-proxy", "127.0.0.1"];
        Self::serve(content.as_ref(), None, &proxy, &[])
    }

    /// With another course, and without machines.
    pub(crate) fn with_course(content: &Path) -> Self {
        Self::serve(content, None, &[], &[])
    }

    /// With machines, another course, and options for machined.
    pub(crate) fn with_machines(content: &Path, options: &[&str]) -> Self {
        let image = std::env::var_os("GYOSIL_TEST_IMAGE").map_or(IMAGE.into(), PathBuf::from);
        assert!(
            image.exists(),
            "there is no machine image at {}: GYOSIL_TEST_IMAGE names another place",
            image.display()
        );
        Self::serve(content, Some(&image), &[], options)
    }

    fn serve(content: &Path, image: Option<&Path>, serve: &[&str], options: &[&str]) -> Self {
        let machined = Path::new(env!("CARGO_BIN_EXE_gyosil")).with_file_name("gyosil-machined");
        assert!(machined.exists(), "build it first: cargo build -p machined");
        // Not below /tmp: it may forbid devices, and machined wants a file system of its own kind.
        let data = tempfile::Builder::new()
            .prefix("gyosil-http-")
            .tempdir_in("/var/tmp")
            .unwrap();
        make_reachable(data.path());
        fake_site(&data.path().join("site"));
        if let Some(image) = image {
            fs::create_dir(data.path().join("machine-image")).unwrap();
            symlink(image, data.path().join("machine-image/rootfs")).unwrap();
        }
        let course = readable_course(content, data.path());
        let listen = "127.0.0.1:0";
        let (server, mut said) = start(listen, data.path(), &course, serve, options);
        let url = said.address();
        if serve.contains(&"--author") {
            said.address();
        }
        let setup_link = said.address();
        Self {
            data,
            server,
            url,
            setup_link,
        }
    }

    /// Kills the web process where it stands.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again after that, at the same address, with the same data.
    pub(crate) fn start_again(&mut self) {
        let listen = self.url.trim_start_matches("http://");
        let (server, mut said) = start(listen, self.data.path(), &self.course(), &[], &[]);
        self.server = server;
        assert_eq!(said.address(), self.url);
    }

    /// A machine, as machined has it.
    pub(crate) fn machine(&self, id: &str) -> Option<Machine> {
        let id = id.parse().unwrap();
        self.ask(async |machined| machined.get(&id).await.unwrap())
    }

    /// Runs a program in a machine; `None` if that does not run.
    pub(crate) fn exec(&self, id: &str, request: &ExecRequest) -> Option<Outcome> {
        let id = id.parse().unwrap();
        self.ask(async |machined| machined.exec(&id, request).await.ok())
    }

    /// Where its course lies: a copy of what it was given.
    pub(crate) fn course(&self) -> PathBuf {
        self.data.path().join("course")
    }

    /// Tells the web process to read the course anew.
    pub(crate) fn hang_up(&self) {
        let pid = self.server.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-HUP", &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Runs a statement on its record, beside the server; a page that the server has kept does not know of
    /// it. Returns the first column. For what would take days.
    pub(crate) fn sql(&self, statement: &str) -> Vec<String> {
        let file = self.data.path().join("web/gyosil.sqlite");
        run(async {
            let options = SqliteConnectOptions::new().filename(file);
            let mut record = options.connect().await.unwrap();
            let rows = sqlx::query(statement).fetch_all(&mut record).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        })
    }

    /// Makes all that is on record this many days older.
    pub(crate) fn pass_days(&self, days: i64) {
        let ms = days * 24 * 60 * 60 * 1000;
        for table in ["attempts", "review_rounds"] {
            self.sql(&format!("UPDATE {table} SET at_ms = at_ms - {ms}"));
        }
    }

    /// Asks machined.
    pub(crate) fn ask<T>(&self, question: impl AsyncFnOnce(Client) -> T) -> T {
        run(async { question(Client::new(self.data.path().join("run/machined.sock"))).await })
    }

    /// Somebody with a browser of their own.
    pub(crate) fn visitor(&self) -> Visitor {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        Visitor {
            agent,
            url: self.url.clone(),
        }
    }

    /// The first instructor, signed in.
    pub(crate) fn instructor(&self) -> Visitor {
        let visitor = self.visitor();
        let path = self.setup_link.strip_prefix(&self.url).unwrap().to_owned();
        let answer = visitor.post(&path, &[("name", "선생님"), ("password", "correct horse")]);
        assert_eq!(answer.status, 303, "{}", answer.body);
        visitor
    }

    /// A class of this instructor: its path and its code.
    pub(crate) fn class(&self, instructor: &Visitor, title: &str) -> (String, String) {
        let path = instructor.post("/ko/classes", &[("title", title)]).location;
        let page = instructor.get(&path).body;
        let code = page
            .split("join-code\">")
            .nth(1)
            .unwrap()
            .split('<')
            .next()
            .unwrap();
        (path, code.to_owned())
    }

    /// A student of the class with this code, signed in.
    pub(crate) fn student(&self, code: &str, name: &str) -> Visitor {
        let visitor = self.visitor();
        let fields = [
            ("code", code),
            ("name", name),
            ("password", "password of mine"),
        ];
        let answer = visitor.post("/ko/join", &fields);
        assert_eq!(answer.status, 303, "{}", answer.body);
        visitor
    }
}

/// What a web process prints.
struct Said(Receiver<String>);

impl Said {
    /// The next address.
    fn address(&mut self) -> String {
        let line = self
            .0
            .recv_timeout(OPENS_WITHIN)
            .expect("the server does not open");
        line[line.find("http://").expect("an address")..]
            .trim_end_matches('/')
            .to_owned()
    }
}

fn start(
    listen: &str,
    data: &Path,
    course: &Path,
    serve: &[&str],
    options: &[&str],
) -> (Child, Said) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_gyosil"))
        .args(["serve", "--listen", listen])
        .args(serve)
        .arg("--data")
        .arg(data)
        .arg("--content")
        .arg(course)
        .arg("--")
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let (send, said) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        lines
            .map_while(Result::ok)
            .for_each(|line| drop(send.send(line)))
    });
    (server, Said(said))
}

impl Drop for Classroom {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let pid = fs::read_to_string(self.data.path().join("run/machined.pid")).unwrap_or_default();
        if !pid.trim().is_empty() {
            let _ = Command::new("kill").args(["-TERM", pid.trim()]).status();
            let gone = || !Path::new("/proc").join(pid.trim()).exists();
            for _ in 0..600 {
                if gone() {
                    return;
                }
                std::thread::park_timeout(Duration::from_millis(50));
            }
            assert!(std::thread::panicking(), "machined {pid} does not end");
        }
    }
}

/// What the server said.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) body: String,
    headers: ureq::http::HeaderMap,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// The block of the page with this id, up to the end of its form or section.
    pub(crate) fn block(&self, id: &str) -> &str {
        let from = self
            .body
            .find(&format!("id=\"{id}\""))
            .unwrap_or_else(|| panic!("no {id}"));
        let rest = &self.body[from..];
        let end = ["</form>", "</section>"]
            .iter()
            .filter_map(|end| rest.find(end))
            .min();
        &rest[..end.unwrap_or(rest.len())]
    }
}

pub(crate) struct Visitor {
    agent: Agent,
    url: String,
}

impl Visitor {
    pub(crate) fn get(&self, path: &str) -> Answer {
        answer(self.agent.get(self.address(path)).call().unwrap())
    }

    /// Asks as for a computer of this name.
    pub(crate) fn get_as(&self, path: &str, host: &str) -> Answer {
        let request = self.agent.get(self.address(path)).header("host", host);
        answer(request.call().unwrap())
    }

    /// Asks for a file that the browser may have, by its tag.
    pub(crate) fn get_if_none(&self, path: &str, tag: &str) -> Answer {
        let request = self
            .agent
            .get(self.address(path))
            .header("if-none-match", tag);
        answer(request.call().unwrap())
    }

    /// What an open page is sent, for as long as it is read.
    pub(crate) fn stream(&self, path: &str) -> impl Read + use<> {
        let response = self.agent.get(self.address(path)).call().unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        response.into_body().into_reader()
    }

    /// Sends a form as a page of the classroom would.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from(path, fields, &self.url, &[])
    }

    /// Sends a form as our script would: a piece of the page comes back.
    pub(crate) fn post_live(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from(path, fields, &self.url, &[("x-gyosil-fragment", "1")])
    }

    /// Sends a form as our script would, to a server that may be killed meanwhile: the answer's status,
    /// if there is an answer.
    pub(crate) fn try_post_live(&self, path: &str, fields: &[(&str, &str)]) -> Option<u16> {
        let request = self.agent.post(self.address(path));
        let request = request
            .header("origin", &self.url)
            .header("x-gyosil-fragment", "1");
        let mut response = request.send_form(fields.iter().copied()).ok()?;
        let status = response.status().as_u16();
        // An answer that breaks off is none.
        response.body_mut().read_to_string().ok()?;
        Some(status)
    }

    /// Sends a form that stands on a page of `origin`.
    pub(crate) fn post_from(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        origin: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.agent.post(self.address(path)).header("origin", origin);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send_form(fields.iter().copied()).unwrap())
    }

    /// Sends a file as a form with this field would.
    pub(crate) fn upload(&self, path: &str, field: &str, file: &[u8]) -> Answer {
        let head = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"file.csv\"\r\n\r\n"
        );
        let body = [head.as_bytes(), file, b"\r\n--edge--\r\n"].concat();
        let request = self.agent.post(self.address(path));
        let request = request
            .header("origin", &self.url)
            .header("content-type", "multipart/form-data; boundary=edge");
        answer(request.send(&body[..]).unwrap())
    }

    /// The status and the `Location` of what a page of the classroom asks for; what comes after them,
    /// which may never end, is not read.
    pub(crate) fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let address = self.address(path);
        let response = if method == "POST" {
            let request = self.agent.post(address).header("origin", &self.url);
            request.send_form(fields.iter().copied())
        } else {
            self.agent.get(address).call()
        };
        let response = response.unwrap();
        let location = response.headers().get("location");
        let location = location.and_then(|it| it.to_str().ok()).unwrap_or("");
        (response.status().as_u16(), location.to_owned())
    }

    /// Asks for a WebSocket as a page of `origin` would; the answer's status.
    pub(crate) fn upgrade(&self, path: &str, origin: Option<&str>) -> u16 {
        let host = self.url.trim_start_matches("http://");
        let jar = self.agent.cookie_jar_lock();
        let cookies: Vec<String> = jar
            .iter()
            .map(|cookie| format!("{}={}", cookie.name(), cookie.value()))
            .collect();
        let origin = origin.map(|origin| format!("Origin: {origin}\r\n"));
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Cookie: {}\r\n{}\r\n",
            cookies.join("; "),
            origin.unwrap_or_default()
        )
        .unwrap();
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status).unwrap();
        let code = status.split(' ').nth(1);
        code.and_then(|code| code.parse().ok()).expect("a status")
    }

    fn address(&self, path: &str) -> String {
        format!("{}{}", self.url, path.split('#').next().unwrap())
    }
}

fn answer(mut response: Response<ureq::Body>) -> Answer {
    let headers = response.headers().clone();
    let location = headers
        .get("location")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    Answer {
        status: response.status().as_u16(),
        location: location.to_owned(),
        body: response.body_mut().read_to_string().unwrap(),
        headers,
    }
}

/// Waits for what is asynchronous.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

/// The web process's user must come through.
fn make_reachable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A course where the web process's user can read it, wherever the clone is.
fn readable_course(content: &Path, data: &Path) -> PathBuf {
    let course = data.join("course");
    assert!(
        Command::new("cp")
            .arg("-r")
            .args([content, &course])
            .status()
            .unwrap()
            .success()
    );
    make_reachable(&course);
    course
}

/// A browser client of the right shape: these tests run no script.
fn fake_site(site: &Path) {
    fs::create_dir_all(site).unwrap();
    let index = "<link href=/pkg/client-0123_bg.wasm><link href=\"/pkg/style-4567.css\">";
    for (name, content) in [
        ("index.html", index),
        ("client-0123.js", "hashed"),
        ("style-4567.css", "hashed"),
        ("favicon.svg", "<svg/>"),
        ("terminal.js", "script"),
        ("terminal_bg.wasm", "wasm"),
    ] {
        fs::write(site.join(name), content).unwrap();
    }
}

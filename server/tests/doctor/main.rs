//! `gyosil doctor`, as an operator types it. It needs root, the programs that machined needs, and the
//! machine image (`GYOSIL_TEST_IMAGE` names another than the usual place).
#![allow(missing_docs)]

use std::{
    env, fs,
    io::{BufRead, BufReader},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// The usual place of the machine image on a developer's machine.
const IMAGE: &str = "/var/lib/gyosil-dev/machine-image/rootfs";

/// How long an interrupted suite may take to take everything away again.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// A data folder with the machine image.
fn data() -> PathBuf {
    let image = env::var_os("GYOSIL_TEST_IMAGE").map_or(IMAGE.into(), PathBuf::from);
    let data = image
        .parent()
        .and_then(Path::parent)
        .expect("a data folder");
    data.to_owned()
}

fn doctor(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gyosil"));
    command
        .args(["doctor", "--listen", "127.0.0.1:0", "--data"])
        .arg(data);
    command
}

/// Runs it: whether it was content, and what it printed.
#[allow(
    clippy::disallowed_methods,
    reason = "no test runs longer than its limit"
)]
fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().expect("to run");
    let text = String::from_utf8(output.stdout).expect("text");
    (output.status.success(), text)
}

fn rows(json: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(json).expect("JSON");
    report["checks"].as_array().expect("its checks").clone()
}

fn row<'a>(rows: &'a [Value], check: &str) -> &'a Value {
    let found = rows.iter().find(|row| row["check"] == check);
    found.unwrap_or_else(|| panic!("no row {check}"))
}

#[test]
fn a_host_that_can_is_told_so() {
    let (content, json) = run(doctor(&data()).arg("--json"));
    let rows = rows(&json);
    assert!(rows.len() > 20, "{json}");
    assert!(rows.iter().all(|row| row["verdict"] != "fail"), "{json}");
    assert!(content, "{json}");
    assert_eq!(row(&rows, "doctor-image")["verdict"], "ok");
}

#[test]
fn what_is_not_there_is_a_fault_with_a_mend() {
    let empty = tempfile::tempdir().expect("a folder");
    let (content, json) = run(doctor(empty.path()).arg("--json"));
    let found = rows(&json);
    let image = row(&found, "doctor-image");
    assert_eq!(image["verdict"], "fail");
    assert_eq!(
        image["mend"],
        format!(
            "images/machine/build {}/machine-image",
            empty.path().display()
        )
    );
    assert!(!content);

    // Everything on PATH, but for one program.
    let path = env::var_os("PATH").expect("a PATH");
    for folder in env::split_paths(&path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name != "nft" {
                // The first of a name is the one that is run.
                let _ = symlink(entry.path(), empty.path().join(name));
            }
        }
    }
    let (content, json) = run(doctor(&data()).arg("--json").env("PATH", empty.path()));
    let found = rows(&json);
    let programs = row(&found, "doctor-programs");
    assert_eq!(programs["verdict"], "fail");
    assert_eq!(programs["mend"], "apt-get install nftables");
    assert!(!content);
}

#[test]
fn a_taken_port_is_a_fault() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gyosil"));
    command
        .args(["doctor", "--json", "--listen", &address, "--data"])
        .arg(data());
    let (content, json) = run(&mut command);
    assert_eq!(row(&rows(&json), "doctor-port")["verdict"], "fail");
    assert!(!content);
}

#[test]
fn it_speaks_the_operators_language() {
    let speak = |name: &str, value: &str, option: &[&str]| {
        let mut command = doctor(&data());
        command
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .env_remove("LANG");
        run(command.env(name, value).args(option)).1
    };
    assert!(speak("LANG", "ko_KR.UTF-8", &[]).contains("리눅스"));
    assert!(speak("LC_ALL", "ko_KR.UTF-8", &["--lang", "en"]).contains("control groups"));
    assert!(speak("LANG", "C.UTF-8", &[]).contains("control groups"));
}

#[test]
fn without_an_image_nothing_is_proven() {
    let empty = tempfile::tempdir().expect("a folder");
    let (content, text) = run(doctor(empty.path()).args(["--prove", "--lang", "en"]));
    assert!(!content);
    assert!(!text.contains("held"), "{text}");
}

#[test]
fn a_broken_off_suite_leaves_nothing() {
    let mut command = doctor(&data());
    command
        .args(["--prove", "--lang", "en"])
        .stdout(Stdio::piped());
    let mut suite = command.spawn().expect("to run");
    let mut lines = BufReader::new(suite.stdout.take().expect("its output")).lines();
    let first = lines.find(|line| line.as_ref().is_ok_and(|line| line.starts_with("held")));
    assert!(first.is_some(), "no check held");
    let machined = children(suite.id());
    assert!(machined.len() > 1, "no machined runs: {machined:?}");
    let folders = folders_of(&machined);
    let pid = rustix::process::Pid::from_child(&suite);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("to interrupt it");
    let since = Instant::now();
    while suite.try_wait().expect("its state").is_none() {
        assert!(since.elapsed() < ENDS_WITHIN, "it does not end");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert!(!suite.wait().expect("its end").success());
    for folder in &folders {
        assert!(!folder.exists(), "{} was left", folder.display());
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("the mounts");
        assert!(
            !mounts.contains(&*folder.to_string_lossy()),
            "a mount was left"
        );
    }
    assert!(!folders.is_empty(), "no data folder was seen");
    for pid in machined {
        assert!(
            !Path::new(&format!("/proc/{pid}")).exists(),
            "process {pid} was left"
        );
    }
}

/// A process's children, by their numbers.
fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let numbers = lists.flat_map(|list| {
        list.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// The data folders that machineds among these processes were started with.
fn folders_of(processes: &[u32]) -> Vec<PathBuf> {
    let arguments = processes
        .iter()
        .filter_map(|pid| fs::read(format!("/proc/{pid}/cmdline")).ok());
    let folder = |arguments: Vec<u8>| {
        let text = String::from_utf8_lossy(&arguments).into_owned();
        let mut words = text.split('\0').skip_while(|word| *word != "--data");
        words.nth(1).map(PathBuf::from)
    };
    arguments.filter_map(folder).collect()
}

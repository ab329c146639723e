//! `gyosil test-course`, on real machines.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use quick_junit::{Report, TestCaseStatus};
use tempfile::TempDir;

use crate::gyosil::{gyosil, run, text};

/// The usual place of the machine image on a developer's machine.
const IMAGE: &str = "/var/lib/gyosil-dev/machine-image/rootfs";

/// How long an interrupted run may take to take everything away again.
const ENDS_WITHIN: Duration = Duration::from_secs(90);

/// A data folder with the machine image, and nothing else.
fn data() -> TempDir {
    let image = env::var_os("GYOSIL_TEST_IMAGE").map_or(IMAGE.into(), PathBuf::from);
    assert!(
        image.exists(),
        "there is no machine image at {}",
        image.display()
    );
    // Not below /tmp: it may forbid devices.
    let data = tempfile::Builder::new()
        .prefix("gyosil-trials-")
        .tempdir_in("/var/tmp")
        .expect("a folder");
    fs::set_permissions(data.path(), fs::Permissions::from_mode(0o755)).expect("to open it");
    fs::create_dir(data.path().join("machine-image")).expect("a folder");
    symlink(image, data.path().join("machine-image/rootfs")).expect("a link");
    data
}

/// Whether machined of this data folder has left anything.
fn is_gone(data: &TempDir) -> bool {
    let machines = fs::read_dir(data.path().join("machines"));
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("the mounts");
    machines.is_ok_and(|mut machines| machines.next().is_none())
        && !mounts.contains(text(data.path()))
}

#[test]
fn an_exercise_is_judged_by_what_becomes_of_a_machine() {
    let data = data();
    let junit = data.path().join("junit.xml");
    let said = run(&mut gyosil([
        "test-course",
        "trials",
        "--data",
        text(data.path()),
        "--machines",
        "2",
        "--junit",
        text(&junit),
    ]));
    assert_eq!(said.code, Some(1), "{said:?}");
    let report = fs::read_to_string(junit).expect("the JUnit file");
    let report = Report::deserialize_from_str(&report).expect("JUnit");
    let mut results = BTreeMap::new();
    for suite in &report.test_suites {
        for case in &suite.test_cases {
            let result = match &case.status {
                TestCaseStatus::NonSuccess { message, .. } => message
                    .as_ref()
                    .map_or("", |message| message.as_str())
                    .to_owned(),
                _ => "ok".to_owned(),
            };
            let case = format!("{} {}", suite.name.as_str(), case.name.as_str());
            results.insert(case, result);
        }
    }
    let results: Vec<String> = results
        .into_iter()
        .map(|(case, result)| format!("{case}: {result}"))
        .collect();
    insta::assert_snapshot!(results.join("\n"));
    // What an author has to see of a failure: what was typed, and what came of it.
    assert!(
        said.out.contains("$ docker volume create bax"),
        "{}",
        said.out
    );
    assert!(said.out.contains("no such thing"), "{}", said.out);
    assert!(said.out.contains("weak"), "{}", said.out);
    assert!(is_gone(&data));
}

#[test]
fn lessons_and_exercises_can_be_chosen() {
    let data = data();
    let chosen = ["--lesson", "machine/good", "--exercise", "count"];
    let said = run(gyosil(["test-course", "trials", "--data", text(data.path())]).args(chosen));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("\n1 passed, 0 failed ("), "{}", said.out);
    for unknown in [["--lesson", "machine/none"], ["--exercise", "none"]] {
        let said =
            run(gyosil(["test-course", "trials", "--data", text(data.path())]).args(unknown));
        assert_eq!(said.code, Some(1));
        assert!(said.err.contains("none"), "{}", said.err);
    }
}

#[test]
fn a_course_with_problems_is_not_tried() {
    let said = run(&mut gyosil(["test-course", "broken", "--data", "/nowhere"]));
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("unknown-concept"), "{said:?}");
}

#[test]
fn a_broken_off_run_leaves_nothing() {
    let data = data();
    let mut tested = gyosil(["test-course", "trials", "--data", text(data.path())])
        .stdout(Stdio::piped())
        .spawn()
        .expect("to run");
    let mut lines = BufReader::new(tested.stdout.take().expect("its output")).lines();
    let first = lines.next();
    assert!(
        matches!(&first, Some(Ok(line)) if line.starts_with("[ 1/")),
        "{first:?}"
    );
    let pid = rustix::process::Pid::from_child(&tested);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("to interrupt it");
    let since = Instant::now();
    while tested.try_wait().expect("its state").is_none() {
        assert!(since.elapsed() < ENDS_WITHIN, "it does not end");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert!(!tested.wait().expect("its end").success());
    assert!(is_gone(&data));
}

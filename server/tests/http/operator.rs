//! What an operator says on the command line, and is told.

use std::{path::Path, time::Duration};

use tokio::{process::Command, time::timeout};

use crate::classroom::{Classroom, run};

/// How long a `serve` that cannot go on may take to say so, on a busy machine.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// What `gyosil serve` says with these options for machined. It ends soon: there is no course.
fn said(data: &Path, options: &[&str]) -> String {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_gyosil"));
    serve
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .arg("--content")
        .arg(data.join("none"))
        .arg("--")
        .args(options)
        .kill_on_drop(true);
    let output = run(async { timeout(ENDS_WITHIN, serve.output()).await });
    let output = output.expect("it does not end").unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn options_go_through_to_machined_and_a_running_one_keeps_its_own() {
    let classroom = Classroom::with_options(&["--max-machines", "3", "--idle-freeze", "7m"]);
    let limits = || classroom.ask(async |machined| machined.health().await.unwrap().limits);
    assert_eq!((limits().max_machines, limits().idle_freeze_s), (3, 420));
    let told = said(classroom.data(), &["--max-machines", "5"]);
    assert!(
        told.contains("--max-machines 3") && told.contains("run/machined.pid"),
        "{told}"
    );
    assert_eq!(limits().max_machines, 3);
    let told = said(classroom.data(), &[]);
    assert!(!told.contains("--max-machines"), "{told}");
}

#[test]
fn what_machined_does_not_understand_is_said() {
    let data = tempfile::tempdir_in("/var/tmp").unwrap();
    let told = said(data.path(), &["--memory", "lots"]);
    assert!(told.contains("--memory") && told.contains("lots"), "{told}");
}

//! The program under test, and courses for it.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// `gyosil` in the folder of the tests' courses.
pub(crate) fn gyosil<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gyosil"));
    command
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/author"))
        .env_remove("GYOSIL_LOG");
    command
}

#[allow(
    clippy::disallowed_methods,
    reason = "no test runs longer than its limit"
)]
pub(crate) fn run(command: &mut Command) -> Said {
    let output = command.output().expect("to run");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Said {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// A course with one lesson in one language, `unit/lesson`, which has this text.
pub(crate) fn course(text: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let file = dir.path().join(name);
        fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        fs::write(file, text).expect("to write");
    };
    write(
        "course.toml",
        r#"title = { ko = "과정" }
default_language = "ko"
languages = ["ko"]

[[concepts]]
id = "containers"
name = { ko = "컨테이너" }

[[units]]
id = "unit"
title = { ko = "단원" }
lessons = ["lesson"]
"#,
    );
    write("unit/lesson.ko.md", text);
    dir
}

/// The front matter of a lesson.
pub(crate) const HEAD: &str = "---\ntitle: 레슨\nminutes: 5\n---\n\n";

/// A path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

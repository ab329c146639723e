//! `gyosil course` and `gyosil gift`.

use std::{fs, path::Path};

use crate::gyosil::{HEAD, course, gyosil, run, text};

/// The text of every file of a folder and the folders in it, by path.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder").flatten() {
        let name = entry.file_name().into_string().expect("UTF-8");
        if entry.path().is_dir() {
            let inner = super::transfer::files(&entry.path());
            files.extend(
                inner
                    .into_iter()
                    .map(|(path, text)| (format!("{name}/{path}"), text)),
            );
        } else {
            files.push((name, fs::read(entry.path()).expect("its text")));
        }
    }
    files.sort();
    files
}

#[test]
fn a_course_comes_out_of_an_archive_as_it_went_in() {
    let dir = tempfile::tempdir().expect("a folder");
    let (archive, copy) = (dir.path().join("course.tar.gz"), dir.path().join("copy"));
    let said = run(&mut gyosil(["course", "export", "holes", text(&archive)]));
    assert_eq!(said.code, Some(0), "{said:?}");
    let again = run(&mut gyosil(["course", "export", "holes", text(&archive)]));
    assert_eq!(again.code, Some(1), "an archive that is there is kept");
    let said = run(&mut gyosil([
        "course",
        "import",
        text(&archive),
        text(&copy),
    ]));
    assert_eq!(said.code, Some(0), "{said:?}");
    let holes = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/author/holes"));
    assert_eq!(files(&copy), files(holes));
    let again = run(&mut gyosil([
        "course",
        "import",
        text(&archive),
        text(&copy),
    ]));
    assert_eq!(again.code, Some(1), "a folder that is there is kept");
    assert!(again.err.contains("already"), "{}", again.err);
}

#[test]
fn a_course_with_problems_is_not_exported() {
    let dir = tempfile::tempdir().expect("a folder");
    let archive = dir.path().join("course.tar.gz");
    let said = run(&mut gyosil(["course", "export", "broken", text(&archive)]));
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("unknown-concept"), "{}", said.out);
    assert_eq!(files(dir.path()), []);
}

#[test]
fn what_is_no_archive_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let said = run(&mut gyosil([
        "course",
        "import",
        "main.rs",
        text(&dir.path().join("new")),
    ]));
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("no archive of a course"), "{}", said.err);
    assert_eq!(files(dir.path()), []);
}

#[test]
fn questions_go_to_moodle_and_come_back() {
    let exported = run(&mut gyosil(["gift", "export", "holes", "--lang", "en"]));
    assert_eq!(exported.code, Some(0), "{exported:?}");
    assert!(
        exported.out.contains("How many?") && exported.out.contains("\n#1:0"),
        "{}",
        exported.out
    );
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("questions.gift");
    fs::write(&file, &exported.out).expect("to write");
    let imported = run(&mut gyosil(["gift", "import", text(&file), "--lang", "en"]));
    assert_eq!(imported.code, Some(0), "{imported:?}");
    // What was printed is a lesson's text.
    let concept = imported
        .out
        .replace(" number {", " number {concepts=\"containers\" ");
    let lesson = course(&(HEAD.to_owned() + &concept));
    let said = run(&mut gyosil([
        "lint",
        "--no-shellcheck",
        text(lesson.path()),
    ]));
    assert!(
        said.out.contains("2 questions"),
        "{}\n{}",
        said.out,
        imported.out
    );
}

#[test]
fn a_question_that_cannot_come_over_is_told_with_its_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("questions.gift");
    fs::write(&file, "::good:: Is it? {T}\n\n::essay:: Tell a story. {}\n").expect("to write");
    let said = run(&mut gyosil(["gift", "import", text(&file)]));
    assert_eq!(said.code, Some(1));
    assert!(
        said.out.contains("Is it?") && !said.out.contains("story"),
        "{}",
        said.out
    );
    assert!(
        said.err.contains("questions.gift:3: left out"),
        "{}",
        said.err
    );
}

//! `gyosil lint`.

use std::{fs, path::Path};

use serde_json::Value;

use crate::gyosil::{HEAD, course, gyosil, run, text};

/// An exercise with these scripts.
fn exercise(id: &str, check: &str, solution: &str) -> String {
    format!(
        "::::exercise {id} {{concepts=\"containers\"}}\n하세요.\n\n```bash check\n{check}\n```\n\n\
         ```bash solution\n{solution}\n```\n::::\n\n"
    )
}

#[test]
fn a_course_with_every_kind_of_problem_is_told_all_of_them() {
    let said = run(&mut gyosil(["lint", "--no-shellcheck", "broken"]));
    assert_eq!(said.code, Some(1), "{said:?}");
    insta::assert_snapshot!(said.out);
}

#[test]
fn editors_get_one_object_a_line_with_the_same_places() {
    let said = run(&mut gyosil(["lint", "--no-shellcheck", "--json", "broken"]));
    assert_eq!(said.code, Some(1));
    let findings: Vec<Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    let concept = findings
        .iter()
        .find(|finding| finding["code"] == "unknown-concept")
        .expect("a concept that is not there");
    let file = concept["file"].as_str().expect("a file");
    let number = concept["line"].as_u64().expect("a line") as usize;
    let here = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/author"));
    let lesson = fs::read_to_string(here.join(file)).expect("the lesson");
    let line: Vec<char> = lesson
        .lines()
        .nth(number - 1)
        .expect("the line")
        .chars()
        .collect();
    let column = |key: &str| concept[key].as_u64().expect("a column") as usize - 1;
    let meant: String = line[column("column")..column("end_column")]
        .iter()
        .collect();
    assert_eq!(meant, "nowhere");
    let whole = findings
        .iter()
        .find(|finding| finding["file"] == "broken/orphan/lesson.ko.md")
        .expect("a whole file");
    assert_eq!(
        (&whole["line"], &whole["column"], &whole["end_column"]),
        (&1.into(), &1.into(), &1.into())
    );
    assert!(findings.iter().all(|finding| finding["severity"] == "error"
        && finding["message"].is_string()
        && finding["help"].is_string()));
}

#[test]
fn a_good_course_is_told_so() {
    let content = concat!(env!("CARGO_MANIFEST_DIR"), "/../content");
    let said = run(&mut gyosil(["lint", "--no-shellcheck", content]));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("no problem"), "{}", said.out);
    let said = run(&mut gyosil(["lint", "--no-shellcheck", "--json", content]));
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
}

#[test]
fn what_is_no_folder_is_another_failure() {
    for path in ["nowhere", "main.rs"] {
        let said = run(&mut gyosil(["lint", path]));
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.err.contains(path), "{}", said.err);
    }
}

/// Ways for a script to be open at its end, or closed too often.
const FAULTY: [&str; 14] = [
    "echo \"open",
    "echo 'open",
    "echo `ls",
    "echo $(ls",
    "echo ${HOME",
    "if true; then",
    "for x in a b; do",
    "case x in",
    "case x in a)",
    "f() {",
    "(cd /",
    "cat <<END\ntext",
    "fi",
    "ls |",
];

#[test]
fn each_script_that_bash_cannot_read_is_told_at_its_line() {
    // All of them behind each other, each between good ones, so that none hides another.
    let mut lesson = HEAD.to_owned();
    let mut faulty = Vec::new();
    for (number, script) in FAULTY.iter().enumerate() {
        lesson += &exercise(
            &format!("good-{number}"),
            "true",
            "echo \"it's\" # ' \" ` }\nls \\",
        );
        let wrong = exercise(&format!("wrong-{number}"), "true", script);
        let script_at = wrong
            .lines()
            .position(|line| line == "```bash solution")
            .expect("one");
        let first = lesson.lines().count() + script_at + 2;
        faulty.push(first..first + script.lines().count());
        lesson += &wrong;
    }
    let dir = course(&lesson);
    let said = run(&mut gyosil([
        "lint",
        "--json",
        "--no-shellcheck",
        text(dir.path()),
    ]));
    let lines: Vec<usize> = said
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("an object"))
        .map(|finding| {
            assert_eq!(finding["code"], "bash-syntax", "{finding}");
            finding["line"].as_u64().expect("a line") as usize
        })
        .collect();
    assert_eq!(lines.len(), FAULTY.len(), "{}", said.out);
    for (line, faulty) in lines.iter().zip(&faulty) {
        assert!(
            faulty.contains(line),
            "{line} is not in {faulty:?}: {}",
            said.out
        );
    }
}

#[test]
fn no_script_is_run() {
    let dir = tempfile::tempdir().expect("a folder");
    let mark = dir.path().join("mark");
    let touch = format!("touch {}", text(&mark));
    let scripts = [
        touch.clone(),
        format!("echo $({touch})"),
        format!("echo `{touch}`"),
        format!("}}\n{touch}\n{{"),
        format!(")\n{touch}\n("),
        format!(")\n}}\n{touch}\n{{ ("),
        format!("set +n\n{touch}"),
        format!("cat <<END\n$({touch})\nEND"),
        format!("'; {touch}; '"),
    ];
    let lessons = scripts.iter().enumerate().map(|(number, script)| {
        HEAD.to_owned() + &exercise(&format!("e-{number}"), script, script)
    });
    for lesson in lessons {
        let course = course(&lesson);
        run(gyosil(["lint", "--no-shellcheck", text(course.path())])
            // What would be run before anything else.
            .env("BASH_ENV", text(&mark.with_extension("sh")))
            .env("ENV", text(&mark.with_extension("sh"))));
        assert!(!mark.exists(), "{lesson}");
    }
}

#[test]
fn values_stand_where_vars_are() {
    let lesson = HEAD.to_owned()
        + "::::exercise port {concepts=\"containers\"}\n{{port}}번.\n\n```vars\nport: 8001..8099\n```\n\n\
           ```bash check\n[ {{port}} -gt 1 ] || exit 1\n```\n\n```bash solution\nif [ {{port}} = 1 ]; then\n```\n::::\n";
    let dir = course(&lesson);
    let said = run(&mut gyosil(["lint", "--no-shellcheck", text(dir.path())]));
    assert_eq!(said.code, Some(1));
    // The report shows what the author wrote.
    assert!(
        said.out.contains("if [ {{port}} = 1 ]; then"),
        "{}",
        said.out
    );
}

#[test]
fn shellcheck_warns_about_what_the_classroom_runs() {
    let unused = "unused=1";
    let lesson = HEAD.to_owned() + &exercise("e", unused, "typed=1");
    let dir = course(&lesson);
    let said = run(&mut gyosil(["lint", "--json", text(dir.path())]));
    assert_eq!(said.code, Some(0), "a warning is no error: {said:?}");
    let findings: Vec<Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    let [finding] = &findings[..] else {
        panic!("not one finding (is shellcheck installed?): {}", said.out);
    };
    assert_eq!(
        (&finding["severity"], &finding["code"]),
        (&"warning".into(), &"SC2034".into())
    );
    let number = lesson
        .lines()
        .position(|line| line == unused)
        .expect("its line")
        + 1;
    assert_eq!(finding["line"], number);
    assert_eq!(
        (&finding["column"], &finding["end_column"]),
        (&1.into(), &7.into())
    );
}

//! The course map: rows of lessons, exercises and questions; and where things stand in files.

use crate::common::{RULE, good, load, page};
use course::{Course, Lang, Problems};

const MANIFEST: &str = r#"
title = { ko = "과정", en = "Course" }
default_language = "ko"
languages = ["ko", "en"]
concepts = [{ id = "networking", name = { ko = "네트워크", en = "Networking" } }]
units = [{ id = "u", title = { ko = "단원", en = "Unit" }, lessons = ["l"] }]
"#;

const MAP: &str = r#"
[[rows]]
id = "N09"
title = { ko = "포트 공개", en = "Publishing ports" }
concept = "networking"

[[rows]]
id = "N01"
title = { ko = "이름", en = "Names" }
exercise = false
"#;

/// A course whose only lesson has these rows, with this in its text, and this map.
fn with_rows(rows: &str, ko: &str, map: &str) -> Result<Course, Problems> {
    let ko = format!("---\ntitle: 제목\nminutes: 5\nrows: {rows}\n---\n{ko}\n");
    let en = "---\ntitle: Title\n---\n::::quiz q\n?\n- a\n::::\n";
    load(&[
        ("course.toml", MANIFEST),
        ("map.toml", map),
        ("u/l.ko.md", &ko),
        ("u/l.en.md", en),
    ])
}

fn quiz(attributes: &str) -> String {
    format!("::::quiz q short {attributes}\n?\n- 가\n::::")
}

#[test]
fn an_item_covers_the_rows_it_names_or_the_only_one_of_its_lesson() {
    let rows = |rows: &str, attributes: &str| {
        let course = with_rows(rows, &quiz(attributes), MAP);
        let course = course.unwrap_or_else(|problems| panic!("{problems}"));
        course.lessons().next().unwrap().questions[0].rows.clone()
    };
    assert_eq!(rows("[N09]", ""), ["N09"]);
    assert_eq!(rows("[N09, N01]", "{rows=\"N01\"}"), ["N01"]);
    assert_eq!(rows("[N09, N01]", "{rows=\"N01 N09\"}"), ["N01", "N09"]);
    assert!(rows("[N09, N01]", "").is_empty());
}

#[test]
fn a_map_says_what_each_row_wants() {
    let course = with_rows("[N09]", &quiz(""), MAP).unwrap();
    let [ports, names] = course.rows.as_slice() else {
        panic!("two rows");
    };
    assert_eq!((ports.id.as_str(), names.id.as_str()), ("N09", "N01"));
    assert_eq!(ports.title.get(Lang::En), "Publishing ports");
    assert_eq!(ports.concept.as_deref(), Some("networking"));
    assert!(ports.exercise && ports.question && names.question);
    assert!(!names.exercise && names.concept.is_none());
    assert!(good().rows.is_empty(), "a course need not have a map");
}

#[test]
fn what_is_wrong_with_rows_and_maps() {
    let told = [
        with_rows("[N09, N02, x]", &quiz("{rows=\"N01\"}"), MAP),
        with_rows("[N09]", &quiz(""), "[[rows]]\nid = 9"),
        with_rows("[N09]", &quiz(""), "[[rows]]\nid = \"N09\"\nname = 1"),
        with_rows(
            "[N09]",
            &quiz(""),
            &format!(
                "{MAP}\n[[rows]]\nid = \"N09\"\ntitle = {{ ko = \"가\" }}\nconcept = \"none\"\n[[rows]]\nid = \"n1\"\ntitle = {{ ko = \"가\", en = \"a\" }}"
            ),
        ),
    ];
    let told = told.map(|report| report.unwrap_err().to_string());
    insta::assert_snapshot!(told.join(RULE));
}

#[test]
fn everything_knows_its_line() {
    let exercise = "::::exercise e\n하세요.\n```bash setup\n: 앞\n```\n```bash check\nfalse || fail no\n```\n\
        ```bash solution\ntrue\n```\n```bash wrong no\nfalse\n```\n:::feedback no\n아직\n:::\n::::";
    let body = format!(
        "\n첫 문단\n\n둘째\n\n:::note\n글\n:::\n{}\n{exercise}\n\n<!-- 말 -->\n\n끝[^a]\n\n[^a]: 각주\n",
        quiz("")
    );
    let text = page(&body);
    let course = load(&[("course.toml", crate::common::KO), ("u/l.ko.md", &text)]);
    let course = course.unwrap_or_else(|problems| panic!("{problems}"));
    let lesson = course.lessons().next().unwrap();
    let page = lesson.pages.get(Lang::Ko);
    let at = |line: usize| text.lines().nth(line - 1).unwrap().to_owned();
    assert_eq!(page.lines.len(), page.blocks.len());
    let begins: Vec<String> = page.lines.iter().map(|line| at(*line)).collect();
    assert_eq!(
        begins,
        [
            "첫 문단",
            "둘째",
            ":::note",
            "::::quiz q short ",
            "::::exercise e",
            "끝[^a]",
            // Footnotes are gathered at the end.
            ""
        ]
    );
    assert_eq!(at(lesson.exercises[0].line), "::::exercise e");
    assert_eq!(at(lesson.questions[0].line), "::::quiz q short ");
    let scripts: Vec<String> = course
        .scripts()
        .map(|found| {
            assert_eq!(found.file, "u/l.ko.md");
            assert_eq!(
                at(found.line),
                found.script.as_str().lines().next().unwrap()
            );
            found.what
        })
        .collect();
    assert_eq!(scripts, ["setup", "check", "solution", "wrong no"]);
}

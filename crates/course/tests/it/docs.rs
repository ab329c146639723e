//! docs/authoring.md is true: every example in it is a course or part of one, and every code is
//! explained.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::common::load;
use course::{Block, CODES, Course, Kind, Lang};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

/// What the reference's examples of lessons stand in: everything that they may name is there.
const AROUND: &str = r#"
title = { ko = "과정", en = "Course" }
default_language = "ko"
languages = ["ko", "en"]
concepts = [
  { id = "networking", name = { ko = "네트워크", en = "Networking" } },
  { id = "volumes", name = { ko = "볼륨", en = "Volumes" } },
]
units = [{ id = "u", title = { ko = "단원", en = "Unit" }, lessons = ["l"] }]
"#;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/authoring.md");
    std::fs::read_to_string(path).unwrap()
}

/// The page's code blocks: what stands behind the fence, and the text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                blocks.push((info.to_string(), String::new()));
                inside = true;
            }
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => inside = false,
            Event::Text(text) if inside => blocks.last_mut().unwrap().1.push_str(&text),
            _ => {}
        }
    }
    blocks
}

/// The files that the page's blocks name behind their language; blocks of one file are its parts.
fn files(page: &str) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (info, text) in blocks(page) {
        let mut words = info.split(' ');
        if matches!(words.next(), Some("toml" | "markdown"))
            && let Some(path) = words.next()
        {
            let file = files.entry(path.to_owned()).or_default();
            file.push_str(&text);
            file.push('\n');
        }
    }
    files
}

/// Loads files, and panics with what is wrong.
fn loaded(what: &str, files: &[(&str, &str)]) -> Course {
    load(files).unwrap_or_else(|problems| panic!("{what}:\n{problems}"))
}

#[test]
fn the_tutorial_makes_a_course() {
    let page = page();
    let (tutorial, _) = page.split_once("\n## Reference\n").unwrap();
    let files = files(tutorial);
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let course = loaded("the tutorial", &files);
    let lesson = course.lessons().next().unwrap();
    assert_eq!(lesson.id.as_str(), "basics/hello");
    assert_eq!((lesson.exercises.len(), lesson.questions.len()), (1, 1));
    for lang in Lang::ALL {
        let page = lesson.pages.translated(lang).unwrap();
        let prose = page.blocks.iter().map(|block| match block {
            Block::Prose(html) => html.as_str(),
            Block::Exercise(_) | Block::Question(_) => "",
        });
        let html: String = prose.collect();
        assert!(html.contains("<kbd>Ctrl</kbd>+<kbd>C</kbd>"));
        assert!(html.contains("data-run"));
    }
}

#[test]
fn every_example_of_the_reference_is_part_of_a_course() {
    let page = page();
    let (_, reference) = page.split_once("\n## Reference\n").unwrap();
    let files = files(reference);
    let (map, glossary) = (&files["map.toml"], &files["glossary.toml"]);
    // So that every term is linked, as the glossary's own check wants it.
    let links = "[가](term:bind-mount) [나](term:volume)";
    let mut kinds = BTreeSet::new();
    let mut html = String::new();
    for (info, text) in blocks(reference) {
        match info.as_str() {
            "markdown" => {
                let lesson = format!(
                    "---\ntitle: 제목\nminutes: 5\nrows: [N09, N01]\n---\n{links}\n\n{text}"
                );
                let course = loaded(
                    &text,
                    &[
                        (
                            "course.toml",
                            &AROUND.replace("[\"ko\", \"en\"]", "[\"ko\"]"),
                        ),
                        ("map.toml", map),
                        ("glossary.toml", glossary),
                        ("u/l.ko.md", &lesson),
                    ],
                );
                let lesson = course.lessons().next().unwrap();
                html.push_str(&crate::common::shown(lesson, Lang::Ko));
                kinds.extend(lesson.questions.iter().map(|question| match question.kind {
                    Kind::Single { .. } => "single",
                    Kind::Multiple { .. } => "multiple",
                    Kind::Short { .. } => "short",
                    Kind::Number { .. } => "number",
                    Kind::Order { .. } => "order",
                    Kind::Match { .. } => "match",
                }));
                for exercise in &lesson.exercises {
                    let values = lesson.values(exercise, "1");
                    let shown = exercise.text.get(Lang::Ko).with(&values);
                    assert!(!shown.prompt.as_str().contains("{{"), "{text}");
                    kinds.extend((!exercise.vars.is_empty()).then_some("vars"));
                    kinds.extend((!exercise.needs.is_empty()).then_some("needs"));
                }
            }
            "toml map.toml" | "toml glossary.toml" | "bash" | "text" | "json" => {}
            other => panic!("no test knows what to do with a block of `{other}`"),
        }
    }
    let all = [
        "match", "multiple", "needs", "number", "order", "short", "single", "vars",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
    for shown in [
        "class=\"tabs\"",
        "class=\"admonition\"",
        "class=\"term\"",
        "footnote",
    ] {
        assert!(html.contains(shown), "no example shows {shown}");
    }
}

#[test]
fn every_code_is_explained_and_every_explanation_is_of_a_code() {
    let page = page();
    let (_, codes) = page.split_once("\n### Codes\n").unwrap();
    let codes = codes.split("\n#").next().unwrap();
    let explained: Vec<&str> = codes
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| `")?.split(" | ").collect();
            assert!(
                cells.len() == 3 && cells.iter().all(|cell| cell.len() > 2),
                "{line}"
            );
            cells[0].strip_suffix('`')
        })
        .collect();
    assert_eq!(explained, CODES);
    let mut sorted = CODES;
    sorted.sort_unstable();
    assert_eq!(sorted, CODES, "in order, so that one is found");
}

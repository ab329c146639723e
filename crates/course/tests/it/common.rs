//! What several tests need.

use std::fs;
use std::path::{Path, PathBuf};

use course::{Block, Course, Lang, Lesson, LessonId, Problems};

/// The course that uses all of the format.
pub(crate) fn good() -> Course {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/good");
    Course::load(&dir).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The lesson of it that does.
pub(crate) fn everything(course: &Course) -> &Lesson {
    let id: LessonId = "basics/everything".parse().unwrap();
    course.lesson(&id).unwrap()
}

/// The course that the classroom comes with.
pub(crate) fn content() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content")
}

/// Loads a course of these files: paths and texts.
pub(crate) fn load(files: &[(&str, &str)]) -> Result<Course, Problems> {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Course::load(dir.path())
}

/// A manifest with one unit `u`, the lesson `l` and the concept `networking`.
pub(crate) const KO: &str = r#"
title = { ko = "과정" }
default_language = "ko"
languages = ["ko"]
concepts = [{ id = "networking", name = { ko = "네트워크" } }]
units = [{ id = "u", title = { ko = "단원" }, lessons = ["l"] }]
"#;

/// The same in two languages.
pub(crate) const BOTH: &str = r#"
title = { ko = "과정", en = "Course" }
default_language = "ko"
languages = ["ko", "en"]
concepts = [{ id = "networking", name = { ko = "네트워크", en = "Networking" } }]
units = [{ id = "u", title = { ko = "단원", en = "Unit" }, lessons = ["l"] }]
"#;

/// A lesson's file with this below its front matter.
pub(crate) fn page(body: &str) -> String {
    format!("---\ntitle: 제목\nminutes: 5\n---\n{body}\n")
}

/// A page as one text: HTML, and a line for each item.
pub(crate) fn shown(lesson: &Lesson, lang: Lang) -> String {
    let blocks = lesson.pages.get(lang).blocks.iter();
    let lines: Vec<String> = blocks
        .map(|block| match block {
            Block::Prose(html) => html.as_str().to_owned(),
            other => format!("{other:?}"),
        })
        .collect();
    lines.join("\n")
}

/// Between the reports of a snapshot.
pub(crate) const RULE: &str = "\n----------------\n";

/// The report on a course of one Korean lesson with this below its front matter.
pub(crate) fn report_on(body: &str) -> String {
    match load(&[("course.toml", KO), ("u/l.ko.md", &page(body))]) {
        Ok(_) => panic!("nothing is found wrong with:\n{body}"),
        Err(problems) => problems.to_string(),
    }
}

/// The reports on several of them.
pub(crate) fn report<B: AsRef<str>, const N: usize>(bodies: [B; N]) -> String {
    bodies.map(|body| report_on(body.as_ref())).join(RULE)
}

/// How many cases a property is tried with: this many, or as many times as `GYOSIL_FUZZ` says, for a
/// long search by hand.
pub(crate) fn cases(usual: u32) -> u32 {
    let times = std::env::var("GYOSIL_FUZZ").map_or(1, |times| times.parse().unwrap());
    usual * times
}

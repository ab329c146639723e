//! A course while it is being written, and pages that are open while it changes.

use std::fs;

use course::{Course, Lang};

use crate::common::{BOTH, load, page};

const QUIZ: &str = "글\n\n::::quiz q single\n무엇?\n- [x] 가\n- [ ] 나\n  : 아니요\n::::\n";

/// The course of these files, as its author sees it: problems by code, and titles.
fn preview(files: &[(&str, &str)]) -> (Option<Course>, Vec<&'static str>) {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let (course, problems) = Course::preview(dir.path());
    (course, problems.iter().map(|it| it.code).collect())
}

#[test]
fn a_broken_course_is_shown_as_far_as_it_goes() {
    let broken = format!("{QUIZ}\n::::exercise e\n하세요.\n::::\n");
    let files = [("course.toml", BOTH), ("u/l.ko.md", &page(&broken))];
    let (course, problems) = preview(&files);
    assert!(
        problems.contains(&"missing-file") && problems.len() > 1,
        "{problems:?}"
    );
    let course = course.unwrap();
    let lesson = course.lessons().next().unwrap();
    assert_eq!(lesson.questions.len(), 1, "what is right is there");
    assert_eq!(
        lesson.pages.get(Lang::En).title,
        "제목",
        "what is not translated is in the other language"
    );

    let (course, problems) = preview(&[("course.toml", BOTH), ("u/l.ko.md", QUIZ)]);
    assert!(problems.contains(&"front-matter"), "{problems:?}");
    assert_eq!(
        course.unwrap().lessons().count(),
        1,
        "a page without front matter is one all the same"
    );

    let (course, problems) = preview(&[("course.toml", "title = ")]);
    assert!(course.is_none() && !problems.is_empty());
    let (course, problems) = preview(&[]);
    assert!(course.is_none() && !problems.is_empty());
}

/// What is shown of the lesson and of its question.
fn shown(body: &str) -> (String, String) {
    let en = "---\ntitle: Title\n---\nText\n\n::::quiz q\nWhat?\n- A\n- B\n  : No\n::::\n";
    let files = [
        ("course.toml", BOTH),
        ("u/l.ko.md", &page(body)),
        ("u/l.en.md", en),
    ];
    let course = load(&files).unwrap_or_else(|problems| panic!("{problems}"));
    let lesson = course.lessons().next().unwrap();
    (lesson.shown(), lesson.questions[0].shown())
}

#[test]
fn what_is_shown_changes_with_what_is_seen_and_with_nothing_else() {
    let before = shown(QUIZ);
    assert_eq!(before, shown(QUIZ));
    let other_text = shown(&QUIZ.replace("글", "다른 글"));
    assert_ne!(before.0, other_text.0);
    assert_eq!(before.1, other_text.1, "the question is the same");
    for seen in ["무엇?", "가"] {
        let changed = shown(&QUIZ.replace(seen, "다른 것"));
        assert!(before.0 != changed.0 && before.1 != changed.1, "{seen}");
    }
    // A hash of it stands in the page: it must not help to find out which choice is right.
    let corrected = QUIZ
        .replace("[x] 가", "[ ] 가")
        .replace("[ ] 나\n  : 아니요", "[x] 나\n  : 아니요");
    assert_eq!(before, shown(&corrected));
    assert_eq!(before, shown(&QUIZ.replace("아니요", "글쎄요")));
}

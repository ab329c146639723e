//! The course changes while the classroom is open.

use std::{
    fs,
    io::Read,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::classroom::{Classroom, Visitor};

const LESSON: &str = "/ko/lessons/unit/lesson";
const SINGLE: &str = "/ko/lessons/unit/lesson/questions/single";
const SHORT: &str = "/ko/lessons/unit/lesson/questions/short";

pub(crate) const MANIFEST: &str = r#"title = { ko = "과정" }
default_language = "ko"
languages = ["ko"]
[[concepts]]
id = "c"
name = { ko = "개념" }
[[units]]
id = "unit"
title = { ko = "단원" }
lessons = ["lesson"]
"#;

const TEXT: &str = "---\ntitle: 제목\nminutes: 5\n---\n처음 글\n\n![그림](picture.svg)\n\n\
    ::::quiz single single {concepts=\"c\"}\n무엇?\n- [x] 이것\n- [ ] 저것\n::::\n\n\
    ::::quiz short short {concepts=\"c\"}\n이름은?\n- docker\n::::\n";

/// How long taking up a change may take on a busy machine; an author's page has its own test.
const TAKEN_WITHIN: Duration = Duration::from_secs(20);
/// Longer than a change that is refused takes to be read.
const REFUSED_AFTER: Duration = Duration::from_secs(2);

/// A course with one lesson, in which each of these is replaced.
pub(crate) fn course(replaced: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("unit")).unwrap();
    fs::write(dir.path().join("course.toml"), MANIFEST).unwrap();
    fs::write(dir.path().join("unit/picture.svg"), "<svg>one</svg>").unwrap();
    save(dir.path(), replaced);
    dir
}

/// Saves the lesson with these things replaced.
pub(crate) fn save(dir: &Path, replaced: &[(&str, &str)]) {
    let text = replaced
        .iter()
        .fold(TEXT.to_owned(), |text, (old, new)| text.replace(old, new));
    fs::write(dir.join("unit/lesson.ko.md"), text).unwrap();
}

/// Waits until the lesson's page says this.
fn wait_for(visitor: &Visitor, said: &str) {
    let start = Instant::now();
    while !visitor.get(LESSON).body.contains(said) {
        assert!(
            start.elapsed() < TAKEN_WITHIN,
            "the page never says: {said}"
        );
        sleep(Duration::from_millis(50));
    }
}

/// The value of a hidden field of a question's form on the lesson's page.
fn field(visitor: &Visitor, question: &str, name: &str) -> String {
    let page = visitor.get(LESSON);
    let field = page
        .block(question)
        .split(&format!("name=\"{name}\""))
        .nth(1);
    let value = field.and_then(|rest| rest.split("value=\"").nth(1));
    value
        .and_then(|rest| rest.split('"').next())
        .expect("the field")
        .to_owned()
}

/// The value of the choice with these words.
fn choice(visitor: &Visitor, words: &str) -> String {
    let page = visitor.get(LESSON);
    let block = page.block("single").to_owned();
    let label = block
        .split("<label")
        .find(|label| label.contains(words))
        .expect("a choice");
    label
        .split("value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn a_good_change_is_taken_up_and_a_broken_one_refused() {
    let classroom = Classroom::with_course(course(&[]).path());
    let visitor = classroom.visitor();
    assert!(visitor.get(LESSON).body.contains("처음 글"));
    let dir = classroom.course();

    save(&dir, &[("처음 글", "고친 글")]);
    wait_for(&visitor, "고친 글");
    save(
        &dir,
        &[("처음 글", "부서진 글"), ("- [x] 이것", "- [ ] 이것")],
    );
    sleep(REFUSED_AFTER);
    assert!(
        visitor.get(LESSON).body.contains("고친 글"),
        "the last good one stays"
    );
    save(&dir, &[("처음 글", "다시 고친 글")]);
    wait_for(&visitor, "다시 고친 글");

    // The whole folder replaced by another, as a copy or a checkout does it.
    let other = course(&[("처음 글", "새 폴더의 글")]);
    fs::remove_dir_all(&dir).unwrap();
    sleep(REFUSED_AFTER);
    assert!(
        visitor.get(LESSON).body.contains("다시 고친 글"),
        "a course that is away stays"
    );
    copy(other.path(), &dir);
    wait_for(&visitor, "새 폴더의 글");
    save(&dir, &[("처음 글", "새 폴더의 다음 글")]);
    wait_for(&visitor, "새 폴더의 다음 글");
}

fn copy(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp")
        .arg("-r")
        .args([from, to])
        .status();
    assert!(status.unwrap().success());
    let open = std::process::Command::new("chmod")
        .args(["-R", "a+rX"])
        .arg(to)
        .status();
    assert!(open.unwrap().success());
}

#[test]
fn what_the_kernel_does_not_tell_is_read_when_told() {
    let classroom = Classroom::with_course(course(&[]).path());
    let visitor = classroom.visitor();
    let (file, aside) = (
        classroom.course().join("unit/lesson.ko.md"),
        classroom.data().join("aside"),
    );
    // Written by another of its names, a file changes without its folder's hearing of it.
    fs::hard_link(file, &aside).unwrap();
    sleep(REFUSED_AFTER);
    fs::write(&aside, TEXT.replace("처음 글", "몰래 고친 글")).unwrap();
    sleep(REFUSED_AFTER);
    assert!(visitor.get(LESSON).body.contains("처음 글"));
    classroom.hang_up();
    wait_for(&visitor, "몰래 고친 글");
}

#[test]
fn an_answer_to_what_the_question_was_is_not_graded() {
    let classroom = Classroom::with_course(course(&[]).path());
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let (single, short) = (
        field(&student, "single", "shown"),
        field(&student, "short", "shown"),
    );
    let right = choice(&student, "이것");

    // Only what was right has been corrected: what is on the student's page is the same question.
    let dir = classroom.course();
    let corrected = [
        ("- [x] 이것", "- [ ] 이것"),
        ("- [ ] 저것", "- [x] 저것"),
        ("처음 글", "둘째 글"),
    ];
    save(&dir, &corrected);
    wait_for(&student, "둘째 글");
    let fields = [
        ("choice", right.as_str()),
        ("shown", &single),
        ("key", "one"),
    ];
    let answer = student.post_live(SINGLE, &fields);
    assert!(
        answer.block("single").contains("data-state=\"wrong\""),
        "{}",
        answer.body
    );

    save(
        &dir,
        &[("무엇?", "무엇이 아닐까요?"), ("이름은?", "다른 이름은?")],
    );
    wait_for(&student, "다른 이름은?");
    let told = "이 문제를 고쳤습니다";
    let answer = student.post_live(
        SINGLE,
        &[("choice", &right), ("shown", &single), ("key", "two")],
    );
    let block = answer.block("single");
    assert!(
        block.contains(told) && block.contains("무엇이 아닐까요?"),
        "{block}"
    );
    assert!(
        !block.contains("checked") && block.contains("data-state=\"open\""),
        "{block}"
    );

    // Without script likewise; and what was typed is still there.
    let fields = [
        ("text", "docker"),
        ("shown", short.as_str()),
        ("key", "three"),
    ];
    let back = student.post(SHORT, &fields).location;
    let page = student.get(&back);
    let block = page.block("short");
    assert!(
        block.contains(told) && block.contains("value=\"docker\""),
        "{block}"
    );
    assert!(block.contains("data-state=\"open\""), "{block}");

    let now = field(&student, "short", "shown");
    student.post(
        SHORT,
        &[("text", "docker"), ("shown", &now), ("key", "four")],
    );
    assert!(
        student
            .get(LESSON)
            .block("short")
            .contains("data-state=\"right\"")
    );
}

#[test]
fn a_picture_is_kept_until_it_changes() {
    let classroom = Classroom::with_course(course(&[]).path());
    let visitor = classroom.visitor();
    let picture = "/assets/unit/picture.svg";
    let first = visitor.get(picture);
    assert_eq!((first.status, first.body.as_str()), (200, "<svg>one</svg>"));
    assert_eq!(first.header("cache-control"), "no-cache");
    let tag = first.header("etag").to_owned();
    assert_eq!(visitor.get_if_none(picture, &tag).status, 304);

    fs::write(
        classroom.course().join("unit/picture.svg"),
        "<svg>two</svg>",
    )
    .unwrap();
    let start = Instant::now();
    loop {
        let answer = visitor.get_if_none(picture, &tag);
        if answer.status == 200 {
            assert_eq!(answer.body, "<svg>two</svg>");
            break;
        }
        assert!(
            start.elapsed() < TAKEN_WITHIN,
            "the picture stays as it was"
        );
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_open_page_says_that_its_lesson_has_changed() {
    let exercise = "처음 글\n\n::::exercise do {concepts=\"c\"}\n하세요.\n```bash check\ntrue\n```\n\
        ```bash solution\ntrue\n```\n::::\n";
    let classroom = Classroom::with_course(course(&[("처음 글", exercise)]).path());
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let page = student.get(LESSON).body;
    let stream = page
        .split("data-stream=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let mut stream = student.stream(stream);
    let changed = exercise.replace("하세요.", "다르게 하세요.");
    save(&classroom.course(), &[("처음 글", &changed)]);
    let (mut heard, mut bytes) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&heard).contains("id=\"lesson-changed\"") {
        let read = stream.read(&mut bytes).unwrap();
        assert!(read > 0, "the stream ended");
        heard.extend_from_slice(&bytes[..read]);
    }
}

//! The author's pages: who may see them, and what they show of a course that is being written.

use std::{fs, io::Read, path::Path, thread::sleep, time::Duration};

use crate::{
    classroom::{Classroom, Visitor},
    reload::{MANIFEST, course, save},
};

const LESSON: &str = "/ko/author/lessons/unit/lesson";
const EXERCISE: &str = "::::exercise do {concepts=\"c\"}\n하세요.\n\n```bash check\n\
    test -e /machine/planted-check || fail planted-feedback\n```\n\n\
    ```bash solution\ntouch /planted-solution\n```\n\n```bash setup\necho planted-setup\n```\n\n\
    :::feedback planted-feedback\n아직\n:::\n::::\n";

pub(crate) fn with_exercise() -> tempfile::TempDir {
    course(&[("처음 글", &format!("처음 글\n\n{EXERCISE}"))])
}

/// Every address of the author's pages.
const GETS: [&str; 8] = [
    "/ko/author",
    "/ko/author/",
    "/ko/author/live",
    LESSON,
    "/ko/author/lessons/unit/lesson/live",
    "/ko/author/lessons/unit/lesson/both",
    "/ko/author/lessons/unit/lesson/both/live",
    "/ko/author/assets/unit/picture.svg",
];
const POSTS: [&str; 3] = [
    "/ko/author/lessons/unit/lesson/exercises/do",
    "/ko/author/lessons/unit/lesson/questions/single",
    "/ko/author/machine/start",
];
const SOCKET: &str = "/ko/author/machine/terminal?cols=80&rows=24";

#[test]
fn only_authors_see_the_author_s_pages() {
    let classroom = Classroom::with_course(with_exercise().path());
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let nobody = classroom.visitor();
    let host = classroom.url.clone();
    for (visitor, status) in [(&student, 403), (&nobody, 303)] {
        for path in GETS {
            let answer = visitor.get(path);
            assert_eq!(answer.status, status, "{path}");
            assert!(!answer.body.contains("planted"), "{path}");
        }
        for path in POSTS {
            let answer = visitor.post(path, &[("run", "check"), ("next", "/")]);
            assert_eq!(answer.status, status, "{path}");
            assert!(!answer.body.contains("planted"), "{path}");
        }
        assert_eq!(visitor.upgrade(SOCKET, Some(&host)), status, "the terminal");
    }
    assert!(
        !student
            .get("/ko/lessons/unit/lesson")
            .body
            .contains("/author"),
        "a way there"
    );

    assert!(
        instructor
            .get("/ko/lessons/unit/lesson")
            .body
            .contains(LESSON)
    );
    let page = instructor.get(LESSON).body;
    for script in ["planted-check", "planted-solution", "planted-setup"] {
        assert!(page.contains(script), "{script}");
    }
    assert_eq!(instructor.upgrade(SOCKET, Some(&host)), 101);
}

#[test]
fn a_course_is_written_without_signing_in_where_it_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let classroom = Classroom::for_author(dir.path());
    let author = classroom.visitor();
    // Nothing is there yet.
    assert_eq!(author.get("/").location, "/ko/author/");
    let page = author.get("/ko/author/");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("course.toml"), "{}", page.body);
    assert_eq!(author.get("/ko/").status, 200);

    let at = classroom.course();
    fs::create_dir(at.join("unit")).unwrap();
    fs::write(at.join("unit/picture.svg"), "<svg/>").unwrap();
    fs::write(at.join("course.toml"), MANIFEST).unwrap();
    save(&at, &[("- [x] 이것", "- [ ] 이것")]);
    until(&author, LESSON, "no-right-choice");
    // What is wrong stands below what it concerns, and above what follows.
    let body = author.get(LESSON).body;
    let place = |text: &str| {
        body.find(text)
            .unwrap_or_else(|| panic!("no {text} in {body}"))
    };
    assert!(place("처음 글</p>") < place("no-right-choice"));
    assert!(place("no-right-choice") < place("<p>이름은?</p>"));
    assert!(body.contains("unit/lesson.ko.md:9:"), "{body}");
    let overview = author.get("/ko/author/").body;
    assert!(
        overview.contains("고칠 곳 1") && overview.contains("제목"),
        "{overview}"
    );
    assert_eq!(
        author.get("/ko/lessons/unit/lesson").status,
        404,
        "it is not taught"
    );

    save(&at, &[]);
    until(&author, LESSON, "고칠 곳이 없습니다");
    assert_eq!(author.get("/ko/lessons/unit/lesson").status, 200);
    // Its manifest broken, what was there is still shown.
    fs::write(at.join("course.toml"), "title =").unwrap();
    until(&author, LESSON, "다른 파일에 있습니다");
    assert!(author.get(LESSON).body.contains("처음 글"));
    assert!(author.get("/ko/author/").body.contains("course.toml"));

    assert_eq!(
        author.get_as(LESSON, "evil.example").status,
        303,
        "a name made to lead here"
    );
}

/// Waits until the page says this.
fn until(visitor: &Visitor, path: &str, said: &str) {
    for _ in 0..400 {
        if visitor.get(path).body.contains(said) {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("{path} never says {said}: {}", visitor.get(path).body);
}

#[test]
fn an_open_page_of_the_author_is_sent_what_changes() {
    let classroom = Classroom::with_course(course(&[]).path());
    let instructor = classroom.instructor();
    let mut stream = instructor.stream("/ko/author/lessons/unit/lesson/live");
    save(&classroom.course(), &[("처음 글", "고친 글")]);
    let (mut heard, mut bytes) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&heard).contains("고친 글") {
        let read = stream.read(&mut bytes).unwrap();
        assert!(read > 0, "the stream ended");
        heard.extend_from_slice(&bytes[..read]);
    }
}

#[test]
fn an_author_s_answer_is_judged_and_not_recorded() {
    let classroom = Classroom::with_course(course(&[]).path());
    let instructor = classroom.instructor();
    let path = "/ko/author/lessons/unit/lesson/questions/short";
    let answer = instructor.post_live(path, &[("text", "docker"), ("key", "")]);
    assert!(
        answer.block("short").contains("data-state=\"right\""),
        "{}",
        answer.body
    );
    assert!(
        answer.body.contains(&format!("action=\"{path}\"")),
        "{}",
        answer.body
    );
    let answer = instructor.post_live(path, &[("key", "")]);
    assert!(answer.body.contains("빠진 곳이 있습니다"));
    assert!(
        instructor
            .get("/ko/lessons/unit/lesson")
            .block("short")
            .contains("data-state=\"open\"")
    );
}

#[test]
fn two_languages_stand_side_by_side() {
    let dir = course(&[]);
    let manifest = MANIFEST
        .replace("languages = [\"ko\"]", "languages = [\"ko\", \"en\"]")
        .replace("\" }", "\", en = \"Name\" }");
    fs::write(dir.path().join("course.toml"), manifest).unwrap();
    let english = "---\ntitle: Title\n---\nFirst text\n\n![Picture](picture.svg)\n\n\
        ::::quiz single\nWhat?\n- This\n- That\n::::\n\n::::quiz short\nIts name?\n- docker\n::::\n";
    fs::write(dir.path().join("unit/lesson.en.md"), english).unwrap();
    let classroom = Classroom::with_course(dir.path());
    let instructor = classroom.instructor();
    let page = instructor.get("/en/author/lessons/unit/lesson/both").body;
    let place = |text: &str| {
        page.find(text)
            .unwrap_or_else(|| panic!("no {text} in {page}"))
    };
    let order = [
        "처음 글",
        "First text",
        "무엇?",
        "What?",
        "이름은?",
        "Its name?",
    ]
    .map(place);
    assert!(order.is_sorted(), "{order:?}");
    // No two elements of one name.
    let ids: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let mut distinct = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(ids.len(), distinct.len(), "{ids:?}");
}

#[test]
fn to_everybody_is_no_author() {
    let dir = course(&[]);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_gyosil"))
        .args(["serve", "--author", "--listen", "0.0.0.0:0", "--data"])
        .arg(Path::new(dir.path()).join("data"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("--author"),
        "{output:?}"
    );
}

//! What students receive holds no answer, check or solution: a course with planted words is served, a
//! student opens everything that there is, and the machine is searched while a check runs beside it.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use machine::{ExecRequest, MachineUser, State};
use tempfile::TempDir;

use crate::classroom::{Classroom, Visitor};

const LESSON: &str = "lessons/unit/planted";

/// How long a check of the course takes: long enough to look at the processes meanwhile, and well
/// below the limit of ten seconds, so that it ends by itself on a busy host too.
const CHECK_TAKES: Duration = Duration::from_secs(5);

/// How long anything may take that is waited for, on a host with other work.
const SOON: Duration = Duration::from_secs(90);

/// Kinds of what only the server may know.
const SECRETS: [&str; 10] = [
    "check", "answer", "expected", "solution", "wrong", "explain", "note", "accepted", "comment",
    "feedback",
];

/// A course whose secrets are words that stand nowhere else in the world.
struct Planted {
    course: TempDir,
    /// What every planted word begins with: letters and digits, which nothing escapes or cuts.
    stem: String,
}

impl Planted {
    fn new() -> Self {
        let random = fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap();
        let stem = format!("zq{}", random.trim().replace('-', ""));
        let course = tempfile::tempdir_in("/var/tmp").unwrap();
        let write = |path: &str, text: String| {
            let path = course.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("course.toml", MANIFEST.to_owned());
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
        write("unit/picture.svg", svg.to_owned());
        for (lang, text) in [("ko", KOREAN), ("en", ENGLISH)] {
            let mut text = text.replace("SECONDS", &CHECK_TAKES.as_secs().to_string());
            for kind in SECRETS.iter().chain(&["seen", "setup"]) {
                text = text.replace(&format!("PLANT-{kind}"), &format!("{stem}{kind}"));
            }
            write(&format!("unit/planted.{lang}.md"), text);
        }
        Self { course, stem }
    }

    fn word(&self, kind: &str) -> String {
        format!("{}{kind}", self.stem)
    }

    /// The secrets that a text holds.
    fn secrets_in(&self, text: &str) -> Vec<&'static str> {
        let has = |kind: &&str| text.contains(&self.word(kind));
        SECRETS.into_iter().filter(has).collect()
    }

    fn assert_none_in(&self, what: &str, text: &str) {
        let found = self.secrets_in(text);
        assert!(
            found.is_empty(),
            "{what} has the planted {found:?}:\n{text}"
        );
    }
}

const MANIFEST: &str = r#"
title = { ko = "심은 과정", en = "Planted" }
default_language = "ko"
languages = ["ko", "en"]
units = [{ id = "unit", title = { ko = "단원", en = "Unit" }, lessons = ["planted"] }]
"#;

const KOREAN: &str = r#"---
title: 심은 말
minutes: 1
---
PLANT-seen ![그림](picture.svg)

<!-- PLANT-comment -->

::::exercise never
하세요.
```bash setup
: PLANT-setup
```
```bash check
: PLANT-check
sleep SECONDS
[ -e /machine/srv/never ] || fail not-yet
```
```bash solution
sudo touch /srv/never # PLANT-solution
```
```bash wrong not-yet
touch /tmp/PLANT-wrong
```
:::feedback not-yet
PLANT-feedback
:::
::::

::::exercise sum answer
계산하세요.
```bash answer
: PLANT-answer
echo PLANT-expected
```
::::

::::quiz one single
?
- [x] 가
- [ ] 나
  : PLANT-note
:::explain
PLANT-explain
:::
::::

::::quiz word short
?
- PLANT-accepted
::::
"#;

const ENGLISH: &str = r#"---
title: Planted
---
PLANT-seen ![picture](picture.svg)

<!-- PLANT-comment -->

::::exercise never
Do.
:::feedback not-yet
PLANT-feedback
:::
::::

::::exercise sum
Compute.
::::

::::quiz one
?
- a
- b
  : PLANT-note
:::explain
PLANT-explain
:::
::::

::::quiz word
?
- PLANT-accepted
::::
"#;

/// A student of a classroom with the planted course, before any answer.
fn student(classroom: &Classroom) -> Visitor {
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    classroom.student(&code, "홍길동")
}

/// The addresses that a page names, of this classroom.
fn addresses(page: &str) -> Vec<String> {
    let mut found: Vec<String> = ["href=\"/", "src=\"/", "action=\"/"]
        .iter()
        .flat_map(|start| page.split(start).skip(1))
        .filter_map(|rest| Some(format!("/{}", rest.split('"').next()?)))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// What an open page is sent, up to these words.
fn streamed(student: &Visitor, path: &str, words: &str) -> String {
    let mut all = String::new();
    for line in BufReader::new(student.stream(path)).lines() {
        let line = line.expect("it is sent in time");
        all.push_str(&line);
        all.push('\n');
        if line.contains(words) {
            return all;
        }
    }
    panic!("{words} is never sent: {all}");
}

#[test]
fn nothing_that_a_browser_receives_holds_a_secret_before_its_time() {
    let planted = Planted::new();
    let classroom = Classroom::with_course(planted.course.path());
    let student = student(&classroom);
    let mut seen = 0;
    let mut todo: Vec<String> = ["/", "/ko/", "/en/"].map(str::to_owned).into();
    let mut done = Vec::new();
    while let Some(path) = todo.pop() {
        if done.contains(&path) {
            continue;
        }
        let answer = student.get(&path);
        planted.assert_none_in(&path, &answer.body);
        seen += answer.body.matches(&planted.word("seen")).count();
        if answer.header("content-type").starts_with("text/html") {
            todo.extend(addresses(&answer.body));
        }
        done.push(path);
    }
    for lesson in [format!("/ko/{LESSON}"), format!("/en/{LESSON}")] {
        assert!(
            done.contains(&lesson),
            "nothing leads to {lesson}: {done:?}"
        );
        for item in [
            "exercises/never",
            "exercises/sum",
            "questions/one",
            "questions/word",
        ] {
            let path = format!("{lesson}/{item}");
            for fields in [
                &[][..],
                &[("key", "k")],
                &[("answer", ""), ("text", ""), ("key", "k")],
            ] {
                let whole = student.post(&path, fields);
                let piece = student.post_live(&path, fields);
                planted.assert_none_in(&path, &(whole.body + &piece.body));
            }
        }
    }
    assert!(seen >= 2, "what is planted for everybody is on no page");
    assert!(done.iter().any(|path| path.ends_with("picture.svg")));

    // What was planted is there: the explanation comes with the answer.
    let path = format!("/ko/{LESSON}/questions/word");
    let fields = [("text", &*planted.word("accepted")), ("key", "right")];
    let answer = student.post_live(&path, &fields);
    assert!(
        answer.block("word").contains("data-state=\"right\""),
        "{}",
        answer.body
    );
    let page = student.get(&format!("/ko/{LESSON}")).body;
    let choice = page.split("name=\"choice\"").nth(1).expect("a choice");
    let value = choice
        .split("value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let path = format!("/ko/{LESSON}/questions/one");
    let answer = student.post_live(&path, &[("choice", value), ("key", "any")]);
    let told = planted.secrets_in(&answer.body);
    assert!(
        told.contains(&"explain") || told.contains(&"note"),
        "{}",
        answer.body
    );
}

/// The machine is the student's: neither its disk nor its processes have anything of a check that runs
/// beside it.
#[test]
fn a_machine_holds_no_secret_while_it_is_checked() {
    let planted = Planted::new();
    let classroom = Classroom::with_machines(planted.course.path(), &["--pool", "0"]);
    let student = student(&classroom);
    let machine = "s2";
    student.get(&format!("/ko/{LESSON}"));
    let since = Instant::now();
    let is_ready = || {
        classroom
            .machine(machine)
            .is_some_and(|it| it.state == State::Ready)
    };
    while !is_ready() {
        assert!(since.elapsed() < SOON, "the machine does not start");
        thread::park_timeout(Duration::from_millis(100));
    }
    let inside = |argv: &[&str], stdin: &str| {
        let request = ExecRequest {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            user: MachineUser::Root,
            stdin: stdin.to_owned(),
            timeout_ms: 60_000,
        };
        classroom.exec(machine, &request).expect("it runs")
    };
    let processes = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'";
    // The words to look for come by standard input: in no command line, on no disk.
    let files =
        "grep -rlF -f - /etc /home /opt /root /run /srv /tmp /usr/local /var /dev/shm 2>/dev/null";

    let stream = streamed(
        &student,
        &format!("/ko/{LESSON}/live"),
        "data-state=\"ready\"",
    );
    planted.assert_none_in("the event stream", &stream);

    let looked = thread::scope(|scope| {
        let check = scope
            .spawn(|| student.post_live(&format!("/ko/{LESSON}/exercises/never"), &[("key", "k")]));
        let mut looked = 0;
        // Until it is over; the first look comes before it has begun perhaps.
        while !check.is_finished() {
            let found = inside(&["sh", "-c", processes], "").stdout;
            planted.assert_none_in("the process list", &found);
            assert!(found.contains("dockerd"), "no processes are seen:\n{found}");
            looked += usize::from(!check.is_finished());
            thread::park_timeout(Duration::from_millis(300));
        }
        let answer = check.join().unwrap();
        assert!(
            answer.body.contains(&planted.word("feedback")),
            "the check has not run: {}",
            answer.body
        );
        looked
    });
    assert!(looked >= 1, "the check was over before anybody looked");

    let answer = student.post_live(
        &format!("/ko/{LESSON}/exercises/sum"),
        &[("answer", "이것은 아니다"), ("key", "k")],
    );
    planted.assert_none_in("a wrong answer's piece", &answer.body);
    let words: Vec<String> = SECRETS.iter().map(|kind| planted.word(kind)).collect();
    let words = words.join("\n");
    let found = inside(&["sh", "-c", files], &words).stdout;
    assert!(found.trim().is_empty(), "files of the machine: {found}");

    // Every byte that was ever written to the machine's disk, what was removed as well.
    let written = planted.word("control");
    inside(
        &["sh", "-c", "cat > /srv/control && sync /srv/control"],
        &written,
    );
    let disk = disk_of(classroom.data());
    assert!(
        contains(&disk, &written),
        "{} is not the disk",
        disk.display()
    );
    assert!(
        !contains(&disk, &words),
        "a secret is on the machine's disk"
    );
}

/// The only machine's disk.
fn disk_of(data: &Path) -> PathBuf {
    let machines = fs::read_dir(data.join("machines")).unwrap();
    let mut disks = machines.map(|entry| entry.unwrap().path().join("disk.img"));
    disks.find(|disk| disk.exists()).expect("a disk")
}

/// Whether a file has one of these words in it, one a line. grep skips the holes of a sparse file.
fn contains(file: &Path, words: &str) -> bool {
    let mut grep = Command::new("grep")
        .args(["-qaF", "-f", "-"])
        .arg(file)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = grep.stdin.take().unwrap();
    stdin.write_all(words.as_bytes()).unwrap();
    drop(stdin);
    grep.wait().unwrap().success()
}

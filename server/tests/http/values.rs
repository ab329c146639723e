//! Exercises whose values differ from student to student, and that build on others; with real machines.

use std::{
    io::{BufRead, BufReader},
    time::{Duration, Instant},
};

use machine::{ExecRequest, MachineUser};

use crate::classroom::{Answer, Classroom, Visitor};

const LESSON: &str = "/ko/lessons/machines/values";

/// How long anything may take that is waited for, on a host with other work.
const SOON: Duration = Duration::from_secs(180);

fn open(students: &[&str]) -> (Classroom, Vec<Visitor>) {
    let course = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/course");
    let classroom = Classroom::with_machines(course.as_ref(), &["--pool", "0"]);
    let (_, code) = classroom.class(&classroom.instructor(), "1반");
    let visitors = students.iter().map(|name| classroom.student(&code, name));
    let visitors = visitors.collect();
    (classroom, visitors)
}

/// The file that a student is to make.
fn file_of(page: &Answer) -> String {
    let task = page.block("make").split("/srv/").nth(1);
    let file = task.expect("a task").split('<').next();
    file.expect("a file").to_owned()
}

fn is_done(page: &Answer, id: &str) -> bool {
    page.block(id).contains("data-state=\"done\"")
}

/// Presses the button of an exercise.
fn press(student: &Visitor, id: &str, answer: &str) -> Answer {
    let fields = [("answer", answer), ("key", &*format!("{id}-{answer}"))];
    student.post_live(&format!("{LESSON}/exercises/{id}"), &fields)
}

/// Presses the button until the machine is there and says something.
fn press_until(student: &Visitor, id: &str, word: &str) {
    let since = Instant::now();
    loop {
        let answer = press(student, id, "");
        if answer.body.contains(word) {
            return;
        }
        assert!(since.elapsed() < SOON, "{}", answer.body);
        std::thread::park_timeout(Duration::from_millis(500));
    }
}

fn bash(classroom: &Classroom, machine: &str, script: &str) -> String {
    let request = ExecRequest {
        argv: ["bash", "-c", script].map(str::to_owned).into(),
        user: MachineUser::Root,
        stdin: String::new(),
        timeout_ms: 30_000,
    };
    let outcome = classroom
        .exec(machine, &request)
        .expect("a machine that runs");
    assert_eq!(outcome.exit, Some(0), "{script}: {}", outcome.stderr);
    outcome.stdout
}

#[test]
fn values_are_a_students_own_and_what_builds_on_something_waits_for_it() {
    let (classroom, students) = open(&["김", "이"]);
    let [kim, lee] = &students[..] else {
        panic!("two students")
    };
    let (page, others) = (kim.get(LESSON), lee.get(LESSON));
    let (file, other) = (file_of(&page), file_of(&others));
    assert_ne!(file, other, "two students have the same values");
    assert!(!page.body.contains("{{"), "a var has no value");
    let (name, port) = file.split_once('-').expect("name and port");
    let again = kim.get(LESSON);
    assert_eq!(file_of(&again), file, "another value with each page");
    let english = kim.get(&LESSON.replace("/ko/", "/en/"));
    assert!(
        english.body.contains(&format!("Make {name}")),
        "title in English"
    );
    assert!(page.body.contains(&format!("touch {file}")), "the hint");
    assert!(page.body.contains(&format!("{name} 만들기")), "the title");

    // What builds on it says so, leads there, and has nothing to press.
    let waits = page.block("go-on");
    assert!(
        waits.contains("href=\"#make\"") && !waits.contains("<form"),
        "{waits}"
    );
    let sum = page.block("sum");
    assert!(
        sum.contains("href=\"#go-on\"") && !sum.contains("<input"),
        "{sum}"
    );

    // Where a student is, only they say, and only of exercises that there are.
    let at = |visitor: &Visitor, id: &str| {
        let path = format!("{LESSON}/exercises/{id}/at");
        visitor.post(&path, &[]).status
    };
    assert_eq!((at(kim, "make"), at(kim, "nothing")), (204, 404));
    assert_eq!(at(&classroom.visitor(), "make"), 303);

    // Another's value does not pass; feedback has the own one.
    press_until(kim, "make", &format!("{file}</code>이 없습니다"));
    let open_page = kim.stream(&format!("{LESSON}/live"));
    let told = "until [ -s /srv/told ]; do sleep 0.1; done; cat /srv/told";
    assert_eq!(bash(&classroom, "s2", told).trim(), port);
    drop(open_page);
    bash(&classroom, "s2", &format!("touch /srv/{other}"));
    let pressed = press(kim, "make", "");
    assert!(
        !pressed.body.contains("data-state=\"done\""),
        "{}",
        pressed.body
    );

    // Neither checked nor prepared before its time, whoever asks.
    let early = press(kim, "go-on", "");
    assert!(early.body.contains("href=\"#make\""), "{}", early.body);
    let early = press(kim, "sum", "1");
    assert!(early.body.contains("href=\"#go-on\""), "{}", early.body);
    bash(&classroom, "s2", "! ls /srv/went-on-*");

    // Done, it ticks by itself, and what waited for it opens on the page and goes on by itself.
    let stream = BufReader::new(kim.stream(&format!("{LESSON}/live")));
    bash(&classroom, "s2", &format!("touch /srv/{file}"));
    let mut told = String::new();
    for line in stream.lines().map_while(Result::ok) {
        told += &line;
        if told.contains(&format!("{LESSON}/exercises/sum")) {
            break;
        }
    }
    assert!(
        told.contains(&format!("{LESSON}/exercises/go-on")),
        "{told}"
    );
    bash(&classroom, "s2", &format!("test -e /srv/went-on-{port}"));
    let page = kim.get(LESSON);
    assert!(is_done(&page, "make") && is_done(&page, "go-on") && !is_done(&page, "sum"));

    let sum = port.parse::<u32>().expect("a number") + 1;
    let wrong = press(kim, "sum", "1");
    assert!(
        !wrong.body.contains("data-state=\"done\""),
        "{}",
        wrong.body
    );
    let right = press(kim, "sum", &sum.to_string());
    assert!(right.body.contains("data-state=\"done\""), "{}", right.body);
    assert!(!is_done(&lee.get(LESSON), "make"));
}

#[test]
fn a_check_in_vain_is_an_attempt_and_hints_outlive_a_restart() {
    let (mut classroom, students) = open(&["김"]);
    let [kim] = &students[..] else {
        panic!("a student")
    };
    let file = file_of(&kim.get(LESSON));
    // However often the form is sent, it is one attempt.
    press_until(kim, "make", "data-state=\"wrong\"");
    press(kim, "make", "");
    let hints = |count: u32| {
        let path = format!("{LESSON}/exercises/make/hints/{count}");
        assert_eq!(kim.post(&path, &[]).status, 204);
    };
    // More than there are.
    hints(7);
    classroom.kill();
    classroom.start_again();
    bash(&classroom, "s2", &format!("touch /srv/{file}"));
    press_until(kim, "make", "data-state=\"done\"");
    let recorded = classroom.sql(
        "SELECT is_right || ' ' || hints || ' ' || (spent_ms >= 0) || ' ' || response
         FROM attempts ORDER BY id",
    );
    assert_eq!(recorded, ["0 0 1 {\"feedback\":\"absent\"}", "1 1 1 null"]);
}

#[test]
fn an_exercise_in_review_is_set_up_anew_and_passes_anew() {
    let (classroom, students) = open(&["김"]);
    let kim = &students[0];
    let machine = format!(
        "s{}",
        classroom.sql("SELECT CAST(MAX(id) AS TEXT) FROM accounts")[0]
    );
    let first = file_of(&kim.get(LESSON));
    press_until(kim, "make", "이 없습니다");
    bash(&classroom, &machine, &format!("touch /srv/{first}"));
    press_until(kim, "make", "data-state=\"done\"");
    assert!(is_done(&kim.get(LESSON), "make"));

    classroom.pass_days(5);
    let begun = kim.post("/ko/review/machines/values/make", &[]);
    assert_eq!(begun.location, format!("{LESSON}#make"));
    let page = kim.get(LESSON);
    let second = file_of(&page);
    assert!(second != first && !is_done(&page, "make"));
    let (_, port) = second.split_once('-').expect("name and port");
    let open_page = kim.stream(&format!("{LESSON}/live"));
    let told = format!(
        "for _ in $(seq 250); do grep -qx {port} /srv/told && exit; sleep 0.1; done; exit 1"
    );
    bash(&classroom, &machine, &told);
    drop(open_page);
    press_until(kim, "make", "이 없습니다");
    bash(&classroom, &machine, &format!("touch /srv/{second}"));
    press_until(kim, "make", "data-state=\"done\"");
    press(kim, "make", "");
    assert_eq!(
        classroom
            .sql("SELECT place || ' ' || (round > 0) FROM attempts WHERE is_right ORDER BY id"),
        ["lesson 0", "review 1"],
        "one pass in each round"
    );
    assert!(
        kim.get("/ko/review")
            .block("machines.values.make")
            .contains("data-state=\"done\"")
    );
}

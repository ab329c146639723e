//! What a student does with a machine from a page, with real machines: waiting in the queue, sleep,
//! limits, a fresh start.

use std::{
    io::{BufRead, BufReader},
    time::{Duration, Instant},
};

use machine::{ExecRequest, Machine, MachineUser, State};

use crate::classroom::{Classroom, Visitor};

const LESSON: &str = "/ko/lessons/machines/token";
const LIVE: &str = "/ko/lessons/machines/token/live";

/// How long anything may take that is waited for, on a host with other work.
const SOON: Duration = Duration::from_secs(90);

/// A classroom with machines, whose machined has these options, and its students.
fn open<const N: usize>(options: &[&str]) -> (Classroom, [Student; N]) {
    let course = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/course");
    let classroom = Classroom::with_machines(course.as_ref(), options);
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let students = std::array::from_fn(|n| Student {
        visitor: classroom.student(&code, &format!("학생 {n}")),
        // The instructor's account is the first one.
        machine: format!("s{}", n + 2),
    });
    (classroom, students)
}

struct Student {
    visitor: Visitor,
    machine: String,
}

impl Student {
    fn opens_the_lesson(&self) -> String {
        let page = self.visitor.get(LESSON);
        assert_eq!(page.status, 200);
        page.body
    }

    /// What comes back when a button of the pane is pressed.
    fn presses(&self, act: &str) -> String {
        let path = format!("/ko/machine/{act}");
        let answer = self.visitor.post_live(&path, &[("next", LESSON)]);
        assert_eq!(answer.status, 200, "{act}: {}", answer.body);
        answer.body
    }

    /// Waits until the machine is as wanted.
    fn waits(&self, classroom: &Classroom, wanted: impl Fn(&Machine) -> bool) -> Machine {
        let since = Instant::now();
        loop {
            let machine = classroom.machine(&self.machine);
            if let Some(machine) = machine.clone().filter(&wanted) {
                return machine;
            }
            assert!(since.elapsed() < SOON, "{machine:?}");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    fn is_ready(&self, classroom: &Classroom) -> Machine {
        self.waits(classroom, |machine| machine.state == State::Ready)
    }

    /// Waits until what the open page is sent contains `words`.
    fn hears(&self, words: &str) {
        let stream = BufReader::new(self.visitor.stream(LIVE));
        let heard = stream
            .lines()
            .map_while(Result::ok)
            .any(|line| line.contains(words));
        assert!(heard, "the page is never sent {words}");
    }
}

/// The state that a page or a piece of one shows.
fn state(html: &str) -> &str {
    let status = html
        .split("id=\"machine-state\"")
        .nth(1)
        .expect("the state of a machine");
    let state = status.split("data-state=\"").nth(1).unwrap();
    state.split('"').next().unwrap()
}

#[test]
fn who_finds_no_place_waits_in_line_and_gets_one() {
    let (classroom, [first, second]) = open(&["--max-machines", "1", "--pool", "0"]);
    first.opens_the_lesson();
    first.is_ready(&classroom);
    let page = second.opens_the_lesson();
    assert_eq!(state(&page), "queued");
    assert!(page.contains("1번째 차례"), "no place is told");
    // Leaving, and coming again.
    let left = second.presses("stop");
    assert_ne!(state(&left), "queued");
    assert!(left.contains("action=\"/ko/machine/start\""), "{left}");
    assert_eq!(state(&second.presses("start")), "queued");
    // The page without script stays where it was.
    let fields = [("next", LESSON)];
    let answer = first.visitor.post("/ko/machine/stop", &fields);
    assert_eq!((answer.status, &*answer.location), (303, LESSON));
    second.hears("data-state=\"ready\"");
    // The first one's disk is kept.
    let machine = classroom.machine(&first.machine).expect("its disk");
    assert!(matches!(machine.state, State::Stopped { .. }));
}

#[test]
fn a_machine_sleeps_under_an_open_page_and_wakes_with_the_lesson() {
    // Longer than the time between two looks of an open page at what is not done.
    let (classroom, [student]) = open(&["--pool", "0", "--idle-freeze", "8s"]);
    student.opens_the_lesson();
    student.is_ready(&classroom);
    student.hears("data-state=\"frozen\"");
    let open_page = student.visitor.stream(LIVE);
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(7) {
        let machine = classroom.machine(&student.machine).expect("a machine");
        assert_eq!(machine.state, State::Frozen, "an open page woke it");
        std::thread::park_timeout(Duration::from_millis(200));
    }
    drop(open_page);
    assert_eq!(state(&student.presses("wake")), "ready");
    student.waits(&classroom, |machine| machine.state == State::Frozen);
    assert_eq!(state(&student.opens_the_lesson()), "ready");
}

#[test]
fn a_stopped_machine_stays_off_under_an_open_page() {
    let (classroom, [student]) = open(&["--pool", "0"]);
    student.opens_the_lesson();
    student.is_ready(&classroom);
    let stopped = student.presses("stop");
    assert_eq!(state(&stopped), "stopped");
    assert!(stopped.contains("<time"), "until when the disk is kept");
    student.hears("data-state=\"stopped\"");
    let machine = classroom.machine(&student.machine).expect("its disk");
    assert!(
        matches!(machine.state, State::Stopped { .. }),
        "{machine:?}"
    );
    assert_ne!(state(&student.opens_the_lesson()), "stopped");
}

#[test]
fn the_end_of_a_lifetime_is_told_and_moved() {
    let (classroom, [student]) = open(&["--pool", "0", "--lifetime", "200s", "--extend", "1h"]);
    student.opens_the_lesson();
    let machine = student.is_ready(&classroom);
    let before = machine.deadline.expect("the end is near");
    let page = student.opens_the_lesson();
    assert!(page.contains("머신이 곧 멈춥니다") && page.contains("data-local"));
    let answer = student.presses("extend");
    assert!(!answer.contains("머신이 곧 멈춥니다"), "{answer}");
    let machine = student.is_ready(&classroom);
    assert!(machine.deadline.is_none_or(|after| after.at > before.at));
}

#[test]
fn a_fresh_start_prepares_anew_and_keeps_what_was_done() {
    let (classroom, [student]) = open(&["--pool", "0"]);
    student.opens_the_lesson();
    let old = student.is_ready(&classroom);
    let open_page = student.visitor.stream(LIVE);
    let token = |student: &Student| {
        let since = Instant::now();
        loop {
            let token = classroom.exec(
                &student.machine,
                &ExecRequest {
                    argv: ["cat", "/srv/token"].map(str::to_owned).into(),
                    user: MachineUser::Root,
                    stdin: String::new(),
                    timeout_ms: 10_000,
                },
            );
            if let Some(outcome) = token.filter(|outcome| outcome.exit == Some(0)) {
                return outcome.stdout;
            }
            assert!(since.elapsed() < SOON, "the exercise is not prepared");
            std::thread::park_timeout(Duration::from_millis(100));
        }
    };
    let is_done = || {
        let page = student.visitor.get(LESSON);
        page.block("token").contains("data-state=\"done\"")
    };
    let first = token(&student);
    let since = Instant::now();
    while !is_done() {
        assert!(since.elapsed() < SOON, "the exercise does not tick");
        std::thread::park_timeout(Duration::from_millis(200));
    }
    // Nothing happens without the form that the question holds.
    let page = student.opens_the_lesson();
    assert!(page.contains("action=\"/ko/machine/reset\""));
    assert_eq!(student.visitor.get("/ko/machine/reset").status, 405);
    assert_eq!(token(&student), first);
    student.presses("reset");
    let new = student.waits(&classroom, |machine| {
        machine.state == State::Ready && machine.generation != old.generation
    });
    assert_ne!(new.generation, old.generation);
    assert_ne!(token(&student), first, "the old disk is still there");
    assert!(is_done(), "the tick is lost");
    drop(open_page);
}

#[test]
fn strangers_can_do_nothing_to_a_machine() {
    let (classroom, [student]) = open(&["--pool", "0"]);
    student.opens_the_lesson();
    student.is_ready(&classroom);
    let nobody = classroom.visitor();
    for act in ["start", "wake", "extend", "stop", "reset"] {
        let path = format!("/ko/machine/{act}");
        let answer = nobody.post(&path, &[("next", LESSON)]);
        let door = format!("/ko/sign-in?next={LESSON}");
        assert_eq!(answer.location, door, "{act}: no way back to the lesson");
        let origin = "http://example.org";
        let answer = student.visitor.post_from(&path, &[], origin, &[]);
        assert_eq!(answer.status, 403, "{act}");
    }
    assert_eq!(student.visitor.post("/ko/machine/delete", &[]).status, 404);
    let elsewhere = [("next", "//example.org/")];
    let answer = student.visitor.post("/ko/machine/extend", &elsewhere);
    assert_eq!(answer.location, "/");
    student.is_ready(&classroom);
}

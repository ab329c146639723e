//! What was acknowledged is on record once, whenever the web process is killed.
//! `cargo xtask bench kills` does it a hundred times.

use std::{
    collections::HashMap,
    env,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use rand::Rng;
use store::Location;

use crate::classroom::{Classroom, Visitor, run};

const LESSON: &str = "cloud/service-models";
const QUESTION: &str = "/ko/lessons/cloud/service-models/questions/kernel-module";

/// How often the process is killed, unless `GYOSIL_KILLS` says otherwise.
const KILLS: usize = 5;
/// How many students submit at once.
const STUDENTS: usize = 4;
/// The longest that the process lives between two kills: a submission takes some milliseconds.
const LIVES_AT_MOST: Duration = Duration::from_millis(400);
/// How long a browser waits before it sends again what was not answered.
const RETRY: Duration = Duration::from_millis(20);

/// Submits answers, each different, until told to stop; sends again what was not acknowledged, under
/// the same key. The answers that were acknowledged.
fn submit(student: &Visitor, who: usize, enough: &AtomicBool) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        // Wrong, so that the question stays open.
        let (answer, key) = (format!("{who} {number}"), format!("{who}-{number}"));
        let fields = [("text", answer.as_str()), ("key", key.as_str())];
        loop {
            match student.try_post_live(QUESTION, &fields) {
                Some(200) => break,
                None if enough.load(Ordering::Relaxed) => return acknowledged,
                None => thread::sleep(RETRY),
                Some(status) => panic!("the answer was refused: {status}"),
            }
        }
        acknowledged.push(answer);
        if enough.load(Ordering::Relaxed) {
            break;
        }
    }
    acknowledged
}

/// How often each answer is on record.
fn on_record(classroom: &Classroom) -> HashMap<String, usize> {
    let file = classroom.data().join("web/gyosil.sqlite");
    run(async {
        let store = store::open(&Location::File(file)).await.unwrap();
        let mut answers = HashMap::new();
        for account in store.students().await.unwrap() {
            for attempt in store.attempts(account, LESSON).await.unwrap() {
                let answer = attempt.response["short"].as_str().unwrap().to_owned();
                *answers.entry(answer).or_default() += 1;
            }
        }
        answers
    })
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_when_the_server_is_killed() {
    let kills = env::var("GYOSIL_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let students: Vec<_> = (0..STUDENTS)
        .map(|who| classroom.student(&code, &format!("학생 {who}")))
        .collect();
    let enough = AtomicBool::new(false);
    let acknowledged: Vec<String> = thread::scope(|scope| {
        let submitting: Vec<_> = students
            .iter()
            .enumerate()
            .map(|(who, student)| {
                let enough = &enough;
                scope.spawn(move || submit(student, who, enough))
            })
            .collect();
        for _ in 0..kills {
            let lives = rand::rng().random_range(Duration::ZERO..LIVES_AT_MOST);
            thread::sleep(lives);
            classroom.kill();
            classroom.start_again();
        }
        enough.store(true, Ordering::Relaxed);
        let each = submitting.into_iter();
        each.flat_map(|student| student.join().unwrap()).collect()
    });
    let on_record = on_record(&classroom);
    let lost = acknowledged
        .iter()
        .filter(|it| !on_record.contains_key(*it));
    let lost = lost.count();
    let doubled = on_record.values().filter(|times| **times > 1).count();
    println!(
        "{kills} kills, {} acknowledged, {lost} lost, {doubled} doubled",
        acknowledged.len()
    );
    assert!(acknowledged.len() > kills, "too few to say anything");
    assert_eq!((lost, doubled), (0, 0));
    // Not acknowledged is at most the one that each was at when the last kill came.
    assert!(on_record.len() <= acknowledged.len() + STUDENTS);
}

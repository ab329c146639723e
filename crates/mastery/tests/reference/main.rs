//! Mastery and item analysis against the same rules by scipy (`reference.py`), on a made-up class.

mod class;

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Command, Stdio},
};

use class::Class;
use mastery::{FirstAttempt, ItemAnalysis, Level, Mastery, analyse, evidence};
use serde::Deserialize;

/// How far two programs may differ that add the same numbers in another order.
const TOLERANCE: f64 = 1e-6;

/// Debian's own, since that is what its package of scipy is for.
const PYTHON: &str = "/usr/bin/python3";

#[derive(Deserialize)]
struct Reference {
    mastery: BTreeMap<u32, BTreeMap<u32, ReferenceMastery>>,
    items: BTreeMap<u32, ReferenceItem>,
}

#[derive(Deserialize)]
struct ReferenceMastery {
    mean: f64,
    low: f64,
    high: f64,
    level: String,
}

#[derive(Deserialize)]
struct ReferenceItem {
    answers: usize,
    facility: f64,
    discrimination: Option<f64>,
    choices: BTreeMap<usize, usize>,
    few: bool,
}

#[test]
fn mastery_agrees_with_scipy() {
    for seed in [1, 2, 3] {
        let class = Class::of_seed(seed);
        let reference = ask(&class);
        let mut levels = BTreeMap::new();
        for (student, concepts) in &reference.mastery {
            let evidence = evidence(&class.attempts_of(*student));
            for (concept, theirs) in concepts {
                let items = class
                    .items
                    .iter()
                    .filter(|it| it.concepts.contains(concept));
                let ours =
                    Mastery::of(items.filter_map(|it| Some((*evidence.get(&it.id)?, it.points))));
                let what = format!("seed {seed}, student {student}, concept {concept}");
                close(ours.mean, theirs.mean, &what);
                close(ours.low, theirs.low, &what);
                close(ours.high, theirs.high, &what);
                assert_eq!(word(ours.level()), theirs.level, "{what}");
                *levels.entry(ours.level()).or_insert(0) += 1;
            }
        }
        assert_eq!(levels.len(), 5, "seed {seed} has all levels: {levels:?}");
    }
}

#[test]
fn item_analysis_agrees_with_scipy() {
    for seed in [1, 2, 3] {
        let class = Class::of_seed(seed);
        let reference = ask(&class);
        let ours = analyse(&first_attempts(&class));
        assert!(ours.keys().eq(reference.items.keys()), "the same items");
        for (item, theirs) in &reference.items {
            same(&ours[item], theirs, &format!("seed {seed}, item {item}"));
        }
        let without = ours
            .values()
            .filter(|it| it.discrimination.is_none())
            .count();
        let few = ours.values().filter(|it| it.few).count();
        assert!(without > 0 && few > 0, "seed {seed} has items of all kinds");
    }
}

fn same(ours: &ItemAnalysis, theirs: &ReferenceItem, what: &str) {
    assert_eq!(ours.answers, theirs.answers, "{what}");
    close(ours.facility, theirs.facility, what);
    match (ours.discrimination, theirs.discrimination) {
        (Some(ours), Some(theirs)) => close(ours, theirs, what),
        (ours, theirs) => assert_eq!(ours, theirs, "{what}"),
    }
    assert_eq!(ours.choices, theirs.choices, "{what}");
    assert_eq!(ours.few, theirs.few, "{what}");
}

fn first_attempts(class: &Class) -> Vec<FirstAttempt<u32, u32>> {
    let outside_reviews = class.attempts.iter().filter(|attempt| !attempt.review);
    outside_reviews
        .map(|attempt| FirstAttempt {
            student: attempt.student,
            item: attempt.item,
            score: attempt.score,
            choices: attempt.choices.clone(),
        })
        .collect()
}

fn close(ours: f64, theirs: f64, what: &str) {
    assert!(
        (ours - theirs).abs() <= TOLERANCE,
        "{what}: {ours} here, {theirs} by scipy"
    );
}

fn word(level: Level) -> &'static str {
    match level {
        Level::None => "none",
        Level::Unsure => "unsure",
        Level::Beginning => "beginning",
        Level::GettingThere => "getting there",
        Level::Mastered => "mastered",
    }
}

fn ask(class: &Class) -> Reference {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/reference.py");
    let mut python = Command::new(PYTHON)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3; if it is missing: apt-get install python3-scipy");
    let record = serde_json::to_vec(class).expect("JSON");
    let mut input = python.stdin.take().expect("a pipe");
    // It reads everything before it says anything. Without scipy it does not, and says so below.
    let _ = input.write_all(&record);
    drop(input);
    let output = python.wait_with_output().expect("its output");
    assert!(
        output.status.success(),
        "the reference failed (it takes python3-scipy):\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("the reference's JSON")
}

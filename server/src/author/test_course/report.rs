//! What came of the trials: a line as each ends, a table, a JUnit file.

use std::{fs::File, io, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::trial::Outcome;
use crate::author::{count, say};

/// How many of a terminal's last lines are shown of a trial that failed.
const LINES: usize = 25;

/// Prints a trial's line, and what there is to see where it failed.
///
/// # Errors
/// When it cannot be printed.
pub(super) fn progress(outcome: &Outcome<'_>, ended: usize, all: usize) -> io::Result<()> {
    let digits = all.to_string().len();
    say(&format!(
        "[{ended:>digits$}/{all}] {:<6} {}  {}  {:.1} s",
        verdict(outcome),
        outcome.trial.name(),
        outcome.trial,
        outcome.took.as_secs_f32()
    ))?;
    if let Some(details) = details(outcome) {
        say(&indented(&details))?;
    }
    Ok(())
}

/// Prints all trials as a table, in the course's order, and the sum.
///
/// # Errors
/// When it cannot be printed.
pub(super) fn table(outcomes: &[Outcome<'_>], took: Duration) -> io::Result<()> {
    let rows: Vec<[String; 4]> = outcomes
        .iter()
        .map(|outcome| {
            [
                outcome.trial.name(),
                outcome.trial.to_string(),
                verdict(outcome).to_owned(),
                format!("{:.1}", outcome.took.as_secs_f32()),
            ]
        })
        .collect();
    let head = ["exercise", "tried", "result", "s"].map(str::to_owned);
    let wide: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows
                .iter()
                .chain([&head])
                .map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        })
        .collect();
    say("")?;
    for [exercise, tried, result, seconds] in [head].iter().chain(&rows) {
        say(&format!(
            "{exercise:<0$}  {tried:<1$}  {result:<2$}  {seconds:>3$}",
            wide[0], wide[1], wide[2], wide[3]
        ))?;
    }
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.fault.is_some())
        .count();
    let weak: usize = outcomes
        .iter()
        .map(|outcome| outcome.notes.weaknesses.len())
        .sum();
    let weak = match weak {
        0 => String::new(),
        number => format!(", {}", count(number, "weakness", "weaknesses")),
    };
    say(&format!(
        "\n{} passed, {failed} failed{weak} ({:.0} s)",
        outcomes.len() - failed,
        took.as_secs_f32()
    ))
}

/// Writes the trials as JUnit has them: a suite for each lesson, a case for each trial.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn junit(outcomes: &[Outcome<'_>], took: Duration, file: &Path) -> Result<()> {
    let mut report = Report::new("gyosil test-course");
    report.set_time(took);
    for of_lesson in outcomes.chunk_by(|a, b| a.trial.lesson.id == b.trial.lesson.id) {
        let mut suite = TestSuite::new(of_lesson[0].trial.lesson.id.to_string());
        suite.add_test_cases(of_lesson.iter().map(case));
        report.add_test_suite(suite);
    }
    let written = File::create(file).map_err(anyhow::Error::from);
    let written = written.and_then(|file| Ok(report.serialize(file)?));
    written.with_context(|| format!("cannot write {}", file.display()))
}

fn case(outcome: &Outcome<'_>) -> TestCase {
    let status = match &outcome.fault {
        None => TestCaseStatus::success(),
        Some(fault) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(fault.as_str());
            status.set_description(details(outcome).unwrap_or_default());
            status
        }
    };
    let trial = &outcome.trial;
    let mut case = TestCase::new(format!("{}: {trial}", trial.exercise.id), status);
    case.set_classname(trial.lesson.id.to_string());
    case.set_time(outcome.took);
    case.set_system_out(outcome.notes.shown.as_str());
    case.set_system_err(outcome.notes.printed.as_str());
    case
}

fn verdict(outcome: &Outcome<'_>) -> &'static str {
    match &outcome.fault {
        Some(_) => "FAILED",
        None if outcome.notes.weaknesses.is_empty() => "ok",
        None => "weak",
    }
}

/// What an author has to know of a trial that failed, or of an exercise that is weak.
fn details(outcome: &Outcome<'_>) -> Option<String> {
    let weaknesses = outcome.notes.weaknesses.iter().cloned();
    let Some(fault) = &outcome.fault else {
        let weaknesses: Vec<_> = weaknesses.collect();
        return (!weaknesses.is_empty()).then(|| weaknesses.join("\n"));
    };
    let seen = [
        ("the terminal showed:", &outcome.notes.shown),
        ("the check printed:", &outcome.notes.printed),
    ];
    let seen = seen
        .into_iter()
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(what, text)| format!("{what}\n{}", indented(&tail(text))));
    Some(
        [fault.clone()]
            .into_iter()
            .chain(weaknesses)
            .chain(seen)
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

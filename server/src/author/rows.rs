//! `gyosil rows`: the rows of a course's map that the course does not cover yet.

use std::{io, path::PathBuf, process::ExitCode};

use anyhow::{Result, ensure};
use course::{Course, Row};

use super::{count, lint, say};

/// Which course, and which of its rows.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The course's folder.
    dir: PathBuf,
    /// Only these rows: letters such as N for all that begin so, or ids such as C05.
    rows: Vec<String>,
}

/// What a row lacks.
#[derive(Debug)]
struct Hole<'a> {
    row: &'a Row,
    /// Where a lesson teaches it; where an exercise and a question are about it.
    passage: String,
    exercise: String,
    question: String,
}

/// What a cell says where nothing is missing, or nothing is wanted.
const COVERED: &str = "ok";
const UNWANTED: &str = "-";

/// Lists the holes, and fails if there are any.
///
/// # Errors
/// When the course cannot be read, or has no such rows.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let (findings, course) = lint::read(&args.dir)?;
    let Some(course) = course else {
        lint::report(&findings, None, &args.dir)?;
        return Ok(ExitCode::FAILURE);
    };
    if !findings.is_empty() {
        let problems = count(findings.len(), "problem", "problems");
        let dir = args.dir.display();
        tracing::warn!("the course has {problems}, which hide rows: gyosil lint {dir}");
    }
    let rows = chosen(&course, &args.rows)?;
    let holes: Vec<Hole<'_>> = rows.iter().filter_map(|row| hole(&course, row)).collect();
    print(&course, &holes)?;
    say(&format!(
        "{}: {}, {}",
        args.dir.display(),
        count(rows.len(), "row", "rows"),
        match holes.len() {
            0 => "no hole".to_owned(),
            number => count(number, "with a hole", "with holes"),
        }
    ))?;
    Ok(if holes.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn chosen<'a>(course: &'a Course, names: &[String]) -> Result<Vec<&'a Row>> {
    ensure!(
        !course.rows.is_empty(),
        "the course has no map: its rows stand in map.toml beside course.toml"
    );
    let is_meant = |row: &Row, name: &String| match name.len() {
        1 => row.id.starts_with(name.as_str()),
        _ => row.id == *name,
    };
    for name in names {
        ensure!(
            course.rows.iter().any(|row| is_meant(row, name)),
            "map.toml has no row {name}"
        );
    }
    let rows = course.rows.iter();
    Ok(rows
        .filter(|row| names.is_empty() || names.iter().any(|name| is_meant(row, name)))
        .collect())
}

/// What is missing for a row; `None` if it is covered.
fn hole<'a>(course: &Course, row: &'a Row) -> Option<Hole<'a>> {
    let hole = Hole {
        row,
        passage: passage(course, row),
        exercise: exercise(course, row),
        question: question(course, row),
    };
    let is_whole = [&hole.passage, &hole.exercise, &hole.question]
        .iter()
        .all(|cell| [COVERED, UNWANTED].contains(&cell.as_str()));
    (!is_whole).then_some(hole)
}

/// A lesson teaches it, in every language.
fn passage(course: &Course, row: &Row) -> String {
    let lessons: Vec<_> = course
        .lessons()
        .filter(|lesson| lesson.rows.contains(&row.id))
        .collect();
    if lessons.is_empty() {
        return "missing".to_owned();
    }
    let missing: Vec<String> = course
        .languages
        .iter()
        .filter(|lang| {
            lessons
                .iter()
                .all(|lesson| lesson.pages.translated(**lang).is_none())
        })
        .map(ToString::to_string)
        .collect();
    if missing.is_empty() {
        COVERED.to_owned()
    } else {
        format!("not in {}", missing.join(", "))
    }
}

fn exercise(course: &Course, row: &Row) -> String {
    if !row.exercise {
        return UNWANTED.to_owned();
    }
    let mut exercises = course.lessons().flat_map(|lesson| &lesson.exercises);
    match exercises.any(|exercise| exercise.rows.contains(&row.id)) {
        true => COVERED.to_owned(),
        false => "missing".to_owned(),
    }
}

/// A question is about it, and tagged with its concept.
fn question(course: &Course, row: &Row) -> String {
    if !row.question {
        return UNWANTED.to_owned();
    }
    let questions: Vec<_> = course
        .lessons()
        .flat_map(|lesson| &lesson.questions)
        .filter(|question| question.rows.contains(&row.id))
        .collect();
    match &row.concept {
        _ if questions.is_empty() => "missing".to_owned(),
        Some(concept)
            if !questions
                .iter()
                .any(|question| question.concepts.contains(concept)) =>
        {
            format!("none tagged {concept}")
        }
        _ => COVERED.to_owned(),
    }
}

fn print(course: &Course, holes: &[Hole<'_>]) -> io::Result<()> {
    let lines = holes.iter().map(|hole| {
        [
            &hole.row.id,
            &hole.passage,
            &hole.exercise,
            &hole.question,
            hole.row.title.get(course.default_lang),
        ]
    });
    let head = ["row", "passage", "exercise", "question", ""].map(str::to_owned);
    let lines: Vec<_> = [head.each_ref()].into_iter().chain(lines).collect();
    let wide = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let wide = [wide(0), wide(1), wide(2), wide(3)];
    for [row, passage, exercise, question, title] in lines.iter().filter(|_| !holes.is_empty()) {
        let line = format!(
            "{row:<0$}  {passage:<1$}  {exercise:<2$}  {question:<3$}  {title}",
            wide[0], wide[1], wide[2], wide[3]
        );
        say(line.trim_end())?;
    }
    Ok(())
}

//! `gyosil lint`: every problem of a course at once, with its place and how to mend it. Needs no root,
//! no data folder and no network.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use course::Course;

use super::{
    bash, count, drawing, ensure_folder,
    finding::{Finding, Severity},
    say,
    script::Script,
    shellcheck,
};

/// The exit code where the course could not be looked at: of no use to say that it has problems.
const UNREADABLE: u8 = 2;

/// What to look at.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The course's folder.
    dir: PathBuf,
    /// Print one JSON object a line instead of a report.
    #[arg(long)]
    json: bool,
    /// Leave ShellCheck out, which takes some tens of milliseconds a script.
    #[arg(long)]
    no_shellcheck: bool,
}

/// Lints a course, prints what was found, and fails if it cannot be served: 1 for problems, 2 where the
/// folder cannot be read.
///
/// # Errors
/// When nothing can be printed.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let (findings, course) = match examine(&args.dir, !args.no_shellcheck) {
        Ok(examined) => examined,
        Err(error) => {
            tracing::error!("{error:#}");
            return Ok(ExitCode::from(UNREADABLE));
        }
    };
    if args.json {
        for finding in &findings {
            say(&finding.json(&args.dir)?)?;
        }
    } else {
        report(&findings, course.as_ref(), &args.dir)?;
    }
    Ok(if is_well(&findings) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A course as far as there is one, and what is wrong with it but for its scripts' syntax.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn read(dir: &Path) -> Result<(Vec<Finding>, Option<Course>)> {
    ensure_folder(dir)?;
    Ok(match Course::lint(dir) {
        Ok(course) => (Vec::new(), Some(course)),
        // What there is of it, so that scripts and rows are looked at all the same: read once more.
        Err(problems) => (
            problems.iter().map(Finding::from).collect(),
            Course::preview(dir).0,
        ),
    })
}

/// The same with what bash, and ShellCheck if wanted, say of the scripts; by file and line.
///
/// # Errors
/// When the folder cannot be read, or a tool that reads scripts cannot do its work.
pub(super) fn examine(dir: &Path, with_shellcheck: bool) -> Result<(Vec<Finding>, Option<Course>)> {
    let (mut findings, course) = read(dir)?;
    let scripts = course.iter().flat_map(Course::scripts);
    let scripts: Vec<Script> = scripts.map(Script::of).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    findings.extend(runtime.block_on(bash::check(&scripts))?);
    if with_shellcheck {
        findings.extend(runtime.block_on(shellcheck::check(&scripts))?);
    }
    findings.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    Ok((findings, course))
}

/// Whether the course can be served.
pub(super) fn is_well(findings: &[Finding]) -> bool {
    findings
        .iter()
        .all(|finding| finding.severity == Severity::Warning)
}

/// Prints findings for people.
///
/// # Errors
/// When they cannot be printed.
pub(super) fn report(findings: &[Finding], course: Option<&Course>, dir: &Path) -> io::Result<()> {
    let drawing = drawing();
    for finding in findings {
        say(&finding.report(dir, &drawing))?;
    }
    say(&summary(findings, course, dir))
}

fn summary(findings: &[Finding], course: Option<&Course>, dir: &Path) -> String {
    let of = |severity| {
        let matching = |finding: &&Finding| finding.severity == severity;
        findings.iter().filter(matching).count()
    };
    let problems = match of(Severity::Error) {
        0 => "no problem".to_owned(),
        number => count(number, "problem", "problems"),
    };
    let warnings = match of(Severity::Warning) {
        0 => String::new(),
        number => format!(", {}", count(number, "warning", "warnings")),
    };
    let content = course.map(|course| {
        let (mut lessons, mut exercises, mut questions) = (0, 0, 0);
        for lesson in course.lessons() {
            lessons += 1;
            exercises += lesson.exercises.len();
            questions += lesson.questions.len();
        }
        let [lessons, exercises, questions] = [
            count(lessons, "lesson", "lessons"),
            count(exercises, "exercise", "exercises"),
            count(questions, "question", "questions"),
        ];
        format!(" ({lessons}, {exercises}, {questions})")
    });
    format!(
        "{}: {problems}{warnings}{}",
        dir.display(),
        content.unwrap_or_default()
    )
}

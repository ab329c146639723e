//! How fast a large course is linted and rendered, beside mdBook building the same pages, and what
//! hostile pages cost. `cargo xtask bench course` runs it; the last line is one JSON object.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod hostile;
mod made;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use course::{Course, FILE_MAX};

/// How large the course is.
const LESSONS: usize = 1000;

/// How often everything is measured; the middle one counts.
const TIMES: usize = 5;

/// The longest that ten megabytes of anything may take.
const HOSTILE_MAX: Duration = Duration::from_secs(2);

fn main() -> Result<()> {
    // `cargo bench` adds a word of its own.
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let words: Vec<String> = words.collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--hostile"] => hostile_pages(),
        ["--gyosil", gyosil, "--mdbook", mdbook] => {
            hostile_pages()?;
            measure(Path::new(gyosil), Path::new(mdbook))
        }
        _ => bail!("--gyosil PROGRAM --mdbook PROGRAM, or --hostile"),
    }
}

/// Everything in turn, so that what else the host does falls on all of it alike.
fn measure(gyosil: &Path, mdbook: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (course, book) = (folder.path().join("course"), folder.path().join("book"));
    made::write(LESSONS, &course, &book)?;
    let (mut lints, mut renders, mut books) = (Vec::new(), Vec::new(), Vec::new());
    for time in 1..=TIMES {
        let lint = timed(|| {
            run(Command::new(gyosil)
                .args(["lint", "--no-shellcheck"])
                .arg(&course))
        })?;
        let inside = timed(|| Ok(Course::lint(&course).map(drop)?))?;
        let render = timed(|| Ok(Course::load(&course).map(drop)?))?;
        let build = timed(|| run(Command::new(mdbook).arg("build").arg(&book)))?;
        println!(
            "{time} of {TIMES}: lint {lint:.3?} (of which without bash {inside:.3?}), render {render:.3?}, mdbook {build:.3?}"
        );
        lints.push(lint);
        renders.push(render);
        books.push(build);
    }
    let [lint, render, build] = [lints, renders, books].map(median);
    println!(
        "{}",
        serde_json::json!({
            "lint_s": rounded(lint.as_secs_f64()),
            "render_s": rounded(render.as_secs_f64()),
            "mdbook_ratio": rounded(render.as_secs_f64() / build.as_secs_f64()),
        })
    );
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a person is before it, who can end it"
)]
fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_owned();
    let output = command.output();
    let output = output.with_context(|| format!("cannot start {}", name.display()))?;
    ensure!(
        output.status.success(),
        "{} failed: {}{}",
        name.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// How long it takes.
fn timed(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// Ten megabytes of each kind of hostile page, cut in lessons as long as one may be.
fn hostile_pages() -> Result<()> {
    let front = "---\ntitle: t\nminutes: 5\n---\n";
    let size = usize::try_from(FILE_MAX)? - front.len() - 16;
    let names: Vec<String> = (0..hostile::LESSONS).map(|n| format!("l{n}")).collect();
    let manifest = format!(
        "title = {{ en = \"t\" }}\ndefault_language = \"en\"\nlanguages = [\"en\"]\nunits = [{{ id = \"u\", title = {{ en = \"t\" }}, lessons = {names:?} }}]\n"
    );
    let mut slowest = (Duration::ZERO, "");
    for (name, page) in hostile::pages(size) {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("course.toml"), &manifest)?;
        fs::create_dir(folder.path().join("u"))?;
        for lesson in &names {
            let path = folder.path().join(format!("u/{lesson}.en.md"));
            fs::write(path, format!("{front}{page}"))?;
        }
        let start = Instant::now();
        // Most are full of problems, and that is well.
        let found = Course::load(folder.path())
            .err()
            .map_or(0, |problems| problems.iter().count());
        let took = start.elapsed();
        eprintln!(
            "{:6} ms, {found:3} problems: ten megabytes of {name}",
            took.as_millis()
        );
        slowest = slowest.max((took, name));
    }
    let (took, name) = slowest;
    println!("hostile pages: at most {} ms, {name}", took.as_millis());
    ensure!(took <= HOSTILE_MAX, "ten megabytes of {name} took {took:?}");
    Ok(())
}

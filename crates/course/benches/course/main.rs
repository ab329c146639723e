//! How fast a large course is linted and rendered, beside mdBook building the same pages, and what
//! hostile pages cost. `cargo xtask bench course` runs it; the last line is one JSON object.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod hostile;
mod made;

use std::fmt;
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

/// The kernel's unit of what processes take, USER_HZ: a hundredth of a second on what we build for.
const TICK_MS: u64 = 10;

/// The longest that ten megabytes of anything may take.
const HOSTILE_MAX: Duration = Duration::from_secs(2);

fn main() -> Result<()> {
    // `cargo bench` adds a word of its own.
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let words: Vec<String> = words.collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--hostile"] => hostile_pages(None),
        ["--hostile", kind] => hostile_pages(Some(kind)),
        ["--gyosil", gyosil, "--mdbook", mdbook] => {
            let hostile = hostile_pages(None);
            measure(Path::new(gyosil), Path::new(mdbook))?;
            hostile
        }
        _ => bail!("--gyosil PROGRAM --mdbook PROGRAM, or --hostile [KIND]"),
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
            "{time} of {TIMES}: lint {lint} (of which without bash {inside}), render {render}, mdbook {build}"
        );
        lints.push(lint);
        renders.push(render);
        books.push(build);
    }
    let [lint, render, build] = [lints, renders, books].map(median_wall);
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

/// What something takes: the clock's time, which counts, and the processors', which says on a host that
/// has other things to do what the clock would say on one that has not.
struct Took {
    wall: Duration,
    cpu: Duration,
}

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wall, cpu) = (self.wall.as_millis(), self.cpu.as_millis());
        write!(f, "{wall} ms [{cpu} ms of processors]")
    }
}

/// How long it takes.
fn timed(work: impl FnOnce() -> Result<()>) -> Result<Took> {
    let (start, before) = (Instant::now(), processors()?);
    work()?;
    Ok(Took {
        wall: start.elapsed(),
        cpu: processors()?.saturating_sub(before),
    })
}

/// The processors' time, in programs and in the kernel, that this process has taken so far and the
/// programs that it has waited for: fields 14 to 17 of `/proc/self/stat`, proc_pid_stat(5).
fn processors() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").context("no name in its stat")?;
    let ticks = fields.split(' ').skip(11).take(4).map(str::parse::<u64>);
    let ticks: u64 = ticks.sum::<Result<_, _>>()?;
    Ok(Duration::from_millis(ticks * TICK_MS))
}

fn median_wall(mut times: Vec<Took>) -> Duration {
    times.sort_by_key(|took| took.wall);
    times[times.len() / 2].wall
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// Ten megabytes of each kind of hostile page, or of one kind, cut in lessons as long as one may be.
fn hostile_pages(only: Option<&str>) -> Result<()> {
    let front = "---\ntitle: t\nminutes: 5\n---\n";
    let size = usize::try_from(FILE_MAX)? - front.len() - 16;
    let names: Vec<String> = (0..hostile::LESSONS).map(|n| format!("l{n}")).collect();
    let manifest = format!(
        "title = {{ en = \"t\" }}\ndefault_language = \"en\"\nlanguages = [\"en\"]\nunits = [{{ id = \"u\", title = {{ en = \"t\" }}, lessons = {names:?} }}]\n"
    );
    let mut slowest = (Duration::ZERO, "");
    let pages = hostile::pages(size).into_iter();
    for (name, page) in pages.filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("course.toml"), &manifest)?;
        fs::create_dir(folder.path().join("u"))?;
        for lesson in &names {
            let path = folder.path().join(format!("u/{lesson}.en.md"));
            fs::write(path, format!("{front}{page}"))?;
        }
        let mut found = 0;
        let took = timed(|| {
            // Most are full of problems, and that is well.
            let problems = Course::load(folder.path()).err();
            found = problems.map_or(0, |problems| problems.iter().count());
            Ok(())
        })?;
        eprintln!("{took}, {found} problems: ten megabytes of {name}");
        slowest = slowest.max((took.wall, name));
    }
    let (took, name) = slowest;
    println!("hostile pages: at most {} ms, {name}", took.as_millis());
    ensure!(took <= HOSTILE_MAX, "ten megabytes of {name} took {took:?}");
    Ok(())
}

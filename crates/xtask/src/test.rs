//! `cargo xtask test`: everything that has to hold, in one command.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::{Mutex, PoisonError},
    thread,
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    client, host, layout, machines,
    parts::{Part, Tally},
    signals::End,
    step::{Step, Steps, seconds},
    tools, up, vm,
};

/// The letters of the course map whose rows have no hole any more.
const UNITS_DONE: &[&str] = &["N", "D"];

/// What to test.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these parts; without any, all but vm.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// In the virtual machine: only tests whose names contain one of these.
    #[arg(long)]
    only: Vec<String>,
}

/// Runs the parts, prints each one's time, and as the last line the sum:
/// `N passed, N failed, N skipped`.
///
/// # Errors
/// When the tests cannot even be started.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.parts.contains(&Part::Vm) {
        ensure!(args.parts.len() == 1, "the part vm runs by itself");
        return vm::run(&args.only);
    }
    ensure!(args.only.is_empty(), "--only goes with the part vm");
    let started = Instant::now();
    let mut parts = if args.parts.is_empty() {
        Part::ALL.to_vec()
    } else {
        args.parts.clone()
    };
    parts.sort_unstable();
    parts.dedup();
    let test = Test::new(parts)?;
    let prepared = test.prepare_and_check();
    let machines = test
        .data
        .as_ref()
        .map_or(Ok(None), |data| machines::machined(data));
    if let Some(machined) = machines? {
        machined.stop()?;
    }
    if let Err(error) = prepared {
        eprintln!("\n{error:#}");
    } else {
        test.run_with_machines();
    }
    Ok(test.report(started))
}

/// One run.
struct Test {
    parts: Vec<Part>,
    steps: Steps,
    packages: Vec<&'static host::Package>,
    /// Where the machine image and the teaching images for tests are, if a part needs them.
    data: Option<PathBuf>,
    results: Mutex<Vec<(Part, Tally, String)>>,
}

impl Test {
    fn new(parts: Vec<Part>) -> Result<Self> {
        let with_machines = parts.iter().any(|part| part.needs_root());
        let mut packages = Vec::new();
        if with_machines {
            host::check()?;
            ensure!(
                layout::is_root(),
                "the parts machines, course and story start machines, which needs root; \
                 without: cargo xtask test fmt clippy unit"
            );
            packages = host::missing(&[host::FOR_UP, host::FOR_TEST]);
        }
        let has = |part| usize::from(parts.contains(&part));
        let story = has(Part::Story);
        let mut total = has(Part::Fmt) + 3 * has(Part::Clippy) + has(Part::Unit);
        total += has(Part::Machines) + 3 * has(Part::Course) + 2 * story;
        total += has(Part::Course).max(story);
        if with_machines {
            total += 2 + usize::from(!packages.is_empty()) + usize::from(!host::has_web_user());
        }
        if story == 1 {
            total += tools::missing()? + usize::from(!client::is_built()?);
        }
        let end = End::on_signals()?;
        Ok(Self {
            data: if with_machines { Some(data()?) } else { None },
            steps: Steps::new(total, end),
            parts,
            packages,
            results: Mutex::default(),
        })
    }

    fn wants(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Everything that may go on at the same time: Cargo's work in one line (its parts would wait
    /// for each other anyway), the machine image and the client beside it.
    fn prepare_and_check(&self) -> Result<()> {
        self.steps.with_life_signs(|| {
            if self.data.is_some() {
                host::prepare(&self.steps, &self.packages)?;
            }
            thread::scope(|scope| {
                let image = scope.spawn(|| self.machine_image());
                let client = scope.spawn(|| self.client());
                let mut results = vec![self.programs(), up::joined(image.join())];
                if results.iter().all(Result::is_ok) {
                    results.push(self.teaching_images());
                }
                results.push(self.checks());
                results.push(up::joined(client.join()));
                up::first_error(results)
            })
        })
    }

    fn machine_image(&self) -> Result<()> {
        let Some(data) = &self.data else {
            return Ok(());
        };
        self.steps.run("the machine image", |step| {
            machines::build_init(step)?;
            machines::build_image(step, data)
        })
    }

    fn programs(&self) -> Result<()> {
        if self.data.is_none() {
            return Ok(());
        }
        let packages = [
            "build",
            "--package",
            "gyosil",
            "--package",
            "machined",
            "--package",
            "hub",
        ];
        self.steps
            .run("the programs", |step| step.run(&mut cargo(&packages)))
    }

    fn teaching_images(&self) -> Result<()> {
        let is_wanted = self.wants(Part::Course) || self.wants(Part::Story);
        let (Some(data), true) = (&self.data, is_wanted) else {
            return Ok(());
        };
        self.steps.run("teaching images", |step| {
            machines::build_teaching_images(step, &bin().join("gyosil"), data, &[])
        })
    }

    fn client(&self) -> Result<()> {
        if !self.wants(Part::Story) {
            return Ok(());
        }
        host::check_node()?;
        tools::install(&self.steps)?;
        if !client::is_built()? {
            self.steps.run("the browser client", client::build)?;
        }
        self.steps.run("npm packages of the story", |step| {
            let mut npm = Command::new("npm");
            npm.args(["ci", "--no-audit", "--no-fund"])
                .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
            step.run(npm.current_dir(layout::root().join("end2end")))
        })
    }

    /// The parts that need no machine.
    fn checks(&self) -> Result<()> {
        if self.wants(Part::Fmt) {
            self.check(Part::Fmt, "fmt", &mut cargo(&["fmt", "--all", "--check"]))?;
        }
        if self.wants(Part::Unit) {
            let mut tests = cargo_test();
            tests.args([
                "--workspace",
                "--exclude",
                "machined",
                "--exclude",
                "gyosil",
                "--exclude",
                "proof",
            ]);
            self.count(Part::Unit, &mut tests)?;
        }
        if self.wants(Part::Clippy) {
            let everything = ["clippy", "--workspace", "--all-targets"];
            self.check(Part::Clippy, "clippy", &mut clippy(&everything))?;
            let browser = ["clippy", "--target", "wasm32-unknown-unknown", "--package"];
            let app = [
                "app",
                "--no-default-features",
                "--features",
                "hydrate",
                "--lib",
                "--bins",
            ];
            let app = [&browser[..], &app].concat();
            self.check(Part::Clippy, "clippy, the client", &mut clippy(&app))?;
            let terminal = [&browser[..], &["terminal"]].concat();
            self.check(Part::Clippy, "clippy, the terminal", &mut clippy(&terminal))?;
        }
        Ok(())
    }

    /// The parts whose machines want the host for themselves, one after the other.
    fn run_with_machines(&self) {
        let Some(data) = &self.data else { return };
        let run = || -> Result<()> {
            if self.wants(Part::Machines) {
                let mut tests = cargo_test();
                for package in ["machined", "gyosil", "proof"] {
                    tests.args(["--package", package]);
                }
                tests.env("GYOSIL_TEST_IMAGE", data.join("machine-image/rootfs"));
                self.count(Part::Machines, &mut tests)?;
            }
            if self.wants(Part::Course) {
                self.check(Part::Course, "the course lints", &mut gyosil("lint", &[]))?;
                let rows = "the units that are done cover their rows";
                self.check(Part::Course, rows, &mut gyosil("rows", UNITS_DONE))?;
                let mut trials = gyosil("test-course", &["--data"]);
                self.count(Part::Course, trials.arg(data))?;
            }
            if self.wants(Part::Story) {
                self.count(Part::Story, &mut story(data))?;
            }
            Ok(())
        };
        if let Err(error) = self.steps.with_life_signs(run) {
            eprintln!("\n{error:#}");
        }
    }

    /// A program that counts as one test.
    fn check(&self, part: Part, name: &str, command: &mut Command) -> Result<()> {
        let since = Instant::now();
        let good = self.steps.run(name, |step| shown(step, command))?;
        self.add(part, Tally::of_one(good), since);
        Ok(())
    }

    /// A program that runs tests and reports how many.
    fn count(&self, part: Part, command: &mut Command) -> Result<()> {
        let since = Instant::now();
        let tally = self.steps.run(&part.to_string(), |step| {
            let good = shown(step, command)?;
            let mut tally = Tally::read(&fs::read_to_string(step.log())?);
            if !good && tally.failed == 0 {
                // It did not compile, or broke off.
                tally.failed = 1;
            }
            if tally.passed + tally.failed == 0 {
                eprintln!("the part {part} ran no test");
                tally.failed = 1;
            }
            Ok(tally)
        })?;
        self.add(part, tally, since);
        Ok(())
    }

    fn add(&self, part: Part, tally: Tally, since: Instant) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.push((part, tally, seconds(since)));
    }

    fn report(&self, started: Instant) -> ExitCode {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = Tally::default();
        println!();
        for part in &self.parts {
            let mut of_part = results.iter().filter(|(of, ..)| of == part).peekable();
            if of_part.peek().is_none() {
                println!("{part}: did not come to run");
                sum.failed += 1;
            }
            for (_, tally, time) in of_part {
                println!("{part}: {tally} ({time})");
                sum += *tally;
            }
        }
        println!("all of it: {}", seconds(started));
        println!("{sum}");
        if sum.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Runs a program; when it fails, all that it printed is shown.
fn shown(step: &Step<'_>, command: &mut Command) -> Result<bool> {
    let status = step.status(command)?;
    if !status.success() {
        eprintln!("{}", fs::read_to_string(step.log())?);
    }
    Ok(status.success())
}

/// Cargo, for this workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .args(arguments)
        .current_dir(layout::root())
        .env("CARGO_TERM_COLOR", "never");
    cargo
}

fn clippy(arguments: &[&str]) -> Command {
    let mut cargo = cargo(arguments);
    cargo.args(["--", "-D", "warnings"]);
    cargo
}

/// cargo-nextest where it is installed: it runs the tests of all crates at once.
fn cargo_test() -> Command {
    let mut nextest = Command::new("cargo-nextest");
    let nextest = nextest
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if nextest.is_ok_and(|status| status.success()) {
        let mut tests = cargo(&["nextest", "run", "--no-fail-fast", "--status-level", "slow"]);
        tests.env("NEXTEST_HIDE_PROGRESS_BAR", "1");
        tests
    } else {
        cargo(&["test", "--no-fail-fast"])
    }
}

/// The browser's tests. end2end/README.md says what they take from these variables.
fn story(data: &Path) -> Command {
    // By npm: end2end/package.json says which tests those are, and brings a Node.js new enough.
    let mut npm = Command::new("npm");
    npm.args(["test", "--silent"])
        .current_dir(layout::root().join("end2end"))
        .env("GYOSIL_BIN", bin())
        .env("GYOSIL_TEST_DATA", data)
        .env("GYOSIL_SITE", layout::dist())
        .env("CI", "1")
        .env("NO_COLOR", "1")
        .env_remove("FORCE_COLOR");
    npm
}

/// A command of the classroom's, about the repository's course.
fn gyosil(command: &str, arguments: &[&str]) -> Command {
    let mut gyosil = Command::new(bin().join("gyosil"));
    gyosil
        .arg(command)
        .arg(layout::root().join("content"))
        .args(arguments)
        .env("NO_COLOR", "1");
    gyosil
}

/// The folder of the programs that tests run.
fn bin() -> PathBuf {
    layout::target().join("debug")
}

/// Where machine images for tests are kept from one run to the next. Unprivileged users must be able
/// to reach it, so it is not below root's own home.
///
/// # Errors
/// When it cannot be made, or others could not pass to it.
pub(crate) fn data() -> Result<PathBuf> {
    let cache = match env::var_os("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from("/var/cache"),
    };
    let data = cache.join("gyosil/test-data");
    fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
    for folder in data.ancestors() {
        let mode = fs::metadata(folder)?.permissions().mode();
        if mode & 0o001 == 0 {
            bail!(
                "{} is closed to others, and the classroom's user must reach what is below it: \
                 set XDG_CACHE_HOME to another folder",
                folder.display()
            );
        }
    }
    Ok(data)
}

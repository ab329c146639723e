//! `cargo xtask bench`: how fast machines come and how small they are, whether anything is left of
//! them, how fast a course is read, and how fast the web server is. Not a part of the tests: it takes minutes, and wants the host
//! for itself.

use std::{
    ffi::OsString,
    process::{Child, Command, ExitCode, ExitStatus},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    host, layout, machines,
    signals::End,
    step::Steps,
    test::{cargo, data},
    tools,
};

/// How often the running program is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    #[command(flatten)]
    OfMachines(OfMachines),
    /// How fast a course of a thousand lessons is linted and rendered, beside mdBook; the last line is
    /// one JSON object.
    Course,
    /// Lesson pages beside nginx, answers on disk beside bare SQLite, and a class of 300 that an instructor
    /// watches; the last line is one JSON object.
    #[command(disable_help_flag = true)]
    Web {
        /// Options of the measurement itself: --help tells them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<OsString>,
    },
    /// Kill the web process at random moments while students submit: nothing that was acknowledged may
    /// be lost, nothing be there twice.
    Kills {
        /// How many times.
        #[arg(long, default_value_t = 100)]
        count: u32,
    },
}

#[derive(clap::Subcommand)]
enum OfMachines {
    /// Times and memory of machines, beside LXD's containers; the last line is one JSON object.
    #[command(disable_help_flag = true)]
    Machines {
        /// Options of the measurement itself: --help tells them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<OsString>,
    },
    /// Docker Hub's commands in machines, answered by the class, thirty pulling at once among them; the
    /// last line is one JSON object.
    #[command(disable_help_flag = true)]
    Hub {
        /// Options of the measurement itself: --help tells them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<OsString>,
    },
    /// Make machines, use them, kill something at a random moment, delete them: nothing may be left.
    Cycles {
        /// How many times.
        #[arg(long, default_value_t = 200)]
        count: u32,
        /// Where the random moments come from; the same number, the same moments.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

/// Builds what is measured and measures it.
///
/// # Errors
/// When it cannot be built or started.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.what {
        What::OfMachines(what) => of_machines(what),
        What::Course => course(),
        What::Web { options } => web(options),
        What::Kills { count } => kills(*count),
    }
}

fn of_machines(what: &OfMachines) -> Result<ExitCode> {
    host::check()?;
    ensure!(layout::is_root(), "this starts machines, which needs root");
    let end = End::on_signals()?;
    let data = data()?;
    let missing = host::missing(&[host::FOR_UP]);
    let prepares = !missing.is_empty() || !host::has_web_user();
    let with_images = usize::from(matches!(what, OfMachines::Hub { .. }));
    let steps = Steps::new(2 + usize::from(prepares) + with_images, end.clone());
    let packages: &[&str] = match what {
        OfMachines::Machines { .. } => &["machined", "hub", "bench"],
        OfMachines::Hub { .. } => &["machined", "hub", "bench", "gyosil"],
        OfMachines::Cycles { .. } => &["machined", "hub"],
    };
    let mut build = cargo(&["build"]);
    build.args(packages.iter().flat_map(|package| ["--package", package]));
    if !matches!(what, OfMachines::Cycles { .. }) {
        build.arg("--release");
    }
    steps.with_life_signs(|| -> Result<()> {
        host::prepare(&steps, &missing)?;
        steps.run("the machine image", |step| {
            machines::build_init(step)?;
            machines::build_image(step, &data)
        })?;
        steps.run("the programs", |step| step.run(&mut build))?;
        if let OfMachines::Hub { .. } = what {
            steps.run("teaching images", |step| {
                let gyosil = layout::target().join("release/gyosil");
                machines::build_teaching_images(step, &gyosil, &data, &[])
            })?;
        }
        Ok(())
    })?;
    let image = data.join("machine-image/rootfs");
    let of_machines = |options: &[OsString]| {
        let release = layout::target().join("release");
        let mut bench = Command::new(release.join("gyosil-bench"));
        bench.arg("--machined").arg(release.join("gyosil-machined"));
        bench.arg("--image").arg(&image).args(options);
        bench
    };
    let mut measure = match what {
        OfMachines::Machines { options } => of_machines(options),
        OfMachines::Hub { options } => {
            let mut bench = of_machines(options);
            bench.arg("--registry").arg(data.join("registry"));
            bench
        }
        OfMachines::Cycles { count, seed } => {
            let mut tests = cargo(&[
                "test",
                "--quiet",
                "--package",
                "machined",
                "--test",
                "machined",
            ]);
            tests.args(["leaks::", "--", "--nocapture"]);
            tests
                .env("GYOSIL_CYCLES", count.to_string())
                .env("GYOSIL_SEED", seed.to_string());
            tests.env("GYOSIL_TEST_IMAGE", image);
            tests
        }
    };
    watch(&mut measure, &end)
}

/// Measures how a course is read. It starts no machine, so it needs neither root nor an image.
fn course() -> Result<ExitCode> {
    let end = End::on_signals()?;
    let steps = Steps::new(3, end.clone());
    let mut build = cargo(&["build", "--release", "--package", "gyosil"]);
    let bench = ["bench", "--package", "course", "--bench", "course"];
    let mut build_bench = cargo(&bench);
    build_bench.arg("--no-run");
    let mdbook = steps.with_life_signs(|| -> Result<_> {
        let mdbook = tools::mdbook(&steps)?;
        steps.run("the program", |step| step.run(&mut build))?;
        steps.run("the measurement", |step| step.run(&mut build_bench))?;
        Ok(mdbook)
    })?;
    let mut measure = cargo(&bench);
    measure
        .args(["--quiet", "--", "--gyosil"])
        .arg(layout::target().join("release/gyosil"))
        .arg("--mdbook")
        .arg(mdbook);
    watch(&mut measure, &end)
}

/// Measures the web server. It starts no machine, so it needs neither root nor an image.
fn web(options: &[OsString]) -> Result<ExitCode> {
    // Not installed for the asking: nginx would be started as well.
    ensure!(
        host::missing(&[host::FOR_WEB_BENCH]).is_empty(),
        "this measures with wrk, beside nginx: apt-get install wrk nginx-light"
    );
    let end = End::on_signals()?;
    let steps = Steps::new(2, end.clone());
    let mut server = cargo(&["build", "--release", "--package", "gyosil"]);
    let mut bench = cargo(&["build", "--release", "--package", "bench"]);
    steps.with_life_signs(|| {
        steps.run("the server", |step| step.run(&mut server))?;
        steps.run("the measurement", |step| step.run(&mut bench))
    })?;
    let release = layout::target().join("release");
    let mut measure = Command::new(release.join("gyosil-bench-web"));
    measure.arg("--gyosil").arg(release.join("gyosil"));
    measure.arg("--content").arg(layout::root().join("content"));
    watch(measure.args(options), &end)
}

/// Kills the web process under submissions.
fn kills(count: u32) -> Result<ExitCode> {
    ensure!(
        layout::is_root(),
        "this starts a classroom, which needs root"
    );
    let end = End::on_signals()?;
    let steps = Steps::new(1, end.clone());
    let mut build = cargo(&[
        "build",
        "--package",
        "machined",
        "--package",
        "hub",
        "--package",
        "gyosil",
    ]);
    steps.with_life_signs(|| steps.run("the programs", |step| step.run(&mut build)))?;
    let mut tests = cargo(&["test", "--quiet", "--package", "gyosil", "--test", "http"]);
    tests
        .args(["kills::", "--", "--nocapture"])
        .env("GYOSIL_KILLS", count.to_string());
    watch(&mut tests, &end)
}

/// Runs the measurement to its end.
fn watch(measure: &mut Command, end: &End) -> Result<ExitCode> {
    let name = measure.get_program().to_string_lossy().into_owned();
    let mut child = measure
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let status = wait(&mut child, end)?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Waits for a program that removes what it made when it is told to end.
fn wait(child: &mut Child, end: &End) -> Result<ExitStatus> {
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if end.is_now() && !told {
            told = true;
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            if let Some(pid) = pid {
                // It may have ended by itself a moment ago.
                let _ = kill_process(pid, Signal::TERM);
            }
        }
        thread::sleep(LOOK_EVERY);
    }
}

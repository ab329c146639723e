//! `gyosil test-course`: every exercise of a course on real machines, as a student would do it and as
//! students do it wrong.

mod machine;
mod plan;
mod report;
mod shell;
mod trial;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
    time::Instant,
};

use ::machine::{Client, MachineId};
use anyhow::{Context as _, Result, bail, ensure};
use futures::{StreamExt as _, future::join_all, stream};
use tokio::signal::unix::{SignalKind, signal};

use self::{plan::Trial, trial::Outcome};
use super::lint;
use crate::host;

/// How many machines one processor serves at once: most of a trial is waiting for engines.
const MACHINES_PER_CPU: usize = 2;

/// What a machine with a few containers takes of the host's memory, in bytes: a quarter of its limit.
const MACHINE_MEMORY: u64 = 400 * 1024 * 1024;

/// What to test, and where.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The course's folder.
    dir: PathBuf,
    /// Only this lesson, as unit/lesson; may be given more than once.
    #[arg(long = "lesson", value_name = "UNIT/LESSON")]
    lessons: Vec<String>,
    /// Only exercises of this id; may be given more than once.
    #[arg(long = "exercise", value_name = "ID")]
    exercises: Vec<String>,
    /// How many machines to use at once [default: by processors and memory].
    #[arg(long)]
    machines: Option<usize>,
    /// The data folder with the machine image and the teaching images.
    #[arg(long, default_value = "/var/lib/gyosil")]
    data: PathBuf,
    /// Write the results to this file as JUnit has them.
    #[arg(long)]
    junit: Option<PathBuf>,
    #[command(flatten)]
    machined: host::MachinedOptions,
}

/// Tests a course and prints the results; fails if an exercise does not keep what it promises.
///
/// # Errors
/// When the course cannot be read, or there are no machines to be had.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let (findings, course) = lint::examine(&args.dir, false)?;
    let course = match course {
        Some(course) if lint::is_well(&findings) => course,
        course => {
            lint::report(&findings, course.as_ref(), &args.dir)?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let trials = plan::plan(&course, &args.lessons, &args.exercises)?;
    let machined = host::ensure_machined(&args.data, &args.machined)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let since = Instant::now();
    let outcomes = runtime.block_on(async {
        let client = Client::new(machined.socket());
        let outcomes = all(args, &client, trials).await;
        // The first error is the more telling one.
        let ended = machined.end_if_started().await;
        let outcomes = outcomes?;
        ended.map(|()| outcomes)
    })?;
    report::table(&outcomes, since.elapsed())?;
    if let Some(file) = &args.junit {
        report::junit(&outcomes, since.elapsed(), file)?;
    }
    let is_well = outcomes.iter().all(|outcome| outcome.fault.is_none());
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs all trials, each on a machine of its own; removes the machines in any case.
async fn all<'a>(args: &Args, client: &Client, trials: Vec<Trial<'a>>) -> Result<Vec<Outcome<'a>>> {
    let _lock = lock(&args.data)?;
    let most = client.health().await?.limits.max_machines;
    let wanted = match args.machines {
        Some(wanted) => wanted,
        None => machines_at_once()?,
    };
    let names = (1..=wanted.min(most).min(trials.len()).max(1))
        .map(|number| Ok(format!("test-{number}").parse()?))
        .collect::<Result<Vec<MachineId>>>()?;
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let tested = tokio::select! {
        tested = on_machines(client, &names, trials) => Some(tested),
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
    };
    let removed = join_all(names.iter().map(|name| client.delete(name))).await;
    let Some(tested) = tested else {
        bail!("broken off; the machines were removed");
    };
    let tested = tested?;
    for result in removed {
        result.context("removing a machine")?;
    }
    Ok(tested)
}

/// Each machine takes the next trial when it has done with one.
async fn on_machines<'a>(
    client: &Client,
    names: &[MachineId],
    trials: Vec<Trial<'a>>,
) -> io::Result<Vec<Outcome<'a>>> {
    let all = trials.len();
    let waiting = Mutex::new(trials.into_iter().enumerate());
    let next = || {
        waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next()
    };
    let workers = names.iter().map(|name| {
        let work = |()| async {
            let (number, trial) = next()?;
            Some(((number, trial.run(client, name).await), ()))
        };
        Box::pin(stream::unfold((), work))
    });
    let mut ending = stream::select_all(workers);
    let mut outcomes = Vec::new();
    while let Some((number, outcome)) = ending.next().await {
        report::progress(&outcome, outcomes.len() + 1, all)?;
        outcomes.push((number, outcome));
    }
    outcomes.sort_by_key(|(number, _)| *number);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

/// Keeps a second run out of the way: both would call their machines alike.
fn lock(data: &Path) -> Result<File> {
    let path = data.join("run/test-course.lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    ensure!(
        file.try_lock().is_ok(),
        "another test-course uses {}: wait for its end, or name another data folder",
        data.display()
    );
    Ok(file)
}

fn machines_at_once() -> Result<usize> {
    let by_cpus = thread::available_parallelism().map_or(1, usize::from) * MACHINES_PER_CPU;
    let memory = fs::read_to_string("/proc/meminfo").context("reading /proc/meminfo")?;
    let available = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .context("/proc/meminfo does not say how much memory is available")?;
    let by_memory = usize::try_from(available * 1024 / MACHINE_MEMORY)?;
    Ok(by_cpus.min(by_memory).max(1))
}

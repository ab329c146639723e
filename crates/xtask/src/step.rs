//! Steps of a longer chore: said when they begin, alive while they last, timed when they end; what
//! their programs print goes to a file each, and its end to the person if they fail.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::{
    layout,
    signals::{End, end_group},
};

/// How often long steps show that they live: often enough not to look stuck, seldom enough that a
/// log of ten minutes can be read.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// How often a running program is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long a program that was asked to end may take before it is killed.
const END_WITHIN: Duration = Duration::from_secs(10);

/// How much of a failed program's output is shown, in lines.
const TAIL_LINES: usize = 40;

/// How much of a file is read for its last lines, in bytes.
const TAIL_BYTES: u64 = 16 * 1024;

/// The steps of one chore, some of them at the same time.
pub(crate) struct Steps {
    total: usize,
    begun: AtomicUsize,
    running: Mutex<Vec<Running>>,
    end: End,
}

struct Running {
    number: usize,
    since: Instant,
    name: String,
    log: PathBuf,
}

/// One step, as its work sees it.
pub(crate) struct Step<'a> {
    log: PathBuf,
    end: &'a End,
}

impl Steps {
    /// A chore of `total` steps, which ends early when `end` says so.
    pub(crate) fn new(total: usize, end: End) -> Self {
        Self {
            total,
            begun: AtomicUsize::new(0),
            running: Mutex::default(),
            end,
        }
    }

    /// Runs one step. If it fails, all others are ended too.
    ///
    /// # Errors
    /// What its work reports.
    pub(crate) fn run<T>(
        &self,
        name: &str,
        work: impl FnOnce(&Step<'_>) -> Result<T>,
    ) -> Result<T> {
        if self.end.is_now() {
            bail!("ended before: {name}");
        }
        let since = Instant::now();
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let log = layout::notes().join(format!("{}.log", name.replace([' ', '/', ','], "-")));
        fs::create_dir_all(layout::notes()).context("making target/xtask")?;
        println!("[{number}/{}] {name} …", self.total);
        self.running().push(Running {
            number,
            since,
            name: name.into(),
            log: log.clone(),
        });
        let done = File::create(&log)
            .with_context(|| format!("cannot write {}", log.display()))
            .and_then(|_| {
                work(&Step {
                    log,
                    end: &self.end,
                })
            });
        self.running().retain(|running| running.number != number);
        match &done {
            Ok(_) => println!("[{number}/{}] {name}: {}", self.total, seconds(since)),
            Err(_) => self.end.now(),
        }
        done.with_context(|| format!("this step failed: {name}"))
    }

    /// While `work` lasts, says every few seconds what goes on.
    pub(crate) fn with_life_signs<T>(&self, work: impl FnOnce() -> T) -> T {
        let (done, over) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                while over.recv_timeout(SIGN_OF_LIFE) == Err(RecvTimeoutError::Timeout) {
                    self.show_life();
                }
            });
            let result = work();
            drop(done);
            result
        })
    }

    fn show_life(&self) {
        for running in &*self.running() {
            if running.since.elapsed() >= SIGN_OF_LIFE {
                let last = tail(&running.log, 1).unwrap_or_default();
                println!(
                    "      {} ({}) {}",
                    running.name,
                    seconds(running.since),
                    last.trim()
                );
            }
        }
    }

    fn running(&self) -> MutexGuard<'_, Vec<Running>> {
        // A thread that panicked while it held the list left it whole.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step<'_> {
    /// Runs a program to its end, its output going to the step's file.
    ///
    /// # Errors
    /// When it fails, with the end of that output; when this chore is told to end.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        let status = self.status(command)?;
        if !status.success() {
            let name = command.get_program().to_string_lossy().into_owned();
            let tail = tail(&self.log, TAIL_LINES)?;
            bail!(
                "{name}: {status}\n{tail}\n(all of it: {})",
                self.log.display()
            );
        }
        Ok(())
    }

    /// Like [`Step::run`], but a program that fails is no error.
    pub(crate) fn status(&self, command: &mut Command) -> Result<ExitStatus> {
        let log = File::options().append(true).open(&self.log)?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
        wait(&mut child, self.end)
    }

    /// The file that its programs' output goes to.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }
}

/// Waits for a child, the leader of its process group, or ends that group when told to end.
fn wait(child: &mut Child, end: &End) -> Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if end.is_now() {
            end_group(child, Signal::TERM);
            let asked = Instant::now();
            while child.try_wait()?.is_none() && asked.elapsed() < END_WITHIN {
                thread::sleep(LOOK_EVERY);
            }
            end_group(child, Signal::KILL);
            child.wait()?;
            bail!("ended before it was done");
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// A time since `then`, for people.
pub(crate) fn seconds(then: Instant) -> String {
    let elapsed = then.elapsed();
    match elapsed.as_secs() {
        0..10 => format!("{:.1} s", elapsed.as_secs_f32()),
        seconds @ 10..120 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// The last lines of a file.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn tail(file: &Path, lines: usize) -> Result<String> {
    let mut open = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let length = open.metadata()?.len();
    open.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    open.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // Programs that draw progress end such lines by a carriage return.
    let all: Vec<&str> = text
        .split(['\n', '\r'])
        .filter(|line| !line.trim().is_empty())
        .collect();
    Ok(all[all.len().saturating_sub(lines)..].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        shell
    }

    #[test]
    fn a_step_that_fails_shows_the_last_words_of_its_program_and_ends_the_others() {
        let end = End::default();
        let steps = Steps::new(2, end.clone());
        let failed = steps.run("a failing step", |step| {
            step.run(&mut shell("echo first; echo the reason >&2; exit 3"))
        });
        let error = format!("{:#}", failed.expect_err("a failure"));
        assert!(error.contains("a failing step"), "{error}");
        assert!(error.contains("the reason"), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(end.is_now());
        steps
            .run("a step that comes too late", |_| Ok(()))
            .expect_err("no further step");
    }

    #[test]
    fn a_program_ends_with_all_that_it_started() {
        let end = End::default();
        let steps = Steps::new(1, end.clone());
        let folder = tempfile::tempdir().expect("a folder");
        let note = folder.path().join("pid");
        let script = format!(
            "sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait",
            note.display()
        );
        thread::scope(|scope| {
            scope.spawn(|| {
                while !note.exists() {
                    thread::sleep(LOOK_EVERY);
                }
                end.now();
            });
            steps
                .run("an endless step", |step| step.run(&mut shell(&script)))
                .expect_err("an end before it was done");
        });
        let pid = fs::read_to_string(&note).expect("the sleeper's number");
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        // Gone, or not yet reaped by whoever inherited it.
        assert!(
            stat.is_empty() || stat.contains(") Z "),
            "it sleeps on: {stat}"
        );
    }
}

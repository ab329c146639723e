//! `cargo xtask up`: from a fresh clone to an open classroom.

use std::{
    env,
    ffi::OsString,
    net::SocketAddr,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::Signal;

use crate::{
    client, host, install, layout, machines,
    signals::{End, end_group},
    step::{Steps, seconds},
    tools,
};

/// How long the web process may take to close its connections.
const CLOSE_WITHIN: Duration = Duration::from_secs(10);

/// How often the web process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where the classroom opens, and where it lives.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The classroom's data folder: accounts, machines, images.
    #[arg(long, value_name = "FOLDER", default_value = "/var/lib/gyosil")]
    data: PathBuf,
    /// Everything is built: only install and serve it. (What `up` calls with sudo.)
    #[arg(long, hide = true)]
    built: bool,
    /// Options for machined, such as how many machines run at once: see docs/operating.md.
    #[arg(last = true, value_name = "MACHINED OPTION")]
    machined: Vec<OsString>,
}

/// Builds what has changed, then serves until told to end.
///
/// # Errors
/// The first step that failed.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    host::check()?;
    let end = End::on_signals()?;
    let root = layout::is_root();
    let packages = host::missing(&[host::FOR_UP]);
    if !root {
        host::ask_for(&packages)?;
        make(args, &packages, &end)?;
        return continue_as_root(args);
    }
    let was_there = machines::machined(&args.data)?.is_some();
    let ended = make(args, &packages, &end).and_then(|()| serve(args, &end));
    let leave_machined = match &ended {
        Ok(Ended::Closed) => false,
        // Machines live on, and the next `up` finds them.
        Ok(Ended::Killed(_)) => true,
        // What could not open (its port is taken) leaves alone what another one uses.
        Ok(Ended::Failed) | Err(_) => was_there,
    };
    if !leave_machined && let Some(machined) = machines::machined(&args.data)? {
        machined.stop()?;
    }
    match ended? {
        Ended::Closed => Ok(ExitCode::SUCCESS),
        Ended::Failed => Ok(ExitCode::FAILURE),
        Ended::Killed(status) => {
            bail!("the web process was killed ({status}); machines live on: run this again")
        }
    }
}

/// How the web process ended.
enum Ended {
    /// As it was told to.
    Closed,
    /// By itself; it has said why.
    Failed,
    /// By somebody else's signal.
    Killed(ExitStatus),
}

/// Installs what is missing and builds what has changed.
fn make(args: &Args, packages: &[&'static host::Package], end: &End) -> Result<()> {
    let started = Instant::now();
    let data = layout::is_root().then_some(args.data.as_path());
    let steps = Steps::new(count(args, packages)?, end.clone());
    steps.with_life_signs(|| {
        if data.is_some() {
            host::prepare(&steps, packages)?;
        }
        if !args.built {
            host::check_node()?;
        }
        build(&steps, data, args)?;
        if let Some(data) = data {
            steps.run("the course and the site", |_| install::install(data))?;
        }
        println!("Everything is ready, after {}.", seconds(started));
        Ok(())
    })
}

/// How many steps there will be, as far as one can see now.
fn count(args: &Args, packages: &[&host::Package]) -> Result<usize> {
    let mut count = usize::from(!packages.is_empty()) + usize::from(!host::has_web_user());
    if !args.built {
        count += tools::missing()? + usize::from(!client::is_built()?) + 1;
    }
    if layout::is_root() {
        count += 3;
    }
    Ok(count)
}

/// Builds tools, client, server and images, as far as possible at the same time: compiling keeps
/// the processors busy, the machine image the network and the disk.
fn build(steps: &Steps, data: Option<&Path>, args: &Args) -> Result<()> {
    let client = || -> Result<()> {
        if args.built {
            return Ok(());
        }
        tools::install(steps)?;
        if !client::is_built()? {
            steps.run("the browser client", client::build)?;
        }
        Ok(())
    };
    let server = || -> Result<()> {
        if args.built {
            return Ok(());
        }
        steps.run("the server", |step| {
            let mut cargo = Command::new("cargo");
            cargo.args([
                "build",
                "--release",
                "--package",
                "gyosil",
                "--package",
                "machined",
                "--package",
                "hub",
            ]);
            step.run(cargo.current_dir(layout::root()))?;
            // For the machine image, which only root makes.
            if data.is_none() {
                machines::build_init(step)
            } else {
                Ok(())
            }
        })
    };
    let image = || match data {
        Some(data) => steps.run("the machine image", |step| {
            if !args.built {
                machines::build_init(step)?;
            }
            machines::build_image(step, data)
        }),
        None => Ok(()),
    };
    thread::scope(|scope| {
        let client = scope.spawn(client);
        let image = scope.spawn(image);
        let mut results = vec![server(), joined(image.join())];
        if let (Some(data), true) = (data, results.iter().all(Result::is_ok)) {
            results.push(steps.run("teaching images", |step| {
                machines::build_teaching_images(step, &gyosil(), data, &args.machined)
            }));
        }
        results.push(joined(client.join()));
        first_error(results)
    })
}

/// What a thread did; its panic is an error as well.
pub(crate) fn joined(result: thread::Result<Result<()>>) -> Result<()> {
    result.unwrap_or_else(|_| Err(anyhow!("a step panicked")))
}

/// The error that came first: the others were ended because of it.
pub(crate) fn first_error(results: Vec<Result<()>>) -> Result<()> {
    let mut errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    errors.sort_by_key(|error| format!("{error:#}").contains("ended before"));
    errors.into_iter().next().map_or(Ok(()), Err)
}

fn gyosil() -> PathBuf {
    layout::target().join("release/gyosil")
}

/// Serves in the foreground, until told to end.
fn serve(args: &Args, end: &End) -> Result<Ended> {
    let mut command = Command::new(gyosil());
    command
        .arg("serve")
        .arg("--listen")
        .arg(args.listen.to_string());
    let mut web = command
        .arg("--data")
        .arg(&args.data)
        .arg("--")
        .args(&args.machined)
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", gyosil().display()))?;
    let mut told: Option<Instant> = None;
    loop {
        if let Some(status) = web.try_wait()? {
            return Ok(match (told, status.signal()) {
                (Some(_), _) => Ended::Closed,
                (None, Some(_)) => Ended::Killed(status),
                (None, None) if status.success() => Ended::Closed,
                (None, None) => Ended::Failed,
            });
        }
        match told {
            None if end.is_now() => {
                println!("\nClosing the classroom; students' disks are kept.");
                end_group(&web, Signal::TERM);
                told = Some(Instant::now());
            }
            // Open pages must not keep the classroom from closing.
            Some(since) if since.elapsed() > CLOSE_WITHIN => end_group(&web, Signal::KILL),
            _ => {}
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// The rest needs root: this program again, with sudo.
fn continue_as_root(args: &Args) -> Result<ExitCode> {
    println!(
        "Everything is built. Machines need root from here on; sudo may ask for your password."
    );
    let mut sudo = Command::new("sudo");
    // Where things were built, and where tools are, is not root's to guess.
    sudo.arg(format!("CARGO_TARGET_DIR={}", layout::target().display()));
    sudo.arg(format!("PATH={}", env::var("PATH").unwrap_or_default()));
    sudo.arg(env::current_exe()?)
        .args(["up", "--built", "--listen"])
        .arg(args.listen.to_string());
    let error = sudo
        .arg("--data")
        .arg(std::path::absolute(&args.data)?)
        .arg("--")
        .args(&args.machined)
        .exec();
    Err(error).context("cannot start sudo; run this as root instead")
}

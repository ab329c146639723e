//! Docker Hub's commands in machines, answered by the class: how long until each is done.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use hub::{Published, PublishedAccount, hash_of};
use machine::{ExecRequest, MachineId, MachineUser};
use serde::Serialize;

use crate::{
    class::{ACCOUNT, Class, Programs, names},
    host,
    idle::use_engine,
    report::{row, row_times},
    samples::Samples,
};

/// The image that is pulled.
const IMAGE: &str = "nginx";

/// How often each thing is done of which the median counts.
const TIMES: usize = 5;

/// How often what takes milliseconds is.
const SHORT_TIMES: usize = 20;

/// The longest that any command may take.
const TIMEOUT_MS: u64 = 300_000;

/// A machine's memory: enough for the engine and what it unpacks, and 40 of them fit.
const MEMORY: &str = "400M";

/// The goals: docs/performance.md says why these.
const ALL_OF_ONE: f64 = 3.0;
const PULL_MS: f64 = 1000.0;
const UNKNOWN_MS: f64 = 1000.0;

/// Whose images are pushed, and with what.
const NAME: &str = "hong";
const TOKEN: &str = "gyh_bench";

/// What is pushed: one new layer of some megabytes.
const BUILD: &str = r#"set -e; cd "$(mktemp -d)"; head -c 5000000 /dev/urandom >data
printf 'FROM busybox\nCOPY data /data\n' >Dockerfile; docker build -q -t hong/web:$1 . >/dev/null"#;

/// What was measured.
pub(crate) struct Hub {
    machines: usize,
    one: Samples,
    all: Duration,
    push: Samples,
    search: Samples,
    unknown: Samples,
}

/// The last line.
#[derive(Serialize)]
struct Figures {
    pull_one_s: Option<f64>,
    pull_30_s: f64,
    push_s: Option<f64>,
    search_ms: Option<f64>,
    unknown_ms: Option<f64>,
}

/// Measures with the images in `registry`, a classroom's folder of them, and so many machines at once.
pub(crate) async fn measure(programs: &Programs, registry: &Path, count: usize) -> Result<Hub> {
    let max = (count + TIMES + 1).to_string();
    let options = ["--pool", "0", "--max-machines", &max, "--memory", MEMORY];
    let class = Class::open(programs, &options).await?;
    copy(registry, &class.data().join("registry"))?;
    fs::create_dir_all(class.data().join("web"))?;
    let account = PublishedAccount {
        name: NAME.into(),
        tokens: vec![hash_of(TOKEN)],
    };
    let accounts = vec![account];
    Published { accounts }.write(class.data())?;

    let pull = format!("docker pull -q {IMAGE}");
    let mut one = Samples::default();
    for id in names("one", TIMES)? {
        ready(&class, &id).await?;
        one.add(run(&class, &id, &pull).await?);
        class.client().delete(&id).await?;
    }
    let ids = names("all", count)?;
    class.each(&ids, async |id| ready(&class, id).await).await?;
    let begin = Instant::now();
    try_join_all(ids.iter().map(|id| run(&class, id, &pull))).await?;
    let all = begin.elapsed();
    class.delete(&ids).await?;

    let id: MachineId = "hong".parse()?;
    ready(&class, &id).await?;
    let login = format!("echo {TOKEN} | docker login -u {NAME} --password-stdin");
    run(&class, &id, &login).await?;
    run(&class, &id, "docker pull -q busybox").await?;
    let (mut push, mut search, mut unknown) = <(Samples, Samples, Samples)>::default();
    for number in 0..TIMES {
        run(&class, &id, &BUILD.replace("$1", &number.to_string())).await?;
        let it = format!("docker push -q {NAME}/web:{number}");
        push.add(run(&class, &id, &it).await?);
    }
    for number in 0..SHORT_TIMES {
        search.add(
            run(
                &class,
                &id,
                &format!("docker search {IMAGE} | grep -q {IMAGE}"),
            )
            .await?,
        );
        let it = format!("! docker pull no-such-image-{number} 2>/dev/null");
        unknown.add(run(&class, &id, &it).await?);
    }
    class.client().delete(&id).await?;
    Ok(Hub {
        machines: count,
        one,
        all,
        push,
        search,
        unknown,
    })
}

impl Hub {
    /// Prints the table, then the figures.
    pub(crate) fn print(&self) -> Result<()> {
        println!("\n{}\n", host::describe()?);
        row_times("one pulls nginx", &self.one, 50, Some(PULL_MS));
        let all = self.all.as_secs_f64();
        let of_one = self.one.percentile(50).map(|one| all * 1000.0 / one);
        row(
            &format!("{} pull it at once", self.machines),
            &format!("{all:.2} s, {:.1} × one", of_one.unwrap_or_default()),
            of_one.map(|times| (times, ALL_OF_ONE)),
        );
        row_times("a push of 5 MB", &self.push, 50, None);
        row_times("a search", &self.search, 95, None);
        row_times("an unknown image", &self.unknown, 95, Some(UNKNOWN_MS));
        let seconds = |samples: &Samples| samples.percentile(50).map(|ms| rounded(ms / 1000.0));
        let figures = Figures {
            pull_one_s: seconds(&self.one),
            pull_30_s: rounded(all),
            push_s: seconds(&self.push),
            search_ms: self.search.percentile(50).map(rounded),
            unknown_ms: self.unknown.percentile(50).map(rounded),
        };
        println!("\n{}", serde_json::to_string(&figures)?);
        Ok(())
    }
}

/// To a thousandth.
fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}

/// Puts the images of another classroom where the registry of this one has its own.
fn copy(from: &Path, to: &Path) -> Result<()> {
    for (program, arguments) in [
        (
            "cp",
            vec!["-r".into(), from.join(".").into_os_string(), to.into()],
        ),
        ("chown", vec!["-R".into(), ACCOUNT.into(), to.into()]),
    ] {
        let status = Command::new(program).args(&arguments).status();
        let status = status.with_context(|| format!("cannot start {program}"))?;
        ensure!(status.success(), "{program} {arguments:?}: {status}");
    }
    Ok(())
}

/// Starts a machine, and its engine.
async fn ready(class: &Class, id: &MachineId) -> Result<()> {
    class.start(id).await?;
    use_engine(class, id).await
}

/// How long a command takes that a student gives, which must succeed.
async fn run(class: &Class, id: &MachineId, script: &str) -> Result<Duration> {
    let request = ExecRequest {
        argv: ["bash", "-c", script].map(Into::into).into(),
        user: MachineUser::Student,
        stdin: String::new(),
        timeout_ms: TIMEOUT_MS,
    };
    let begin = Instant::now();
    let done = class.client().exec(id, &request).await?;
    let took = begin.elapsed();
    ensure!(done.exit == Some(0), "{script} in {id}: {}", done.stderr);
    Ok(took)
}

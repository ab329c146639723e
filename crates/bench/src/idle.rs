//! What a machine that nobody uses takes of the host's memory.

use std::time::Duration;

use anyhow::Result;
use machine::{ExecRequest, Machine, MachineUser, State};
use tokio::time::sleep;

use crate::{
    class::{Class, Programs, first_process, names},
    host,
};

/// After how long a machine falls asleep here: all must have been read before the first one does.
const FREEZE: &str = "90s";

/// What a start leaves to be done, and the kernel to be given back, is over after this.
const SETTLE: Duration = Duration::from_secs(8);

/// The share of one machine, in megabytes (of a million bytes).
#[derive(Clone, Copy, Default)]
pub(crate) struct Share {
    /// By what the host has less than before.
    pub(crate) host: f64,
    /// By what the kernel charges its control group with, cached files left out.
    pub(crate) group: f64,
}

#[derive(Default)]
pub(crate) struct Idle {
    /// Just started: nobody used it, the engine least of all.
    pub(crate) started: Share,
    /// Asleep after that.
    pub(crate) asleep: Share,
    /// Its engine was used.
    pub(crate) used: Share,
    /// Asleep after that, as machined does by itself.
    pub(crate) used_asleep: Share,
}

pub(crate) async fn measure(programs: &Programs, count: usize) -> Result<Idle> {
    let max = count.to_string();
    let options = [
        "--pool",
        "0",
        "--max-machines",
        &max,
        "--idle-freeze",
        FREEZE,
    ];
    let class = Class::open(programs, &options).await?;
    sleep(SETTLE).await;
    let before = host::free_memory()?;
    let ids = names("idle", count)?;
    let machines = class.each(&ids, async |id| class.start(id).await).await?;
    let share = async || {
        sleep(SETTLE).await;
        read(&class, &machines, before)
    };
    let mut idle = Idle {
        started: share().await?,
        ..Idle::default()
    };
    let frozen = |state: &State| *state == State::Frozen;
    class
        .each(&ids, async |id| class.wait_until(id, frozen).await)
        .await?;
    idle.asleep = share().await?;
    class
        .each(&ids, async |id| use_engine(&class, id).await)
        .await?;
    idle.used = share().await?;
    class
        .each(&ids, async |id| class.wait_until(id, frozen).await)
        .await?;
    idle.used_asleep = share().await?;
    class.delete(&ids).await?;
    Ok(idle)
}

fn read(class: &Class, machines: &[Machine], before: u64) -> Result<Share> {
    let megabytes = |bytes: u64| bytes as f64 / 1e6 / machines.len() as f64;
    let host = before.saturating_sub(host::free_memory()?);
    let mut groups = 0;
    for machine in machines {
        let container = &machine.generation;
        groups += host::group_memory(&first_process(class.data(), container)?, container)?;
    }
    Ok(Share {
        host: megabytes(host),
        group: megabytes(groups),
    })
}

/// Has a machine's engine do something.
pub(crate) async fn use_engine(class: &Class, id: &machine::MachineId) -> Result<()> {
    let argv = ["docker", "ps"].map(Into::into).into();
    let (user, stdin, timeout_ms) = (MachineUser::Student, String::new(), 60_000);
    let done = class
        .client()
        .exec(
            id,
            &ExecRequest {
                argv,
                user,
                stdin,
                timeout_ms,
            },
        )
        .await?;
    anyhow::ensure!(done.exit == Some(0), "docker ps in {id}: {}", done.stderr);
    Ok(())
}

//! A machine is made from nothing, and a container by LXD from the same files, in turn: how long
//! until the Docker Engine in it answers.

use std::time::Instant;

use anyhow::Result;
use machine::MachineId;

use crate::{
    class::{Class, Programs, first_process, names},
    engine,
    lxd::{Lxd, Pool},
    samples::Samples,
};

/// Of how many starts one is also tried on LXD's plain folders, which take several seconds each.
const PLAIN_EVERY: usize = 3;

#[derive(Default)]
pub(crate) struct Cold {
    /// The machine says that it is ready.
    pub(crate) ready: Samples,
    /// Its engine answers.
    pub(crate) engine: Samples,
    /// LXD on btrfs, where a container begins as a snapshot of its image.
    pub(crate) lxd: Samples,
    /// LXD on folders, where it begins as a copy.
    pub(crate) lxd_plain: Samples,
}

pub(crate) async fn measure(programs: &Programs, count: usize, with_lxd: bool) -> Result<Cold> {
    let lxd = if with_lxd {
        Some(Lxd::open(programs.image()).await?)
    } else {
        None
    };
    let class = Class::open(programs, &["--pool", "0"]).await?;
    let mut cold = Cold::default();
    for (turn, id) in names("cold", count)?.iter().enumerate() {
        start(&class, id, &mut cold).await?;
        if let Some(lxd) = &lxd {
            cold.lxd.add(lxd.start(id.as_str(), Pool::Snapshots).await?);
            if turn % PLAIN_EVERY == 0 {
                cold.lxd_plain
                    .add(lxd.start(id.as_str(), Pool::Folders).await?);
            }
        }
    }
    Ok(cold)
}

async fn start(class: &Class, id: &MachineId, cold: &mut Cold) -> Result<()> {
    let begin = Instant::now();
    let machine = class.start(id).await?;
    cold.ready.add(begin.elapsed());
    engine::answers(&first_process(class.data(), &machine.generation)?).await?;
    cold.engine.add(begin.elapsed());
    class.client().delete(id).await?;
    Ok(())
}

//! A student comes, and a machine is ready: how long until they can type.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use crate::{
    class::{Class, Programs, names},
    samples::Samples,
    terminal::Terminal,
};

/// How many machines are kept ready.
const POOL: usize = 2;

/// How long a full pool is left alone: the newest machine's shell is started when it is ready.
const SETTLE: Duration = Duration::from_secs(1);

/// What one waits for, each since the one before.
#[derive(Default)]
pub(crate) struct Claim {
    /// The machine is ready.
    pub(crate) ready: Samples,
    /// The terminal is attached.
    pub(crate) attached: Samples,
    /// The prompt shows.
    pub(crate) prompt: Samples,
    /// A command's output shows.
    pub(crate) answer: Samples,
    /// All of it.
    pub(crate) all: Samples,
}

pub(crate) async fn measure(programs: &Programs, count: usize) -> Result<Claim> {
    let class = Class::open(programs, &["--pool", &POOL.to_string()]).await?;
    let mut claim = Claim::default();
    for id in names("claim", count)? {
        class.pool_of(POOL).await?;
        sleep(SETTLE).await;
        let begin = Instant::now();
        class.start(&id).await?;
        let ready = Instant::now();
        let mut terminal = Terminal::open(class.client(), &id).await?;
        let attached = Instant::now();
        terminal.prompt().await?;
        let prompt = Instant::now();
        // The echo of what is typed does not have the sum.
        terminal.type_keys("echo sum=$((40+2))\r").await?;
        terminal.shows("sum=42").await?;
        let answer = Instant::now();
        claim.ready.add(ready - begin);
        claim.attached.add(attached - ready);
        claim.prompt.add(prompt - attached);
        claim.answer.add(answer - prompt);
        claim.all.add(answer - begin);
        class.client().delete(&id).await?;
    }
    Ok(claim)
}

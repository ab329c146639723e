//! A room full of students, each typing: how long until a key shows.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::Rng;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    class::{Class, Programs, names},
    idle::use_engine,
    samples::Samples,
    terminal::Terminal,
};

/// How often one types a key: the pace of somebody who thinks while typing.
const KEY_EVERY: Duration = Duration::from_millis(500);

/// What the starts leave to be done is over after this.
const SETTLE: Duration = Duration::from_secs(15);

/// A machine's memory: enough for the engine and small containers, and 100 of them are 40 GB, so
/// that it is also seen that a limit takes nothing by itself.
const MEMORY: &str = "400M";

/// A key that shows, and the one that takes it away again.
const KEYS: [&str; 2] = ["x", "\x7f"];

pub(crate) struct Live {
    pub(crate) machines: usize,
    /// How long it took to start all, one after the other a few at a time.
    pub(crate) start: Duration,
    /// From a key to its echo, with one machine there.
    pub(crate) quiet: Samples,
    /// The same, with all of them there and somebody typing in each.
    pub(crate) busy: Samples,
}

pub(crate) async fn measure(programs: &Programs, count: usize, seconds: u64) -> Result<Live> {
    let max = (count + 10).to_string();
    let options = ["--pool", "0", "--max-machines", &max, "--memory", MEMORY];
    let class = Class::open(programs, &options).await?;
    let lasting = Duration::from_secs(seconds);
    let ids = names("live", count)?;
    let sit_down = async |id: &machine::MachineId| {
        class.start(id).await?;
        use_engine(&class, id).await?;
        let mut terminal = Terminal::open(class.client(), id).await?;
        terminal.prompt().await?;
        Ok(terminal)
    };
    let begin = Instant::now();
    let mut terminals = class.each(&ids[..1], sit_down).await?;
    let start = begin.elapsed();
    sleep(SETTLE).await;
    let (quiet, back) = type_in_all(terminals, lasting).await?;
    terminals = back;
    let begin = Instant::now();
    terminals.extend(class.each(&ids[1..], sit_down).await?);
    let start = start + begin.elapsed();
    sleep(SETTLE).await;
    let (busy, back) = type_in_all(terminals, lasting).await?;
    drop(back);
    class.delete(&ids).await?;
    Ok(Live {
        machines: count,
        start,
        quiet,
        busy,
    })
}

/// Types in all of these at once; gives them back.
async fn type_in_all(
    terminals: Vec<Terminal>,
    lasting: Duration,
) -> Result<(Samples, Vec<Terminal>)> {
    let mut typists = JoinSet::new();
    for terminal in terminals {
        // Nobody types in step with the others.
        let after = KEY_EVERY.mul_f64(rand::rng().random());
        typists.spawn(type_in(terminal, after, lasting));
    }
    let (mut all, mut back) = (Samples::default(), Vec::new());
    while let Some(typist) = typists.join_next().await {
        let (samples, terminal) = typist??;
        all.append(samples);
        back.push(terminal);
    }
    Ok((all, back))
}

async fn type_in(
    mut terminal: Terminal,
    after: Duration,
    lasting: Duration,
) -> Result<(Samples, Terminal)> {
    sleep(after).await;
    let mut samples = Samples::default();
    let mut pace = interval(KEY_EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = Instant::now() + lasting;
    for key in KEYS.into_iter().cycle() {
        pace.tick().await;
        if Instant::now() >= end {
            break;
        }
        let typed = Instant::now();
        terminal.type_keys(key).await?;
        terminal.shows_anything().await?;
        samples.add(typed.elapsed());
    }
    Ok((samples, terminal))
}

//! Point 12: whatever a machine floods, it floods itself.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    Doing, Error, Place,
    echo::{Echoes, Terminal},
    footprint,
    probe::{Probe, Seen},
    stage::{DISK_MIB, MEMORY_MIB, PROCESSES, Stage},
};

/// The kinds of flood; `probes/floods.sh` has them.
const FLOODS: [&str; 7] = [
    PROCESS_FLOOD,
    "disk",
    "inodes",
    "processors",
    LOGS,
    "connections",
    "memory",
];

/// The flood that shows by its number of processes.
const PROCESS_FLOOD: &str = "processes";

/// The flood that a terminal adds to.
const LOGS: &str = "logs";

/// How long each lasts: long enough to reach every limit, and for two hundred keys of the neighbour's.
const TIME: Duration = Duration::from_secs(3);

/// How long a key of the neighbour's may take, in 99 of 100 cases: longer, and typing is guessing.
const ECHO_MAX: Duration = Duration::from_millis(500);

/// How often keys have to be slow in a row to count: a host that does other work as well has slow
/// moments of its own.
const TRIES: usize = 3;

/// How long a machine may take to answer again after a flood before it is started anew.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// How long a flood may go on when it holds up its own end: then it is killed.
const FLOOD_WITHIN: Duration = Duration::from_secs(15);

/// How often it is looked at what the machine has of the host.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// What machined may log in all floods together, in bytes.
const LOG_MAX: u64 = 1 << 20;

/// What is beyond the image in a machine's disk: the file system's own blocks.
const DISK_SLACK_MIB: u64 = 16;

/// Tries to hold a little more than the limits allow; the negative control does as well.
pub(crate) fn beyond() -> Probe {
    let probe = Probe::perl(include_str!("../../probes/beyond.pl"));
    probe
        .give("PROCESSES", [PROCESSES + 64])
        .give("MEMORY", [MEMORY_MIB + 64])
}

pub(crate) async fn check(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    let mut terminal = Terminal::open(stage.client(), &stage.kim, "typist").await?;
    let quiet = terminal.echoes(TIME, &AtomicBool::new(true)).await?;
    let neighbour = stage.init(&stage.kim).await?;
    let mut checks = Vec::new();
    for place in [Place::Root, Place::Privileged] {
        let mut seen = stage
            .run(place, &beyond())
            .await?
            .saw(format!("quiet: {}", quiet.words()));
        for flood in FLOODS {
            seen = seen.and(one(stage, place, flood, &mut terminal).await?);
        }
        let still = stage.init(&stage.kim).await?;
        let log = fs::metadata(stage.data().join("machined.log")).map_or(0, |log| log.len());
        checks.push((
            place,
            seen.broken_if(still != neighbour, || {
                "the neighbour's machine is another".into()
            })
            .broken_if(!stage.outside.is_untouched(), || {
                "the host's process is not as it was".into()
            })
            .broken_if(log > LOG_MAX, || format!("machined's log has {log} bytes")),
        ));
    }
    Ok(checks)
}

/// One flood; again if the neighbour's keys were slow, as the host may have been at something else.
async fn one(
    stage: &Stage,
    place: Place,
    flood: &str,
    terminal: &mut Terminal,
) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    let mut slow = Vec::new();
    while slow.len() < TRIES {
        let (poured, echoes) = pour(stage, place, flood, terminal).await?;
        seen = seen.and(poured);
        if echoes.percentile(99) <= ECHO_MAX {
            return Ok(seen);
        }
        slow.push(echoes.words());
    }
    let slow = slow.join("; ");
    Ok(seen.broken(format!("{flood}: the neighbour's keys took {slow}")))
}

/// Pours one flood, while the neighbour types: what keys took then.
async fn pour(
    stage: &Stage,
    place: Place,
    flood: &str,
    terminal: &mut Terminal,
) -> Result<(Seen, Echoes), Error> {
    let probe = Probe::bash(include_str!("../../probes/floods.sh"));
    let probe = probe.give("FLOOD", [flood]).give("TIME", [TIME.as_secs()]);
    let shout = shout(stage, flood == LOGS).await?;
    let (since, over, peak) = (Instant::now(), AtomicBool::new(false), Mutex::default());
    let flood_ends = async {
        let ran = tokio::select! {
            ran = timeout(FLOOD_WITHIN, stage.run(place, &probe)) => Ok(ran),
            error = watch(stage, &peak) => Err(error),
        };
        over.store(true, Ordering::Relaxed);
        ran
    };
    let (ran, echoes, shouted) = tokio::join!(flood_ends, terminal.echoes(TIME, &over), shout);
    let (ran, usage) = (
        ran?,
        peak.into_inner().unwrap_or_else(PoisonError::into_inner),
    );
    shouted
        .map_err(io::Error::other)
        .doing(|| "have a terminal printed full".into())??;
    let took = since.elapsed();
    // A flood may take its own program, or even its machine's engine, with it.
    let seen = match ran {
        Ok(Ok(seen)) => seen.forgive(),
        Ok(Err(error)) => Seen::default().saw(format!("{flood}: {error}")),
        Err(_) => Seen::default().saw(format!("{flood}: held up its own end")),
    };
    let seen = usage.judge(seen, flood);
    let seen = if answers_again(stage).await? {
        seen
    } else {
        seen.saw(format!("{flood}: the machine was started anew"))
    };
    Ok(match echoes {
        Ok(echoes) => {
            let (seconds, echoed, used) = (took.as_secs_f32(), echoes.words(), usage.words());
            (
                seen.saw(format!("{flood} ({seconds:.1} s): {echoed}; {used}")),
                echoes,
            )
        }
        Err(error) => {
            let broken = format!("{flood}: the neighbour's terminal: {error}");
            (seen.broken(broken), Echoes::default())
        }
    })
}

/// Prints in a terminal of the machine, if asked to; in a task of its own, so that reading that does not
/// hold up the measuring.
async fn shout(stage: &Stage, asked: bool) -> Result<JoinHandle<Result<(), Error>>, Error> {
    let terminal = if asked {
        Some(Terminal::open(stage.client(), &stage.hong, "shout").await?)
    } else {
        None
    };
    Ok(tokio::spawn(async move {
        match terminal {
            Some(mut terminal) => terminal.shout(TIME).await,
            None => Ok(()),
        }
    }))
}

/// Whether the machine answers by itself after a flood; else it is started anew, as its student can.
async fn answers_again(stage: &Stage) -> Result<bool, Error> {
    let since = Instant::now();
    while since.elapsed() < ANSWER_WITHIN {
        let left = ANSWER_WITHIN.saturating_sub(since.elapsed());
        if let Ok(Ok(_)) = timeout(left, stage.bash(&stage.hong, "docker ps -q >/dev/null")).await {
            return Ok(true);
        }
        sleep(Duration::from_millis(200)).await;
    }
    // Its programs would be given time to end by themselves; they have none to end for.
    let kill = stage.bash(&stage.hong, "kill -KILL -1");
    let _ = timeout(ANSWER_WITHIN, kill).await;
    stage.client().stop(&stage.hong).await?;
    stage.ready(&stage.hong).await?;
    Ok(false)
}

/// Notes the most that the machine has of the host, until this is dropped.
async fn watch(stage: &Stage, peak: &Mutex<Usage>) -> Error {
    loop {
        match usage(stage).await {
            Ok(now) => peak
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .raise(&now),
            Err(error) => return error,
        }
        sleep(LOOK_EVERY).await;
    }
}

/// What the machine has of the host.
#[derive(Debug, Default)]
struct Usage {
    processes: usize,
    memory_mib: u64,
    disk_mib: u64,
}

impl Usage {
    /// The most of both.
    fn raise(&mut self, other: &Self) {
        self.processes = self.processes.max(other.processes);
        self.memory_mib = self.memory_mib.max(other.memory_mib);
        self.disk_mib = self.disk_mib.max(other.disk_mib);
    }

    /// Whether it is what the machine's limits allow, and what the flood is about.
    fn judge(&self, seen: Seen, flood: &str) -> Seen {
        let (limit, disk) = (PROCESSES as usize, u64::from(DISK_MIB) + DISK_SLACK_MIB);
        let ran_wild = flood != PROCESS_FLOOD || self.processes > limit / 2;
        seen.broken_if(self.processes > limit, || {
            format!("{flood}: {} processes", self.processes)
        })
        .broken_if(self.disk_mib > disk, || {
            format!("{flood}: {} MiB of the host's disk", self.disk_mib)
        })
        .control(ran_wild, "the flood of processes has few")
    }

    fn words(&self) -> String {
        format!(
            "{} processes, {} MiB of memory, {} MiB of disk",
            self.processes, self.memory_mib, self.disk_mib
        )
    }
}

async fn usage(stage: &Stage) -> Result<Usage, Error> {
    let container = stage.container(&stage.hong).await?;
    let groups = footprint::group_folders(&stage.prefix());
    let files: Vec<PathBuf> = groups
        .iter()
        .flat_map(|group| {
            ["memory.usage_in_bytes", "memory.current"]
                .map(|file| group.join(&container).join(file))
        })
        .collect();
    let memory = files
        .iter()
        .find_map(|file| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok());
    let disk = stage.machine_folder(&stage.hong).await?.join("disk.img");
    let disk = fs::metadata(&disk).doing(|| format!("look at {}", disk.display()))?;
    Ok(Usage {
        processes: footprint::processes(&stage.group(&stage.hong).await?).len(),
        memory_mib: memory.unwrap_or_default() >> 20,
        // Blocks of 512 bytes, whatever the file system's: stat(2).
        disk_mib: disk.blocks() >> 11,
    })
}

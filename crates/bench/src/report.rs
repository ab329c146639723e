//! What was measured, for people and for programs.

use anyhow::Result;
use serde::Serialize;

use crate::{claim::Claim, cold::Cold, host, idle::Idle, live::Live, samples::Samples};

/// The goals: docs/performance.md says why these.
const CLAIM_MS: f64 = 150.0;
const COLD_MS: f64 = 1000.0;
const COLD_OF_LXD: f64 = 0.4;
const IDLE_MB: f64 = 20.0;
const ECHO_MS: f64 = 50.0;

/// What was measured; what was left out is `None`.
pub(crate) struct Report {
    load_before: f64,
    pub(crate) claim: Option<Claim>,
    pub(crate) cold: Option<Cold>,
    pub(crate) idle: Option<Idle>,
    pub(crate) live: Option<Live>,
}

/// The last line. Times are in milliseconds, memory is in megabytes a machine.
#[derive(Serialize)]
struct Figures {
    claim_ms_p95: Option<f64>,
    cold_ms_p50: Option<f64>,
    lxd_ms_p50: Option<f64>,
    idle_mb: Option<f64>,
    live: Option<usize>,
    echo_ms_p50: Option<f64>,
    echo_ms_p99: Option<f64>,
    claim_ms_p50: Option<f64>,
    cold_ready_ms_p50: Option<f64>,
    lxd_folders_ms_p50: Option<f64>,
    idle_awake_mb: Option<f64>,
    echo_quiet_ms_p50: Option<f64>,
    echo_quiet_ms_p99: Option<f64>,
    load_before: f64,
}

impl Report {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            load_before: host::load()?,
            claim: None,
            cold: None,
            idle: None,
            live: None,
        })
    }

    /// Prints the table, then the figures.
    pub(crate) fn print(&self) -> Result<()> {
        println!(
            "\n{}, load {} before\n",
            host::describe()?,
            self.load_before
        );
        if let Some(claim) = &self.claim {
            println!(
                "(a) a ready machine to a usable prompt, {} times",
                claim.all.len()
            );
            row_times("all of it", &claim.all, 95, Some(CLAIM_MS));
            for (name, samples) in [
                ("ready", &claim.ready),
                ("then the terminal", &claim.attached),
                ("then the prompt", &claim.prompt),
                ("then an answer", &claim.answer),
            ] {
                row_times(name, samples, 95, None);
            }
        }
        if let Some(cold) = &self.cold {
            println!(
                "(b, c) a new machine to its engine's answer, {} times",
                cold.engine.len()
            );
            row_times("its engine answers", &cold.engine, 50, Some(COLD_MS));
            row_times("the machine is ready", &cold.ready, 50, None);
            row_times("LXD, snapshots (btrfs)", &cold.lxd, 50, None);
            row_times("LXD, copies (folders)", &cold.lxd_plain, 50, None);
            if let (Some(ours), Some(lxd)) = (cold.engine.percentile(50), cold.lxd.percentile(50)) {
                row(
                    "of LXD's time",
                    &format!("{:.2}", ours / lxd),
                    Some((ours / lxd, COLD_OF_LXD)),
                );
            }
        }
        if let Some(idle) = &self.idle {
            println!("(d) memory of an idle machine: of the host's, and of its group's programs");
            for (name, share, goal) in [
                ("just started", &idle.started, None),
                ("that, asleep", &idle.asleep, None),
                ("its engine used", &idle.used, None),
                ("that, asleep", &idle.used_asleep, Some(IDLE_MB)),
            ] {
                let figure = format!("{:.1} MB, {:.1} MB", share.host, share.group);
                row(name, &figure, goal.map(|goal| (share.host, goal)));
            }
        }
        if let Some(live) = &self.live {
            let (machines, start) = (live.machines, live.start.as_secs());
            println!("(e) key to echo, {machines} machines with engines, started in {start} s");
            row_times("all typing", &live.busy, 99, Some(ECHO_MS));
            row_times("one machine", &live.quiet, 99, None);
        }
        println!("\n{}", serde_json::to_string(&self.figures())?);
        Ok(())
    }

    fn figures(&self) -> Figures {
        let (claim, cold, idle, live) = (&self.claim, &self.cold, &self.idle, &self.live);
        Figures {
            claim_ms_p95: claim.as_ref().and_then(|claim| percentile(&claim.all, 95)),
            cold_ms_p50: cold.as_ref().and_then(|cold| percentile(&cold.engine, 50)),
            lxd_ms_p50: cold.as_ref().and_then(|cold| percentile(&cold.lxd, 50)),
            idle_mb: idle.as_ref().map(|idle| rounded(idle.used_asleep.host)),
            live: live.as_ref().map(|live| live.machines),
            echo_ms_p50: live.as_ref().and_then(|live| percentile(&live.busy, 50)),
            echo_ms_p99: live.as_ref().and_then(|live| percentile(&live.busy, 99)),
            claim_ms_p50: claim.as_ref().and_then(|claim| percentile(&claim.all, 50)),
            cold_ready_ms_p50: cold.as_ref().and_then(|cold| percentile(&cold.ready, 50)),
            lxd_folders_ms_p50: cold
                .as_ref()
                .and_then(|cold| percentile(&cold.lxd_plain, 50)),
            idle_awake_mb: idle.as_ref().map(|idle| rounded(idle.started.host)),
            echo_quiet_ms_p50: live.as_ref().and_then(|live| percentile(&live.quiet, 50)),
            echo_quiet_ms_p99: live.as_ref().and_then(|live| percentile(&live.quiet, 99)),
            load_before: self.load_before,
        }
    }
}

fn percentile(samples: &Samples, percent: usize) -> Option<f64> {
    samples.percentile(percent).map(rounded)
}

/// To a tenth: more is noise.
fn rounded(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

/// A row of the median and another percentile, which has the goal.
pub(crate) fn row_times(name: &str, samples: &Samples, percent: usize, goal: Option<f64>) {
    let (Some(half), Some(most)) = (samples.percentile(50), samples.percentile(percent)) else {
        return;
    };
    let figure = match percent {
        50 => format!("p50 {half:.1} ms"),
        _ => format!("p50 {half:.1} ms, p{percent} {most:.1} ms"),
    };
    row(name, &figure, goal.map(|goal| (most, goal)));
}

/// A row of the table; with a figure and its goal, whether it was met.
pub(crate) fn row(name: &str, figure: &str, goal: Option<(f64, f64)>) {
    let verdict = goal.map_or_else(String::new, |(is, goal)| {
        let met = if is <= goal { "met" } else { "MISSED" };
        format!("goal {goal}: {met}")
    });
    println!("    {name:<24} {figure:<32} {verdict}");
}

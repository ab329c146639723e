//! Points 1 and 2: whose ids a machine's processes have.

use std::{fs, ops::Range, path::Path};

use machine::MachineId;

use crate::{
    Doing, Error, Place, footprint,
    probe::{Probe, Seen},
    stage::Stage,
};

/// How many ids a machine has: docs/machined-api.md, "Running it".
const IDS: u32 = 65_536;

/// Where the host notes which ids its own accounts may hand to containers: subuid(5), subgid(5).
const SUBORDINATE: [&str; 2] = ["/etc/subuid", "/etc/subgid"];

/// Programs under every account and in every kind of container that a student has. Each waits, so
/// that the host can look; the machine's later end takes them.
const START: &str = "sleep 300 </dev/null >/dev/null 2>&1 &
    setpriv --reuid 1000 --regid 1000 --init-groups sleep 300 </dev/null >/dev/null 2>&1 &
    su student -c 'sudo -n sleep 300' </dev/null >/dev/null 2>&1 &
    setpriv --reuid 65535 --regid 65535 --clear-groups sleep 300 </dev/null >/dev/null 2>&1 &
    docker run -d --name plain tiny sleep 300 &
    docker run -d --name user --user 12345:12345 tiny sleep 300 &
    docker run -d --name privileged --privileged --pid=host --net=host -v /:/h tiny sleep 300 &
    wait %5 %6 %7; sleep 0.3";

const END: &str = "docker rm -f plain user privileged >/dev/null; pkill -x sleep || true";

/// How many of them are looked at at least: those above, the engine, the machine's own first process.
const PROCESSES_MIN: usize = 10;

/// The probe of whose ids it runs with.
pub(crate) fn ids() -> Probe {
    Probe::bash(include_str!("../../probes/ids.sh"))
}

pub(crate) async fn check_ids(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    let mut seen = Seen::default();
    let mut ranges = Vec::new();
    for id in [&stage.hong, &stage.kim] {
        for map in ["uid_map", "gid_map"] {
            let range = range(stage, id, map).await?;
            seen = seen.saw(format!(
                "{id}'s {map}: {} to {}",
                range.start,
                range.end - 1
            ));
            ranges.push((id, map, range));
        }
    }
    for (id, map, range) in &ranges {
        let apart = |other: &Range<u32>| range.end <= other.start || other.end <= range.start;
        let neighbours = ranges.iter().filter(|(other, ..)| other != id);
        for (other, _, theirs) in neighbours {
            seen = seen.broken_if(!apart(theirs), || format!("{id} shares ids with {other}"));
        }
        for (whose, theirs) in handed_out()? {
            seen = seen.broken_if(!apart(&theirs), || {
                format!("{id}'s {map} has ids of {whose}")
            });
        }
    }
    let mut checks = vec![(Place::Host, seen)];
    checks.extend(stage.run_both(&ids()).await?);
    Ok(checks)
}

pub(crate) async fn check_owners(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    stage.bash(&stage.hong, START).await?;
    let range = range(stage, &stage.hong, "uid_map").await?;
    let (count, seen) = owners(&stage.group(&stage.hong).await?, &range)?;
    let seen = seen.control(
        count >= PROCESSES_MIN,
        "the machine's processes are not in its control group",
    );
    stage.bash(&stage.hong, END).await?;
    Ok(vec![(Place::Host, seen)])
}

/// What the host says of the processes in a control group: how many there are, and which of them have
/// an id that is not of this range, or all power over the host.
pub(crate) fn owners(group: &str, range: &Range<u32>) -> Result<(usize, Seen), Error> {
    let host =
        fs::read_link("/proc/self/ns/user").doing(|| "read this process's namespace".into())?;
    let (mut count, mut seen) = (0, Seen::default());
    for pid in footprint::processes(group) {
        // One that ended meanwhile owns nothing.
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else {
            continue;
        };
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        for name in ["Uid:", "Gid:", "Groups:"] {
            let ids = field(name);
            let foreign = ids
                .split_whitespace()
                .any(|id| !id.parse().is_ok_and(|id| range.contains(&id)));
            seen = seen.broken_if(foreign, || {
                format!("{} ({pid}) has {name} {ids}", field("Name:"))
            });
        }
        let is_hosts = fs::read_link(format!("/proc/{pid}/ns/user")).is_ok_and(|its| its == host);
        seen = seen.broken_if(is_hosts, || {
            format!("{} ({pid}) is in the host's user namespace", field("Name:"))
        });
        count += 1;
    }
    Ok((count, seen.saw(format!("{count} processes"))))
}

/// The host's ids that a machine's stand for.
pub(crate) async fn range(stage: &Stage, id: &MachineId, map: &str) -> Result<Range<u32>, Error> {
    let path = format!("/proc/{}/{map}", stage.init(id).await?);
    let map = fs::read_to_string(&path).doing(|| format!("read {path}"))?;
    let fields: Vec<u32> = map
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    match fields[..] {
        [0, base, IDS] if base.checked_add(IDS).is_some() => Ok(base..base + IDS),
        _ => Err(std::io::Error::other(format!("it says {map}")))
            .doing(|| format!("understand {path}")),
    }
}

/// The ids of the host's accounts, and those that they may hand to containers of their own.
fn handed_out() -> Result<Vec<(String, Range<u32>)>, Error> {
    let mut found = Vec::new();
    for (path, first, count) in [("/etc/passwd", 2, None), ("/etc/group", 2, None)]
        .into_iter()
        .chain(SUBORDINATE.map(|path| (path, 1, Some(2))))
    {
        if !Path::new(path).exists() {
            continue;
        }
        let text = fs::read_to_string(path).doing(|| format!("read {path}"))?;
        for line in text.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            let number = |index: usize| {
                fields
                    .get(index)
                    .and_then(|field| field.parse::<u32>().ok())
            };
            let count = count.map_or(Some(1), number);
            if let (Some(first), Some(count)) = (number(first), count) {
                found.push((
                    format!("{path}, {}", fields[0]),
                    first..first.saturating_add(count),
                ));
            }
        }
    }
    Ok(found)
}

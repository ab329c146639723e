//! Points 3, 4 and 13: what is outside cannot be found, signalled or overheard.

use std::{fmt::Display, fs, time::Duration};

use machine::CheckRequest;
use tokio::time::sleep;

use crate::{
    Doing, Error, Place, canary,
    probe::{Probe, Seen},
    stage::Stage,
};

/// Where a machine's root, and its most privileged container in that root, look.
const EVERYWHERE: &str = "/";

/// How long the check script that is looked for may run, in milliseconds: as long as the searches.
const SCRIPT_WITHIN_MS: u64 = 60_000;

/// How long a started check may take to say that it runs.
const RUNS_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Listens to all of the machine's network and notes the first 48 KiB of it, a small file, as
/// `look.pl` reads such. 3 is `ETH_P_ALL`.
const OVERHEAR: &str = r#"setsid perl -e '
    socket my $all, 17, 3, unpack("n", pack("S", 3)) or die; open my $notes, ">", "/root/overheard";
    $notes->autoflush; my $sum = 0;
    while ($sum < 48 << 10) { recv $all, my $packet, 65536, 0; print $notes $packet; $sum += length $packet }
    ' </dev/null >/dev/null 2>&1 &
    until [ -e /root/overheard ]; do sleep 0.02; done"#;

/// Everything that the engine tells.
const ASK_ENGINE: &str = "{ docker ps -a --no-trunc; docker images -a; docker info; docker events --since 1h --until 0s
    docker ps -aq | xargs -r docker inspect; docker volume ls; docker network inspect bridge; } >/root/told 2>&1";

/// Looks for tokens.
pub(crate) fn look(tokens: &[&str], roots: &[&str]) -> Probe {
    let backwards = tokens
        .iter()
        .map(|token| token.chars().rev().collect::<String>());
    Probe::perl(include_str!("../../probes/look.pl"))
        .give("TOKENS", backwards)
        .give("ROOTS", roots)
}

/// Whether a search that should find a token did, in all of these ways.
fn found(seen: &Seen, ways: &[&str]) -> bool {
    ways.iter()
        .all(|way| seen.what_broke().iter().any(|line| line.starts_with(way)))
}

fn paths(stage: &Stage) -> impl Iterator<Item = impl Display> {
    stage.outside.files().iter().map(|file| file.display())
}

/// Looks for the host's files; the negative control does it as well.
pub(crate) fn files(stage: &Stage) -> Probe {
    look(&[stage.outside.token(), &stage.beside], &[EVERYWHERE])
        .give("FILES", paths(stage))
        .give("MEMORY", [0])
}

pub(crate) async fn check_files(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    // The same search finds them where they are.
    let folders: Vec<String> = stage
        .outside
        .folders()
        .map(|folder| folder.display().to_string())
        .collect();
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    let at_home = look(&[stage.outside.token()], &folders)
        .give("FILES", paths(stage))
        .give("MEMORY", [0]);
    let at_home = at_home.on_host().await?;
    let on_host = found(
        &at_home,
        &[
            "the name",
            "the content",
            "the path",
            "the cmdline",
            "the environ",
        ],
    );
    let beside = look(&[&stage.beside], &[EVERYWHERE]).give("MEMORY", [0]);
    let beside = stage.run_in(&stage.kim, Place::Root, &beside).await?;
    let at_neighbour = found(
        &beside,
        &["the name", "the content", "the cmdline", "the environ"],
    );
    // Nor who the neighbours are.
    let names = format!(
        "cat /sys/block/loop*/loop/backing_file /proc/*/mountinfo 2>/dev/null | grep -c -w -e {}",
        stage.container(&stage.kim).await?
    );
    let names = stage
        .exec(
            &stage.hong,
            &["bash", "-s"],
            machine::MachineUser::Root,
            &names,
        )
        .await?;
    let mut checks = stage.run_both(&files(stage)).await?;
    for (_, seen) in &mut checks {
        *seen = std::mem::take(seen)
            .control(on_host, "the host's files are not found on the host")
            .control(
                at_neighbour,
                "the neighbour's files are not found at the neighbour's",
            );
    }
    if let Some((_, seen)) = checks.first_mut() {
        *seen = std::mem::take(seen).broken_if(names.stdout.trim() != "0", || {
            "the neighbour's name is told".into()
        });
    }
    Ok(checks)
}

pub(crate) async fn check_processes(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    let mut checks = stage.run_both(&signals(stage)?).await?;
    for (_, seen) in &mut checks {
        let hits = stage.bash(&stage.kim, "cat /root/hits").await?;
        *seen = std::mem::take(seen)
            .broken_if(!stage.outside.is_untouched(), || {
                "the host's process was signalled".into()
            })
            .broken_if(hits != "ready\n", || {
                "the neighbour's process was signalled".into()
            });
    }
    // The host may: so a signal would have been noticed.
    let control = stage
        .bash(
            &stage.kim,
            "pkill -URG -f '^bash -c trap' && sleep 0.5 && cat /root/hits",
        )
        .await?;
    let control = control.contains("hit");
    for (_, seen) in &mut checks {
        *seen = std::mem::take(seen).control(control, "a signal that arrives is not noticed");
    }
    Ok(checks)
}

/// Signals every number that a process of the host has now.
pub(crate) fn signals(stage: &Stage) -> Result<Probe, Error> {
    let numbers = fs::read_dir("/proc")
        .doing(|| "list the host's processes".into())?
        .flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let highest = numbers.max().unwrap_or_default().max(stage.outside.pid());
    Ok(Probe::perl(include_str!("../../probes/signal.pl")).give("HIGHEST", [highest]))
}

pub(crate) async fn check_scripts(stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
    let (token, control) = (canary::token(), canary::token());
    stage
        .bash(
            &stage.hong,
            &format!("{OVERHEAR}; rm -f /tmp/over; docker rm -f none 2>/dev/null; true"),
        )
        .await?;
    // It uses all that checks use; the control is what it does say aloud.
    let script = format!(
        "# {token}\ntoken={token}; docker ps -q >/dev/null; curl -s localhost:1 || true
         echo {control} >/dev/udp/10.88.0.1/9; bash -c 'sleep 60; true' {token} &
         until [ -e /machine/tmp/over ]; do sleep 0.1; done; kill %1; echo \"over $token\""
    );
    let request = CheckRequest {
        script,
        timeout_ms: SCRIPT_WITHIN_MS,
        counts_as_use: true,
    };
    let search = look(&[&token], &[EVERYWHERE]).give("MEMORY", [1]);
    let check = async { Ok::<_, Error>(stage.client().check(&stage.hong, &request).await?) };
    let looking = async {
        let said = wait_until_said(stage, &control).await?;
        stage.bash(&stage.hong, ASK_ENGINE).await?;
        let during = stage.run_both(&search).await?;
        stage.bash(&stage.hong, "touch /tmp/over").await?;
        Ok::<_, Error>((said, during))
    };
    let (outcome, (said, during)) = tokio::try_join!(check, looking)?;
    let ran = outcome.exit == Some(0) && outcome.stdout == format!("over {token}\n");
    let after = stage.run(Place::Root, &search).await?;
    let in_memory = found_in_memory(stage).await?;
    let checks = during.into_iter().map(|(place, seen)| {
        let after = if place == Place::Root {
            after.clone()
        } else {
            Seen::default()
        };
        let seen = seen
            .and(after)
            .control(ran, "the check did not run")
            .control(said, "what the check says aloud is not overheard")
            .control(in_memory, "a word in a program's memory is not found");
        (place, seen)
    });
    Ok(checks.collect())
}

/// Whether what the check says aloud on the machine's network is overheard.
async fn wait_until_said(stage: &Stage, control: &str) -> Result<bool, Error> {
    let since = tokio::time::Instant::now();
    while since.elapsed() < RUNS_WITHIN {
        let count = format!("grep -c -a {control} /root/overheard || true");
        if stage.bash(&stage.hong, &count).await?.trim() != "0" {
            return Ok(true);
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(false)
}

/// Whether the search finds what only a program's memory has.
async fn found_in_memory(stage: &Stage) -> Result<bool, Error> {
    let word = canary::token();
    let backwards: String = word.chars().rev().collect();
    let hold = format!(
        "setsid perl -e '$held = reverse \"{backwards}\"; sleep 60' </dev/null >/dev/null 2>&1 & sleep 0.3"
    );
    stage.bash(&stage.hong, &hold).await?;
    let seen = stage
        .run(Place::Root, &look(&[&word], &[]).give("MEMORY", [1]))
        .await?;
    Ok(found(&seen, &["the memory"]))
}

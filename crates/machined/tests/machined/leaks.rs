//! Machines are made, used, hit at a random moment and deleted, many times: nothing may be left of
//! them, and none may be stuck. `cargo xtask bench cycles` does it 200 times.

use std::{env, fs, time::Duration};

use futures::{SinkExt, StreamExt};
use machine::{CheckRequest, Client, ExecRequest, MachineId, MachineUser, State};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    classroom::{Classroom, SOON, id},
    footprint,
};

/// How many cycles there are, unless the environment says so: each victim twice, in half a minute.
const CYCLES: usize = 10;

/// The latest moment, in milliseconds after a machine was asked for: it is up and in use by then.
const LATEST: u64 = 2000;

/// How long, in milliseconds, whoever uses the machine goes on after the hit, at most.
const AFTER: u64 = 300;

/// What is hit.
#[derive(Clone, Copy, Debug)]
enum Victim {
    /// The student's shell.
    Shell,
    /// The machine's Docker Engine.
    Engine,
    /// The machine's first process, and so the machine.
    Init,
    /// machined, which is then started again.
    Machined,
    /// Whoever uses the machine through machined: all of their connections end at once.
    Web,
}

/// How many ids a machine has, and which of them its student is.
const RANGE: u32 = 65_536;
const STUDENT: u32 = 1000;

const VICTIMS: [Victim; 5] = [
    Victim::Shell,
    Victim::Engine,
    Victim::Init,
    Victim::Machined,
    Victim::Web,
];

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stderr, reason = "how to run the same again")]
async fn whatever_is_killed_whenever_nothing_is_left() {
    let number = |name| {
        env::var(name)
            .ok()
            .map(|text| text.parse().expect("a number"))
    };
    let cycles = number("GYOSIL_CYCLES").map_or(CYCLES, |n: u64| n as usize);
    let seed = number("GYOSIL_SEED").unwrap_or(1);
    let mut random = StdRng::seed_from_u64(seed);
    let mut classroom = Classroom::open(&["--pool", "0"]).await;
    let hong = id("hong");
    let before = footprint::measure(&classroom).await;
    for cycle in 0..cycles {
        let victim = VICTIMS[cycle % VICTIMS.len()];
        let moment = Duration::from_millis(random.random_range(0..LATEST));
        let after = Duration::from_millis(random.random_range(0..AFTER));
        eprintln!("cycle {cycle} of {cycles}, seed {seed}: {victim:?} at {moment:?}");
        let user = tokio::spawn(use_it(classroom.client(), hong.clone()));
        sleep(moment).await;
        if matches!(victim, Victim::Web) {
            user.abort();
        } else {
            hit(&mut classroom, victim).await;
        }
        sleep(after).await;
        user.abort();

        come_back(&classroom, &hong).await;
        classroom.client().delete(&hong).await.expect("to go");
        footprint::assert_settles(&classroom, &before).await;
    }
}

/// Uses a machine in all ways, until it is aborted. What fails, fails by the hit: what must not is
/// tried afterwards.
async fn use_it(client: Client, id: MachineId) {
    loop {
        let _ = use_once(&client, &id).await;
        sleep(Duration::from_millis(20)).await;
    }
}

async fn use_once(client: &Client, id: &MachineId) -> Result<(), machine::Error> {
    client.ensure(id).await?;
    let mut states = client.watch(id).await?;
    while let Some(machine) = states.next().await {
        match machine?.state {
            State::Ready => break,
            State::Failed { problem } => return Err(machine::Error::Refused(problem)),
            _ => {}
        }
    }
    let mut terminal = client.terminal(id, "main", 80, 24).await?;
    let typed = Message::binary("sleep 999 & docker ps\r".to_owned());
    terminal
        .send(typed)
        .await
        .map_err(|_| machine::Error::NotReady)?;
    let events = client.events(id).await?;
    let argv = [
        "docker", "network", "create", "--driver", "bridge", "--label", "x", "n",
    ];
    let (user, stdin, timeout_ms) = (MachineUser::Student, String::new(), 10_000);
    let argv = argv.map(Into::into).into();
    client
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
    let script = "docker ps; sleep 0.2".to_owned();
    client
        .check(
            id,
            &CheckRequest {
                script,
                timeout_ms,
                counts_as_use: true,
            },
        )
        .await?;
    drop((events, terminal));
    Ok(())
}

/// Kills the victim; waits for it if it is not there yet.
async fn hit(classroom: &mut Classroom, victim: Victim) {
    if matches!(victim, Victim::Machined) {
        classroom.kill();
        classroom.restart().await;
        return;
    }
    let until = Instant::now() + SOON;
    loop {
        let group = format!("gyosil-{}", classroom.tag());
        let mut there = footprint::processes(&group).into_iter();
        if let Some(pid) = there.find(|pid| is_it(victim, pid)) {
            let pid = pid.parse().ok().and_then(Pid::from_raw).expect("a process");
            // It may have ended by itself just now.
            let _ = kill_process(pid, Signal::KILL);
            return;
        }
        assert!(
            Instant::now() < until,
            "no {victim:?} to hit\n{}",
            classroom.log()
        );
        sleep(Duration::from_millis(5)).await;
    }
}

/// Whether a process is the victim, by what the kernel tells of it.
fn is_it(victim: Victim, pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let word = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default()
            .split_whitespace()
            .next()
            .unwrap_or_default()
    };
    let uid = word("Uid:").parse::<u32>().map(|uid| uid % RANGE);
    match victim {
        Victim::Shell => word("Name:") == "bash" && uid == Ok(STUDENT),
        Victim::Engine => word("Name:") == "dockerd",
        Victim::Init => word("Name:") == "init",
        Victim::Machined | Victim::Web => false,
    }
}

/// Brings the machine up again, as a student does who opens the page: asks for it until it runs
/// programs. It may seem ready until machined notices the hit, and then fail once.
async fn come_back(classroom: &Classroom, id: &MachineId) {
    let client = classroom.client();
    let argv: Vec<String> = ["docker", "version"].map(Into::into).into();
    let works = async || {
        client.ensure(id).await.expect("a machine");
        let mut states = client.watch(id).await.expect("its states");
        while let Some(machine) = states.next().await {
            match machine.expect("a state").state {
                State::Ready => break,
                State::Failed { .. } => return false,
                _ => {}
            }
        }
        let (argv, user) = (argv.clone(), MachineUser::Student);
        let (stdin, timeout_ms) = (String::new(), 30_000);
        let answer = client
            .exec(
                id,
                &ExecRequest {
                    argv,
                    user,
                    stdin,
                    timeout_ms,
                },
            )
            .await;
        answer.is_ok_and(|answer| answer.exit == Some(0))
    };
    let comes = async {
        while !works().await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    if timeout(SOON, comes).await.is_err() {
        panic!(
            "{id} is stuck: {:?}\n{}",
            client.get(id).await,
            classroom.log()
        );
    }
    let machine = client.get(id).await.expect("an answer");
    classroom.note_disk(&machine.expect("it").generation);
}

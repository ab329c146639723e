//! How machines fall asleep and wake, and what limits on time and room do.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use machine::{CheckRequest, Error, Limit, Machine, MachineId, Resource, State, StoppedBy};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    classroom::{Classroom, PATIENCE, SOON, id},
    footprint,
};

/// Options of a classroom whose unused machines sleep soon, and with no other limit.
const SLEEPY: [&str; 6] = [
    "--idle-freeze",
    "1s",
    "--idle-stop",
    "0s",
    "--lifetime",
    "0s",
];

fn is_frozen(state: &State) -> bool {
    *state == State::Frozen
}

fn is_ready(state: &State) -> bool {
    *state == State::Ready
}

fn stopped_by(by: StoppedBy) -> impl Fn(&State) -> bool {
    move |state| *state == State::Stopped { by }
}

/// Types into a terminal until its output has a word.
async fn type_and_read(
    terminal: &mut (
             impl SinkExt<Message, Error: std::fmt::Debug>
             + StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>>
             + Unpin
         ),
    keys: &str,
    word: &str,
) {
    let keys = Message::Binary(keys.as_bytes().to_vec().into());
    terminal.send(keys).await.expect("to type");
    let mut shown = String::new();
    let read = async {
        while !shown.contains(word) {
            let message = terminal.next().await.expect("more").expect("output");
            shown += &String::from_utf8_lossy(&message.into_data());
        }
    };
    let in_time = timeout(SOON, read).await.is_ok();
    assert!(in_time, "{word} was not shown, but {shown}");
}

/// Waits until nothing in a machine uses a processor.
async fn stands_still(classroom: &Classroom, machine: &Machine) {
    let group = format!("gyosil-{}/{}", classroom.tag(), machine.generation);
    let wait = async {
        let mut before = String::new();
        loop {
            let now = footprint::cpu_time(&group);
            if now == before {
                return;
            }
            before = now;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    assert!(timeout(SOON, wait).await.is_ok(), "it does not stand still");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unused_machine_sleeps_and_the_first_key_wakes_it() {
    let classroom = Classroom::open(&SLEEPY).await;
    let client = classroom.client();
    let hong = id("hong");
    classroom.ready(&hong).await;
    let mut terminal = client
        .terminal(&hong, "main", 80, 24)
        .await
        .expect("a terminal");
    type_and_read(&mut terminal, "n=0; echo be''gun\n", "begun").await;
    // It would count on if it ran. No process for each tick: where processors are emulated, that
    // alone is use.
    let count = "setsid bash -c 'exec 3<> <(:); while ! read -t 0.1 -u 3; do echo >>/tmp/ticks; done' \
                 </dev/null &>/dev/null &";
    classroom.bash(&hong, count).await;

    let asleep = classroom.wait_until(&hong, is_frozen).await;
    assert_eq!(asleep.deadline, None, "nothing strikes it");
    stands_still(&classroom, &asleep).await;

    // What looks by itself neither wakes it nor fails loudly.
    let look = CheckRequest {
        script: "true".into(),
        timeout_ms: 1000,
        counts_as_use: false,
    };
    assert!(matches!(
        client.check(&hong, &look).await,
        Err(Error::NotReady)
    ));
    assert_eq!(state(&classroom, &hong).await, State::Frozen);
    drop(client.ensure(&hong).await.expect("an answer"));
    assert_eq!(state(&classroom, &hong).await, State::Frozen);

    // The shell is as it was, and so is everything that ran.
    type_and_read(&mut terminal, "echo n is $n\n", "n is 0").await;
    assert_eq!(state(&classroom, &hong).await, State::Ready);
    let alive = "a=$(wc -l </tmp/ticks); sleep 0.5; [ $(wc -l </tmp/ticks) -gt $a ] && docker version >/dev/null && echo alive";
    assert_eq!(classroom.bash(&hong, alive).await, "alive\n");

    // A program, a check and a new terminal wake it as well.
    classroom.wait_until(&hong, is_frozen).await;
    assert_eq!(classroom.bash(&hong, "echo awake").await, "awake\n");
    classroom.wait_until(&hong, is_frozen).await;
    let check = classroom.check(&hong, "docker ps -q | wc -l", 20_000).await;
    assert_eq!(check.stdout, "0\n", "{}", check.stderr);
    classroom.wait_until(&hong, is_frozen).await;
    drop(
        client
            .terminal(&hong, "second", 80, 24)
            .await
            .expect("another"),
    );
    classroom.wait_until(&hong, is_frozen).await;
    assert_eq!(client.wake(&hong).await.expect("it").state, State::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_does_not_sleep_and_what_a_student_paused_stays_paused() {
    let classroom = Classroom::open(&SLEEPY).await;
    let client = classroom.client();
    let hong = id("hong");
    classroom.ready(&hong).await;
    classroom.import_tiny(&hong).await;
    classroom
        .bash(
            &hong,
            "docker run -d --name web tiny sleep 9999; docker pause web",
        )
        .await;
    // A program under way is use, however long it takes and little it does.
    let slow = classroom.bash(&hong, "sleep 4; echo through").await;
    assert_eq!(slow, "through\n");
    // So is work that nobody waits for.
    let work = "setsid timeout 4 bash -c 'while :; do :; done' </dev/null &>/dev/null &";
    classroom.bash(&hong, work).await;
    let mut states = client.watch(&hong).await.expect("its states");
    let slept = async {
        while let Some(machine) = states.next().await {
            if machine.expect("a state").state == State::Frozen {
                return;
            }
        }
    };
    assert!(
        timeout(Duration::from_secs(3), slept).await.is_err(),
        "asleep at work"
    );

    let asleep = classroom.wait_until(&hong, is_frozen).await;
    client.wake(&hong).await.expect("it");
    let paused = "docker inspect -f '{{.State.Paused}}' web";
    assert_eq!(classroom.bash(&hong, paused).await, "true\n");
    // A sleeping machine stops as any other, and is stopped in its sleep.
    let asleep = classroom
        .wait_until(&hong, is_frozen)
        .await
        .generation
        .clone()
        + &asleep.generation;
    client.stop(&hong).await.expect("to stop");
    let again = classroom.ready(&hong).await;
    assert_eq!(asleep, again.generation.repeat(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleeper_outlives_machined_and_is_stopped_when_it_sleeps_for_long() {
    let options = [
        "--idle-freeze",
        "1s",
        "--idle-stop",
        "6s",
        "--keep-disks",
        "3s",
    ];
    let mut classroom = Classroom::open(&options).await;
    let before = footprint::measure(&classroom).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    let asleep = classroom.wait_until(&hong, is_frozen).await;
    assert_eq!(asleep.deadline.expect("a limit").limit, Limit::IdleStop);
    stands_still(&classroom, &asleep).await;
    classroom.kill();
    classroom.restart().await;
    assert_eq!(
        state(&classroom, &hong).await,
        State::Frozen,
        "{}",
        classroom.log()
    );
    let stopped = classroom
        .wait_until(&hong, stopped_by(StoppedBy::Idle))
        .await;
    assert_eq!(stopped.deadline.expect("a limit").limit, Limit::Keep);
    // Its disk is kept for as long as disks are, and then nothing is left.
    let mut states = classroom.client().watch(&hong).await.expect("its states");
    let gone = async { while states.next().await.is_some() {} };
    timeout(SOON, gone).await.expect("its end");
    footprint::assert_settles(&classroom, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lifetime_is_warned_of_and_can_be_extended() {
    // Long enough for a machine to start in.
    let lifetime: &str = format!("{}s", 10 * PATIENCE).leak();
    let classroom = Classroom::open(&["--lifetime", lifetime, "--extend", "600s"]).await;
    let client = classroom.client();
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    let warned = classroom
        .wait_for(&hong, |machine| machine.deadline.is_some())
        .await;
    let deadline = warned.deadline.expect("a limit");
    assert_eq!(deadline.limit, Limit::Lifetime);
    let extended = client.extend(&hong).await.expect("to go on");
    assert_eq!(extended.deadline, None, "no limit is near");
    classroom.bash(&hong, "echo kept >/note; sync").await;
    // The other one has no more time.
    classroom.ready(&kim).await;
    classroom
        .wait_until(&kim, stopped_by(StoppedBy::Lifetime))
        .await;
    assert_eq!(state(&classroom, &hong).await, State::Ready);
    assert!(matches!(client.extend(&kim).await, Err(Error::NotReady)));
    // It has its disk, and a lifetime again.
    classroom.ready(&kim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_says_what_it_runs_out_of() {
    let classroom = Classroom::open(&[
        "--memory",
        "400M",
        "--idle-freeze",
        "0s",
        "--idle-stop",
        "1s",
    ])
    .await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    let low =
        |resource| move |machine: &Machine| machine.low.iter().any(|low| low.resource == resource);
    classroom
        .bash(&hong, "fallocate -l 1850M /var/lib/docker/big")
        .await;
    classroom.wait_for(&hong, low(Resource::Disk)).await;
    classroom.bash(&hong, "rm /var/lib/docker/big").await;
    classroom
        .wait_for(&hong, |machine| machine.low.is_empty())
        .await;
    let hoard = "setsid timeout 30 bash -c '(head -c 330M /dev/zero; sleep 30) | tail >/dev/null' \
                 </dev/null &>/dev/null &";
    classroom.bash(&hong, hoard).await;
    let seen = classroom.wait_for(&hong, low(Resource::Memory)).await;
    assert!(
        seen.low.iter().all(|low| (90..=100).contains(&low.percent)),
        "{seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_when_the_host_is_full_waits_for_their_turn() {
    let classroom = Classroom::open(&["--max-machines", "1"]).await;
    let client = classroom.client();
    let [first, second, third] = ["first", "second", "third"].map(id);
    classroom.ready(&first).await;
    let place = |machine: Machine| match machine.state {
        State::Queued { place, .. } => place,
        other => panic!("not in the queue but {other:?}"),
    };
    assert_eq!(place(client.ensure(&second).await.expect("a place")), 1);
    assert_eq!(place(client.ensure(&third).await.expect("a place")), 2);
    assert_eq!(
        place(client.ensure(&second).await.expect("the same place")),
        1
    );
    assert_eq!(client.health().await.expect("health").queued, 2);
    for refused in [
        client.wake(&second).await.map(drop),
        client.extend(&second).await.map(drop),
        client.terminal(&second, "main", 80, 24).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::NotReady)), "{refused:?}");
    }
    // One who leaves gives their place to the next, and is gone where nothing was theirs.
    client.stop(&second).await.expect("to leave");
    assert_eq!(client.get(&second).await.expect("an answer"), None);
    let moved = |machine: &Machine| matches!(machine.state, State::Queued { place: 1, .. });
    classroom.wait_for(&third, moved).await;
    let mut states = client.watch(&third).await.expect("its states");
    client.stop(&first).await.expect("to stop");
    classroom.wait_until(&third, is_ready).await;
    // A stopped one waits with its disk, and deleting it ends the wait.
    assert_eq!(place(client.ensure(&first).await.expect("a place")), 1);
    client.stop(&first).await.expect("to leave the queue");
    assert_eq!(
        state(&classroom, &first).await,
        State::Stopped {
            by: StoppedBy::Caller
        }
    );
    drop(client.ensure(&first).await.expect("a place"));
    client.delete(&first).await.expect("to go");
    assert_eq!(client.get(&first).await.expect("an answer"), None);
    assert!(states.next().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_resets_a_machine_that_waits_keeps_one_place() {
    let classroom = Classroom::open(&["--max-machines", "1"]).await;
    let client = classroom.client();
    let (hong, kim) = (id("hong"), id("kim"));
    let old = classroom.ready(&hong).await;
    client.stop(&hong).await.expect("to stop");
    classroom.ready(&kim).await;
    client.ensure(&hong).await.expect("a place");
    let reset = client.reset(&hong).await.expect("the same place");
    assert!(
        matches!(reset.state, State::Queued { place: 1, .. }),
        "{reset:?}"
    );
    assert_ne!(reset.generation, old.generation);
    assert_eq!(client.health().await.expect("health").queued, 1);
    client.stop(&kim).await.expect("to stop");
    let ready = classroom.wait_until(&hong, is_ready).await;
    assert_eq!(ready.generation, reset.generation);
}

#[tokio::test(flavor = "multi_thread")]
async fn sleepers_make_room_for_who_waits_and_keep_their_disk() {
    let classroom = Classroom::open(&[
        "--max-machines",
        "1",
        "--idle-freeze",
        "1s",
        "--lifetime",
        "0s",
    ])
    .await;
    let client = classroom.client();
    let (hong, kim) = (id("hong"), id("kim"));
    let first = classroom.ready(&hong).await;
    classroom.bash(&hong, "echo kept >/note").await;
    let queued = client.ensure(&kim).await.expect("a place").state;
    // It is known when the other one falls asleep at the latest.
    assert!(
        matches!(
            queued,
            State::Queued {
                place: 1,
                wait_s: Some(0..=1)
            }
        ),
        "{queued:?}"
    );
    classroom.wait_until(&kim, is_ready).await;
    assert_eq!(
        state(&classroom, &hong).await,
        State::Stopped {
            by: StoppedBy::Idle
        }
    );
    // And back again.
    client.ensure(&hong).await.expect("a place");
    assert_eq!(
        classroom.wait_until(&hong, is_ready).await.generation,
        first.generation
    );
    assert_eq!(classroom.bash(&hong, "cat /note").await, "kept\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_machine_has_a_fresh_disk_and_nothing_of_the_old_one_is_left() {
    let classroom = Classroom::open(&[]).await;
    let client = classroom.client();
    let hong = id("hong");
    assert!(matches!(
        client.reset(&hong).await,
        Err(Error::NoSuchMachine)
    ));
    let old = classroom.ready(&hong).await;
    let before = footprint::measure(&classroom).await;
    classroom.bash(&hong, "echo gone >/home/student/note").await;
    let mut states = client.watch(&hong).await.expect("its states");
    let reset = client.reset(&hong).await.expect("a machine");
    assert_ne!(reset.generation, old.generation);
    classroom.ready(&hong).await;
    classroom.bash(&hong, "! test -e /home/student/note").await;
    // Who watches the name sees the new one, without asking again.
    let follow = async {
        while let Some(machine) = states.next().await {
            let machine = machine.expect("a state");
            if machine.generation == reset.generation && machine.state == State::Ready {
                return;
            }
        }
        panic!("the watch ended");
    };
    timeout(SOON, follow).await.expect("the new one");
    let count = |print: &footprint::Footprint| {
        print
            .iter()
            .map(|(kind, found)| (*kind, found.len()))
            .collect::<Vec<_>>()
    };
    let settled = async {
        while count(&footprint::measure(&classroom).await) != count(&before) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(timeout(SOON, settled).await.is_ok(), "{}", classroom.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_gives_machines_at_once_and_is_no_larger_than_it_must() {
    let mut classroom = Classroom::open(&["--pool", "2", "--max-machines", "3"]).await;
    let client = classroom.client();
    let pool_is = async |size: usize| {
        let wait = async {
            while client.health().await.expect("health").pool != size {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        assert!(timeout(SOON, wait).await.is_ok(), "the pool is not {size}");
    };
    pool_is(2).await;
    // Full, so that one of them is certainly ready.
    let claimed = async {
        loop {
            let machine = client.ensure(&id("hong")).await.expect("a machine");
            if machine.state == State::Ready {
                return machine;
            }
            client.delete(&id("hong")).await.expect("to go");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    timeout(SOON, claimed).await.expect("a ready machine");
    assert_eq!(
        classroom.bash(&id("hong"), "docker ps -q | wc -l").await,
        "0\n"
    );
    assert_eq!(
        client.list().await.expect("a list").len(),
        1,
        "nobody's machine has a name"
    );
    // The class needs no more than one.
    client
        .set_roster(machine::Roster { expected: 1 })
        .await
        .expect("to be told");
    classroom.ready(&id("kim")).await;
    pool_is(1).await;
    // A place of the pool is no place that somebody waits for: with a disk of their own…
    client.stop(&id("kim")).await.expect("to stop");
    classroom.ready(&id("lee")).await;
    pool_is(1).await;
    classroom.ready(&id("kim")).await;
    assert_eq!(client.health().await.expect("health").running, 3);

    // It outlives machined, and goes with its orderly end.
    client.delete(&id("lee")).await.expect("to go");
    pool_is(1).await;
    classroom.kill();
    classroom.restart().await;
    pool_is(1).await;
    classroom.terminate();
    let left = footprint::measure(&classroom).await;
    assert_eq!(left["machines"].len(), 2, "{:?}", left["machines"]);
    assert!(left["mounts"].is_empty() && left["groups"].is_empty());
    classroom.restart().await;
}

async fn state(classroom: &Classroom, id: &MachineId) -> State {
    let machine = classroom.client().get(id).await.expect("an answer");
    machine.expect("a machine").state
}

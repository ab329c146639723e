//! What an engine reports: told as it happens, and recorded for checks from the machine's start.

use std::{path::Path, time::Duration};

use futures::StreamExt;
use machine::{CheckRequest, MachineId};
use tokio::time::timeout;

use crate::classroom::{Classroom, SOON, id};

/// The helpers of checks: the record is read as checks read it.
const HELPERS: &str = include_str!("../../../course/src/check.sh");

/// How long a check may wait for an event to be recorded, in milliseconds.
const RECORDED_WITHIN_MS: u64 = 50_000;

/// Waits until a check says that all of these events have been reported.
async fn recorded(classroom: &Classroom, id: &MachineId, events: &[&str]) {
    let script: String = events
        .iter()
        .map(|event| format!("echo {event}; until event {event}; do sleep 0.1; done\n"))
        .collect();
    let outcome = beside(classroom, id, &script).await;
    assert_eq!(outcome.exit, Some(0), "{}", outcome.stderr);
}

/// What a check says, with its helpers.
async fn beside(classroom: &Classroom, id: &MachineId, script: &str) -> machine::Outcome {
    let script = format!("{HELPERS}\n{script}");
    classroom.check(id, &script, RECORDED_WITHIN_MS).await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_as_they_happen_to_everybody_who_follows() {
    let classroom = Classroom::open(&[]).await;
    let client = classroom.client();
    let hong = id("hong");
    classroom.ready(&hong).await;
    classroom.import_tiny(&hong).await;
    let mut followers = Vec::new();
    for _ in 0..8 {
        followers.push(client.events(&hong).await.expect("events"));
    }
    classroom
        .bash(&hong, "docker create --name web tiny true")
        .await;
    let seen = async {
        for events in &mut followers {
            loop {
                let event = events.next().await.expect("more").expect("an event");
                if event["Action"] == "create" && event["Actor"]["Attributes"]["name"] == "web" {
                    break;
                }
            }
        }
    };
    timeout(SOON, seen).await.expect("an event");
    // The stream goes on with the next engine, and ends with the machine.
    classroom
        .bash(&hong, "systemctl restart docker; docker rm web")
        .await;
    let mut events = followers.swap_remove(0);
    let seen = async {
        while events.next().await.expect("more").expect("an event")["Action"] != "destroy" {}
    };
    timeout(SOON, seen).await.expect("an event");
    client.stop(&hong).await.expect("to stop");
    let ended = async { while events.next().await.is_some() {} };
    timeout(SOON, ended).await.expect("the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_can_ask_what_was_done_since_the_machine_began() {
    let mut classroom = Classroom::open(&["--pool", "0"]).await;
    let hong = id("hong");
    let ready = classroom.ready(&hong).await;
    classroom.import_tiny(&hong).await;
    let script = "docker run -d --name web tiny sleep 9999; docker exec web bash -c 'echo a: b'
        docker run --name box tiny bash -c 'exit 137'; docker network create net; docker volume create data";
    classroom.bash(&hong, &format!("{script}; true")).await;
    let mut known = vec![
        "import",
        "exec_create container=web",
        "exec_die container=web exitCode=0",
        "die container=box exitCode=137",
        "create container=box image=tiny",
        "create network=net",
        "create volume=data",
        "create name=data driver=local",
    ];
    recorded(&classroom, &hong, &known).await;
    let unknown =
        "! event die container=box exitCode=1 && ! event exec_create container=box && ! event pull
        event create volume=data container=web && exit 1
        ! touch /events/more && [ \"$(ls /events)\" = engine.jsonl ]";
    let outcome = beside(&classroom, &hong, unknown).await;
    assert_eq!(outcome.exit, Some(0), "{}", outcome.stderr);
    classroom.bash(&hong, "! test -e /events").await;

    // Another engine, and another machined, which was away when it happened.
    classroom
        .bash(
            &hong,
            "systemctl stop docker; systemctl start docker; docker start box",
        )
        .await;
    known.push("start container=box");
    recorded(&classroom, &hong, &known).await;
    let init = classroom.init(&hong).await;
    let later =
        "setsid bash -c 'sleep 2; docker rename box crate; touch /done' </dev/null &>/dev/null &";
    classroom.bash(&hong, later).await;
    classroom.kill();
    let done = format!("/proc/{init}/root/done");
    let wait = async {
        while !Path::new(&done).exists() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, wait).await.expect("the rename");
    classroom.restart().await;
    classroom.ready(&hong).await;
    known.push("rename container=crate oldName=/box");
    recorded(&classroom, &hong, &known).await;
    let twice = "[ $(jq -c 'select(.Action == \"rename\")' </events/engine.jsonl | wc -l) = 1 ]";
    let outcome = beside(&classroom, &hong, twice).await;
    assert_eq!(outcome.exit, Some(0), "told twice, recorded twice");

    // Also when the machine was off; but nothing is known of it on a fresh disk.
    classroom.client().stop(&hong).await.expect("to stop");
    classroom.ready(&hong).await;
    recorded(&classroom, &hong, &known).await;
    classroom.client().reset(&hong).await.expect("a fresh disk");
    let fresh = classroom.ready(&hong).await;
    assert_ne!(fresh.generation, ready.generation);
    let outcome = beside(&classroom, &hong, "[ ! -s /events/engine.jsonl ]").await;
    assert_eq!(outcome.exit, Some(0), "a fresh machine has a past");
}

#[tokio::test(flavor = "multi_thread")]
async fn recording_lets_a_machine_sleep_and_goes_on_afterwards() {
    let classroom = Classroom::open(&["--idle-freeze", "2s", "--idle-stop", "0s"]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    let asleep = || classroom.wait_until(&hong, |state| *state == machine::State::Frozen);
    asleep().await;
    // Its engine was let go, and nobody calls it while the machine is awake and unused.
    for _ in 0..2 {
        classroom.bash(&hong, "! pgrep -x dockerd").await;
        asleep().await;
    }
    classroom.bash(&hong, "docker volume create data").await;
    recorded(&classroom, &hong, &["create volume=data"]).await;
}

/// An engine that a student wrote: what it says on its second socket is one endless line, then as many
/// events as it can write, and then the last one.
const HOSTILE: &str = r#"
    systemctl stop docker
    cat >/usr/local/bin/hostile <<'END'
#!/usr/bin/perl
$SIG{PIPE} = "IGNORE"; $| = 1;
open my $listener, "+<&=", 4 or die;
while (accept my $client, $listener) {
    sysread $client, my $request, 4096;
    $request =~ m{/events} or next;
    select $client; $| = 1;
    print "HTTP/1.0 200 OK\r\n\r\n", "x" x 3e6, "\nnonsense\n";
    my $event = sub { my ($action, $n) = @_;
        sprintf qq({"Type":"container","Action":"%s","Actor":{"ID":"%064d","Attributes":{"name":"c%d","x":"%s"}},"time":1,"timeNano":%d}\n),
            $action, $n, $n, "y" x 900, $n };
    print $event->("create", $_) for 1 .. 1000;
    print $event->("last", 1001);
}
END
    chmod +x /usr/local/bin/hostile
    mkdir -p /etc/systemd/system/docker.service.d
    printf '[Service]\nType=simple\nExecStart=\nExecStart=/usr/local/bin/hostile\n' >/etc/systemd/system/docker.service.d/hostile.conf
    systemctl daemon-reload
    systemctl start docker"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_fills_nothing_and_hides_nothing() {
    let classroom = Classroom::open(&["--pool", "0"]).await;
    let hong = id("hong");
    let machine = classroom.ready(&hong).await;
    classroom.bash(&hong, "docker volume create data").await;
    recorded(&classroom, &hong, &["create volume=data"]).await;
    classroom.bash(&hong, HOSTILE).await;
    recorded(
        &classroom,
        &hong,
        &["last", "create volume=data", "create name=c1000"],
    )
    .await;
    let outcome = beside(&classroom, &hong, "event create name=c1").await;
    assert_ne!(outcome.exit, Some(0), "everything is kept");
    let file = format!("machines/{}/events/engine.jsonl", machine.generation);
    let size = classroom
        .data()
        .join(file)
        .metadata()
        .expect("a record")
        .len();
    assert!(size < 2 << 20, "{size} bytes");
    // It ends with its machine, in the middle of a flood as well.
    classroom.bash(&hong, "systemctl restart docker").await;
    classroom.client().delete(&hong).await.expect("to go");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_runs_wild_is_ended_and_its_output_bounded() {
    let classroom = Classroom::open(&["--pool", "0"]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    let before = crate::footprint::measure(&classroom).await;
    let run = async |script: &str, timeout_ms: u64| {
        let request = CheckRequest {
            script: script.to_owned(),
            timeout_ms,
            counts_as_use: true,
        };
        classroom
            .client()
            .check(&hong, &request)
            .await
            .expect("an outcome")
    };
    let loud = run(
        "head -c 20M /dev/zero | tr '\\0' x | tee >(cat >&2); exit 5",
        60_000,
    )
    .await;
    assert_eq!(loud.exit, Some(5));
    assert_eq!((loud.stdout.len(), loud.stderr.len()), (64 << 10, 64 << 10));
    let stubborn = run("trap '' TERM INT HUP; while :; do sleep 1; done", 2000).await;
    assert_eq!(stubborn.exit, None);
    let many = run(
        "trap '' TERM; f() { f | f & }; f; setsid sleep 1000 & wait; sleep 1000",
        2000,
    )
    .await;
    assert_ne!(many.exit, Some(0));
    crate::footprint::assert_settles(&classroom, &before).await;
}

//! machined's own end: a crash that machines outlive, and an orderly one that they do not.

use std::{fs, path::Path};

use futures::StreamExt;
use machine::State;

use crate::{
    classroom::{Classroom, id},
    footprint,
};

#[tokio::test(flavor = "multi_thread")]
async fn machines_outlive_a_machined_that_is_killed() {
    let mut classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    let before = footprint::measure(&classroom).await;
    let ready = classroom.ready(&hong).await;
    classroom.import_tiny(&hong).await;
    classroom
        .bash(
            &hong,
            "docker run -d --name web tiny sleep 9999; setsid sleep 8888 </dev/null &>/dev/null &",
        )
        .await;
    let init = classroom.init(&hong).await;
    // Something is under way when it happens.
    let events = classroom.client().events(&hong).await.expect("events");

    classroom.kill();
    drop(events);
    assert!(
        Path::new(&format!("/proc/{init}")).exists(),
        "the machine went with machined"
    );
    fs::create_dir(classroom.data().join("machines/00000000000000ff"))
        .expect("a half made machine");
    classroom.restart().await;

    let adopted = classroom
        .wait_until(&hong, |state| *state == State::Ready)
        .await;
    assert_eq!(adopted, ready);
    assert_eq!(classroom.init(&hong).await, init);
    assert_eq!(
        classroom
            .bash(
                &hong,
                "pgrep -cx -f 'sleep 8888'; docker inspect -f '{{.State.Running}}' web"
            )
            .await,
        "1\ntrue\n"
    );
    let check = classroom
        .check(
            &hong,
            &format!("{}; docker ps -q | wc -l", crate::network::ASK),
            20_000,
        )
        .await;
    assert_eq!(check.stdout, "4011\n", "{}", check.stderr);
    let terminal = classroom
        .client()
        .terminal(&hong, "main", 80, 24)
        .await
        .expect("a terminal");
    drop(terminal);
    assert_eq!(
        classroom.client().list().await.expect("a list"),
        [adopted],
        "half a machine is none"
    );

    // It is watched as any other: its end is seen.
    let mut states = classroom.client().watch(&hong).await.expect("its states");
    let pid = rustix::process::Pid::from_raw(i32::try_from(init).expect("a number"));
    rustix::process::kill_process(pid.expect("a process"), rustix::process::Signal::KILL)
        .expect("to kill it");
    while let Some(machine) = states.next().await {
        if matches!(
            machine.expect("a state").state,
            State::Failed {
                problem: machine::Problem::Ended
            }
        ) {
            break;
        }
    }
    classroom.client().delete(&hong).await.expect("to go");
    footprint::assert_settles(&classroom, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_half_started_is_cleaned_up() {
    let mut classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    let before = footprint::measure(&classroom).await;
    for moment in 0..6 {
        classroom.client().ensure(&hong).await.expect("a machine");
        tokio::time::sleep(std::time::Duration::from_millis(moment * 40)).await;
        classroom.kill();
        classroom.restart().await;
        // Stopped, taken over or nothing at all: whatever it is, it can go on.
        classroom.ready(&hong).await;
        classroom.bash(&hong, "docker version >/dev/null").await;
        classroom.client().delete(&hong).await.expect("to go");
        footprint::assert_settles(&classroom, &before).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_stops_machines_and_keeps_their_disks() {
    let mut classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    let ready = classroom.ready(&hong).await;
    classroom.bash(&hong, "echo kept >/note").await;
    assert!(!classroom.start_another().success(), "two on one folder");

    classroom.terminate();
    let mut gone = footprint::measure(&classroom).await;
    for (kind, found) in &mut gone {
        if !["machines", "ids"].contains(kind) {
            found.clear();
        }
    }
    footprint::assert_settles(&classroom, &gone).await;
    assert!(!classroom.router().exists(), "the class's network is left");

    classroom.restart().await;
    let stopped = classroom
        .client()
        .get(&hong)
        .await
        .expect("an answer")
        .expect("it");
    assert_eq!(
        (stopped.state, stopped.generation),
        (
            State::Stopped {
                by: machine::StoppedBy::Host
            },
            ready.generation
        )
    );
    classroom.ready(&hong).await;
    assert_eq!(classroom.bash(&hong, "cat /note").await, "kept\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_machine_does_not_get_the_ids_of_the_first() {
    let first = Classroom::open(&[]).await;
    let mut second = Classroom::open(&[]).await;
    let hong = id("hong");
    let folder = format!("machines/{}", first.ready(&hong).await.generation);
    second.terminate();
    let copy = second.data().join(&folder);
    fs::create_dir(&copy).expect("a folder");
    let record = fs::read_to_string(first.data().join(&folder).join("machine.json"));
    fs::write(copy.join("machine.json"), record.expect("its record")).expect("a copy");
    second.restart().await;

    second.client().ensure(&hong).await.expect("a machine");
    let is_refused = |state: &State| {
        let problem = machine::Problem::Internal;
        *state == State::Failed { problem }
    };
    second.wait_until(&hong, is_refused).await;
    assert!(
        second.log().contains("has them as well"),
        "{}",
        second.log()
    );
    second.client().delete(&hong).await.expect("to go");
    // The first one's claim is its own, and another machine of the second gets others.
    let other = id("other");
    second.ready(&other).await;
    let ids = async |classroom: &Classroom, id| {
        let init = classroom.init(id).await;
        fs::read_to_string(format!("/proc/{init}/uid_map")).expect("a map")
    };
    assert_ne!(ids(&first, &hong).await, ids(&second, &other).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_the_host_machines_start_with_their_disks() {
    let mut classroom = Classroom::open(&["--pool", "1"]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    let ready = classroom.ready(&hong).await;
    classroom.ready(&kim).await;
    classroom.bash(&hong, "echo kept >/note; sync").await;
    classroom.client().stop(&kim).await.expect("to stop");
    classroom.lose_what_a_restart_of_the_host_loses().await;
    classroom.restart().await;

    let by_host = State::Stopped {
        by: machine::StoppedBy::Host,
    };
    let list = classroom.client().list().await.expect("a list");
    assert_eq!(
        list.iter()
            .map(|machine| &machine.state)
            .collect::<Vec<_>>(),
        [&by_host; 2]
    );
    assert_eq!(classroom.ready(&hong).await.generation, ready.generation);
    assert_eq!(classroom.bash(&hong, "cat /note").await, "kept\n");
    classroom.ready(&kim).await;
    for id in [&hong, &kim] {
        classroom.client().delete(id).await.expect("to go");
    }
    classroom.terminate();
    // What machined had killed may take the kernel a moment to clear away.
    let mut nothing = footprint::measure(&classroom).await;
    nothing.values_mut().for_each(Vec::clear);
    footprint::assert_settles(&classroom, &nothing).await;
}

//! A machine's life, and what is done in it and beside it.

use std::{
    io,
    time::{Duration, Instant},
};

use futures::StreamExt;
use machine::{Error, ExecRequest, MachineUser, State};
use tokio::time::timeout;

use crate::{
    classroom::{Classroom, PATIENCE, SOON, id},
    footprint,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_lives_and_leaves_nothing() {
    let classroom = Classroom::open(&[]).await;
    let client = classroom.client();
    let before = footprint::measure(&classroom).await;
    let hong = id("hong");
    assert_eq!(client.get(&hong).await.expect("an answer"), None);

    let first = client.ensure(&hong).await.expect("a machine");
    assert!(matches!(first.state, State::Starting { .. }), "{first:?}");
    assert!(matches!(
        client.exec(&hong, &exec(&["true"])).await,
        Err(Error::NotReady)
    ));
    let ready = classroom.ready(&hong).await;
    assert_eq!(ready.generation, first.generation);
    assert_eq!(
        client.list().await.expect("a list"),
        std::slice::from_ref(&ready)
    );
    assert_eq!(client.health().await.expect("health").running, 1);

    classroom.import_tiny(&hong).await;
    let greeting = classroom
        .bash(&hong, "docker run --rm tiny bash -c 'echo from inside'")
        .await;
    assert_eq!(greeting, "from inside\n");
    // What binds files of the machine's own root and disk into a container, read-only.
    classroom.bash(&hong, "docker volume create data; docker run --rm --init -v /etc:/e:ro -v data:/d:ro tiny true").await;
    classroom.bash(&hong, "echo kept >/home/student/note").await;

    assert_eq!(footprint::measure(&classroom).await["loops"].len(), 1);
    client.stop(&hong).await.expect("to stop");
    assert_eq!(
        client
            .get(&hong)
            .await
            .expect("an answer")
            .expect("it")
            .state,
        State::Stopped {
            by: machine::StoppedBy::Caller
        }
    );
    assert!(matches!(
        client.exec(&hong, &exec(&["true"])).await,
        Err(Error::NotReady)
    ));
    let stopped = footprint::measure(&classroom).await;
    for kind in ["mounts", "links", "loops", "groups", "processes", "scratch"] {
        assert_eq!(stopped[kind], before[kind], "a stopped machine has {kind}");
    }

    let again = classroom.ready(&hong).await;
    assert_eq!(again.generation, first.generation, "the same disk");
    assert_eq!(
        classroom
            .bash(&hong, "cat /home/student/note; docker images -q | wc -l")
            .await,
        "kept\n1\n"
    );

    let mut states = client.watch(&hong).await.expect("its states");
    client.delete(&hong).await.expect("to go");
    while states.next().await.is_some() {}
    client.delete(&hong).await.expect("to be gone");
    assert_eq!(client.get(&hong).await.expect("an answer"), None);
    footprint::assert_settles(&classroom, &before).await;

    let fresh = classroom.ready(&hong).await;
    assert_ne!(fresh.generation, first.generation, "another disk");
    classroom.bash(&hong, "! test -e /home/student/note").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_ends_is_noticed_and_starts_again_on_its_disk() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    classroom.bash(&hong, "echo kept >/note; sync").await;
    let mut states = classroom.client().watch(&hong).await.expect("its states");
    let init = i32::try_from(classroom.init(&hong).await).expect("a number");
    let init = rustix::process::Pid::from_raw(init).expect("a process");
    rustix::process::kill_process(init, rustix::process::Signal::KILL).expect("to kill it");
    let ended = async {
        while let Some(machine) = states.next().await {
            if let State::Failed { problem } = machine.expect("a state").state {
                return problem;
            }
        }
        panic!("nobody noticed");
    };
    assert_eq!(
        timeout(SOON, ended).await.expect("in time"),
        machine::Problem::Ended
    );
    // `ready` would take the failure before the start for its own.
    classroom.client().ensure(&hong).await.expect("a machine");
    classroom
        .wait_until(&hong, |state| *state == State::Ready)
        .await;
    assert_eq!(classroom.bash(&hong, "cat /note").await, "kept\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_sees_the_machine_and_ends_at_its_limit() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    let before = footprint::measure(&classroom).await;
    classroom.import_tiny(&hong).await;
    // A student's own tools, which lie.
    classroom.bash(&hong, "echo hello >/home/student/file; chmod 600 /home/student/file
        for tool in docker curl cat; do printf '#!/bin/sh\nexit 0\n' >/usr/local/bin/$tool; chmod +x /usr/local/bin/$tool; done").await;
    let script = r#"
        cat    # reads nothing: the rest of the script is not its input
        [ "$(cat /machine/home/student/file)" = hello ] || exit 10
        docker image inspect tiny >/dev/null || exit 11
        touch /machine/home/student/mine 2>/dev/null && exit 12
        [ "$(curl -s -o /dev/null -w "%{http_code}" https://registry-1.docker.io/v2/)" = 401 ] || exit 13
        echo 판정; echo why >&2; exit 7"#;
    let outcome = classroom.check(&hong, script, 20_000).await;
    assert_eq!(
        (outcome.exit, &*outcome.stdout, &*outcome.stderr),
        (Some(7), "판정\n", "why\n")
    );

    let start = Instant::now();
    let outcome = classroom
        .check(&hong, "echo begun; sleep 1000 & sleep 1000", 1000)
        .await;
    assert_eq!((outcome.exit, &*outcome.stdout), (None, "begun\n"));
    assert!(
        start.elapsed() < Duration::from_secs(10) * PATIENCE,
        "{:?}",
        start.elapsed()
    );

    let long = classroom
        .check(&hong, "head -c 1000000 /dev/zero | tr '\\0' x", 20_000)
        .await;
    assert_eq!(
        (long.exit, long.stdout.len()),
        (Some(0), machine::OUTPUT_MAX)
    );

    // Whose caller goes, goes.
    let gone = timeout(
        Duration::from_secs(1),
        classroom.check(&hong, "sleep 1000", 60_000),
    )
    .await;
    assert!(gone.is_err(), "{gone:?}");
    let only = |footprint: &footprint::Footprint| {
        ["containers", "groups", "scratch"].map(|kind| footprint[kind].clone())
    };
    let settled = async {
        // The machine's own groups come and go with its containers: only sidecars' are counted.
        while only(&footprint::measure(&classroom).await) != only(&before) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, settled).await.expect("sidecars that go");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_machine_comes_and_goes_while_another_is_busy() {
    let classroom = Classroom::open(&[]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    let busy = async {
        loop {
            assert_eq!(classroom.check(&hong, "exit 5", 20_000).await.exit, Some(5));
        }
    };
    let moving = async {
        for _ in 0..4 {
            classroom.ready(&kim).await;
            classroom.client().stop(&kim).await.expect("to stop");
        }
    };
    tokio::select! {
        () = busy => {}
        () = moving => {}
    }
    assert!(!classroom.log().contains("ERROR"), "{}", classroom.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_run_as_asked() {
    let classroom = Classroom::open(&[]).await;
    let client = classroom.client();
    let hong = id("hong");
    classroom.ready(&hong).await;

    let who = classroom
        .try_bash(
            &hong,
            "id -un; id -Gn; pwd; docker ps -q",
            MachineUser::Student,
        )
        .await;
    assert_eq!(
        who.stdout, "student\nstudent adm sudo docker\n/home/student\n",
        "{}",
        who.stderr
    );
    let failing = client
        .exec(
            &hong,
            &exec(&["sh", "-c", "echo out; echo err >&2; exit 3"]),
        )
        .await;
    let failing = failing.expect("an outcome");
    assert_eq!(
        (failing.exit, &*failing.stdout, &*failing.stderr),
        (Some(3), "out\n", "err\n")
    );

    // A daemon keeps the pipes open; its parent's end is the end.
    let start = Instant::now();
    let daemon = client
        .exec(&hong, &exec(&["sh", "-c", "sleep 1000 & echo started"]))
        .await;
    assert_eq!(daemon.expect("an outcome").stdout, "started\n");
    assert!(
        start.elapsed() < Duration::from_secs(20) * PATIENCE,
        "{:?}",
        start.elapsed()
    );

    let slow = ExecRequest {
        timeout_ms: 500,
        ..exec(&["bash", "-c", "sleep 4321 & sleep 4321"])
    };
    assert_eq!(
        client.exec(&hong, &slow).await.expect("an outcome").exit,
        None
    );
    assert_eq!(
        classroom
            .bash(&hong, "pgrep -cx -f 'sleep 4321' || true")
            .await,
        "0\n"
    );

    let archive = exec(&["tar", "-c", "-C", "/etc", "hostname"]);
    let piped = client.pipe(&hong, &archive, futures::stream::empty());
    let piped: Vec<_> = piped.await.expect("a pipe").collect().await;
    let piped: Vec<_> = piped
        .into_iter()
        .collect::<Result<_, _>>()
        .expect("a whole archive");
    assert!(piped.concat().starts_with(b"hostname\0"));
    let broken = exec(&["sh", "-c", "echo some; echo because >&2; exit 9"]);
    let broken = client.pipe(&hong, &broken, futures::stream::empty());
    let broken: Vec<_> = broken.await.expect("a pipe").collect().await;
    assert!(
        matches!(broken.last(), Some(Err(Error::Ended { exit: Some(9), stderr })) if stderr == "because\n"),
        "{broken:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_input_is_not_taken_for_the_whole() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    let program = exec(&["sh", "-c", "cat >/half; echo whole >/whole"]);
    for (last, made) in [
        (Ok("end".into()), "/whole"),
        (Err(io::Error::other("gone")), "none"),
    ] {
        classroom.bash(&hong, "rm -f /half /whole").await;
        // The first piece has come when the second one, or the end, does.
        let first = futures::stream::iter([Ok("begin".into())]);
        let second = futures::stream::once(async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            last
        });
        let output = classroom
            .client()
            .pipe(&hong, &program, first.chain(second))
            .await;
        let output: Vec<_> = output.expect("a pipe").collect().await;
        let is_well = output.iter().all(Result::is_ok);
        classroom
            .bash(
                &hong,
                "while pgrep -x cat >/dev/null; do sleep 0.1; done; sleep 0.2",
            )
            .await;
        let found = classroom
            .bash(
                &hong,
                "grep -q begin /half; ls /whole 2>/dev/null || echo none",
            )
            .await;
        assert_eq!(
            (found.trim(), is_well),
            (made, made == "/whole"),
            "{output:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_froze_itself_holds_up_nobody() {
    let classroom = Classroom::open(&[]).await;
    let client = classroom.client();
    let before = footprint::measure(&classroom).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    // All in a group of their own, the script that does it last: it never comes back.
    let freeze = "cd /sys/fs/cgroup; [ -e cgroup.controllers ] || cd freezer; mkdir ice
        for group in . init docker; do
            for pid in $(cat $group/cgroup.procs 2>/dev/null); do
                [ $pid = $$ ] || echo $pid >ice/cgroup.procs
            done 2>/dev/null
        done
        echo $$ >ice/cgroup.procs
        if [ -e ice/freezer.state ]; then echo FROZEN >ice/freezer.state; else echo 1 >ice/cgroup.freeze; fi
        sleep 1; echo not frozen";
    let frozen = ExecRequest {
        timeout_ms: 2000,
        ..exec(&["bash", "-c", freeze])
    };
    let start = Instant::now();
    let outcome = client.exec(&hong, &frozen).await.expect("an outcome");
    assert_eq!(
        (outcome.exit, &*outcome.stdout),
        (None, ""),
        "{}",
        outcome.stderr
    );
    let next = ExecRequest {
        timeout_ms: 2000,
        ..exec(&["true"])
    };
    client.exec(&hong, &next).await.expect("an outcome");
    assert!(
        start.elapsed() < Duration::from_secs(15) * PATIENCE,
        "{:?}",
        start.elapsed()
    );
    classroom.client().delete(&hong).await.expect("to go");
    footprint::assert_settles(&classroom, &before).await;
}

fn exec(argv: &[&str]) -> ExecRequest {
    let argv = argv.iter().map(|&argument| argument.to_owned()).collect();
    ExecRequest {
        argv,
        user: MachineUser::Root,
        stdin: String::new(),
        timeout_ms: 30_000,
    }
}

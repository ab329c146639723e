//! The class's network: its names, and what one machine can make it hold.

use std::{process::Stdio, time::Duration};

use tokio::time::{Instant, sleep};

use crate::classroom::{Classroom, PATIENCE, id};

/// How long it takes until connections that are over are forgotten: without times of our own, two
/// minutes.
const FORGETS_WITHIN: Duration = Duration::from_secs(15);

/// Asks the hub, and what it says to whoever did not log in.
pub(crate) const ASK: &str =
    "curl -sS -m 2 -o /dev/null -w '%{http_code}' https://registry-1.docker.io/v2/";
pub(crate) const ANSWER: &str = "401";

/// Runs a bash script in the router's network namespace.
async fn in_router(classroom: &Classroom, script: &str) -> String {
    let output = tokio::process::Command::new("nsenter")
        .arg(format!("--net={}", classroom.router().display()))
        .args(["bash", "-c", script])
        .stdin(Stdio::null())
        .output()
        .await
        .expect("nsenter");
    assert!(output.status.success(), "{script}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The times of a script, in milliseconds, each of its runs in a machine.
fn timed(script: &str) -> String {
    format!("start=${{EPOCHREALTIME/.}}; {script}; echo $(((${{EPOCHREALTIME/.}} - start) / 1000))")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_classroom_has_names_and_nobody_else_has() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    classroom.import_tiny(&hong).await;
    assert_eq!(classroom.bash(&hong, ASK).await, ANSWER);
    // In containers and builds too, on every kind of network. Bash looks the name up by itself.
    let look = "exec 3<>/dev/tcp/registry-1.docker.io/443 && echo found";
    let script = format!(
        r#"cd "$(mktemp -d)"
        docker network create mine >/dev/null
        for network in bridge mine host; do docker run --rm --network $network tiny bash -c '{look}'; done
        cat >Dockerfile <<'END'
FROM tiny
SHELL ["/bin/bash", "-c"]
RUN {look}
END
        docker build -q . >/dev/null && echo built"#
    );
    let answers = classroom.bash(&hong, &script).await;
    assert_eq!(answers.matches("found").count(), 3, "{answers}");
    assert!(answers.ends_with("built\n"), "{answers}");

    // What does not exist is said to at once, and the host's names are none of a machine's.
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("the host's name");
    for name in ["quay.io", "docker.com", "hong", "kim.gyosil", host.trim()] {
        let script = timed(&format!("getent ahosts {name} && exit 1"));
        let took = classroom.bash(&hong, &script).await;
        let took: u64 = took.trim().parse().expect("a time");
        assert!(took < 1000, "{name} took {took} ms");
    }
}

/// Opens as many connections as asked for and holds them, in the background; says how many it got.
fn hold(port: u16, wanted: u32) -> String {
    format!(
        r#"rm -f /tmp/open; setsid bash -c '
            open=0
            for i in $(seq {wanted}); do {{ exec {{fd}}<>/dev/tcp/10.88.0.1/{port}; }} && open=$((open + 1)); done
            echo $open >/tmp/open
            sleep 1000
        ' </dev/null >/dev/null 2>&1 &
        until [ -s /tmp/open ]; do sleep 0.1; done; cat /tmp/open"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_takes_nothing_from_the_others() {
    let classroom = Classroom::open(&[]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    classroom.ready(&kim).await;
    let ask_by_tcp = "timeout 2 bash -c 'exec 3<>/dev/tcp/10.88.0.1/53'";

    // Connections.
    let open = classroom.bash(&hong, &hold(53, 30)).await;
    assert_eq!(open, "2\n", "to the name server");
    classroom.bash(&kim, ask_by_tcp).await;
    let open = classroom.bash(&hong, &hold(443, 400)).await;
    assert_eq!(open, "256\n", "to the hub");
    let refused = classroom
        .try_bash(&hong, ASK, machine::MachineUser::Root)
        .await;
    assert_eq!(refused.exit, Some(7), "{}", refused.stderr);
    assert_eq!(classroom.bash(&kim, ASK).await, ANSWER);

    // What came and went: the router remembers little of it, the held ones among it.
    let come_and_go = r#"
        for i in $(seq 5000); do { exec 3<>/dev/tcp/10.88.0.1/443; exec 3<&-; } 2>/dev/null; done
        for i in $(seq 5000); do { exec 3<>/dev/udp/10.88.0.1/53; echo x >&3; exec 3<&-; } 2>/dev/null; done"#;
    classroom
        .bash(
            &hong,
            &format!("pkill -f 'sleep 1000'; sleep 1; {come_and_go}"),
        )
        .await;
    // What is over is still counted until the kernel clears it away, which takes its time.
    let deadline = Instant::now() + FORGETS_WITHIN * PATIENCE;
    loop {
        let count = "cat /proc/sys/net/netfilter/nf_conntrack_count";
        let remembered = in_router(&classroom, count).await;
        let remembered: u32 = remembered.trim().parse().expect("a number");
        if remembered < 4000 {
            break;
        }
        assert!(Instant::now() < deadline, "{remembered}");
        sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(classroom.bash(&kim, ASK).await, ANSWER);

    // The table of neighbours is the whole host's, and hong could fill it: the way between kim and
    // the router needs no room in it.
    for entries in [
        in_router(&classroom, "ip neigh show nud permanent").await,
        classroom.bash(&kim, "ip neigh show nud permanent").await,
    ] {
        assert!(entries.contains("10.88.2."), "{entries}");
    }

    // A new machine has the old one's place, but not its connections.
    classroom.bash(&hong, &hold(443, 400)).await;
    classroom.bash(&hong, "ip link set eth0 down").await;
    classroom.client().delete(&hong).await.expect("deletion");
    let lee = id("lee");
    classroom.ready(&lee).await;
    assert_eq!(classroom.bash(&lee, ASK).await, ANSWER);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_in_the_network_is_started_again() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    classroom.bash(&hong, ASK).await;
    // From outside: inside, it would find itself.
    let kill = format!("kill -9 $(ip netns pids gyosil-{})", classroom.tag());
    let kill = tokio::process::Command::new("bash")
        .args(["-c", &kill])
        .status()
        .await;
    assert!(kill.expect("bash").success());
    let again = format!("until answer=$({ASK} 2>/dev/null); do sleep 0.2; done; echo -n $answer");
    assert_eq!(classroom.bash(&hong, &again).await, ANSWER);
    for name in ["hub", "registry", "name server"] {
        let said = format!("The {name} ended; it is started again");
        assert!(classroom.log().contains(&said), "{}", classroom.log());
    }
}

//! Services in a machine: its first process, `systemctl`, `journalctl`, and the engine's sleep.

use machine::{MachineId, MachineUser, Outcome};

use crate::classroom::{Classroom, PATIENCE, id};

/// Bash functions of these tests: `expect CODE COMMAND…` fails unless it exits so; `until_true` tries
/// again until a limit that a working machine is far from; `within SECONDS COMMAND…` ends it then.
const HELPERS: &str = r#"
set -eu
expect() {
    local wanted=$1 code=0; shift
    "$@" || code=$?
    [ "$code" = "$wanted" ] || { echo "exit code $code instead of $wanted: $*" >&2; exit 99; }
}
within() {
    local seconds=$1; shift
    timeout $((seconds * patience)) "$@"
}
until_true() {
    local try
    for try in $(seq $((300 * patience))); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done
    echo "never true: $*" >&2; exit 98
}
said() { grep -qF -- "$1" <<<"$2" || { printf 'not there: %s\nin: %s\n' "$1" "$2" >&2; exit 97; }; }
"#;

/// Runs a script as the student; every step in it must hold.
async fn student(classroom: &Classroom, id: &MachineId, script: &str) -> Outcome {
    let script = format!("patience={PATIENCE}\n{HELPERS}\n{script}");
    let outcome = classroom.try_bash(id, &script, MachineUser::Student).await;
    assert_eq!(
        outcome.exit,
        Some(0),
        "{script}\n{}\n{}",
        outcome.stdout,
        outcome.stderr
    );
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_student_minds_the_engine_as_with_systemd() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;

    // Anybody may look.
    student(&classroom, &hong, r#"
        status=$(systemctl status docker --no-pager -l)
        said '● docker.service - Docker Application Container Engine' "$status"
        said 'Loaded: loaded (/usr/lib/systemd/system/docker.service; enabled; preset: enabled)' "$status"
        said 'Active: active (running) since ' "$status"
        said "Main PID: $(pgrep -x dockerd) (dockerd)" "$status"
        said 'CGroup: /system.slice/docker.service' "$status"
        said "gyosil systemd[1]: Started docker.service - Docker Application Container Engine." "$status"
        [ "$(systemctl is-active docker containerd.service)" = $'active\nactive' ]
        [ "$(systemctl is-enabled docker)" = enabled ]
        [ "$(systemctl show -p ActiveState,SubState docker)" = $'ActiveState=active\nSubState=running' ]
        said 'docker.service     loaded active running Docker Application Container Engine' "$(systemctl list-units)"
        said 'ExecStart=/usr/sbin/dockerd -H fd://' "$(systemctl cat docker)"
        expect 4 systemctl status nothing
        expect 4 systemctl is-active nothing
        expect 1 systemctl is-failed docker
    "#).await;

    // Only root may act.
    student(&classroom, &hong, r#"
        pid=$(pgrep -x dockerd)
        for verb in stop start restart; do
            out=$(expect 1 systemctl $verb docker 2>&1)
            said "Failed to $verb docker.service: Interactive authentication required." "$out"
        done
        out=$(expect 1 systemctl disable docker 2>&1)
        said "Interactive authentication required." "$out"
        expect 1 systemctl daemon-reload
        # The client is not what refuses.
        ask='$s = IO::Socket::UNIX->new("/run/init/control"); print $s "stop\ndocker.service"; $s->shutdown(1); print <$s>'
        [ "$(perl -MIO::Socket::UNIX -e "$ask")" = denied ]
        systemctl is-active docker
        [ "$(pgrep -x dockerd)" = "$pid" ]
    "#).await;

    // Stopped is stopped, for everybody.
    student(&classroom, &hong, r#"
        sudo systemctl stop docker
        out=$(expect 1 docker ps 2>&1)
        said 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' "$out"
        out=$(expect 3 systemctl status docker)
        said '○ docker.service' "$out"
        said 'Active: inactive (dead) since' "$out"
        [ "$(expect 3 systemctl is-active docker)" = inactive ]
        expect 1 docker ps
        expect 3 systemctl is-active docker
        sudo systemctl start docker.service
        docker ps
        before=$(pgrep -x dockerd)
        sudo systemctl restart docker
        [ "$(pgrep -x dockerd)" != "$before" ]
        sudo systemctl reload docker
        sudo systemctl start docker
        # Broken by hand, mended by a restart.
        sudo rm /run/docker.sock
        expect 1 docker ps
        sudo systemctl restart docker
        docker ps
        expect 5 sudo systemctl start nothing
    "#).await;

    // What it says is kept.
    student(&classroom, &hong, r#"
        out=$(journalctl -xeu docker.service --no-pager)
        said 'systemd[1]: Stopped docker.service - Docker Application Container Engine.' "$out"
        [ "$(journalctl -u docker -n 3 -o cat | wc -l)" = 3 ]
        [ "$(journalctl -u docker -n1 --since '10 min ago')" = "$(journalctl -ru docker | head -n 1)" ]
        [ "$(journalctl -u docker --until '2020-01-01 00:00:00')" = '-- No entries --' ]
        said 'containerd[' "$(journalctl -b)"
        expect 1 journalctl --since soonish
        [ -z "$(journalctl -u docker --since tomorrow -q)" ]
        # What is added is followed.
        timeout 30 journalctl -fu docker -n 0 >/tmp/followed & sleep 0.5
        sudo systemctl reload docker
        until_true grep -q 'Reloaded docker.service' /tmp/followed
        kill %1
        # Removed, it is begun again.
        sudo rm -r /var/log/journal
        sudo service docker restart
        said 'Started docker.service' "$(journalctl -u docker)"
    "#).await;

    // Not enabled: the machine comes up without it, and it can be started.
    student(
        &classroom,
        &hong,
        r#"
        out=$(sudo systemctl disable docker 2>&1)
        said "Removed '/etc/systemd/system/multi-user.target.wants/docker.service'." "$out"
        [ "$(expect 1 systemctl is-enabled docker)" = disabled ]
        docker ps
    "#,
    )
    .await;
    classroom.client().stop(&hong).await.expect("to stop");
    classroom.ready(&hong).await;
    student(&classroom, &hong, r#"
        [ "$(expect 3 systemctl is-active docker)" = inactive ]
        expect 1 docker ps
        out=$(sudo systemctl enable --now docker 2>&1)
        said "Created symlink '/etc/systemd/system/multi-user.target.wants/docker.service' → '/usr/lib/systemd/system/docker.service'." "$out"
        docker ps
        sudo systemctl mask docker
        out=$(expect 1 sudo systemctl restart docker 2>&1) || true
        sudo systemctl unmask docker
        sudo systemctl restart docker
        docker ps
    "#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_engine_fails_as_with_systemd_and_is_mended() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    student(&classroom, &hong, r#"
        sudo cp /etc/docker/daemon.json /tmp/whole.json
        echo '{ "broken"' | sudo tee /etc/docker/daemon.json
        out=$(expect 1 sudo systemctl restart docker 2>&1)
        said 'Job for docker.service failed because the control process exited with error code.' "$out"
        said 'See "systemctl status docker.service" and "journalctl -xeu docker.service" for details.' "$out"
        out=$(expect 3 systemctl status docker)
        said '(code=exited, status=1/FAILURE)' "$out"
        said '(Result: exit-code)' "$out"
        expect 1 within 5 docker ps
        # It tries again by itself, but not for ever.
        until_true systemctl is-failed docker
        out=$(journalctl -u docker)
        said 'docker.service: Start request repeated too quickly.' "$out"
        said 'unable to configure the Docker daemon with file /etc/docker/daemon.json' "$out"
        said '× docker.service' "$(expect 3 systemctl status docker)"
        [ "$(grep -c 'Scheduled restart job' <<<"$out")" = 2 ]
        # Mended, it starts at once, however often it failed before.
        sudo cp /tmp/whole.json /etc/docker/daemon.json
        sudo systemctl restart docker
        docker ps
        expect 1 systemctl is-failed docker
    "#).await;

    // Killed, it comes back by itself, and nobody who asks meanwhile is refused.
    student(&classroom, &hong, r#"
        before=$(pgrep -x dockerd)
        sudo kill -9 $before
        within 20 docker ps
        [ "$(pgrep -x dockerd)" != "$before" ]
        said 'docker.service: Main process exited, code=killed, status=9/KILL' "$(journalctl -u docker)"
        sudo kill -9 $(pgrep -x containerd)
        until_true docker info
    "#).await;

    // A machine whose student has broken the engine still comes up, for them to mend it.
    student(
        &classroom,
        &hong,
        r#"echo '{' | sudo tee /etc/docker/daemon.json"#,
    )
    .await;
    classroom.client().stop(&hong).await.expect("to stop");
    classroom.ready(&hong).await;
    student(&classroom, &hong, r#"
        expect 1 within 20 docker ps
        sudo cp /tmp/whole.json /etc/docker/daemon.json || echo '{}' | sudo tee /etc/docker/daemon.json
        sudo systemctl restart docker
        docker ps
    "#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_nobody_uses_sleeps_until_it_is_called() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    classroom.import_tiny(&hong).await;
    let asleep = "expect 0 sudo /usr/lib/gyosil/init doze; expect 1 pgrep -x 'dockerd|containerd'";
    let awake = "expect 1 sudo /usr/lib/gyosil/init doze; pgrep -x dockerd; pgrep -x containerd";

    // What was there is there again; who calls waits, and is not refused.
    student(
        &classroom,
        &hong,
        &format!(
            r#"
        docker volume create data
        docker create --name idle tiny sleep 1000
        {asleep}
        expect 0 sudo /usr/lib/gyosil/init doze
        docker volume inspect data
        docker inspect idle
        {asleep}
        [ "$(systemctl is-active docker)" = active ]
        until_true pgrep -x dockerd
        until_true docker ps
        {asleep}
        docker ps & docker ps & wait %1 && wait %2
    "#
        ),
    )
    .await;
    // A check wakes it as well.
    student(&classroom, &hong, asleep).await;
    let check = classroom.check(&hong, "docker ps", 10_000).await;
    assert_eq!(check.exit, Some(0), "{}", check.stderr);

    // In use, it stays awake.
    student(
        &classroom,
        &hong,
        &format!(
            r#"
        heard() {{ docker volume create noise && docker volume rm noise && grep -q noise /tmp/events; }}
        docker start idle; {awake}
        docker pause idle; {awake}
        docker unpause idle; docker kill idle
        docker run -d --name again --restart always tiny true; {awake}
        docker rm -f again
        docker swarm init --advertise-addr 127.0.0.1; {awake}
        docker swarm leave --force
        docker events >/tmp/events & until_true heard; {awake}
        kill %1; wait %1 || true
        {asleep}
    "#
        ),
    )
    .await;

    // Stopped by the student, it is not woken by a call.
    student(
        &classroom,
        &hong,
        r#"
        sudo systemctl stop docker
        expect 1 docker ps
        expect 1 sudo /usr/lib/gyosil/init doze
        expect 3 systemctl is-active docker
        sudo systemctl start docker
        docker ps
        expect 1 /usr/lib/gyosil/init doze
    "#,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_of_all_kinds_live_as_their_units_say() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    let units = r#"
        unit() { cat >/etc/systemd/system/$1.service; }
        echo 'WORD="from a file"' >/etc/default/plain
        unit plain <<'END'
[Unit]
Description=A plain one
[Service]
User=student
EnvironmentFile=/etc/default/plain
Environment=MORE=more
RuntimeDirectory=plain
ExecStartPre=/bin/sh -c 'echo prepared by $(id -un)'
ExecStart=/bin/sh -c 'echo "$WORD" ${MORE}; touch /run/plain/here; sleep 1000 & exec sleep 1001'
ExecReload=/bin/sh -c 'echo told $MAINPID'
Restart=on-failure
RestartSec=100ms
[Install]
WantedBy=multi-user.target
END
        unit forks <<'END'
[Service]
Type=forking
PIDFile=/run/forks.pid
ExecStart=/bin/sh -c 'sleep 1002 & echo $! >/run/forks.pid'
END
        unit once <<'END'
[Unit]
Wants=plain.service
After=plain.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo first'
ExecStart=/bin/sh -c 'echo second'
ExecStop=/bin/sh -c 'echo undone'
END
        unit tells <<'END'
[Service]
Type=notify
NotifyAccess=all
ExecStart=/usr/bin/python-is-not-there
END
        unit stubborn <<'END'
[Service]
ExecStart=/bin/sh -c 'trap "" TERM; while :; do sleep 0.1; done'
TimeoutStopSec=500ms
END
        systemctl daemon-reload
    "#;
    classroom
        .bash(&hong, &format!("patience={PATIENCE}\n{HELPERS}\n{units}"))
        .await;
    student(&classroom, &hong, r#"
        sudo systemctl start once
        [ "$(systemctl show -p SubState --value once plain)" = $'exited\n\nrunning' ]
        said 'second' "$(journalctl -u once -o cat)"
        pid=$(systemctl show -P MainPID plain)
        [ "$(ps -o user= -p $pid)" = student ] && [ -O /run/plain/here ]
        out=$(journalctl -u plain -o cat)
        said 'prepared by student' "$out"; said 'from a file more' "$out"
        sudo systemctl reload plain
        said "told $pid" "$(journalctl -u plain -o cat)"
        # All of it goes, and comes back after a failure.
        sudo kill -9 $pid
        until_true systemctl is-active plain
        until_true pgrep -f 'sleep 1001'
        [ "$(pgrep -fc 'sleep 100[01]')" = 2 ]
        sudo systemctl stop plain once
        expect 1 pgrep -f 'sleep 100[01]'
        [ ! -e /run/plain ]
        said 'undone' "$(journalctl -u once -o cat)"

        sudo systemctl start forks
        [ "$(systemctl show -P MainPID forks)" = "$(pgrep -f 'sleep 1002')" ]
        sudo kill $(pgrep -f 'sleep 1002')
        until_true test inactive = "$(systemctl is-active forks || true)" || until_true sh -c '! systemctl is-active forks'

        out=$(expect 1 sudo systemctl start tells 2>&1)
        said 'Job for tells.service failed' "$out"
        said 'status=203/EXEC' "$(systemctl status tells || true)"

        sudo systemctl start stubborn
        sudo systemctl stop stubborn
        said 'Failed with result' "$(journalctl -u stubborn -o cat)"
        expect 3 systemctl is-active stubborn

        # A changed file counts from daemon-reload on.
        sudo sed -i 's/A plain one/Another/' /etc/systemd/system/plain.service
        sudo systemctl start plain
        said 'A plain one' "$(systemctl status plain 2>/dev/null)"
        said 'changed on disk' "$(systemctl status plain 2>&1 >/dev/null)"
        sudo systemctl daemon-reload
        said '- Another' "$(systemctl status plain)"
        sudo systemctl enable plain
    "#).await;

    // Enabled, it is there after the machine was off; what was off is told to end, and in time.
    classroom.client().stop(&hong).await.expect("to stop");
    classroom.ready(&hong).await;
    student(
        &classroom,
        &hong,
        r#"
        until_true systemctl is-active plain
        expect 3 systemctl is-active forks
        said 'Stopped plain.service' "$(journalctl -u plain)"
        expect 1 grep -q 'Stopped plain' <<<"$(journalctl -b -u plain)"
    "#,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_stopped_tells_its_containers() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    classroom.import_tiny(&hong).await;
    student(&classroom, &hong, r#"
        docker run -d --name good -v notes:/notes tiny bash -c 'trap "echo told >/notes/note; exit" TERM; while :; do sleep 0.1; done'
        # One that heeds nothing holds nobody up.
        docker run -d --name deaf tiny bash -c 'trap "" TERM; while :; do sleep 0.1; done'
    "#).await;
    classroom.client().stop(&hong).await.expect("to stop");
    classroom.ready(&hong).await;
    student(
        &classroom,
        &hong,
        r#"
        [ "$(docker run --rm -v notes:/notes tiny bash -c 'echo $(</notes/note)')" = told ]
        [ "$(docker inspect -f '{{.State.Running}}' good deaf)" = $'false\nfalse' ]
        said 'Stopping docker.service' "$(journalctl -u docker)"
    "#,
    )
    .await;
    assert!(
        !classroom.log().contains("did not end in time"),
        "{}",
        classroom.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_words_is_bounded() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    student(&classroom, &hong, r#"
        printf '[Service]\nExecStart=/usr/bin/yes flood\n' | sudo tee /etc/systemd/system/flood.service
        printf '[Service]\nExecStart=/bin/cat /dev/zero\n' | sudo tee /etc/systemd/system/zeros.service
        sudo systemctl start flood zeros
        sleep 3
        within 10 docker ps
        within 10 systemctl status flood
        sudo systemctl stop flood zeros
        [ "$(journalctl -u flood -o cat | grep -c flood)" -le 10010 ]
        [ "$(du -sm /var/log/journal | cut -f1)" -le 30 ]
        # The engine has a measure of its own.
        sudo systemctl restart docker
        said 'Started docker.service' "$(journalctl -u docker -n 10)"
    "#).await;
}

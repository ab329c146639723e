//! What a student can try against the hub, from their own machine as its root.

use std::{fs, process::Stdio, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use crate::{
    classroom::{Classroom, PATIENCE, SOON, id},
    hub::{files, last, publish_accounts, publish_tiny, student},
};

/// Of hong, whose token it is, what a script begins with: a token for pushing to `hong/web`, and curl
/// with it.
const HONG: &str = r#"
    hub=https://registry-1.docker.io/v2
    token_for() { curl -s -u hong:gyh_hong "https://auth.docker.io/token?service=registry.docker.io&scope=repository:$1:pull,push" | jq -r .token; }
    token=$(token_for hong/web)
    ask() { curl -s -m 60 -H "Authorization: Bearer $token" "$@"; }
    status() { ask -o /dev/null -w '%{http_code} ' "$@"; }
    begin() { ask -i -X POST "$hub/hong/web/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p'; }
    put_blob() { ask -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$1" "$(begin)&digest=sha256:$(sha256sum <"$1" | cut -d' ' -f1)"; }
"#;

/// The hub's program of a classroom, as the host numbers it.
async fn processes(classroom: &Classroom, name: &str) -> Vec<u32> {
    let script = format!(
        "for pid in $(ip netns pids gyosil-{}); do [ \"$(cat /proc/$pid/comm)\" = {name} ] && echo $pid; done",
        classroom.tag()
    );
    let list = tokio::process::Command::new("bash")
        .args(["-c", &script])
        .stdin(Stdio::null())
        .output()
        .await
        .expect("bash");
    let list = String::from_utf8(list.stdout).expect("text");
    list.split_whitespace()
        .map(|pid| pid.parse().expect("a number"))
        .collect()
}

/// Blobs that are not what their name says: a half, or somebody else's.
const BROKEN_BLOBS: &str = r#"find registry -path '*/blobs/sha256/*' -name data | while read -r data; do
    name=$(basename "$(dirname "$data")")
    [ "$(sha256sum <"$data" | cut -d' ' -f1)" = "$name" ] || echo "$data"
done"#;

/// A classroom with hong's machine, and `tiny` in the library.
async fn with_hong(options: &[&'static str]) -> Classroom {
    let classroom = Classroom::open(options).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    publish_tiny(&classroom, &hong, "latest").await;
    publish_accounts(&classroom, &[("hong", "gyh_hong"), ("kim", "gyh_kim")]);
    classroom
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_under_anothers_name_or_without_end() {
    let classroom = with_hong(&["--hub-quota", "60M"]).await;
    let hong = id("hong");
    let bash = async |script: &str| classroom.bash(&hong, &format!("{HONG}{script}")).await;

    // A token for another's repository is one for nothing, and one's own does not open theirs.
    let theirs = r#"
        status -X POST "$hub/kim/web/blobs/uploads/"
        token=$(token_for kim/web); status -X POST "$hub/kim/web/blobs/uploads/"
        token=$(token_for library/tiny); status -X POST "$hub/library/tiny/blobs/uploads/"
        status -X PUT --data '{}' "$hub/library/tiny/manifests/latest""#;
    assert_eq!(bash(theirs).await, "401 401 401 401 ");

    // Layers of others are taken over by their digest, and counted; what is not there is not.
    let mount = r#"
        layer=$(curl -s -H "Authorization: Bearer $(token_for library/tiny)" -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "$hub/library/tiny/manifests/latest" | jq -r '.layers[0].digest')
        status -X POST "$hub/hong/web/blobs/uploads/?mount=$layer&from=library/tiny"
        status -X POST "$hub/hong/web/blobs/uploads/?mount=sha256:$(printf x | sha256sum | cut -d' ' -f1)&from=library/tiny"
        status -X POST "$hub/hong/web/blobs/uploads/?mount=$layer&from=../../../../etc"
        status -X POST "$hub/hong/web/blobs/uploads/?mount=../../../x&from=library/tiny"
        echo; ls /proc/self/fd >/dev/null"#;
    let said = bash(mount).await;
    assert!(said.starts_with("201 202 "), "{said}");
    assert!(!said.contains("50"), "{said}");

    // Uploads that are begun and left: so many, and those in the way go after a while of silence.
    let uploads =
        "for i in $(seq 40); do begin; done | wc -l; ask -X POST $hub/hong/web/blobs/uploads/";
    let said = bash(uploads).await;
    let (begun, refusal) = said.split_once('\n').expect("two lines");
    assert!(begun.parse::<u32>().expect("a number") <= 20, "{begun}");
    assert!(
        refusal.contains("DENIED") && refusal.contains("20 uploads under way"),
        "{refusal}"
    );
    assert_eq!(
        files(
            &classroom,
            "ls registry/docker/registry/v2/repositories/hong/web/_uploads | wc -l"
        )
        .await,
        "20\n"
    );
    files(
        &classroom,
        "rm -r registry/docker/registry/v2/repositories/hong/web/_uploads/*",
    )
    .await;

    // Tags without end, and a manifest without end.
    let tags = r#"
        cd "$(mktemp -d)"; printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}' >config
        put_blob config
        kind=application/vnd.docker.distribution.manifest.v2+json
        printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":"sha256:%s"},"layers":[]}' \
            "$kind" "$(stat -c %s config)" "$(sha256sum <config | cut -d' ' -f1)" >manifest
        for i in $(seq 102); do status -X PUT -H "Content-Type: $kind" --data-binary @manifest "$hub/hong/web/manifests/t$i"; done
        echo; ask -X PUT -H "Content-Type: $kind" --data-binary @manifest "$hub/hong/web/manifests/more"
        echo; status -X PUT -H "Content-Type: $kind" --data-binary @manifest "$hub/hong/web/manifests/t1"
        echo; { head -c -1 manifest; head -c 5M /dev/zero | tr '\0' ' '; printf '}'; } >bomb
        ask -X PUT -H "Content-Type: $kind" --data-binary @bomb "$hub/hong/web/manifests/t1"
        echo; { head -c 100000 /dev/zero | tr '\0' '['; } >deep; status -X PUT -H "Content-Type: $kind" --data-binary @deep "$hub/hong/web/manifests/t1""#;
    let said = bash(tags).await;
    let lines: Vec<&str> = said.lines().collect();
    let [made, refused, again, bomb, deep] = lines[..] else {
        panic!("{said}")
    };
    assert_eq!(made.matches("201").count(), 100, "{made}");
    assert!(refused.contains("at most 100 tags"), "{refused}");
    assert_eq!(again, "201 ");
    assert!(bomb.contains("at most 4 MB"), "{bomb}");
    assert!(deep.starts_with('4'), "{deep}");
    let (_, said) = student(&classroom, &hong, "docker search hong").await;
    assert!(said.contains("hong/web"), "{said}");

    // Many at once do not get past the quota together.
    let at_once = r#"
        cd "$(mktemp -d)"
        for i in 1 2 3 4 5 6; do { head -c 30M /dev/urandom | ask -o $i -X PATCH -H 'Content-Type: application/octet-stream' -H 'Transfer-Encoding: chunked' -T - "$(begin)"; } & done; wait
        cat ? | grep -o 'of your 62.9 MB' | wc -l"#;
    let refused: u32 = bash(at_once).await.trim().parse().expect("a number");
    // All of them, where they came to the quota together.
    assert!((5..=6).contains(&refused), "{refused}");
    let kept = "find registry/docker/registry/v2/repositories/hong -name data -printf '%s\\n' | awk '{ sum += $1 } END { print sum + 0 }'";
    let kept: u64 = files(&classroom, kept).await.trim().parse().expect("a sum");
    assert!(kept <= 60 << 20, "{kept}");

    // Nor does a student write machined's log by asking for what is not there.
    let before = classroom.log().len();
    let missing = r#"for i in $(seq 200); do status "$hub/hong/web/manifests/none$i"; done"#;
    assert_eq!(bash(missing).await.matches("404").count(), 200);
    assert!(classroom.log().len() < before + 1000, "{}", classroom.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_machine_keeps_neither_the_hub_nor_its_memory() {
    let classroom = with_hong(&[]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&kim).await;
    let began = Instant::now();
    // Uploads that hardly come, as many as may be; then one request more.
    let slow = format!(
        r#"{HONG}
        cd /tmp; for i in $(seq 19); do begin; done >where
        drip() {{ while printf x; do sleep 1; done; }}
        for i in $(seq 64); do
            drip | curl -s -o /dev/null -m 300 -H "Authorization: Bearer $token" -X PATCH -H 'Content-Type: application/octet-stream' -H 'Transfer-Encoding: chunked' -T - "$(sed -n $((i % 19 + 1))p where)" &
        done
        sleep 8; status "$hub/"; wait; echo over"#
    );
    let machine = classroom.try_bash(&hong, &slow, machine::MachineUser::Root);
    let neighbour = async {
        sleep(Duration::from_secs(8)).await;
        let pull = "start=${EPOCHREALTIME/.}; docker pull -q tiny >/dev/null || exit 1; echo $(((${EPOCHREALTIME/.} - start) / 1000))";
        student(&classroom, &kim, pull).await
    };
    let (outcome, (exit, took)) = tokio::join!(machine, neighbour);
    assert_eq!(outcome.stdout, "429 over\n", "{}", outcome.stderr);
    // They are given up after half a minute, and not after the five that they would go on.
    assert!(
        began.elapsed() < Duration::from_secs(59) * PATIENCE,
        "{:?}",
        began.elapsed()
    );
    assert_eq!(exit, Some(0), "{took}");
    let took: u32 = took.trim().parse().expect("a time");
    assert!(took < 5000 * PATIENCE, "the neighbour waited for {took} ms");

    // Heads without end, and connections that say nothing.
    let heads = format!(
        r#"{HONG}
        for i in $(seq 250); do exec {{fd}}<>/dev/tcp/10.88.0.1/443; done 2>/dev/null
        echo "$(head -c 200000 /dev/zero | tr '\0' a)" >/tmp/long
        timeout 20 openssl s_client -quiet -connect 10.88.0.1:443 -servername docker.io < <(printf 'GET /v2/ HTTP/1.1\r\nHost: docker.io\r\nX: '; cat /tmp/long; sleep 5) 2>/dev/null | head -n 1
        echo done"#
    );
    let said = classroom.bash(&hong, &heads).await;
    assert!(
        said.ends_with("done\n") && !said.contains(" 200 "),
        "{said}"
    );
    let [hub] = processes(&classroom, "gyosil-hub").await[..] else {
        panic!("no hub, or several")
    };
    let status = fs::read_to_string(format!("/proc/{hub}/status")).expect("its status");
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let most: u64 = most
        .and_then(|most| most.trim().trim_end_matches(" kB").parse().ok())
        .expect("its memory");
    assert!(most < 100 << 10, "the hub took {most} KiB");
    assert_eq!(
        student(&classroom, &kim, "docker pull -q tiny").await.0,
        Some(0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_off_leaves_nothing_half_there() {
    let classroom = with_hong(&[]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&kim).await;
    let prepare = r#"docker login -u hong --password-stdin <<<gyh_hong 2>/dev/null >/dev/null
        cd "$(mktemp -d)"; head -c 150M /dev/urandom >file; printf 'FROM tiny\nCOPY file /\n' >Dockerfile
        docker pull -q tiny >/dev/null && docker build -q -t hong/large . >/dev/null && echo built"#;
    assert_eq!(student(&classroom, &hong, prepare).await.1, "built\n");
    let some = "find registry -path '*/_uploads/*' -name data -size +1M";

    // The machine's engine goes in the middle of it.
    let push = "docker push hong/large >/dev/null 2>&1 & sleep 0.1; for i in $(seq 100); do sleep 0.05; done";
    let cut = async {
        let begun = async {
            while files(&classroom, some).await.is_empty() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, begun).await.expect("an upload");
        classroom.bash(&hong, "pkill -9 dockerd").await;
    };
    tokio::join!(student(&classroom, &hong, push), cut);
    let tags = "ls registry/docker/registry/v2/repositories/hong/large/_manifests/tags 2>/dev/null";
    assert_eq!(files(&classroom, tags).await, "");
    assert_eq!(files(&classroom, BROKEN_BLOBS).await, "");
    let (exit, said) = student(&classroom, &kim, "docker pull hong/large").await;
    assert!(
        exit == Some(1) && said.contains("pull access denied"),
        "{said}"
    );

    // The registry is killed in the middle of the next: it goes on, or says so and is done again.
    let up = "until docker info >/dev/null 2>&1; do sleep 0.2; done";
    classroom.bash(&hong, up).await;
    files(
        &classroom,
        "rm -rf registry/docker/registry/v2/repositories/hong/large/_uploads/*",
    )
    .await;
    let kill = async {
        let begun = async {
            while files(&classroom, some).await.is_empty() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, begun).await.expect("an upload");
        for pid in processes(&classroom, "docker-registry").await {
            let pid = rustix::process::Pid::from_raw(pid.try_into().expect("a number"));
            let kill = rustix::process::Signal::KILL;
            rustix::process::kill_process(pid.expect("a number"), kill).expect("to kill it");
        }
    };
    let push = student(&classroom, &hong, "docker push hong/large");
    let ((exit, said), ()) = tokio::join!(push, kill);
    if exit != Some(0) {
        let (exit, said) = student(&classroom, &hong, "docker push hong/large").await;
        assert_eq!(exit, Some(0), "{said}");
    }
    assert!(!said.is_empty());
    assert_eq!(files(&classroom, BROKEN_BLOBS).await, "");
    let sum = "docker run --rm hong/large bash -c 'read -r -N 100 < /file; echo there'";
    let pull = format!("docker pull -q hong/large && {sum}");
    let (exit, said) = student(&classroom, &kim, &pull).await;
    assert_eq!((exit, last(&said)), (Some(0), "there"), "{said}");
}

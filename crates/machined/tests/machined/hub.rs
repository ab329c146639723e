//! docker.io in a machine: Docker's own commands, answered by the class, without the internet.

use std::{fs, path::PathBuf, process::Stdio};

use machine::{MachineId, MachineUser};

use crate::classroom::{Classroom, id};

/// Puts the image `tiny` into the classroom's library, as `gyosil images build` does: into the registry
/// behind the hub.
pub(crate) async fn publish_tiny(classroom: &Classroom, from: &MachineId, tag: &str) {
    classroom.import_tiny(from).await;
    let archive = PathBuf::from("root/tiny.tar");
    let script = r#"
        printf 'FROM tiny\nLABEL org.opencontainers.image.description="A tiny one"\nCMD ["bash"]\n' | docker build -q -t tiny - &&
        docker save -o /root/tiny.tar tiny && docker rmi tiny"#;
    classroom.bash(from, script).await;
    let root = format!("/proc/{}/root", classroom.init(from).await);
    let copied = classroom.data().join("tiny.tar");
    fs::copy(PathBuf::from(root).join(&archive), &copied).expect("an archive");
    let copy = tokio::process::Command::new("nsenter")
        .arg(format!("--net={}", classroom.router().display()))
        .args(["skopeo", "--insecure-policy", "copy", "--quiet"])
        .arg("--dest-tls-verify=false")
        .arg(format!("docker-archive:{}", copied.display()))
        .arg(format!("docker://127.0.0.1:5000/library/tiny:{tag}"))
        .stdin(Stdio::null())
        .output()
        .await
        .expect("skopeo");
    assert!(copy.status.success(), "{copy:?}");
}

/// Runs a script as the student; the exit code, and all that it said.
pub(crate) async fn student(
    classroom: &Classroom,
    id: &MachineId,
    script: &str,
) -> (Option<i32>, String) {
    let script = format!("exec 2>&1\n{script}");
    let outcome = classroom.try_bash(id, &script, MachineUser::Student).await;
    (outcome.exit, outcome.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_docker_pulls_searches_and_builds_without_the_internet() {
    let classroom = Classroom::open(&[]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    classroom.ready(&kim).await;
    publish_tiny(&classroom, &kim, "latest").await;

    let (exit, said) = student(&classroom, &hong, "docker pull tiny").await;
    assert_eq!(exit, Some(0), "{said}");
    assert!(
        said.contains("Downloaded newer image for tiny:latest")
            && said.ends_with("docker.io/library/tiny:latest\n"),
        "{said}"
    );
    let (_, said) = student(&classroom, &hong, "docker search tin").await;
    let row = said.lines().nth(1).unwrap_or_default();
    let row: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(row, ["tiny", "A", "tiny", "one", "0", "[OK]"], "{said}");
    let build = r#"docker rmi tiny >/dev/null; cd "$(mktemp -d)"
        printf 'FROM tiny\nCMD ["bash", "-c", "echo built"]\n' >Dockerfile
        docker build -q -t mine . >/dev/null && docker run --rm mine"#;
    let (_, said) = student(&classroom, &hong, build).await;
    assert_eq!(said, "built\n");

    // What is not there: Docker Hub's own words, at once.
    let missing = "start=${EPOCHREALTIME/.}; docker pull nothing-here; echo took $(((${EPOCHREALTIME/.} - start) / 1000))";
    let (_, said) = student(&classroom, &hong, missing).await;
    let (words, took) = said.split_once("took ").expect("a time");
    assert_eq!(
        words.lines().last(),
        Some(
            "Error response from daemon: pull access denied for nothing-here, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
        )
    );
    assert!(took.trim().parse::<u32>().expect("a time") < 1000, "{took}");
    let (_, said) = student(&classroom, &hong, "docker pull tiny:9").await;
    assert!(
        said.ends_with("manifest for tiny:9 not found: manifest unknown: manifest unknown\n"),
        "{said}"
    );

    // It says openly whose it is.
    let (_, said) = student(&classroom, &hong, "docker info").await;
    assert!(said.contains("docker.io=the hub of this class"), "{said}");
    let (_, said) = student(&classroom, &hong, "bash -lic true").await;
    assert!(said.contains("docker.io is this class's own hub"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_the_hub_is_nothing_that_a_machine_reaches() {
    let classroom = Classroom::open(&[]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    classroom.ready(&kim).await;
    publish_tiny(&classroom, &kim, "latest").await;
    let curl = "curl -s -m 5 -o /dev/null -w '%{http_code} '";
    let token = r#"token=$(curl -s "https://auth.docker.io/token?service=registry.docker.io&scope=repository:library/tiny:pull,push" | jq -r .token)"#;
    let script = format!(
        r#"{token}
        # Not the registry itself, nor plain HTTP.
        for port in 80 5000 5001; do curl -s -m 5 -o /dev/null http://10.88.0.1:$port/v2/; echo -n "$? "; done
        # Not without a token, or with one for something else, nor with one that nobody signed.
        {curl} https://registry-1.docker.io/v2/library/tiny/manifests/latest
        {curl} -H "Authorization: Bearer $token" https://registry-1.docker.io/v2/library/tiny/manifests/latest
        {curl} -H "Authorization: Bearer $token" https://registry-1.docker.io/v2/library/other/manifests/latest
        {curl} -H "Authorization: Bearer ${{token%.*}}.AAAA" https://registry-1.docker.io/v2/library/tiny/manifests/latest
        none=$(printf '{{"alg":"none"}}' | base64 -w0 | tr -d =)
        {curl} -H "Authorization: Bearer $none.$(cut -d. -f2 <<<"$token")." https://registry-1.docker.io/v2/library/tiny/manifests/latest
        # Nobody pushes to the library, and nobody deletes.
        {curl} -X POST -H "Authorization: Bearer $token" https://registry-1.docker.io/v2/library/tiny/blobs/uploads/
        {curl} -X DELETE -H "Authorization: Bearer $token" https://registry-1.docker.io/v2/library/tiny/manifests/latest
        # No other path, however it is written, and no other host.
        for path in _catalog library/tiny/manifests/..%2f..%2f_catalog library/../library/tiny/tags/list 'library/tiny/blobs/sha256:../x'; do
            {curl} --path-as-is -H "Authorization: Bearer $token" "https://registry-1.docker.io/v2/$path"
        done
        {curl} -H 'Host: 127.0.0.1:5000' https://registry-1.docker.io/v2/
        {curl} -H 'Host: deb.debian.org' https://registry-1.docker.io/debian/
        {curl} --proxy https://registry-1.docker.io:443 http://127.0.0.1:5000/v2/
        {curl} --proxy https://registry-1.docker.io:443 https://10.88.0.1:5000/v2/"#
    );
    let said = classroom.bash(&hong, &format!("{script}; true")).await;
    assert_eq!(
        said,
        "7 7 7 401 200 401 401 401 401 405 404 404 404 404 404 404 404 000 "
    );

    // The authority can sign for the hub's names alone: even its key, which machines never see, is
    // good for nothing else.
    let leaf = r#"
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key -subj /CN=x -out request 2>/dev/null
        openssl x509 -req -in request -CA "$CA/ca.pem" -CAkey "$CA/ca.key" -out leaf -extfile <(echo "subjectAltName=$NAME") 2>/dev/null
        openssl verify -CAfile "$CA/ca.pem" leaf >/dev/null 2>&1 && echo good || echo bad"#;
    let authority = crate::classroom::image();
    let authority = authority.parent().expect("its folder");
    let folder = tempfile::tempdir().expect("a folder");
    for (name, verdict) in [
        ("DNS:registry-1.docker.io", "good\n"),
        ("DNS:deb.debian.org", "bad\n"),
        ("DNS:docker.io.example", "bad\n"),
        ("IP:10.88.0.1", "bad\n"),
    ] {
        let sign = tokio::process::Command::new("bash")
            .args(["-c", leaf])
            .env("CA", authority)
            .env("NAME", name)
            .current_dir(folder.path())
            .output()
            .await
            .expect("openssl");
        assert_eq!(String::from_utf8_lossy(&sign.stdout), verdict, "{name}");
    }
    let key = "find / -xdev -name 'ca.key' -o -xdev -name 'key.pem' | head";
    assert_eq!(classroom.bash(&hong, key).await, "");
}

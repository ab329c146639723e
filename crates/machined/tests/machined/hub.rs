//! docker.io in a machine: Docker's own commands, answered by the class, without the internet.

use std::{fs, path::PathBuf, process::Stdio};

use hub::{Published, PublishedAccount, hash_of};

use machine::{MachineId, MachineUser};

use crate::classroom::{Classroom, id};

/// The image `tiny` as `docker save` makes it, beside the classroom's data.
pub(crate) async fn archive_tiny(classroom: &Classroom, from: &MachineId) -> PathBuf {
    classroom.import_tiny(from).await;
    let archive = PathBuf::from("root/tiny.tar");
    let script = r#"
        printf 'FROM tiny\nLABEL org.opencontainers.image.description="A tiny one"\nCMD ["bash"]\n' | docker build -q -t tiny - &&
        docker save -o /root/tiny.tar tiny && docker rmi tiny"#;
    classroom.bash(from, script).await;
    let root = format!("/proc/{}/root", classroom.init(from).await);
    let copied = classroom.data().join("tiny.tar");
    fs::copy(PathBuf::from(root).join(&archive), &copied).expect("an archive");
    copied
}

/// Puts the image `tiny` into the classroom's library, as `gyosil images build` does: into the registry
/// behind the hub.
pub(crate) async fn publish_tiny(classroom: &Classroom, from: &MachineId, tag: &str) {
    let archive = archive_tiny(classroom, from).await;
    let copy = tokio::process::Command::new("nsenter")
        .arg(format!("--net={}", classroom.router().display()))
        .args(["skopeo", "--insecure-policy", "copy", "--quiet"])
        .arg("--dest-tls-verify=false")
        .arg(format!("docker-archive:{}", archive.display()))
        .arg(format!("docker://127.0.0.1:5000/library/tiny:{tag}"))
        .stdin(Stdio::null())
        .output()
        .await
        .expect("skopeo");
    assert!(copy.status.success(), "{copy:?}");
}

/// Lets these accounts log in with these tokens, as the web process does.
pub(crate) fn publish_accounts(classroom: &Classroom, accounts: &[(&str, &str)]) {
    let web = classroom.data().join("web");
    fs::create_dir_all(&web).expect("a folder");
    let accounts = accounts.iter().map(|(name, token)| PublishedAccount {
        name: (*name).to_owned(),
        tokens: vec![hash_of(token)],
    });
    let accounts = accounts.collect();
    Published { accounts }
        .write(classroom.data())
        .expect("a list");
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

/// The last line of what Docker said.
pub(crate) fn last(said: &str) -> &str {
    said.lines().last().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_student_pushes_another_uses() {
    let classroom = Classroom::open(&["--hub-quota", "60M"]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    classroom.ready(&kim).await;
    publish_tiny(&classroom, &kim, "latest").await;
    publish_accounts(&classroom, &[("hong", "gyh_hong"), ("kim", "gyh_kim")]);
    let hong = async |script: &str| student(&classroom, &hong, script).await;
    let kim = async |script: &str| student(&classroom, &kim, script).await;

    // The token, not another's, and not a wrong one.
    for token in ["gyh_wrong", "gyh_kim", ""] {
        let login = format!("docker login -u hong --password-stdin <<<'{token}'");
        let (exit, said) = hong(&login).await;
        assert_eq!(exit, Some(1), "{said}");
        let words = "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": unauthorized: incorrect username or password";
        assert!(token.is_empty() || last(&said) == words, "{said}");
    }
    let (exit, said) = hong("docker login -u hong --password-stdin <<<gyh_hong").await;
    assert!(
        exit == Some(0) && said.contains("Login Succeeded"),
        "{said}"
    );

    // From search to push.
    let (_, said) =
        hong("docker search -q tiny 2>/dev/null || docker search --format '{{.Name}}' tiny").await;
    assert!(said.contains("tiny"), "{said}");
    let push = "docker pull -q tiny && docker tag tiny hong/web:1 && docker push hong/web:1";
    let (exit, said) = hong(push).await;
    assert_eq!(exit, Some(0), "{said}");
    assert!(last(&said).starts_with("1: digest: sha256:"), "{said}");

    // Under one's own name only, and never the classroom's.
    let denied = "denied: requested access to the resource is denied";
    for name in ["kim/web:1", "library/tiny:mine", "tiny:mine", "lee/web"] {
        let (exit, said) = hong(&format!("docker tag tiny {name} && docker push {name}")).await;
        assert_eq!((exit, last(&said)), (Some(1), denied), "{said}");
    }
    let (exit, said) = kim("docker pull -q hong/web:1 && docker push hong/web:1").await;
    let also = "unauthorized: authentication required";
    assert!(
        exit == Some(1) && said.contains(denied) && said.contains(also),
        "{said}"
    );

    // Another student, who never logged in, builds on it and composes with it.
    let build = r#"docker rmi hong/web:1 >/dev/null; cd "$(mktemp -d)"
        printf 'FROM hong/web:1\nCMD ["bash", "-c", "echo built on it"]\n' >Dockerfile
        printf 'services:\n  own:\n    build: .\n  theirs:\n    image: hong/web:1\n    command: ["bash", "-c", "echo theirs"]\n' >compose.yaml
        docker compose up --quiet-pull 2>&1 | cat"#;
    let (exit, said) = kim(build).await;
    assert_eq!(exit, Some(0), "{said}");
    assert!(
        said.contains("built on it") && said.contains("theirs"),
        "{said}"
    );
    let (_, said) = kim("docker search hong").await;
    assert!(said.contains("hong/web"), "{said}");

    // The tag is given to something else, which whoever pulls anew gets.
    let again = r#"printf 'FROM tiny\nENV again=yes\n' | docker build -q -t hong/web:1 - && docker push -q hong/web:1"#;
    let (exit, said) = hong(again).await;
    assert_eq!(exit, Some(0), "{said}");
    let (_, said) =
        kim("docker pull -q hong/web:1 && docker inspect -f '{{.Config.Env}}' hong/web:1").await;
    assert!(said.contains("again=yes"), "{said}");

    // More than there is room for: nothing of it stays, and what fits comes in.
    let large = |megabytes: u32| {
        format!(
            r#"cd "$(mktemp -d)" && head -c {megabytes}M /dev/urandom >file
            printf 'FROM tiny\nCOPY file /\n' >Dockerfile
            docker build -q -t hong/large . >/dev/null && docker push hong/large"#
        )
    };
    let (exit, said) = hong(&large(80)).await;
    assert_eq!(exit, Some(1), "{said}");
    assert!(
        last(&said).starts_with("denied: your images would take ")
            && last(&said).ends_with(" of your 62.9 MB: remove some on the classroom's hub page"),
        "{said}"
    );
    let uploads = "find registry -path '*/_uploads/*' -name data";
    assert_eq!(files(&classroom, uploads).await, "");
    let (exit, said) = hong(&large(20)).await;
    assert_eq!(exit, Some(0), "{said}");

    // A token that was revoked is none, also for what it was exchanged for.
    publish_accounts(&classroom, &[("kim", "gyh_kim")]);
    let (exit, said) = hong("docker tag tiny hong/late && docker push hong/late").await;
    assert_eq!(exit, Some(1), "{said}");
    assert!(
        said.contains("unauthorized") || said.contains("denied"),
        "{said}"
    );
    let (exit, said) = kim("docker pull -q hong/large").await;
    assert_eq!(exit, Some(0), "what was pushed stays: {said}");
}

/// What a command finds in the data folder.
pub(crate) async fn files(classroom: &Classroom, find: &str) -> String {
    let found = tokio::process::Command::new("bash")
        .args(["-c", find])
        .current_dir(classroom.data())
        .output()
        .await
        .expect("bash");
    String::from_utf8(found.stdout).expect("text")
}

//! Where the internet is allowed: what the class does not have comes from elsewhere, once, and stays.
//! Elsewhere is a second registry, with tokens as Docker Hub has them, in the test's own host.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use axum::{Json, Router, extract::Query, http::StatusCode, routing::get};
use base64::{Engine, prelude::BASE64_STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::Notify, task::JoinHandle};

use crate::{
    classroom::{Classroom, id},
    hub::{archive_tiny, publish_accounts, student},
    internet::World,
};

const REGISTRY: u16 = 5999;
const TOKENS: u16 = 5998;

const ELSEWHERE: [&str; 5] = [
    "--internet",
    "--resolver",
    "10.1.2.53",
    "--hub-upstream",
    "http://127.0.0.1:5999",
];

/// A registry that takes and gives nothing without a token, and who gives tokens to anybody.
struct Elsewhere {
    host: PathBuf,
    folder: TempDir,
    registry: Child,
    tokens: JoinHandle<io::Result<()>>,
}

impl Elsewhere {
    async fn new(host: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([String::from("tokens")]).expect("a certificate");
        let (config, bundle) = (
            folder.path().join("config.yml"),
            folder.path().join("ca.pem"),
        );
        fs::write(&bundle, cert.pem()).expect("a certificate");
        let text = format!(
            "version: 0.1\nlog: {{ accesslog: {{ disabled: false }} }}\n\
             storage: {{ filesystem: {{ rootdirectory: {}/storage }} }}\n\
             http: {{ addr: '127.0.0.1:{REGISTRY}' }}\n\
             auth: {{ token: {{ realm: 'http://127.0.0.1:{TOKENS}/token', service: elsewhere, \
             issuer: test, rootcertbundle: {} }} }}\n",
            folder.path().display(),
            bundle.display()
        );
        fs::write(&config, text).expect("a configuration");
        let log = File::create(folder.path().join("log")).expect("a log");
        let registry = Command::new("nsenter")
            .arg(format!("--net={}", host.display()))
            .args(["docker-registry", "serve"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("a registry");
        let door = door(host, TOKENS);
        let chain = BASE64_STANDARD.encode(cert.der());
        let key = EncodingKey::from_ec_der(&signing_key.serialize_der());
        let give = move |Query(asked): Query<Vec<(String, String)>>| {
            let token = token(&asked, &chain, &key);
            async move { Json(json!({ "token": token })) }
        };
        let routes = Router::new().route("/token", get(give));
        let elsewhere = Self {
            host: host.to_owned(),
            folder,
            registry,
            tokens: tokio::spawn(async move { axum::serve(door, routes).await }),
        };
        let (began, address) = (Instant::now(), (Ipv4Addr::LOCALHOST, REGISTRY).into());
        while !proof::namespace::reaches(host, address).expect("a namespace") {
            assert!(began.elapsed() < Duration::from_secs(10), "no registry");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        elsewhere
    }

    async fn put(&self, archive: &Path, image: &str) {
        let copy = tokio::process::Command::new("nsenter")
            .arg(format!("--net={}", self.host.display()))
            .args(["skopeo", "--insecure-policy", "copy", "--quiet"])
            .arg("--dest-tls-verify=false")
            .arg(format!("docker-archive:{}", archive.display()))
            .arg(format!("docker://127.0.0.1:{REGISTRY}/{image}"))
            .stdin(Stdio::null())
            .output()
            .await
            .expect("skopeo");
        assert!(copy.status.success(), "{copy:?}");
    }

    /// Makes a tag of a repository a list of images, of which the last is for these machines.
    async fn put_list(&self, repository: &str, tag: &str) {
        let script = format!(
            r#"set -e
            token=$(curl -s "http://127.0.0.1:{TOKENS}/token?service=elsewhere&scope=repository:{repository}:pull,push" | jq -r .token)
            api=http://127.0.0.1:{REGISTRY}/v2/{repository}/manifests
            kind=application/vnd.docker.distribution.manifest.v2+json
            curl -sf -D head -o body -H "Authorization: Bearer $token" -H "Accept: $kind" $api/1
            digest=$(tr -d '\r' <head | sed -n 's/^Docker-Content-Digest: //Ip')
            one() {{ jq -nc --arg digest $digest --arg kind $kind --arg for $1 --argjson size $(stat -c %s body) \
                '{{mediaType: $kind, $digest, $size, platform: {{architecture: $for, os: "linux"}}}}'; }}
            list=application/vnd.docker.distribution.manifest.list.v2+json
            jq -nc --arg list $list --argjson a "$(one s390x)" --argjson b "$(one amd64)" --argjson c "$(one arm64)" \
                '{{schemaVersion: 2, mediaType: $list, manifests: [$a, $b, $c]}}' >list
            curl -sf -X PUT -H "Authorization: Bearer $token" -H "Content-Type: $list" --data-binary @list $api/{tag}"#
        );
        let put = tokio::process::Command::new("nsenter")
            .arg(format!("--net={}", self.host.display()))
            .args(["bash", "-c", &script])
            .current_dir(self.folder.path())
            .output()
            .await
            .expect("bash");
        assert!(put.status.success(), "{put:?}");
    }

    /// What it was asked for since it was last asked this, as `GET /v2/…`.
    fn asked(&self) -> Vec<String> {
        let log = self.folder.path().join("log");
        let text = fs::read_to_string(&log).expect("a log");
        fs::write(&log, "").expect("a log");
        let requests = text.lines().filter_map(|line| line.split('"').nth(1));
        let requests = requests.filter_map(|request| request.strip_suffix(" HTTP/1.1"));
        let mut asked: Vec<String> = requests.map(ToOwned::to_owned).collect();
        asked.retain(|request| request.starts_with("GET "));
        asked
    }

    fn end(&mut self) {
        let _ = self.registry.kill();
        let _ = self.registry.wait();
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.end();
        self.tokens.abort();
    }
}

/// A port of the test's host.
fn door(host: &Path, port: u16) -> tokio::net::TcpListener {
    let bind = move || TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let door = proof::namespace::inside(host, bind).expect("a port");
    door.set_nonblocking(true).expect("a port");
    tokio::net::TcpListener::from_std(door).expect("a port")
}

/// What Docker Hub would give for a request: whatever is asked for.
fn token(asked: &[(String, String)], chain: &str, key: &EncodingKey) -> String {
    let scopes = asked.iter().filter(|(name, _)| name == "scope");
    let access = scopes.filter_map(|(_, scope)| {
        let (kind, rest) = scope.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        let actions: Vec<&str> = actions.split(',').collect();
        Some(json!({ "type": kind, "name": name, "actions": actions }))
    });
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.expect("a time").as_secs();
    let claims = json!({
        "iss": "test", "aud": "elsewhere", "sub": "", "jti": "1",
        "iat": now, "nbf": now - 60, "exp": now + 300,
        "access": access.collect::<Vec<Value>>(),
    });
    let mut header = Header::new(Algorithm::ES256);
    header.x5c = Some(vec![chain.to_owned()]);
    jsonwebtoken::encode(&header, &claims, key).expect("a token")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_class_does_not_have_comes_once_and_stays() {
    let world = World::new().await;
    let mut elsewhere = Elsewhere::new(&world.host()).await;
    let classroom = Classroom::open_within(&world.host(), &ELSEWHERE).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    classroom.ready(&kim).await;
    let archive = archive_tiny(&classroom, &kim).await;
    for image in ["library/tiny:1", "someone/app:1", "hong/web:1"] {
        elsewhere.put(&archive, image).await;
    }
    elsewhere.put_list("library/tiny", "all").await;
    publish_accounts(&classroom, &[("hong", "gyh_1")]);
    elsewhere.asked();

    // Two at the same time; each part is asked for once.
    let pull = "docker pull -q tiny:1 && docker run --rm tiny:1 bash -c 'echo runs'";
    let (first, second) = tokio::join!(
        student(&classroom, &hong, pull),
        student(&classroom, &kim, pull)
    );
    let good = (Some(0), "docker.io/library/tiny:1\nruns\n".to_owned());
    assert_eq!((&first, &second), (&good, &good));
    let mut asked = elsewhere.asked();
    let all = asked.len();
    asked.retain(|request| request.contains("/blobs/"));
    let blobs = asked.len();
    assert!(blobs >= 2, "a configuration and a layer: {asked:?}");
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), blobs, "{asked:?}");
    assert!(all > blobs, "a manifest");

    // What is in the class already is not asked for again, whatever image it is of.
    let pull = "docker pull -q tiny:all && docker pull -q someone/app:1 && docker run --rm someone/app:1 bash -c 'echo runs'";
    let (exit, said) = student(&classroom, &hong, pull).await;
    assert_eq!(exit, Some(0), "{said}");
    let asked = elsewhere.asked();
    let blobs: Vec<_> = asked.iter().filter(|r| r.contains("/blobs/")).collect();
    assert!(blobs.is_empty(), "{asked:?}");
    let (_, said) = student(
        &classroom,
        &hong,
        "docker search -q --no-trunc tiny; docker search tiny",
    )
    .await;
    assert!(said.contains("tiny"), "{said}");

    // A name of the class's is the class's, whoever has it elsewhere.
    let (_, said) = student(&classroom, &kim, "docker pull hong/web:1").await;
    assert!(said.contains("pull access denied for hong/web"), "{said}");
    assert_eq!(elsewhere.asked(), [""; 0]);

    // What is not there either: Docker Hub's own words.
    let (_, said) = student(&classroom, &kim, "docker pull nothing-here").await;
    assert!(
        said.contains("pull access denied for nothing-here"),
        "{said}"
    );
    let (_, said) = student(&classroom, &kim, "docker pull tiny:9").await;
    assert!(said.contains("manifest for tiny:9 not found"), "{said}");

    // Without the internet: what came is there, all else fails at once.
    elsewhere.end();
    let again = "docker rmi tiny:1 >/dev/null; docker pull -q tiny:1 && docker run --rm tiny:1 bash -c 'echo runs'";
    assert_eq!(student(&classroom, &kim, again).await, good);
    let missing = "start=${EPOCHREALTIME/.}; docker pull someone/else; echo took $(((${EPOCHREALTIME/.} - start) / 1000))";
    let (_, said) = student(&classroom, &kim, missing).await;
    let (words, took) = said.split_once("took ").expect("a time");
    assert!(
        words.contains("the class does not have it, and Docker Hub is out of reach"),
        "{words}"
    );
    assert!(took.trim().parse::<u32>().expect("a time") < 2000, "{took}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_fetched_leaves_room_for_the_class() {
    let world = World::new().await;
    let elsewhere = Elsewhere::new(&world.host()).await;
    let options = [&ELSEWHERE[..], &["--hub-disk", "2M"]].concat();
    let classroom = Classroom::open_within(&world.host(), &options).await;
    let kim = id("kim");
    classroom.ready(&kim).await;
    let archive = archive_tiny(&classroom, &kim).await;
    assert!(fs::metadata(&archive).expect("an archive").len() > 2 << 20);
    elsewhere.put(&archive, "library/tiny:1").await;
    let (_, said) = student(&classroom, &kim, "docker pull tiny:1").await;
    assert!(
        said.contains("no room for more of Docker Hub's images"),
        "{said}"
    );
    let registry = classroom
        .data()
        .join("registry/docker/registry/v2/repositories");
    assert!(!registry.exists(), "nothing of it is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_goes_leaves_one_fetch_behind() {
    let world = World::new().await;
    let (asked, answers) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let hang = {
        let (asked, answers) = (asked.clone(), answers.clone());
        async move || {
            if asked.fetch_add(1, Ordering::Relaxed) == 0 {
                answers.notified().await;
            }
            StatusCode::NOT_FOUND
        }
    };
    let (door, routes) = (door(&world.host(), REGISTRY), Router::new().fallback(hang));
    let elsewhere = tokio::spawn(async move { axum::serve(door, routes).await });
    let classroom = Classroom::open_within(&world.host(), &ELSEWHERE).await;
    let kim = id("kim");
    classroom.ready(&kim).await;
    let script = r#"
        scopes=$(printf '&scope=repository:library/never-%s:pull' {1..20})
        token=$(curl -s "https://auth.docker.io/token?service=registry.docker.io$scopes" | jq -r .token)
        for n in {1..20}; do
            curl -s -m 2 -o /dev/null -H "Authorization: Bearer $token" \
                https://registry-1.docker.io/v2/library/never-$n/manifests/1 &
        done
        wait; echo gone"#;
    assert_eq!(student(&classroom, &kim, script).await.1, "gone\n");
    assert_eq!(asked.load(Ordering::Relaxed), 1, "one at a time");
    answers.notify_one();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        asked.load(Ordering::Relaxed),
        1,
        "nobody waits for the others"
    );
    // The machine has its turn again.
    let (_, said) = student(&classroom, &kim, "docker pull never-21").await;
    assert!(said.contains("pull access denied for never-21"), "{said}");
    elsewhere.abort();
}

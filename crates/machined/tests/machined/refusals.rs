//! What the API does not take, and from whom.

use std::{fs, os::unix::fs::PermissionsExt};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use crate::classroom::Classroom;

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_refused_by_kind() {
    let classroom = Classroom::open(&[]).await;
    let exec = |rest: &str| format!(r#"{{"argv":["true"],"user":"root","timeout_ms":1000{rest}}}"#);
    let long = "x".repeat(machine::SCRIPT_MAX + 1);
    let long_id = format!("/v1/machines/a{}", "b".repeat(machine::MACHINE_ID_MAX));
    let check =
        |script: &str, limit: &str| format!(r#"{{"script":"{script}","timeout_ms":{limit}}}"#);
    #[rustfmt::skip]
    let table: Vec<(&str, &str, String, u16, &str)> = vec![
        ("GET", "/v1/nothing", String::new(), 400, "bad-request"),
        ("DELETE", "/v1/machines", String::new(), 400, "bad-request"),
        ("PUT", "/v1/machines/Hong", String::new(), 400, "bad-request"),
        ("PUT", "/v1/machines/1a", String::new(), 400, "bad-request"),
        ("PUT", "/v1/machines/a.0", String::new(), 400, "bad-request"),
        ("PUT", "/v1/machines/..%2Fx", String::new(), 400, "bad-request"),
        ("PUT", "/v1/machines/a%00", String::new(), 400, "bad-request"),
        ("PUT", "/v1/machines/%FF", String::new(), 400, "bad-request"),
        ("PUT", &long_id, String::new(), 400, "bad-request"),
        ("GET", "/v1/machines/absent", String::new(), 404, "no-such-machine"),
        ("DELETE", "/v1/machines/absent", String::new(), 204, ""),
        ("POST", "/v1/machines/absent/stop", String::new(), 404, "no-such-machine"),
        ("POST", "/v1/machines/absent/wake", String::new(), 404, "no-such-machine"),
        ("POST", "/v1/machines/absent/extend", String::new(), 404, "no-such-machine"),
        ("POST", "/v1/machines/absent/reset", String::new(), 404, "no-such-machine"),
        ("PUT", "/v1/machines/absent/reset", String::new(), 400, "bad-request"),
        ("PUT", "/v1/roster", r#"{"expected":3}"#.into(), 204, ""),
        ("PUT", "/v1/roster", r#"{"expected":-3}"#.into(), 400, "bad-request"),
        ("PUT", "/v1/roster", String::new(), 400, "bad-request"),
        ("GET", "/v1/machines/absent/watch", String::new(), 404, "no-such-machine"),
        ("GET", "/v1/machines/absent/events", String::new(), 404, "no-such-machine"),
        ("POST", "/v1/machines/absent/exec", exec(""), 404, "no-such-machine"),
        ("POST", "/v1/machines/absent/exec", "{".into(), 400, "bad-request"),
        ("POST", "/v1/machines/absent/exec", exec("").replace("root", "admin"), 400, "bad-request"),
        ("POST", "/v1/machines/absent/exec", exec("").replace("1000", "0"), 400, "bad-request"),
        ("POST", "/v1/machines/absent/exec", exec("").replace("1000", "600001"), 400, "bad-request"),
        ("POST", "/v1/machines/absent/exec", exec("").replace("1000", "-1"), 400, "bad-request"),
        ("POST", "/v1/machines/absent/exec", exec("").replace("\"true\"", ""), 400, "bad-request"),
        ("POST", "/v1/machines/absent/exec", exec("").replace("true", ""), 400, "bad-request"),
        ("POST", "/v1/machines/absent/exec", exec("").replace("true", "a\\u0000"), 400, "bad-request"),
        ("POST", "/v1/machines/absent/exec", exec("").replace("true", &"x".repeat(9000)), 400, "bad-request"),
        ("POST", "/v1/machines/absent/exec", exec(&format!(r#","stdin":"{long}""#)), 400, "bad-request"),
        ("POST", "/v1/machines/absent/check", check("true", "1000"), 404, "no-such-machine"),
        ("POST", "/v1/machines/absent/check", check("true", "60001"), 400, "bad-request"),
        ("POST", "/v1/machines/absent/check", check(&long, "1000"), 400, "bad-request"),
        ("POST", "/v1/machines/absent/check", check(&long.repeat(8), "1000"), 400, "bad-request"),
        ("POST", "/v1/machines/absent/pipe", String::new(), 400, "bad-request"),
        ("GET", "/v1/machines/absent/terminals/Main?cols=80&rows=24", String::new(), 400, "bad-request"),
        ("GET", "/v1/machines/absent/terminals/main", String::new(), 400, "bad-request"),
        ("GET", "/v1/machines/absent/terminals/main?cols=0&rows=24", String::new(), 400, "bad-request"),
        ("GET", "/v1/machines/absent/terminals/main?cols=80&rows=1001", String::new(), 400, "bad-request"),
        ("GET", "/v1/machines/absent/terminals/main?cols=80&rows=24", String::new(), 400, "bad-request"),
    ];
    for (method, path, body, status, kind) in table {
        let (got, answer) = ask(&classroom, method, path, &body).await;
        let shown = &body[..body.len().min(80)];
        assert_eq!(got, status, "{method} {path} {shown}: {answer}");
        if !kind.is_empty() {
            let answer: machine::ErrorBody = serde_json::from_str(&answer).expect("an explanation");
            assert_eq!(answer.error, kind, "{method} {path} {shown}");
            assert!(!answer.message.is_empty());
        }
    }
    assert_eq!(classroom.client().list().await.expect("a list"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_may_ask() {
    let classroom = Classroom::open(&[]).await;
    let mode = fs::metadata(classroom.socket())
        .expect("the socket")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // Even if somebody opened the socket to all.
    fs::set_permissions(classroom.socket(), fs::Permissions::from_mode(0o666)).expect("to open it");
    fs::set_permissions(
        classroom.data().join("run"),
        fs::Permissions::from_mode(0o755),
    )
    .expect("to open it");
    for (uid, status) in [("1", "403"), ("65534", "200")] {
        let answer = tokio::process::Command::new("setpriv")
            .args([
                "--reuid",
                uid,
                "--clear-groups",
                "curl",
                "-s",
                "-o",
                "/dev/null",
            ])
            .args(["-w", "%{http_code}", "--unix-socket"])
            .arg(classroom.socket())
            .arg("http://machined/v1/health")
            .output()
            .await
            .expect("curl");
        assert_eq!(
            String::from_utf8_lossy(&answer.stdout),
            status,
            "as user {uid}"
        );
    }
}

/// Asks as no client would; the status and the body.
async fn ask(classroom: &Classroom, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = UnixStream::connect(classroom.socket())
        .await
        .expect("a connection");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("to ask");
    // It may have answered, and gone, before it has read all.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), body.to_owned())
}

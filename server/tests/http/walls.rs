//! What a hostile visitor, or another site in a visitor's browser, gets.

use std::fs;

use crate::classroom::{Answer, Classroom};

#[test]
fn another_site_cannot_send_our_forms() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let fields = [("title", "made elsewhere")];
    for origin in ["http://example.org", "null", "http://127.0.0.1:1"] {
        let answer = instructor.post_from("/ko/classes", &fields, origin, &[]);
        assert_eq!(answer.status, 403, "{origin}");
    }
    assert!(
        !instructor
            .get("/ko/classes")
            .body
            .contains("made elsewhere")
    );
}

#[test]
fn a_page_says_what_it_may_do() {
    let classroom = Classroom::open();
    let page = classroom.visitor().get("/ko/lessons/cloud/service-models");
    let policy = page.header("content-security-policy").to_owned();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert!(nonce.len() >= 16, "{policy}");
    for script in page.body.split("<script").skip(1) {
        assert!(
            script.contains(&format!("nonce=\"{nonce}\"")),
            "a script without the nonce"
        );
    }
    assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
    assert!(
        !policy.contains("'unsafe-inline'"),
        "only pages with a terminal need it"
    );
    assert_eq!(page.header("cache-control"), "private, no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let again = classroom.visitor().get("/ko/lessons/cloud/service-models");
    assert_ne!(
        again.header("content-security-policy"),
        policy,
        "the nonce is used twice"
    );
}

#[test]
fn only_what_a_lesson_shows_is_served() {
    let classroom = Classroom::open();
    let visitor = classroom.visitor();
    let page = visitor.get("/ko/lessons/cloud/service-models").body;
    let picture = page
        .split("src=\"/assets/")
        .nth(1)
        .expect("a picture")
        .split('"')
        .next()
        .unwrap();
    let answer = visitor.get(&format!("/assets/{picture}"));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "image/svg+xml")
    );
    assert!(answer.header("content-security-policy").contains("sandbox"));
    for hidden in [
        "/assets/containers/run.ko.md",
        "/assets/../course.toml",
        "/assets/cloud/..%2f..%2fweb%2fgyosil.sqlite",
        "/pkg/../web/gyosil.sqlite",
        "/pkg/..%2fweb%2fgyosil.sqlite",
        "/ko/lessons/cloud/..%2fcontainers",
        "/xx/",
        "/ko/nothing",
    ] {
        assert_eq!(visitor.get(hidden).status, 404, "{hidden}");
    }
}

#[test]
fn names_with_a_hash_are_kept_for_ever_and_others_are_not() {
    let classroom = Classroom::open();
    let visitor = classroom.visitor();
    let caching = |path: &str| visitor.get(path).header("cache-control").to_owned();
    assert!(caching("/pkg/style-4567.css").contains("immutable"));
    assert_eq!(caching("/pkg/favicon.svg"), "no-cache");
}

/// The page shows neither scripts nor right answers nor explanations before they were earned.
#[test]
fn no_secret_is_on_a_page() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    for lang in ["ko", "en"] {
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../content/containers/run.ko.md"
        );
        let page = student.get(&format!("/{lang}/lessons/containers/run")).body;
        let source = fs::read_to_string(source).unwrap();
        for script in source.split("```bash ").skip(1) {
            let (kind, rest) = script.split_once('\n').unwrap();
            if !["check", "answer", "solution", "wrong", "setup"]
                .iter()
                .any(|k| kind.starts_with(k))
            {
                continue;
            }
            let body = rest.split("```").next().unwrap();
            for line in body
                .lines()
                .map(str::trim)
                .filter(|line| line.contains("|| fail"))
            {
                assert!(
                    !page.contains(line),
                    "{lang}: a check's line is on the page: {line}"
                );
            }
        }
        assert!(
            !page.contains("|| fail"),
            "{lang}: a check's script is on the page"
        );
        assert!(
            !page.contains(":::explain"),
            "{lang}: the author's format is on the page"
        );
    }
}

#[test]
fn somebody_without_an_account_gets_no_machine() {
    let classroom = Classroom::open();
    let nobody = classroom.visitor();
    assert_eq!(
        nobody.post("/ko/machine/start", &[("next", "/ko/")]).status,
        303
    );
    let live = nobody.get("/ko/lessons/containers/run/live");
    assert_eq!(live.status, 401, "the event stream starts a machine");
    let terminal = nobody.get("/ko/machine/terminal?cols=80&rows=24");
    assert_ne!(terminal.status, 101);
}

/// A page of another site could otherwise type into the terminal of whoever visits it.
#[test]
fn a_terminal_is_its_own_students_and_our_own_pages() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    classroom.student(&code, "김철수");
    let terminal = "/ko/machine/terminal?cols=80&rows=24";
    let ours = Some(&*classroom.url);
    assert_eq!(student.upgrade(terminal, ours), 101);
    for origin in [
        Some("http://example.org"),
        Some("http://127.0.0.1:1"),
        Some("null"),
        None,
    ] {
        assert_eq!(student.upgrade(terminal, origin), 403, "{origin:?}");
    }
    assert_ne!(classroom.visitor().upgrade(terminal, ours), 101);
    // Nothing in an address names a machine, so nobody can name another's.
    for other in ["s2", "s3", "김철수", "2", ".."] {
        let path = format!("/ko/machine/{other}/terminal?cols=80&rows=24");
        assert_ne!(student.upgrade(&path, ours), 101, "{other}");
    }
}

/// How a wrong sign-in is answered that came so.
fn wrong_sign_in(classroom: &Classroom, origin: &str, headers: &[(&str, &str)]) -> Answer {
    let fields = [("name", "선생님"), ("password", "wrong horse")];
    let visitor = classroom.visitor();
    visitor.post_from("/ko/sign-in", &fields, origin, headers)
}

#[test]
fn a_proxy_of_ours_is_believed() {
    let classroom = Classroom::behind_proxy();
    let https = classroom.url.replace("http://", "https://");
    let over_tls = ("x-forwarded-proto", "https");
    let link = classroom.setup_link.strip_prefix(&classroom.url).unwrap();
    let fields = [("name", "선생님"), ("password", "correct horse")];
    let made = classroom
        .visitor()
        .post_from(link, &fields, &https, &[over_tls]);
    assert!(
        made.header("set-cookie").contains("Secure"),
        "{}",
        made.header("set-cookie")
    );
    assert!(made.header("strict-transport-security").contains("max-age"));
    let theme = [("theme", "dark"), ("next", "/ko/")];
    let kept = classroom
        .visitor()
        .post_from("/ko/theme", &theme, &https, &[over_tls]);
    assert!(kept.header("set-cookie").contains("Secure"));

    // A page that did not come over TLS is another site's.
    assert_eq!(
        wrong_sign_in(&classroom, &classroom.url, &[over_tls]).status,
        403
    );
    let from = |addresses: &str| {
        let headers = [over_tls, ("x-forwarded-for", addresses)];
        wrong_sign_in(&classroom, &https, &headers).status
    };
    for _ in 0..5 {
        assert_eq!(from("10.9.0.1"), 401);
    }
    assert_eq!(from("10.9.0.1"), 429);
    assert_eq!(
        from("10.9.0.2, 10.9.0.1"),
        429,
        "what a visitor claims is believed"
    );
    assert_eq!(from("10.9.0.2"), 401, "somebody elsewhere is kept out");
}

#[test]
fn nobody_else_is_believed() {
    let classroom = Classroom::open();
    classroom.instructor();
    let https = classroom.url.replace("http://", "https://");
    let over_tls = ("x-forwarded-proto", "https");
    assert_eq!(wrong_sign_in(&classroom, &https, &[over_tls]).status, 403);
    for n in 0..5 {
        let address = format!("10.9.0.{n}");
        let headers = [over_tls, ("x-forwarded-for", &*address)];
        let answer = wrong_sign_in(&classroom, &classroom.url, &headers);
        assert_eq!(
            (answer.status, answer.header("strict-transport-security")),
            (401, "")
        );
    }
    let headers = [("x-forwarded-for", "10.9.0.9")];
    assert_eq!(
        wrong_sign_in(&classroom, &classroom.url, &headers).status,
        429
    );
}

/// Whoever guesses one name's password hinders nobody else behind the same address.
#[test]
fn guessing_keeps_no_class_out() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    classroom.student(&code, "홍길동");
    for _ in 0..8 {
        wrong_sign_in(&classroom, &classroom.url, &[]);
    }
    assert_eq!(wrong_sign_in(&classroom, &classroom.url, &[]).status, 429);
    let fields = [("name", "홍길동"), ("password", "password of mine")];
    assert_eq!(classroom.visitor().post("/ko/sign-in", &fields).status, 303);
}

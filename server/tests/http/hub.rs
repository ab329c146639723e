//! The class's hub: tokens to log in with, and whom it is told of.

use std::{fs, path::Path};

use futures::StreamExt;
use hub::{Published, PublishedAccount, hash_of};
use machine::{ExecRequest, MachineUser, State};

use crate::classroom::{Classroom, Visitor};

/// Whom the hub is told of.
fn published(data: &Path) -> Vec<PublishedAccount> {
    let text = fs::read_to_string(Published::file(data)).unwrap();
    let published: Published = serde_json::from_str(&text).unwrap();
    published.accounts
}

/// Makes a token, which the page shows.
fn make(visitor: &Visitor, name: &str) -> String {
    let page = visitor.post("/ko/hub/tokens", &[("hub-name", name)]);
    assert_eq!(page.status, 200, "{}", page.body);
    let at = page.body.find("gyh_").expect("a token");
    let token = page.body[at..].split('<').next().unwrap();
    assert_eq!(token.len(), "gyh_".len() + 40, "160 bits");
    token.to_owned()
}

#[test]
fn a_token_is_shown_once_and_works_until_it_is_revoked() {
    let classroom = Classroom::open();
    assert_eq!(published(classroom.data()), [], "told at the start");
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let hong = classroom.student(&code, "Hong Gildong");
    let lee = classroom.student(&code, "이순신");
    assert!(hong.get("/ko/hub").body.contains("value=\"hong-gildong\""));
    let fourth = lee.get("/ko/hub").body;
    assert!(fourth.contains("value=\"s3\""), "{fourth}");

    let token = make(&hong, "hong");
    let account = |name: &str, tokens: &[&String]| PublishedAccount {
        name: name.to_owned(),
        tokens: tokens.iter().map(|token| hash_of(token)).collect(),
    };
    assert_eq!(published(classroom.data()), [account("hong", &[&token])]);
    let page = hong.get("/ko/hub").body;
    assert!(!page.contains(&token) && page.contains("hong"), "{page}");
    let record = hong.get("/ko/account/export.json").body;
    assert!(
        record.contains(r#""hub":{"name":"hong","tokens":[{"#),
        "{record}"
    );
    let files = fs::read_dir(classroom.data().join("web")).unwrap();
    for file in files.map(|file| file.unwrap().path()) {
        let text = fs::read(&file).unwrap_or_default();
        let is_in = text.windows(token.len()).any(|at| at == token.as_bytes());
        assert!(!is_in, "{} has the token itself", file.display());
    }

    // Names that are another's, the classroom's, or none.
    for name in ["hong", "library", "Lee", "이순신", "a", "lee/web", ""] {
        let answer = lee.post("/ko/hub/tokens", &[("hub-name", name)]);
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.body.contains("aria-invalid"), "{name}");
    }
    let theirs = make(&lee, "lee");
    let second = make(&hong, "ignored");
    let all = [
        account("hong", &[&token, &second]),
        account("lee", &[&theirs]),
    ];
    assert_eq!(published(classroom.data()), all);

    // One's own go one by one; another's does not.
    let page = hong.get("/ko/hub").body;
    let newest = page.split("name=\"token\" value=\"").nth(1).unwrap();
    let newest = newest.split('"').next().unwrap();
    lee.post("/ko/hub/tokens/revoke", &[("token", newest)]);
    assert_eq!(published(classroom.data()), all);
    hong.post("/ko/hub/tokens/revoke", &[("token", newest)]);
    let left = [account("hong", &[&token]), account("lee", &[&theirs])];
    assert_eq!(published(classroom.data()), left);

    // Who goes, goes from there as well.
    let fields = [("own-name", "이순신"), ("own-password", "password of mine")];
    assert_eq!(lee.post("/ko/account/delete", &fields).status, 303);
    assert_eq!(published(classroom.data()), [account("hong", &[&token])]);
}

#[test]
fn an_account_has_so_many_tokens() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    for _ in 0..10 {
        make(&instructor, "kim");
    }
    let answer = instructor.post("/ko/hub/tokens", &[]);
    assert_eq!(answer.status, 422);
    assert_eq!(published(classroom.data())[0].tokens.len(), 10);
}

/// Runs a script as the student in a machine that is being made; what it said.
fn in_machine(classroom: &Classroom, machine: &str, script: &str) -> String {
    let id = machine.parse().unwrap();
    let request = ExecRequest {
        argv: ["bash", "-s"].map(Into::into).into(),
        user: MachineUser::Student,
        stdin: format!("exec 2>&1\n{script}"),
        timeout_ms: 60_000,
    };
    classroom.ask(async |machined| {
        machined.ensure(&id).await.unwrap();
        let mut states = machined.watch(&id).await.unwrap();
        while let Some(machine) = states.next().await {
            if machine.unwrap().state == State::Ready {
                break;
            }
        }
        machined.exec(&id, &request).await.unwrap().stdout
    })
}

#[test]
fn what_is_pushed_stands_on_the_page_until_it_is_removed() {
    let course = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/course");
    let classroom = Classroom::with_machines(course.as_ref(), &["--pool", "0"]);
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let hong = classroom.student(&code, "홍길동");
    let lee = classroom.student(&code, "이순신");
    assert!(hong.get("/ko/hub").body.contains("아직 이미지가 없습니다"));

    // The token of the page is good in the machine.
    let token = make(&hong, "hong");
    let push = format!(
        "docker login -u hong --password-stdin <<<{token}
        for tag in 1 2; do
            tar -c -C / etc/hostname | docker import -m 'layer <b>' -c 'CMD [\"run <b>\"]' - hong/web:$tag
            docker push hong/web:$tag || exit 1
        done
        echo pushed"
    );
    let said = in_machine(&classroom, "s2", &push);
    assert!(said.ends_with("pushed\n"), "{said}");

    let page = lee.get("/ko/hub").body;
    assert!(page.contains("href=\"/ko/hub/images/hong/web\""), "{page}");
    assert!(page.contains("1, 2"), "{page}");
    let page = lee.get("/ko/hub/images/hong/web?tag=2");
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("docker pull hong/web:2"),
        "{}",
        page.body
    );
    assert!(page.body.contains("<meter"), "{}", page.body);
    assert!(page.body.contains("run &lt;b&gt;"), "{}", page.body);
    assert!(!page.body.contains("/remove"), "another's is not to remove");
    for missing in ["hong/none", "hong/web?tag=9", "lee/web", "..%2f/web"] {
        let page = lee.get(&format!("/ko/hub/images/{missing}"));
        assert_eq!(page.status, 404, "{missing}");
    }

    // Its owner may remove it, an instructor may, another student may not.
    let remove = |who: &Visitor, tag: &str| {
        who.post("/ko/hub/images/hong/web/remove", &[("tag", tag)])
            .status
    };
    assert_eq!(remove(&lee, "1"), 403);
    assert_eq!(remove(&hong, "none"), 404);
    assert_eq!(remove(&hong, "1"), 303);
    let page = hong.get("/ko/hub/images/hong/web").body;
    assert!(
        page.contains("/remove") && !page.contains("value=\"1\""),
        "{page}"
    );
    assert_eq!(remove(&instructor, "2"), 303);
    assert_eq!(hong.get("/ko/hub/images/hong/web").status, 404);
    let said = in_machine(&classroom, "s3", "docker pull hong/web:2");
    assert!(said.contains("pull access denied"), "{said}");
}

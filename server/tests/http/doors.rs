//! Coming in: accounts, classes, and who may see what.

use std::io::Read as _;

use crate::classroom::{Classroom, Visitor};

#[test]
fn the_first_instructors_link_works_once() {
    let classroom = Classroom::open();
    let link = classroom
        .setup_link
        .strip_prefix(&classroom.url)
        .unwrap()
        .to_owned();
    classroom.instructor();
    let late = classroom.visitor();
    assert!(
        !late.get(&link).body.contains("name=\"password\""),
        "the form is still there"
    );
    let fields = [("name", "다른 사람"), ("password", "correct horse")];
    assert_eq!(late.post(&link, &fields).status, 422);
    let signed_in = late.post("/ko/sign-in", &fields);
    assert_eq!(signed_in.status, 401, "the second account was made");
}

#[test]
fn who_may_see_a_class() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "클라우드 1반");
    let student = classroom.student(&code, "<b>홍길동</b>");

    let page = instructor.get(&class).body;
    assert!(
        page.contains("&lt;b&gt;홍길동&lt;/b&gt;"),
        "the name is not shown as it was written"
    );
    assert!(!page.contains("<b>홍길동"), "a name became HTML");
    assert_eq!(student.get(&class).status, 403);
    assert_eq!(
        student.post("/ko/classes", &[("title", "내 수업")]).status,
        403
    );
    assert_eq!(instructor.get("/ko/classes/999999").status, 404);
    assert_eq!(instructor.get("/ko/classes/nonsense").status, 404);
    let nobody = classroom.visitor().get(&class);
    assert_eq!(nobody.status, 303);
    assert!(
        nobody.location.starts_with("/ko/sign-in?next=/ko/classes/"),
        "{}",
        nobody.location
    );
}

#[test]
fn signing_in_leads_back_and_never_elsewhere() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    classroom.student(&code, "홍길동");
    let sign_in = |next: &str| {
        let fields = [
            ("name", "홍길동"),
            ("password", "password of mine"),
            ("next", next),
        ];
        classroom.visitor().post("/en/sign-in", &fields).location
    };
    assert_eq!(
        sign_in("/ko/lessons/containers/run"),
        "/ko/lessons/containers/run"
    );
    for elsewhere in [
        "https://example.org/",
        "//example.org/",
        "/\\example.org",
        "/\t/example.org",
    ] {
        assert_eq!(sign_in(elsewhere), "/en/", "{elsewhere} was followed");
    }
}

#[test]
fn a_session_ends_with_signing_out() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    assert_eq!(instructor.get("/ko/classes").status, 200);
    instructor.post("/ko/sign-out", &[]);
    assert_eq!(instructor.get("/ko/classes").status, 303);
}

/// Signs in with a browser of its own.
fn sign_in(classroom: &Classroom, name: &str, password: &str) -> Option<Visitor> {
    let visitor = classroom.visitor();
    let answer = visitor.post("/ko/sign-in", &[("name", name), ("password", password)]);
    (answer.status == 303).then_some(visitor)
}

#[test]
fn another_password_ends_all_other_sign_ins() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let here = classroom.student(&code, "홍길동");
    let elsewhere = sign_in(&classroom, "홍길동", "password of mine").unwrap();
    assert_eq!(elsewhere.get("/ko/account").status, 200);
    let change = |old: &str, new: &str| {
        here.post(
            "/ko/account/password",
            &[("old-password", old), ("password", new)],
        )
    };
    assert_eq!(change("password of mine", "short").status, 422);
    assert_eq!(change("not the password", "another of mine").status, 401);
    assert_eq!(elsewhere.get("/ko/account").status, 200);
    assert_eq!(change("password of mine", "another of mine").status, 303);
    assert_eq!(here.get("/ko/account").status, 200);
    assert_eq!(elsewhere.get("/ko/account").status, 303);
    assert!(sign_in(&classroom, "홍길동", "password of mine").is_none());

    // From here all of them can be ended.
    let elsewhere = sign_in(&classroom, "홍길동", "another of mine").unwrap();
    here.post("/ko/account/sign-out", &[]);
    for visitor in [&here, &elsewhere] {
        assert_eq!(visitor.get("/ko/account").status, 303);
    }
}

#[test]
fn what_is_open_ends_with_its_sign_in() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let page = instructor.get(&class).body;
    let grid = page.split("data-stream=\"").nth(1).expect("a stream");
    let grid = grid.split('"').next().unwrap().replace("&amp;", "&");
    let lesson = "/ko/lessons/cloud/service-models/live?shown=x";
    let mut streams = [instructor.stream(&grid), student.stream(lesson)];
    for visitor in [&instructor, &student] {
        assert_eq!(visitor.post("/ko/sign-out", &[]).status, 303);
    }
    for stream in &mut streams {
        // Each ends, well, before the reader's patience does.
        let mut told = String::new();
        stream.read_to_string(&mut told).expect("it ends");
    }
}

#[test]
fn who_deletes_their_account_is_gone() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let (_, other_code) = classroom.class(&instructor, "2반");
    let student = classroom.student(&code, "홍길동");
    let joined = student.post("/ko/account/join", &[("code", &other_code)]);
    assert_eq!(joined.status, 303, "{}", joined.body);
    let export = student.get("/ko/account/export.json").body;
    for part in ["홍길동", "1반", "2반", "attempts"] {
        assert!(export.contains(part), "{part} is not in {export}");
    }
    assert!(
        !export.contains("argon2"),
        "the password's hash is in {export}"
    );

    let delete = |who: &Visitor, name: &str, password: &str| {
        let fields = [("own-name", name), ("own-password", password)];
        who.post("/ko/account/delete", &fields).status
    };
    assert_eq!(delete(&student, "김철수", "password of mine"), 422);
    assert_eq!(delete(&student, "홍길동", "not the password"), 401);
    assert!(instructor.get(&class).body.contains("홍길동"));
    assert_eq!(delete(&student, "홍길동", "password of mine"), 303);
    assert_eq!(student.get("/ko/account").status, 303);
    assert!(!instructor.get(&class).body.contains("홍길동"));
    assert!(sign_in(&classroom, "홍길동", "password of mine").is_none());
    assert_eq!(
        delete(&instructor, "선생님", "correct horse"),
        422,
        "the last admin is gone"
    );
}

#[test]
fn a_teacher_helps_who_forgot_the_password_and_closes_the_door() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let roster = format!("{class}/roster");
    let page = instructor.get(&roster).body;
    let account = page
        .split("name=\"account\" value=\"")
        .nth(1)
        .expect("a student");
    let account = account.split('"').next().unwrap();
    let act =
        |act: &str, fields: &[(&str, &str)]| instructor.post(&format!("{roster}/{act}"), fields);
    assert_eq!(
        act("password", &[("account", "1")]).status,
        404,
        "no student of the class"
    );
    let page = act("password", &[("account", account)]).body;
    let password = page.split("class=\"code\">").nth(1).expect("a password");
    let password = password.split('<').next().unwrap();
    assert_eq!(
        student.get("/ko/account").status,
        303,
        "an old sign-in is left"
    );
    let student = sign_in(&classroom, "홍길동", password).unwrap();
    assert!(
        !instructor.get(&roster).body.contains(password),
        "it is shown twice"
    );

    let join = |name: &str| {
        let fields = [
            ("code", &*code),
            ("name", name),
            ("password", "password of mine"),
        ];
        classroom.visitor().post("/ko/join", &fields).status
    };
    for (change, joined) in [
        ("close", 422),
        ("today", 303),
        ("week", 303),
        ("never", 303),
        ("renew", 422),
    ] {
        assert_eq!(act("code", &[("act", change)]).status, 303);
        assert_eq!(join(change), joined, "{change}");
    }
    assert_eq!(act("remove", &[("account", account)]).status, 303);
    assert_eq!(act("remove", &[("account", account)]).status, 404);
    assert!(!instructor.get(&class).body.contains("홍길동"));
    assert_eq!(student.get("/ko/account").status, 200);
}

#[test]
fn passwords_and_names_that_will_not_do() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let visitor = classroom.visitor();
    let try_to_join = |name: &str, password: &str| {
        visitor.post(
            "/en/join",
            &[("code", &code), ("name", name), ("password", password)],
        )
    };
    let long = "x".repeat(41);
    for (name, password, told) in [
        ("홍길동", "q7w3e5r", "at least 8 characters"),
        (" \u{200b} ", "password of mine", "Please enter a name"),
        (&long, "password of mine", "at most 40 characters"),
        ("선생님", "password of mine", "This name is taken"),
    ] {
        let answer = try_to_join(name, password);
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains(told), "not told: {told}");
        assert!(
            answer.body.contains("aria-invalid=\"true\""),
            "no field is marked"
        );
        assert!(!answer.body.contains(password), "the password came back");
    }
    assert_eq!(try_to_join("홍길동", "password of mine").status, 303);
}

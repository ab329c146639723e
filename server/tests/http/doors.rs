//! Coming in: accounts, classes, and who may see what.

use crate::classroom::Classroom;

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

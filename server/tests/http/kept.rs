//! What is kept in memory is never older than the record, and nobody else's.

use std::thread;

use crate::classroom::{Answer, Classroom, Visitor};

const LESSON: &str = "/ko/lessons/cloud/service-models";
const QUESTION: &str = "/ko/lessons/cloud/service-models/questions/kernel-module";
/// How often a page is asked for, so that it is one that was kept.
const AGAIN: usize = 3;

/// The page as it comes when it is asked for again.
fn again(visitor: &Visitor, path: &str) -> Answer {
    let mut pages = (0..AGAIN).map(|_| visitor.get(path));
    let page = pages.next_back().unwrap();
    assert_eq!(page.status, 200);
    page
}

/// The key in the question's form.
fn key(page: &Answer) -> String {
    let form = page.block("kernel-module");
    let key = form.split("name=\"key\"").nth(1).unwrap();
    let key = key.split("value=\"").nth(1).unwrap();
    key.split('"').next().unwrap().to_owned()
}

fn sign_in(classroom: &Classroom, name: &str) -> Visitor {
    let visitor = classroom.visitor();
    let fields = [("name", name), ("password", "password of mine")];
    assert_eq!(visitor.post("/ko/sign-in", &fields).status, 303);
    visitor
}

/// Several students answer and read at once; each sees their own name, answer and nothing of the others'.
#[test]
fn nobody_is_shown_anothers_page() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let names: Vec<_> = (0..6).map(|number| format!("학생{number}님")).collect();
    let students: Vec<_> = names
        .iter()
        .map(|name| classroom.student(&code, name))
        .collect();
    let nobody = classroom.visitor();
    thread::scope(|scope| {
        for (number, student) in students.iter().enumerate() {
            let (names, nobody) = (&names, &nobody);
            scope.spawn(move || {
                for round in 0..8 {
                    let answer = format!("answer-{number}-{round}.");
                    let key = format!("{number}-{round}");
                    let fields = [("text", answer.as_str()), ("key", &key)];
                    assert_eq!(student.post(QUESTION, &fields).status, 303);
                    for _ in 0..AGAIN {
                        let page = student.get(LESSON).body;
                        assert!(page.contains(&answer), "{answer} is not shown");
                        let others = (0..names.len()).filter(|other| *other != number);
                        for other in others {
                            assert!(!page.contains(&format!("answer-{other}-")));
                        }
                        let shown = names.iter().filter(|name| page.contains(*name));
                        assert_eq!(shown.collect::<Vec<_>>(), [&names[number]]);
                    }
                    let page = nobody.get(LESSON).body;
                    assert!(!names.iter().any(|name| page.contains(name)));
                }
            });
        }
    });
}

#[test]
fn two_tabs_that_show_the_same_make_one_attempt_and_the_second_is_told() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let (one, two) = (student.get(LESSON), student.get(LESSON));
    let first = key(&one);
    assert_eq!(first, key(&two));
    let give = |text: &str, key: &str| student.post_live(QUESTION, &[("text", text), ("key", key)]);

    let given = give("in the first tab", &first);
    assert!(!given.body.contains("다른 창에서"));
    // The same once more, as after a lost reply, is no second answer.
    assert!(
        !give("in the first tab", &first)
            .body
            .contains("다른 창에서")
    );
    let late = give("in the second tab", &first);
    let block = late.block("kernel-module");
    assert!(block.contains("다른 창에서") && block.contains("in the first tab"));
    assert!(block.contains("data-state=\"wrong\""));
    assert!(!block.contains("in the second tab"));

    // Without script, and in the other language.
    let english = QUESTION.replace("/ko/", "/en/");
    let led = student.post(&english, &[("text", "in the second tab"), ("key", &first)]);
    let page = student.get(&led.location);
    let block = page.block("kernel-module");
    assert!(block.contains("another window") && block.contains("in the first tab"));

    // The form that was shown instead is for another try.
    let next = key(&late);
    assert_ne!(next, first);
    assert_eq!(next, key(&again(&student, LESSON)));
    assert!(
        give("in the second tab", &next)
            .body
            .contains("in the second tab")
    );
    let attempts = "SELECT response FROM attempts ORDER BY id";
    let attempts = classroom.sql(attempts);
    assert_eq!(attempts.len(), 2, "{attempts:?}");
}

#[test]
fn a_kept_page_has_a_nonce_of_its_own_each_time() {
    let classroom = Classroom::open();
    let visitor = classroom.visitor();
    let nonce = |page: &Answer| {
        let policy = page.header("content-security-policy").to_owned();
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap();
        let marks = page.body.matches(&format!("nonce=\"{nonce}\"")).count();
        assert!(marks > 0 && marks == page.body.matches(" nonce=\"").count());
        nonce.to_owned()
    };
    let (one, two) = (again(&visitor, LESSON), again(&visitor, LESSON));
    assert_ne!(nonce(&one), nonce(&two));
    // But for the nonce it is the same page.
    assert_eq!(
        one.body.replace(&nonce(&one), ""),
        two.body.replace(&nonce(&two), "")
    );
}

#[test]
fn what_changes_shows_at_once_on_a_page_that_was_kept() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    assert!(!again(&student, LESSON).body.contains("내일은 쉽니다"));
    let said = format!("{class}/announcements");
    instructor.post(&said, &[("text", "내일은 쉽니다")]);
    assert!(student.get(LESSON).body.contains("내일은 쉽니다"));
    assert!(again(&student, LESSON).body.contains("내일은 쉽니다"));

    student.post("/ko/theme", &[("theme", "dark"), ("next", LESSON)]);
    assert!(student.get(LESSON).body.contains("data-theme=\"dark\""));

    // Who is not in the class any more is not told what it is told.
    let roster = instructor.get(&format!("{class}/roster")).body;
    let account = roster.split("name=\"account\" value=\"").nth(1).unwrap();
    let account = account.split('"').next().unwrap();
    let removed = instructor.post(&format!("{class}/roster/remove"), &[("account", account)]);
    assert_eq!(removed.status, 303, "{}", removed.body);
    assert!(!student.get(LESSON).body.contains("내일은 쉽니다"));
}

#[test]
fn who_is_signed_out_is_so_at_the_next_request() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let here = classroom.student(&code, "홍길동");
    let is_signed_in = |visitor: &Visitor| again(visitor, LESSON).body.contains("홍길동");

    let elsewhere = sign_in(&classroom, "홍길동");
    assert!(is_signed_in(&elsewhere) && is_signed_in(&here));
    let change = [
        ("old-password", "password of mine"),
        ("password", "another of mine"),
    ];
    assert_eq!(here.post("/ko/account/password", &change).status, 303);
    assert!(!elsewhere.get(LESSON).body.contains("홍길동"));
    assert!(is_signed_in(&here));

    let back = [
        ("old-password", "another of mine"),
        ("password", "password of mine"),
    ];
    assert_eq!(here.post("/ko/account/password", &back).status, 303);
    let elsewhere = sign_in(&classroom, "홍길동");
    assert!(is_signed_in(&elsewhere));
    assert_eq!(here.post("/ko/account/sign-out", &[]).status, 303);
    assert!(!elsewhere.get(LESSON).body.contains("홍길동"));

    let elsewhere = sign_in(&classroom, "홍길동");
    let here = sign_in(&classroom, "홍길동");
    assert!(is_signed_in(&elsewhere) && is_signed_in(&here));
    let delete = [("own-name", "홍길동"), ("own-password", "password of mine")];
    assert_eq!(here.post("/ko/account/delete", &delete).status, 303);
    assert!(!elsewhere.get(LESSON).body.contains("홍길동"));
}

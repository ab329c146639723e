//! Answers to questions: graded, recorded once, kept when somebody has to sign in first.

use crate::classroom::{Classroom, Visitor};

const LESSON: &str = "/ko/lessons/cloud/service-models";
const QUESTION: &str = "/ko/lessons/cloud/service-models/questions/db-on-vm";

/// Words of the right choice, and of a wrong one.
const RIGHT: &str = "다은이 해야 한다";
const WRONG: &str = "PaaS이고";

/// The value of the choice whose text contains `words`, as the page has it.
fn choice(visitor: &Visitor, words: &str) -> String {
    let page = visitor.get(LESSON);
    let block = page.block("db-on-vm").to_owned();
    let label = block
        .split("<label")
        .find(|label| label.contains(words))
        .expect("such a choice");
    label
        .split("value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

/// What the class's page says of its one student: the words of the cells but the untouched, and how
/// much is done.
fn row(page: &str) -> (Vec<&str>, &str) {
    let row = page.split("<tr id=\"student-").nth(1).expect("a student");
    let row = row.split("</tr>").next().unwrap();
    let words = row.split("visually-hidden\">").skip(1);
    let words = words.filter_map(|rest| rest.split('<').next());
    let done = row.rsplit("lesson-start\">").next().unwrap();
    let touched = words.filter(|word| *word != "아직").collect();
    (touched, done.split('<').next().unwrap())
}

#[test]
fn wrong_then_right_and_the_instructor_sees_both() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let (right, wrong) = (choice(&student, RIGHT), choice(&student, WRONG));

    let answer = student.post(QUESTION, &[("choice", &wrong), ("key", "first")]);
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location, format!("{LESSON}#db-on-vm"));
    assert!(
        student
            .get(LESSON)
            .block("db-on-vm")
            .contains("data-state=\"wrong\"")
    );
    let page = instructor.get(&class).body;
    assert_eq!(row(&page), (vec!["하는 중"], "0"));

    let answer = student.post_live(QUESTION, &[("choice", &right), ("key", "second")]);
    assert_eq!(answer.status, 200);
    assert!(
        answer.body.starts_with("<form"),
        "a piece of the page was asked for"
    );
    assert!(answer.block("db-on-vm").contains("data-state=\"right\""));
    assert!(
        answer.body.contains("id=\"progress\""),
        "the header's progress did not come along"
    );
    let page = instructor.get(&class).body;
    assert_eq!(row(&page), (vec!["멈춤"], "1"));
}

#[test]
fn one_form_sent_twice_is_one_attempt() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let (right, wrong) = (choice(&student, RIGHT), choice(&student, WRONG));
    student.post(QUESTION, &[("choice", &wrong), ("key", "same")]);
    // The same form again, as after a lost answer; even with another choice it is the first attempt.
    let again = student.post_live(QUESTION, &[("choice", &right), ("key", "same")]);
    assert!(again.block("db-on-vm").contains("data-state=\"wrong\""));
    assert!(
        student
            .get(LESSON)
            .block("db-on-vm")
            .contains("data-state=\"wrong\"")
    );
}

#[test]
fn an_answer_waits_for_its_student_to_sign_in() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    student.post("/ko/sign-out", &[]);
    let right = choice(&student, RIGHT);
    let refused = student.post(QUESTION, &[("choice", &right), ("key", "k")]);
    assert_eq!(refused.status, 303);
    let door = refused.location;
    assert!(door.starts_with("/ko/sign-in?next="), "{door}");
    let page = student.get(&door).body;
    let form = page.split("action=\"/ko/sign-in\"").nth(1).unwrap();
    let next = form
        .split("name=\"next\"")
        .nth(1)
        .unwrap()
        .split("value=\"")
        .nth(1)
        .unwrap();
    let next = next.split('"').next().unwrap().replace("&amp;", "&");
    let fields = [
        ("name", "홍길동"),
        ("password", "password of mine"),
        ("next", &next),
    ];
    let back = student.post("/ko/sign-in", &fields).location;
    let page = student.get(&back);
    assert_eq!(page.status, 200, "{back}");
    let block = page.block("db-on-vm");
    assert!(block.contains("checked"), "the choice was lost");
    assert!(
        block.contains("data-state=\"open\""),
        "it was graded without being given"
    );
}

#[test]
fn what_is_not_an_answer_is_not_recorded() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let nothing = student.post_live(QUESTION, &[("key", "k1")]);
    assert!(nothing.body.contains("빠진 곳이 있습니다"));
    assert_eq!(
        student
            .post_live(QUESTION, &[("choice", "99"), ("key", "k2")])
            .status,
        400
    );
    assert_eq!(
        student
            .post(QUESTION, &[("choice", "0"), ("key", "no key!")])
            .status,
        400
    );
    assert_eq!(
        student
            .post(&format!("{LESSON}/questions/none"), &[])
            .status,
        404
    );
    let number = "/ko/lessons/cloud/service-models/questions/kernel-module";
    let long = "x".repeat(600);
    assert!(
        student
            .post_live(number, &[("text", &long), ("key", "k3")])
            .body
            .contains("너무 깁니다")
    );
    assert!(
        student
            .get(LESSON)
            .block("db-on-vm")
            .contains("data-state=\"open\"")
    );
}

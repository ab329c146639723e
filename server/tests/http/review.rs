//! The student's own page and the day's review. Days pass in the record: it is made older.

use crate::classroom::{Answer, Classroom, Visitor};

const ME: &str = "/ko/me";
const REVIEW: &str = "/ko/review";
const LESSON: &str = "/ko/lessons/cloud/service-models";
const QUESTION: &str = "/ko/lessons/cloud/service-models/questions/db-on-vm";
const REVIEWED: &str = "/ko/review/cloud/service-models/db-on-vm";
/// The question's element on the page of the review.
const BLOCK: &str = "cloud.service-models.db-on-vm";
/// Words of the question's right choice, of a wrong one, and of its explanation.
const RIGHT: &str = "다은이 해야 한다";
const WRONG: &str = "PaaS이고";

/// The value of the choice whose text contains `words`, as a page has it.
fn choice(page: &Answer, block: &str, words: &str) -> String {
    let mut labels = page.block(block).split("<label");
    let label = labels
        .find(|label| label.contains(words))
        .expect("such a choice");
    let value = label.split("value=\"").nth(1).expect("a value");
    value.split('"').next().expect("its end").to_owned()
}

/// The key that a form on a page carries.
fn key(page: &Answer, block: &str) -> String {
    let rest = page.block(block).split("name=\"key\" value=\"").nth(1);
    let key = rest.and_then(|rest| rest.split('"').next());
    key.expect("a key").to_owned()
}

fn student(classroom: &Classroom) -> Visitor {
    let (_, code) = classroom.class(&classroom.instructor(), "1반");
    classroom.student(&code, "홍길동")
}

/// A student who answered the question right five days ago.
fn who_knew(classroom: &Classroom) -> Visitor {
    let student = student(classroom);
    let right = choice(&student.get(LESSON), "db-on-vm", RIGHT);
    let answer = student.post(QUESTION, &[("choice", &right), ("key", "first")]);
    assert_eq!(answer.status, 303);
    classroom.pass_days(5);
    student
}

#[test]
fn ones_own_page_says_where_one_is_and_what_is_next() {
    let classroom = Classroom::open();
    let student = student(&classroom);
    let page = student.get(ME);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("다음 레슨"), "the way on");
    assert!(
        page.body
            .contains("aria-label=\"사용자\"><a href=\"/ko/me\"")
    );
    assert!(page.body.contains("아직 없음"), "no evidence yet");
    assert!(!page.body.contains("아직 알 수 없음"));

    let right = choice(&student.get(LESSON), "db-on-vm", RIGHT);
    student.post(QUESTION, &[("choice", &right), ("key", "first")]);
    let page = student.get(ME);
    // One right answer of one point: Beta(2, 1), whose middle 80 % are 32 % to 95 %.
    assert!(page.body.contains("67%, 32%에서 95% 사이. 근거 1개."));
    assert!(page.body.contains("아직 알 수 없음"));

    let stranger = classroom.visitor();
    for path in [ME, REVIEW] {
        let answer = stranger.get(path);
        assert_eq!((answer.status, stranger.get(path).status), (303, 303));
        assert!(answer.location.starts_with("/ko/sign-in?next=/ko/"));
    }
}

#[test]
fn a_question_comes_back_and_is_answered_where_it_is() {
    let classroom = Classroom::open();
    let student = student(&classroom);
    let right = choice(&student.get(LESSON), "db-on-vm", RIGHT);
    student.post(QUESTION, &[("choice", &right), ("key", "first")]);
    assert!(
        student
            .get(REVIEW)
            .body
            .contains("오늘은 복습할 것이 없습니다"),
        "what was right today is not due today"
    );

    classroom.pass_days(5);
    let me = student.get(ME);
    assert!(me.body.contains("오늘의 복습") && me.body.contains("1개, 약 1분"));
    let page = student.get(REVIEW);
    let block = page.block(BLOCK);
    assert!(block.contains("data-state=\"open\""), "{block}");
    assert!(!block.contains("checked") && !block.contains("feedback\" data-tone"));

    let wrong = choice(&page, BLOCK, WRONG);
    let fields = [("choice", &*wrong), ("key", &*key(&page, BLOCK))];
    let answer = student.post(REVIEWED, &fields);
    assert_eq!(answer.location, format!("{REVIEW}#{BLOCK}"));
    // The same form again, as after a lost reply.
    student.post(REVIEWED, &fields);
    let page = student.get(REVIEW);
    assert!(page.block(BLOCK).contains("data-state=\"wrong\""));
    assert!(page.body.contains("오늘 남은 복습: 1개"));

    let fields = [("choice", &*right), ("key", &*key(&page, BLOCK))];
    let piece = student.post_live(REVIEWED, &fields);
    assert!(piece.block(BLOCK).contains("data-state=\"right\""));
    assert!(piece.body.contains("오늘의 복습을 마쳤습니다"));
    assert!(student.get(ME).body.contains("다음 레슨"));
    assert_eq!(
        classroom.sql("SELECT place || ' ' || is_right FROM attempts ORDER BY id"),
        ["lesson 1", "review 0", "review 1"]
    );
    // The first answer of the review counts now: wrong.
    assert!(
        student
            .get(ME)
            .body
            .contains("33%, 5%에서 68% 사이. 근거 1개.")
    );
}

#[test]
fn only_what_is_on_the_list_is_reviewed_and_nothing_is_lost_in_between() {
    let classroom = Classroom::open();
    let student = who_knew(&classroom);
    let page = student.get(REVIEW);
    let right = choice(&page, BLOCK, RIGHT);

    let nothing_chosen = student.post(REVIEWED, &[("key", &key(&page, BLOCK))]);
    assert_eq!(nothing_chosen.status, 200, "the page, with what to mend");
    assert!(nothing_chosen.block(BLOCK).contains("data-tone=\"wrong\""));
    let changed = [("choice", &*right), ("key", "k"), ("shown", "another")];
    assert!(
        student
            .post_live(REVIEWED, &changed)
            .body
            .contains("data-tone=\"wrong\"")
    );

    let stranger = classroom.visitor();
    let kept = stranger.post_live(REVIEWED, &[("choice", &right), ("key", "k")]);
    assert!(kept.block(BLOCK).contains("/ko/sign-in") && kept.block(BLOCK).contains("checked"));

    let other = REVIEWED.replace("db-on-vm", "nothing-of-this-name");
    assert_eq!(student.post(&other, &[]).status, 404);
    classroom.sql("DELETE FROM attempts");
    let late = student.post(REVIEWED, &[("choice", &right), ("key", "late")]);
    assert_eq!((late.status, &*late.location), (303, REVIEW));
    assert_eq!(classroom.sql("SELECT item FROM attempts"), [""; 0]);
}

#[test]
fn an_exercise_comes_back_with_new_values_and_what_it_builds_on() {
    let course = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/course");
    let classroom = Classroom::with_course(course.as_ref());
    let student = student(&classroom);
    let lesson = "/ko/lessons/machines/values";
    let account = "(SELECT id FROM accounts WHERE role = 'student')";
    for exercise in ["make", "go-on"] {
        classroom.sql(&format!(
            "INSERT INTO attempts (account, lesson, item, kind, version, response, score, is_right,
                                   idempotency_key, at_ms)
             SELECT {account}, 'machines/values', '{exercise}', 'exercise', 'v', 'null', 1, 1,
                    '{exercise}', created_ms FROM accounts WHERE id = {account}"
        ));
    }
    let before = student.get(lesson);
    assert!(before.block("make").contains("data-state=\"done\""));
    classroom.pass_days(5);

    let page = student.get(REVIEW);
    assert!(page.block("machines.values.go-on").contains("다시 하기"));
    let begun = student.post("/ko/review/machines/values/go-on", &[]);
    assert_eq!(begun.location, format!("{lesson}#go-on"));
    student.post("/ko/review/machines/values/go-on", &[]);
    let rounds = "SELECT exercise FROM review_rounds ORDER BY exercise";
    assert_eq!(classroom.sql(rounds), ["go-on", "make"], "one round each");

    let again = student.get(lesson);
    assert!(!again.block("make").contains("data-state=\"done\""));
    assert!(again.block("go-on").contains("href=\"#make\""), "it waits");
    let task = |page: &Answer| {
        let block = page.block("make");
        let file = block
            .split("/srv/")
            .nth(1)
            .expect("a task")
            .split('<')
            .next();
        file.expect("a file").to_owned()
    };
    assert_ne!(task(&again), task(&before), "the values are new");
    assert_eq!(task(&student.get(lesson)), task(&again), "and stay");
    assert!(
        student
            .get(REVIEW)
            .block("machines.values.go-on")
            .contains("하는 중")
    );
    // The course's progress is not taken back.
    assert!(again.body.contains(" 2 / "), "what was done stays done");
}

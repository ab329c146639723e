//! Questions that are handed in together: asked about once, recorded once, explained afterwards.

use std::{collections::BTreeSet, fs, thread};

use tempfile::TempDir;

use crate::classroom::{Answer, Classroom, Visitor};

const QUIZ: &str = "/ko/quizzes/one";
const PLACEMENT: &str = "/ko/placement";

/// What only somebody may read who has handed in.
const SECRET: &str = "풀이는 나중에";

/// Two units, each of a lesson with two questions to be answered by a number.
fn course() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let manifest = r#"title = { ko = "과정" }
default_language = "ko"
languages = ["ko"]
concepts = [{ id = "c", name = { ko = "가" } }, { id = "d", name = { ko = "나" } }]
units = [
  { id = "one", title = { ko = "하나" }, lessons = ["l"] },
  { id = "two", title = { ko = "둘" }, lessons = ["l"] },
]
"#;
    fs::write(dir.path().join("course.toml"), manifest).unwrap();
    for (unit, concept) in [("one", "c"), ("two", "d")] {
        let question = |id: &str, value: u8| {
            format!(
                "::::quiz {id} number {{concepts=\"{concept}\"}}\n{id}?\n- {value}\n\n:::explain\n{SECRET}.\n:::\n::::\n"
            )
        };
        let text = format!(
            "---\ntitle: {unit} 레슨\nminutes: 5\n---\n{}{}",
            question("first", 1),
            question("second", 2)
        );
        fs::create_dir(dir.path().join(unit)).unwrap();
        fs::write(dir.path().join(unit).join("l.ko.md"), text).unwrap();
    }
    dir
}

fn open() -> (Classroom, Visitor) {
    let classroom = Classroom::with_course(course().path());
    let instructor = classroom.instructor();
    let (_, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    (classroom, student)
}

/// The values of the page's fields whose names end so.
fn fields(page: &str, ending: &str) -> Vec<(String, String)> {
    let between = |tag: &str, name: &str| {
        let rest = tag.split(&format!("{name}=\"")).nth(1)?;
        Some(rest.split('"').next()?.to_owned())
    };
    page.split("<input ")
        .filter_map(|rest| rest.split('>').next())
        .filter_map(|tag| {
            Some((
                between(tag, "name")?,
                between(tag, "value").unwrap_or_default(),
            ))
        })
        .filter(|(name, _)| name.ends_with(ending))
        .collect()
}

/// The form of the page, with these answers in the places of fields that end so.
fn form(page: &str, answers: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut form = fields(page, "");
    for (ending, answer) in answers {
        for (name, value) in &mut form {
            if name.ends_with(ending) {
                (*answer).clone_into(value);
            }
        }
    }
    form
}

fn send(visitor: &Visitor, path: &str, form: &[(String, String)]) -> Answer {
    let form: Vec<_> = form.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    visitor.post(path, &form)
}

const ANSWERS: [(&str, &str); 2] = [("first.text", "1"), ("second.text", "5")];

#[test]
fn a_quiz_is_handed_in_as_a_whole_and_then_explained() {
    let (classroom, student) = open();
    let stranger = classroom.visitor().get(QUIZ);
    assert_eq!(stranger.location, "/ko/sign-in?next=/ko/quizzes/one");
    let page = student.get(QUIZ).body;
    assert!(page.contains("하나 퀴즈"));
    assert_eq!(
        fields(&page, ".text").len(),
        2,
        "the unit's questions alone"
    );
    assert!(!page.contains(SECRET));
    assert_eq!(student.get(&format!("{QUIZ}/0")).status, 404);

    let result = send(&student, QUIZ, &form(&page, &ANSWERS));
    assert_eq!(
        (result.status, &*result.location),
        (303, "/ko/quizzes/one/0")
    );
    let result = student.get(&result.location);
    assert!(
        result.body.contains("2문제 가운데 1문제"),
        "{}",
        result.body
    );
    assert!(result.body.contains("50점"));
    assert_eq!(result.body.matches(SECRET).count(), 2);
    assert!(result.block("q-1").contains("data-state=\"right\""));
    assert!(result.block("q-2").contains("data-state=\"wrong\""));
    assert!(result.block("q-2").contains("/ko/lessons/one/l#second"));
    assert!(
        result.block("q-2").contains("value=\"5\""),
        "what was answered"
    );
    // It is the same record as the lesson's.
    let lesson = student.get("/ko/lessons/one/l");
    assert!(lesson.block("first").contains("data-state=\"right\""));
    assert!(lesson.block("second").contains("data-state=\"wrong\""));
    // Another sitting begins anew.
    let again = student.get(QUIZ).body;
    assert_eq!(
        fields(&again, "sitting"),
        [("sitting".to_owned(), "1".to_owned())]
    );
    assert!(!again.contains(SECRET));
}

#[test]
fn handed_in_twice_or_in_two_tabs_at_once_it_counts_once() {
    let (_classroom, student) = open();
    let page = student.get(QUIZ).body;
    let (mine, other) = (
        form(&page, &ANSWERS),
        form(&page, &[("first.text", "7"), ("second.text", "7")]),
    );
    thread::scope(|scope| {
        for form in [&mine, &other, &mine, &other] {
            scope.spawn(|| {
                let answer = send(&student, QUIZ, form);
                assert_eq!(
                    (answer.status, &*answer.location),
                    (303, "/ko/quizzes/one/0")
                );
            });
        }
    });
    let result = student.get("/ko/quizzes/one/0").body;
    let values: BTreeSet<_> = fields(&result, ".text")
        .into_iter()
        .map(|(_, it)| it)
        .collect();
    let (one, two) = (["1", "5"].map(String::from), ["7"].map(String::from));
    assert!(values == one.into() || values == two.into(), "{values:?}");
    // Sent again much later, as by a browser that never heard: nothing changes.
    send(&student, QUIZ, &other);
    assert_eq!(
        student
            .get("/ko/quizzes/one/0")
            .body
            .matches("<fieldset")
            .count(),
        2
    );
    assert_eq!(fields(&student.get(QUIZ).body, "sitting")[0].1, "1");
    assert_eq!(student.get("/ko/quizzes/one/1").status, 404);
}

#[test]
fn what_has_no_answer_is_asked_about_once() {
    let (_classroom, student) = open();
    let page = student.get(QUIZ).body;
    let asked = send(
        &student,
        QUIZ,
        &form(&page, &[("first.text", "1"), ("second.text", "둘")]),
    );
    assert_eq!(asked.status, 200);
    assert!(asked.body.contains("답하지 않은 문제가 1개"));
    assert!(asked.body.contains("href=\"#q-2\""));
    assert!(asked.block("q-2").contains("숫자로 적어 주세요"));
    let kept: Vec<_> = fields(&asked.body, ".text")
        .into_iter()
        .map(|(_, it)| it)
        .collect();
    assert_eq!(kept, ["1", "둘"]);
    assert_eq!(
        student.get(&format!("{QUIZ}/0")).status,
        404,
        "nothing is recorded yet"
    );

    let result = send(&student, QUIZ, &form(&asked.body, &[("second.text", "")]));
    let result = student.get(&result.location);
    assert!(result.block("q-2").contains("답하지 않았습니다"));
    assert!(result.body.contains("2문제 가운데 1문제"));
}

#[test]
fn forms_of_ones_own_making_are_refused() {
    let (_classroom, student) = open();
    let page = student.get(QUIZ).body;
    for sitting in ["", "-1", "1", "9223372036854775807", "x"] {
        let form = form(&page, &[("sitting", sitting)]);
        assert_eq!(send(&student, QUIZ, &form).status, 400, "{sitting}");
    }
    for path in ["/ko/quizzes/none", "/ko/quizzes/one/x", "/ko/placement/7"] {
        assert_eq!(student.get(path).status, 404, "{path}");
    }
    // Questions that the form does not show are none that it answers.
    let other = [("sitting".to_owned(), "0".to_owned())];
    let answer = send(&student, QUIZ, &other);
    assert!(
        answer.body.contains("선생님이 문제를 고쳤습니다"),
        "{}",
        answer.body
    );
}

#[test]
fn placement_says_what_to_skim_and_where_to_begin() {
    let (_classroom, student) = open();
    assert!(student.get("/ko/").body.contains("href=\"/ko/placement\""));
    let page = student.get(PLACEMENT).body;
    assert_eq!(fields(&page, ".text").len(), 4, "two of each concept");
    assert!(!page.contains(SECRET));
    let answers = [
        ("one/l/first.text", "1"),
        ("one/l/second.text", "2"),
        ("two/l/first.text", "3"),
        ("two/l/second.text", "4"),
    ];
    let result = send(&student, PLACEMENT, &form(&page, &answers));
    assert_eq!(result.location, "/ko/placement/0");
    let result = student.get(&result.location).body;
    let units = result.split("class=\"unit-standing\"").nth(1).unwrap();
    let (one, two) = units.split_once("둘").unwrap();
    assert!(
        one.contains("훑어봐도 됩니다") && !one.contains("차근차근"),
        "{units}"
    );
    assert!(two.contains("차근차근"), "{units}");
    let begin = result.split("class=\"resume\"").nth(1).unwrap();
    assert!(begin.split("</a>").next().unwrap().contains("two 레슨"));
    // A quiz of the unit is another matter.
    assert_eq!(student.get("/ko/quizzes/two/0").status, 404);
}

#[test]
fn an_answer_says_how_long_it_took() {
    let (classroom, student) = open();
    let page = student.get(QUIZ).body;
    let spent = [("first.spent", "61000"), ("second.spent", "7200000")];
    let mut form = form(&page, &ANSWERS);
    for (ending, value) in spent {
        let field = form.iter_mut().find(|(name, _)| name.ends_with(ending));
        value.clone_into(&mut field.unwrap().1);
    }
    send(&student, QUIZ, &form);
    let question = "/ko/lessons/two/l/questions/first";
    for (key, spent) in [
        ("a", "1500"),
        ("b", "-4"),
        ("c", "a minute"),
        ("d", "900000000000"),
    ] {
        student.post(question, &[("text", "1"), ("key", key), ("spent", spent)]);
    }
    let file = classroom.data().join("web/gyosil.sqlite");
    let recorded = crate::classroom::run(async {
        let store = store::open(&store::Location::File(file)).await.unwrap();
        let (account, _) = store
            .credentials(&"홍길동".parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        let mut attempts = store.attempts(account.id, "one/l").await.unwrap();
        attempts.extend(store.attempts(account.id, "two/l").await.unwrap());
        attempts
            .into_iter()
            .map(|it| it.circumstances.spent_ms)
            .collect::<Vec<_>>()
    });
    // Two hours are half an hour at most; what no clock says is not known.
    let half_an_hour = 30 * 60 * 1000;
    assert_eq!(
        recorded,
        [
            Some(61_000),
            Some(half_an_hour),
            Some(1500),
            None,
            None,
            None
        ]
    );
}

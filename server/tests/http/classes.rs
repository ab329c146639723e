//! What an instructor sees of a class while it works.

use std::{
    io::{BufRead, BufReader, Read},
    thread,
    time::{Duration, Instant},
};

use crate::classroom::{Classroom, Visitor};

const QUESTION: &str = "/ko/lessons/cloud/service-models/questions/db-on-vm";

/// How far the grid may lag.
const WITHIN: Duration = Duration::from_secs(2);

/// What an open page is sent until something with these words comes.
fn sent(stream: impl Read, words: &str) -> String {
    let mut all = String::new();
    for line in BufReader::new(stream).lines() {
        all.push_str(&line.expect("it is sent in time"));
        all.push('\n');
        if all.contains(words) {
            return all;
        }
    }
    panic!("{words} is never sent: {all}");
}

/// The stream that a class's page names.
fn stream(instructor: &Visitor, class: &str) -> String {
    let page = instructor.get(class).body;
    let stream = page.split("data-stream=\"").nth(1).expect("a stream");
    stream.split('"').next().unwrap().replace("&amp;", "&")
}

#[test]
fn an_open_grid_follows_within_two_seconds_and_sends_only_rows_that_changed() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    classroom.student(&code, "이순신");
    let open = instructor.stream(&stream(&instructor, &class));
    let answering = thread::spawn(move || {
        student.post(QUESTION, &[("choice", "0"), ("key", "first")]);
        (student, Instant::now())
    });
    let pieces = sent(open, "홍길동");
    let seen = Instant::now();
    let (_student, answered) = answering.join().unwrap();
    let lag = seen.saturating_duration_since(answered);
    assert!(lag < WITHIN, "the grid lags by {lag:?}");
    assert!(!pieces.contains("이순신"), "nothing of hers has changed");
}

#[test]
fn who_joins_while_the_page_is_open_gets_a_row_of_text() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let open = instructor.stream(&stream(&instructor, &class));
    classroom.student(&code, "<b>홍</b>");
    let pieces = sent(open, "홍");
    assert!(pieces.contains("data-in=\"students\""));
    assert!(pieces.contains("&lt;b&gt;홍&lt;/b&gt;"), "{pieces}");
}

#[test]
fn who_joins_another_class_brings_their_record() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (_, first) = classroom.class(&instructor, "1반");
    let (class, code) = classroom.class(&instructor, "2반");
    let student = classroom.student(&first, "홍길동");
    student.post(QUESTION, &[("choice", "0"), ("key", "first")]);
    // Somebody whose attempt is later is there already, and read.
    let other = classroom.student(&code, "이순신");
    other.post(QUESTION, &[("choice", "0"), ("key", "first")]);
    let open = instructor.stream(&stream(&instructor, &class));
    student.post("/ko/account/join", &[("code", &code)]);
    let pieces = sent(open, "홍길동");
    assert!(pieces.contains("data-mark=\"now\""), "{pieces}");
}

#[test]
fn a_page_of_a_class_is_its_teachers_alone() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let live = stream(&instructor, &class);
    let pages = [
        "mastery",
        "questions",
        "assignments",
        "export.csv",
        "export.json",
    ];
    let pages = pages.map(|page| format!("{class}/{page}"));
    for page in pages.iter().chain([&class, &live]) {
        assert_eq!(student.get(page).status, 403, "{page}");
        assert_eq!(classroom.visitor().get(page).status, 303, "{page}");
    }
}

/// The records of a table as RFC 4180 has them, all cells quoted.
fn records(table: &str) -> Vec<Vec<String>> {
    let lines = table.trim_end().split("\r\n");
    let cells = |line: &str| {
        let inner = line.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let inner = inner.unwrap_or_else(|| panic!("not quoted: {line}"));
        let cells = inner.split("\",\"").map(|cell| cell.replace("\"\"", "\""));
        cells.collect()
    };
    lines.map(cells).collect()
}

#[test]
fn the_table_opens_in_a_spreadsheet_and_holds_no_formula() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    for name in ["=1+1", "+cmd", "-2", "@SUM(A1)", "홍 \"길동\", 반장"] {
        let student = classroom.student(&code, name);
        student.post(QUESTION, &[("choice", "0"), ("key", "k")]);
    }
    let answer = instructor.get(&format!("{class}/export.csv"));
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let table = answer.body.strip_prefix('\u{feff}').expect("Excel's mark");
    let records = records(table);
    assert_eq!(records.len(), 6, "{records:?}");
    assert!(records.iter().all(|record| record.len() == 12));
    let names: Vec<_> = records.iter().map(|record| record[1].as_str()).collect();
    let guarded = ["'=1+1", "'+cmd", "'-2", "'@SUM(A1)", "홍 \"길동\", 반장"];
    assert_eq!(names[1..], guarded);
    assert!(records[1][10].starts_with("20"), "a time: {:?}", records[1]);
    // Another class has none of it.
    let (other, _) = classroom.class(&instructor, "2반");
    assert_eq!(
        instructor
            .get(&format!("{other}/export.csv"))
            .body
            .lines()
            .count(),
        1
    );
}

/// What the specification asks of a statement: <https://github.com/adlnet/xAPI-Spec>, Data 2.2 to 2.4.
fn assert_statement(statement: &serde_json::Value) {
    let text = |path: &str| {
        let value = statement.pointer(path).and_then(|value| value.as_str());
        value.unwrap_or_else(|| panic!("no {path} in {statement}"))
    };
    let is_iri = |iri: &str| iri.starts_with("http://") && !iri.contains(char::is_whitespace);
    let id: Vec<_> = text("/id").split('-').map(str::len).collect();
    assert_eq!(id, [8, 4, 4, 4, 12], "no UUID");
    assert_eq!(text("/actor/objectType"), "Agent");
    assert!(is_iri(text("/actor/account/homePage")));
    assert!(!text("/actor/account/name").is_empty());
    assert!(is_iri(text("/verb/id")));
    assert!(is_iri(text("/object/id")));
    assert!(is_iri(text("/object/definition/type")));
    let scaled = statement.pointer("/result/score/scaled").unwrap();
    assert!((-1.0..=1.0).contains(&scaled.as_f64().unwrap()));
    assert!(statement.pointer("/result/success").unwrap().is_boolean());
    // RFC 3339, in UTC.
    let at = text("/timestamp");
    assert!(at.as_bytes()[10] == b'T' && at.ends_with('Z'), "{at}");
}

#[test]
fn statements_are_what_xapi_asks_for_and_the_same_each_time() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let path = format!("{class}/export.json");
    assert_eq!(instructor.get(&path).body.trim(), "[]");
    for key in ["a", "b"] {
        student.post(QUESTION, &[("choice", "0"), ("key", key)]);
    }
    let body = instructor.get(&path).body;
    let statements: Vec<serde_json::Value> = serde_json::from_str(&body).unwrap();
    assert_eq!(statements.len(), 2);
    statements.iter().for_each(assert_statement);
    assert_ne!(statements[0]["id"], statements[1]["id"]);
    assert_eq!(
        statements[0]["verb"]["id"],
        "http://adlnet.gov/expapi/verbs/answered"
    );
    assert_eq!(instructor.get(&path).body, body);
}

#[test]
fn questions_are_analysed_by_first_answers_and_warned_of_when_few() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let analysis = format!("{class}/questions");
    assert!(
        instructor
            .get(&analysis)
            .body
            .contains("아직 답한 문제가 없습니다")
    );
    let student = classroom.student(&code, "홍길동");
    // The first answer counts, whatever comes after it.
    for (key, choice) in [("a", "0"), ("b", "1"), ("c", "2")] {
        student.post(QUESTION, &[("choice", choice), ("key", key)]);
    }
    let page = instructor.get(&analysis).body;
    assert!(page.contains("답이 적어 믿기 어렵습니다"));
    let counts = page.matches("1명</span>").count();
    assert_eq!(counts, 1, "one student took one choice");
    // Also beside the question, for whoever teaches the class and for nobody else.
    let lesson = "/ko/lessons/cloud/service-models";
    let page = instructor.get(lesson);
    let note = page.body.split("id=\"db-on-vm-figures\"").nth(1);
    let note = note.and_then(|it| it.split("</details>").next());
    let note = note.expect("figures beside the question");
    assert!(
        note.contains("1반") && note.contains("1명</span>"),
        "{note}"
    );
    for other in [student, classroom.visitor()] {
        assert!(!other.get(lesson).body.contains("-figures"));
    }
    let heat = instructor.get(&format!("{class}/mastery")).body;
    assert!(
        heat.contains("data-level=\"unsure\""),
        "one answer says little"
    );
    assert!(heat.contains("홍길동"));
}

#[test]
fn a_students_page_is_for_teachers_of_a_class_that_they_are_in() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let (other, _) = classroom.class(&instructor, "2반");
    let student = classroom.student(&code, "홍길동");
    student.post(QUESTION, &[("choice", "0"), ("key", "a")]);
    let page = instructor.get(&class).body;
    let path = page.split("/students/").nth(1).unwrap();
    let id = path.split('"').next().unwrap();
    let path = format!("{class}/students/{id}");
    let page = instructor.get(&path);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("홍길동") && page.body.contains("최근 시도"));
    assert_eq!(student.get(&path).status, 403);
    assert_eq!(
        instructor.get(&format!("{other}/students/{id}")).status,
        404
    );
    assert_eq!(instructor.get(&format!("{class}/students/999")).status, 404);
}

#[test]
fn an_assignment_is_due_in_the_time_of_the_class_and_shown_to_its_students() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let student = classroom.student(&code, "홍길동");
    let page = format!("{class}/assignments");
    let lesson = ("lesson", "cloud/service-models");
    let due = "해야 할 과제";
    assert!(!student.get("/ko/").body.contains(due));
    let wrong = instructor.post(&page, &[lesson, ("due", "soon")]);
    assert_eq!(wrong.status, 422);
    let none = instructor.post(
        &page,
        &[("lesson", "no/lesson"), ("due", "2999-12-03T23:59")],
    );
    assert_eq!(none.status, 400);
    assert_eq!(
        student
            .post(&page, &[lesson, ("due", "2999-12-03T23:59")])
            .status,
        403
    );

    let given = instructor.post(&page, &[lesson, ("due", "2999-12-03T23:59")]);
    assert_eq!(given.status, 303, "{}", given.body);
    for (visitor, path) in [
        (&student, "/ko/"),
        (&instructor, &class),
        (&instructor, &page),
    ] {
        let body = visitor.get(path).body;
        assert!(body.contains("12월 3일 23:59"), "{path}: {body}");
    }
    assert!(student.get("/ko/").body.contains("일 남음"));
    // Another time for the same lesson, which is over.
    let late = some_hours_ago();
    instructor.post(&page, &[lesson, ("due", &late)]);
    let body = student.get("/ko/").body;
    assert!(
        body.contains("마감이 지났습니다") && !body.contains("12월 3일"),
        "{body}"
    );

    let body = instructor.get(&page).body;
    let id = body.split("name=\"withdraw\" value=\"").nth(1).unwrap();
    let id = id.split('"').next().unwrap();
    let (other, _) = classroom.class(&instructor, "2반");
    instructor.post(&format!("{other}/assignments"), &[("withdraw", id)]);
    assert!(
        student.get("/ko/").body.contains(due),
        "another class took it back"
    );
    instructor.post(&page, &[("withdraw", id)]);
    assert!(!student.get("/ko/").body.contains(due));
}

/// A moment some hours ago, as a form sends it: in Korea, whose clocks never change.
fn some_hours_ago() -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = i64::try_from(seconds.unwrap().as_secs()).unwrap() + (9 - 5) * 3600;
    let at = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    format!("{}T{:02}:{:02}", at.date(), at.hour(), at.minute())
}

#[test]
fn what_is_said_to_a_class_reaches_its_students_as_text_until_it_is_put_away() {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    let (_, other) = classroom.class(&instructor, "2반");
    let student = classroom.student(&code, "홍길동");
    let stranger = classroom.student(&other, "이순신");
    let said = "<b>쉬는 시간</b>";
    let shown = "&lt;b&gt;쉬는 시간&lt;/b&gt;";
    let page = format!("{class}/announcements");
    assert_eq!(instructor.post(&page, &[("text", "  ")]).status, 400);
    assert_eq!(student.post(&page, &[("text", said)]).status, 403);

    let open = student.stream("/ko/lessons/containers/run/live?shown=");
    let begun = Instant::now();
    assert_eq!(instructor.post(&page, &[("text", said)]).status, 303);
    sent(open, shown);
    assert!(begun.elapsed() < WITHIN, "it took {:?}", begun.elapsed());
    let lesson = "/ko/lessons/cloud/service-models";
    for path in ["/ko/", lesson] {
        assert!(student.get(path).body.contains(shown), "{path}");
        assert!(!stranger.get(path).body.contains("쉬는 시간"), "{path}");
    }
    let body = student.get("/ko/").body;
    let last = body.split("name=\"last\" value=\"").nth(1).unwrap();
    let last = last.split('"').next().unwrap();
    let heard = student.post(
        "/ko/announcements/heard",
        &[("last", last), ("next", lesson)],
    );
    assert_eq!((heard.status, heard.location.as_str()), (303, lesson));
    assert!(!student.get("/ko/").body.contains(shown));
    instructor.post(&page, &[("text", "다시 시작")]);
    let body = student.get("/ko/").body;
    assert!(body.contains("다시 시작") && !body.contains(shown));
}

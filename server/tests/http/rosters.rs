//! A class's students from a file.

use crate::classroom::{Answer, Classroom, Visitor};

/// The same in code page 949, as Excel saves "CSV" in Korea: "이름,비밀번호", "성춘향,", "이몽룡,dream-dragon".
const EXCEL: &[u8] = b"\xc0\xcc\xb8\xa7,\xba\xf1\xb9\xd0\xb9\xf8\xc8\xa3\r\n\
    \xbc\xba\xc3\xe1\xc7\xe2,\r\n\xc0\xcc\xb8\xf9\xb7\xe6,dream-dragon\r\n";

fn open() -> (Classroom, Visitor, String) {
    let classroom = Classroom::open();
    let instructor = classroom.instructor();
    let (class, code) = classroom.class(&instructor, "1반");
    classroom.student(&code, "홍길동");
    (classroom, instructor, format!("{class}/roster"))
}

fn import(instructor: &Visitor, roster: &str, file: &[u8]) -> Answer {
    instructor.upload(&format!("{roster}/import"), "file", file)
}

fn signs_in(classroom: &Classroom, name: &str, password: &str) -> bool {
    let fields = [("name", name), ("password", password)];
    classroom.visitor().post("/ko/sign-in", &fields).status == 303
}

#[test]
fn a_file_as_excel_saves_it_fills_a_class_once() {
    let (classroom, instructor, roster) = open();
    let page = import(&instructor, &roster, EXCEL);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("2명을 넣었습니다"), "{}", page.body);
    // Who had none in the file has one that is shown, this once.
    let made = page
        .body
        .split("class=\"code\">")
        .nth(1)
        .expect("a password");
    let made = made.split('<').next().unwrap();
    assert!(signs_in(&classroom, "성춘향", made));
    assert!(signs_in(&classroom, "이몽룡", "dream-dragon"));
    assert!(
        !page.body.contains("dream-dragon"),
        "a password of theirs is shown"
    );
    let list = instructor.get(&roster).body;
    for name in ["홍길동", "성춘향", "이몽룡"] {
        assert!(list.contains(name), "{name} is not in the class");
    }
    assert!(!list.contains(made), "it is shown twice");
    let again = import(&instructor, &roster, EXCEL).body;
    assert!(
        again.contains("0명을 넣었습니다") && again.contains("2명은 그대로"),
        "{again}"
    );
}

#[test]
fn a_file_with_faults_adds_nobody_and_tells_all_of_them() {
    let (classroom, instructor, roster) = open();
    let file = "name,password\n\
        Ann,long-enough\n\
        \u{200b},\n\
        Bob,short\n\
        ANN,long-enough\n\
        선생님,\n\
        <b>x</b>,short\n";
    let page = import(&instructor, &roster, file.as_bytes());
    assert_eq!(page.status, 422);
    let table = page.block("main");
    for (line, why) in [
        (3, "보이지 않는 글자"),
        (4, "8글자 이상"),
        (5, "같은 이름이 또"),
        (6, "이미 쓰는 이름"),
        (7, "8글자 이상"),
    ] {
        let row = table.split(&format!("<td>{line}</td>")).nth(1);
        let row = row.and_then(|row| row.split("</tr>").next());
        assert!(row.is_some_and(|row| row.contains(why)), "{line}: {row:?}");
    }
    assert!(!table.contains("<b>x</b>") && table.contains("&lt;b&gt;x"));
    assert!(!signs_in(&classroom, "Ann", "long-enough"));
    assert!(!instructor.get(&roster).body.contains("Ann"));
}

#[test]
fn what_is_no_roster_is_told() {
    let (_classroom, instructor, roster) = open();
    let long = "가나다라마바사\n".repeat(4000);
    for (file, why) in [
        (&b""[..], "파일을 골라 주세요"),
        (b"PK\x03\x04\x00\x00", "CSV를 골라"),
        (b"name\n\n", "파일에 이름이 없습니다"),
        (long.as_bytes(), "500명까지"),
    ] {
        let page = import(&instructor, &roster, file);
        assert_eq!(page.status, 422, "{why}");
        assert!(page.body.contains(why), "{why}: {}", page.body);
    }
}

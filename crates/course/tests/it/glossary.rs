//! The glossary: terms that lessons link to.

use crate::common::{BOTH, RULE, load, page, shown};
use course::{Course, Lang, Problems};
use proptest::prelude::*;

const GLOSSARY: &str = r#"
[[terms]]
id = "bind-mount"
name = { ko = "바인드 마운트", en = "bind mount" }
meaning = { ko = "호스트의 폴더를 `컨테이너`에 [붙인 것](term:volume).", en = "A folder of the host <3 in a *container*." }

[[terms]]
id = "volume"
name = { ko = "볼륨", en = "volume" }
meaning = { ko = "도커가 관리하는 저장소. [제목](lesson:u/l#제목)을 보세요.", en = "Storage that Docker manages." }
"#;

const KO_TEXT: &str = "[바인드 마운트](term:bind-mount)와 [볼륨](term:volume)\n\n## 제목";
const EN_TEXT: &str = "a [bind mount](term:bind-mount), a [volume](term:volume)\n\n## Title";

fn with(glossary: Option<&str>, ko: &str, en: &str) -> Result<Course, Problems> {
    let (ko, en) = (page(ko), format!("---\ntitle: Title\n---\n{en}\n"));
    let mut files = vec![
        ("course.toml", BOTH),
        ("u/l.ko.md", ko.as_str()),
        ("u/l.en.md", en.as_str()),
    ];
    files.extend(glossary.map(|text| ("glossary.toml", text)));
    load(&files)
}

#[test]
fn terms_have_names_and_meanings_and_lessons_link_to_them() {
    let course = with(Some(GLOSSARY), KO_TEXT, EN_TEXT);
    let course = course.unwrap_or_else(|problems| panic!("{problems}"));
    let mut told = String::new();
    for term in &course.glossary {
        for lang in Lang::ALL {
            let (name, meaning) = (term.name.get(lang), term.meaning.get(lang).as_str());
            told.push_str(&format!("#{} {lang} {name}: {meaning}\n", term.element()));
        }
    }
    let lesson = course.lessons().next().unwrap();
    for lang in Lang::ALL {
        told.push_str(&shown(lesson, lang));
        told.push('\n');
    }
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_wrong_with_a_glossary() {
    let broken = r#"
[[terms]]
id = "bind-mount"
name = { ko = "바인드 마운트" }
meaning = { ko = "[없음](term:none) ![그림](x.svg) [여기](#제목) [저기](lesson:u/l#없음) <b>", en = "" }

[[terms]]
id = "Bind Mount"
name = { ko = "가", en = "a" }
meaning = { ko = """
첫 문단

[둘](term:none)""", en = "a" }
"#;
    let told = [
        with(None, KO_TEXT, EN_TEXT),
        with(Some("[[terms]]\nid = 3"), KO_TEXT, EN_TEXT),
        with(
            Some(GLOSSARY),
            "## 제목\n\n[볼륨](term:volume)",
            "## Title\n\n[bind mount](term:bind-mount)",
        ),
        with(
            Some(GLOSSARY),
            "## 제목\n\n[볼륨](term:volume)",
            "## Title\n\n[volume](term:volume)",
        ),
        with(
            Some(broken),
            "[가](term:bind-mount)",
            "[a](term:bind-mount)",
        ),
    ];
    let told = told.map(|course| course.unwrap_err().to_string());
    insta::assert_snapshot!(told.join(RULE));
}

proptest! {
    #[test]
    fn no_text_makes_a_glossary_or_map_panic(text in "\\PC{0,60}", meaning in "[^\"\\\\]{0,40}") {
        drop(with(Some(&text), KO_TEXT, EN_TEXT));
        let term = format!("[[terms]]\nid = \"a\"\nname = {{ ko = \"가\" }}\nmeaning = {{ ko = \"\"\"{meaning}\"\"\" }}");
        drop(with(Some(&term), KO_TEXT, EN_TEXT));
        let row = format!("[[rows]]\nid = \"\"\"{meaning}\"\"\"\ntitle = {{}}");
        drop(load(&[("course.toml", BOTH), ("map.toml", &text)]));
        drop(load(&[("course.toml", BOTH), ("map.toml", &row)]));
    }
}

//! What a course's pages are made of.

use std::collections::HashSet;
use std::fs;

use crate::common::{KO, cases, content, everything, good, load, page, shown};
use course::{Block, Course, Kind, Lang, Lesson, Proof};
use proptest::prelude::*;

#[test]
fn a_page_that_uses_all_of_the_format() {
    let course = good();
    let lesson = everything(&course);
    insta::assert_snapshot!("page_ko", shown(lesson, Lang::Ko));
    insta::assert_snapshot!("page_en", shown(lesson, Lang::En));
    insta::assert_debug_snapshot!("contents", lesson.pages.get(Lang::Ko).toc);
}

#[test]
fn what_items_are_made_of() {
    let course = good();
    let lesson = everything(&course);
    insta::assert_debug_snapshot!("exercises", lesson.exercises);
    insta::assert_debug_snapshot!("questions", lesson.questions);
}

#[test]
fn a_course_knows_its_order_and_its_files() {
    let course = good();
    let lesson = everything(&course);
    let second = course.next(&lesson.id).unwrap();
    assert_eq!(second.id.as_str(), "basics/second");
    assert_eq!(course.previous(&second.id).unwrap().id, lesson.id);
    assert!(course.previous(&lesson.id).is_none());
    assert!(course.next(&second.id).is_none());
    assert!(course.has_asset("basics/picture.svg"));
    assert!(!course.has_asset("basics/everything.ko.md"));
    assert_eq!(lesson.rows, ["N09", "R02"]);
    assert_eq!(
        course.concept("networking").unwrap().name.get(Lang::En),
        "Networking"
    );
}

#[test]
fn the_fingerprint_follows_every_text() {
    let text = page("글");
    let one = load(&[("course.toml", KO), ("u/l.ko.md", &text)]).unwrap();
    let same = load(&[("course.toml", KO), ("u/l.ko.md", &text)]).unwrap();
    let other = load(&[("course.toml", KO), ("u/l.ko.md", &page("다른 글"))]).unwrap();
    assert_eq!(one.fingerprint, same.fingerprint);
    assert_ne!(one.fingerprint, other.fingerprint);
}

#[test]
fn versions_follow_what_is_graded_and_nothing_else() {
    let version = |quiz: &str| {
        let course = load(&[("course.toml", KO), ("u/l.ko.md", &page(quiz))]).unwrap();
        course.lessons().next().unwrap().questions[0]
            .version
            .clone()
    };
    let base = version("::::quiz q single\n물음?\n- [x] 가\n- [ ] 나\n::::");
    assert_eq!(
        base,
        version("::::quiz q single\n다른 말로 물음?\n- [x] 가\n- [ ] 나\n  : 까닭\n::::")
    );
    assert_ne!(
        base,
        version("::::quiz q single\n물음?\n- [ ] 가\n- [x] 나\n::::")
    );
    assert_ne!(
        base,
        version("::::quiz q single\n물음?\n- [x] 가\n- [ ] 다\n::::")
    );
}

/// Everything of a lesson that a student may receive before answering.
fn before_answering(lesson: &Lesson, lang: Lang) -> String {
    let mut all = lesson.pages.get(lang).title.clone();
    all.push_str(&shown(lesson, lang));
    for exercise in &lesson.exercises {
        let text = exercise.text.get(lang);
        all.push_str(&text.title);
        all.push_str(text.prompt.as_str());
        text.hints
            .iter()
            .for_each(|hint| all.push_str(hint.as_str()));
        text.feedback
            .values()
            .for_each(|text| all.push_str(text.as_str()));
    }
    for question in &lesson.questions {
        let text = question.text.get(lang);
        all.push_str(&text.title);
        all.push_str(text.prompt.as_str());
        text.choices
            .iter()
            .for_each(|choice| all.push_str(choice.as_str()));
        all.push_str(&text.targets.join("\n"));
        all.push_str(&text.plain_choices.join("\n"));
    }
    all
}

#[test]
fn no_secret_is_in_what_a_student_receives() {
    let course = good();
    let all = Lang::ALL
        .map(|lang| before_answering(everything(&course), lang))
        .concat();
    assert!(
        all.contains("포트 공개") && all.contains("Publish a port"),
        "{all}"
    );
    for secret in [
        "planted",
        "[x]",
        "[ ]",
        "Docker Compose",
        "컴포즈",
        "43.2",
        "관리합니다.",
        "=&gt;",
    ] {
        assert!(
            !all.contains(secret),
            "{secret} is in what a student receives:\n{all}"
        );
    }
    let debug = format!("{course:?}");
    for secret in [
        "planted-check",
        "planted-answer",
        "planted-solution",
        "planted-setup",
        "planted-wrong",
    ] {
        assert!(!debug.contains(secret), "{secret} would get into a log");
    }
}

#[test]
fn the_classrooms_own_course_loads_and_keeps_its_secrets() {
    let course = Course::load(&content()).unwrap_or_else(|problems| panic!("{problems}"));
    let mut items = 0;
    for lesson in course.lessons() {
        items += lesson.items();
        for lang in Lang::ALL {
            assert!(
                lesson.pages.translated(lang).is_some(),
                "{} in {lang}",
                lesson.id
            );
            let all = before_answering(lesson, lang);
            let lines = |script: &course::Script| -> Vec<String> {
                script
                    .as_str()
                    .lines()
                    .map(|line| line.trim().to_owned())
                    .collect()
            };
            let mut secret = Vec::new();
            for exercise in &lesson.exercises {
                let (Proof::Check(script) | Proof::Answer(script)) = &exercise.proof;
                secret.extend(
                    lines(script)
                        .into_iter()
                        .filter(|line| line.contains("fail ")),
                );
            }
            for question in &lesson.questions {
                let text = question.text.get(lang);
                secret.extend(text.explain.iter().map(|html| html.as_str().to_owned()));
                secret.extend(
                    text.notes
                        .iter()
                        .flatten()
                        .map(|html| html.as_str().to_owned()),
                );
            }
            for secret in secret.iter().filter(|secret| secret.len() > 8) {
                assert!(!all.contains(secret.as_str()), "{}: {secret}", lesson.id);
            }
            assert!(
                !all.contains("[x]") && !all.contains("<script"),
                "{}",
                lesson.id
            );
        }
    }
    assert!(items > 0);
}

#[test]
fn text_that_looks_like_markup_stays_text() {
    let body = "글 `<script>alert(1)</script>` \\<b> & \"따옴표\"\n\n```html\n<img src=x onerror=alert(1)>\n```\n\n## `<i>` 제목\n\n\
         :::note <script>\n글\n:::\n\n::::quiz q match {title=\"<b>\"}\n`<u>` 짝?\n- `<s>` => <=3\n- 나 => \"b\"\n::::";
    let course =
        load(&[("course.toml", KO), ("u/l.ko.md", &page(body))]).unwrap_or_else(|p| panic!("{p}"));
    let lesson = course.lessons().next().unwrap();
    let question = &lesson.questions[0];
    let mut all = shown(lesson, Lang::Ko);
    all.push_str(question.text.get(Lang::Ko).prompt.as_str());
    let choices = &question.text.get(Lang::Ko).choices;
    choices
        .iter()
        .for_each(|choice| all.push_str(choice.as_str()));
    for tag in [
        "<script",
        "<img",
        "<b>",
        "<i>",
        "<u>",
        "<s>",
        "onerror=alert(1)>",
    ] {
        assert!(!all.contains(tag), "{tag} in {all}");
    }
    let targets = &question.text.get(Lang::Ko).targets;
    assert!(targets.contains(&"<=3".to_owned()) && targets.contains(&"\"b\"".to_owned()));
}

#[test]
fn a_language_that_is_missing_falls_back_to_the_default_one() {
    let course = load(&[("course.toml", KO), ("u/l.ko.md", &page("글"))]).unwrap();
    let pages = &course.lessons().next().unwrap().pages;
    assert_eq!(pages.get(Lang::En).title, "제목");
    assert_eq!(pages.lang(Lang::En), Lang::Ko);
    assert!(pages.translated(Lang::En).is_none());
}

#[test]
fn items_stand_where_the_author_put_them() {
    let quiz = "::::quiz q single\n물음?\n- [x] 가\n- [ ] 나\n::::";
    let body = format!(
        "앞\n{quiz}\n뒤\n- 목록\n::::exercise e\n하세요.\n```bash check\ntrue\n```\n```bash solution\ntrue\n```\n::::\n끝"
    );
    let course =
        load(&[("course.toml", KO), ("u/l.ko.md", &page(&body))]).unwrap_or_else(|p| panic!("{p}"));
    let lesson = course.lessons().next().unwrap();
    let kinds: Vec<&str> = lesson
        .pages
        .get(Lang::Ko)
        .blocks
        .iter()
        .map(|block| match block {
            Block::Prose(_) => "prose",
            Block::Exercise(_) => "exercise",
            Block::Question(_) => "question",
        })
        .collect();
    // Between them a paragraph and a list, each a block.
    let expected = ["prose", "question", "prose", "prose", "exercise", "prose"];
    assert_eq!(kinds, expected);
    let question = &lesson.questions[0];
    let choices = &question.text.get(Lang::Ko).plain_choices;
    assert!(matches!(question.kind, Kind::Single { right } if choices[right] == "가"));
}

#[test]
fn a_little_html_is_for_lessons() {
    let html = "The <kbd>Ctrl</kbd> key, H<sub>2</sub>O, <abbr title=\"Internet \\\"Protocol &amp; more\">IP</abbr>,<br/>**<mark>*a*</mark>** <ruby>字<rp>(</rp><rt>자</rt><rp>)</rp></ruby>

<details>
<summary>More & <u>more</u> &lt;here&gt;</summary>

- a <small>b</small>

```bash
docker ps
```

</details>

> <dl>
> <dt>one</dt><dd>1</dd>
> </dl>
";
    let html = html.replace("\\\"", "'");
    let course = load(&[("course.toml", KO), ("u/l.ko.md", &page(&html))]).unwrap();
    let lesson = course.lessons().next().unwrap();
    insta::assert_snapshot!(shown(lesson, Lang::Ko));
}

/// The beginnings of elements in a page, but for how their characters are written.
fn tags(html: &str) -> HashSet<String> {
    let open = html.split('<').skip(1).filter(|tag| !tag.starts_with('/'));
    open.map(|tag| tag.split_once('>').map_or(tag, |(tag, _)| tag))
        .map(|tag| tag.replace("&#60;", "&lt;").replace("&#x22;", "&quot;"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(256)))]

    /// Even a page full of problems is shown, to its author.
    #[test]
    fn of_html_only_that_for_lessons_comes_into_a_page(bits in prop::collection::vec(
        prop::sample::select(vec![
            "\n", "\n\n", " ", "x", "<u>", "</u>", "<br/>", "<details>", "</details>", "<summary>", "</summary>",
            "<abbr title=\"", "<abbr title=\"a&amp;b&quot;c\">", "<abbr", "title=\"", "\"", "\">", "'", "<", "</",
            ">", "<KBD>", "<kbd onclick=\"x\">", " onclick=x", "<img src=x onerror=y>", "<svg/onload=x>", "<script>",
            "</script>", "<textarea>", "</title>", "<dd", "<!--", "-->", "<![CDATA[", "]]>", "<?", "&", ";", "&amp",
            "&amp;", "&#60;", "&#x22;", "&quot;", "script", "> ", "*",
        ]),
        0..24,
    )) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("u")).unwrap();
        fs::write(dir.path().join("course.toml"), KO).unwrap();
        fs::write(dir.path().join("u/l.ko.md"), page(&bits.concat())).unwrap();
        let course = Course::preview(dir.path()).0.unwrap();
        let html = shown(course.lessons().next().unwrap(), Lang::Ko);
        let mut cleaner = ammonia::Builder::empty();
        cleaner
            .add_tags(["abbr", "br", "kbd", "mark", "rp", "rt", "ruby", "small", "sub", "sup", "u"])
            .add_tags(["dd", "details", "dl", "dt", "summary"])
            .add_tags(["a", "blockquote", "code", "em", "hr", "li", "ol", "p", "strong", "ul"])
            .add_tag_attributes("abbr", ["title"]);
        let clean = cleaner.clean(&html).to_string();
        prop_assert!(tags(&html).is_subset(&tags(&clean)), "{html}\n\n{clean}");
    }
}

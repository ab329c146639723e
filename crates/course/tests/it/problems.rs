//! What an author is told.

use std::time::{Duration, Instant};

use course::Course;
use proptest::prelude::*;

use crate::common::{BOTH, KO, RULE, cases, load, page, report, report_on};

/// The report on a Korean lesson with an English one.
fn report_pair(ko: &str, en: &str) -> String {
    let en = format!("---\ntitle: Title\n---\n{en}\n");
    match load(&[
        ("course.toml", BOTH),
        ("u/l.ko.md", &page(ko)),
        ("u/l.en.md", &en),
    ]) {
        Ok(_) => panic!("nothing is found wrong with:\n{ko}\n{en}"),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn all_problems_come_at_once_with_their_place() {
    let body = "# 제목 둘\n\n<b>굵게</b>와 [죽은](nowhere.md) ![](x.svg)\n\n```cobol\nx\n```\n\n\
        ::::quiz 한글 single\n?\n::::\n\n::::exercise e {concepts=\"networking 없음\" points=0 x}\n하세요.\n::::";
    insta::assert_snapshot!(report_on(body));
}

#[test]
fn directives() {
    let told = [
        "::::quiz open single\n물음\n- [x] 가\n- [ ] 나",
        "::::exercise e\n하세요.\n:::hint\n힌트\n::::",
        "::::exercise e\n하세요.\n\n::::quiz q short\n?\n- 가\n::::",
        "글\n:::",
        "::note 둘",
        ":::::quiz 다섯\n:::::",
        "- 목록\n  :::note\n  글\n  :::",
        "::::quizz q\n::::\n\n:::hint\n밖에서\n:::\n\n::::note\n글\n::::",
        "```bash\n닫히지 않음",
        "::::quiz\n?\n::::",
        "::::quiz q sorted {fixed points=many =}\n?\n- 가\n::::",
        "<!-- 둘\n줄 -->\n<!-- 하나 --> <b> <!-- 둘 -->\n\n<!--\n::::quiz q short\n?\n- 가\n::::\n-->",
    ];
    insta::assert_snapshot!(report(told));
}

#[test]
fn text() {
    let told = [
        "[가](javascript:alert(1)) [나](/etc/passwd) [다](../../x.md) [라](lesson:u/other) [마](#없는-제목) [바][정의]",
        "![그림](https://example.org/a.png) ![그림](../other/a.png) ![그림](none.svg)",
        "각주[^없음]\n\n[^남음]: 아무도 부르지 않음",
        "```bash check\ntrue\n```",
        "보이지 않는 \u{7} 글자",
        "<script>alert(1)</script>\n\n글 <br> 글",
    ];
    insta::assert_snapshot!(report(told));
}

#[test]
fn questions() {
    let told = [
        "::::quiz q single\n?\n- [ ] 가\n- [ ] 나\n::::",
        "::::quiz q single\n?\n- [x] 가\n- [x] 나\n::::",
        "::::quiz q multiple\n?\n- [x] 가\n- [x] 나\n::::",
        "::::quiz q single\n?\n- [x] 가\n- 나\n뒤에 남은 글\n::::",
        "::::quiz q single\n- [x] 가\n- [ ] 가\n::::",
        "::::quiz q\n?\n- [x] 가\n- [ ] 나\n::::",
        "::::quiz q short\n?\n::::",
        "::::quiz q short\n?\n- Docker\n- docker\n  : 메모\n::::",
        "::::quiz q number\n?\n- 많이\n::::",
        "::::quiz q order\n?\n- 가\n- 나\n::::",
        "::::quiz q match\n?\n- 가\n- 나 =>\n- 다 => 라\n- => 라\n::::",
        "::::quiz q single\n?\n- [x] 가\n- [ ]\n- [ ] 나\n\n  둘째 문단\n::::",
        "::::quiz q single\n## 제목\n?\n- [x] 가\n- [ ] 나\n:::explain\n가\n:::\n:::explain\n:::\n::::",
        "::::quiz q short\n?\n- 가\n::::\n::::quiz q short\n?\n- 가\n::::",
    ];
    insta::assert_snapshot!(report(told));
}

#[test]
fn exercises() {
    let told = [
        "::::exercise e\n하세요.\n```bash solution\ntrue\n```\n::::",
        "::::exercise e\n하세요.\n```bash check\ntrue\n```\n::::",
        "::::exercise e answer\n하세요.\n```bash check\ntrue\n```\n::::",
        "::::exercise e\n하세요.\n```bash answer\necho 1\n```\n::::",
        "::::exercise e\n```bash check\nrunning web || fail no-text # fail in-comment\n```\n```bash solution\n# 아직\n```\n:::feedback unused\n글\n:::\n::::",
        "::::exercise e\n하세요.\n```bash check\ntrue\n```\n```bash check\ntrue\n```\n```bash solution\ntrue\n```\n```bash wrong\nfalse\n```\n```bash wrong no-text\nfalse\n```\n::::",
        "::::exercise e later\n하세요.\n```bash check\nfail a\nfail a\n```\n```bash solution\ntrue\n```\n:::feedback a\n가\n:::\n:::feedback a\n나\n:::\n:::feedback\n다\n:::\n:::hint 제목\n:::\n::::",
    ];
    insta::assert_snapshot!(report(told));
}

#[test]
fn translations() {
    let exercise = "::::exercise e {points=2}\n하세요.\n```bash check\nfail a\n```\n```bash solution\ntrue\n```\n:::feedback a\n가\n:::\n:::hint\n힌트\n:::\n::::\n";
    let quiz = "::::quiz q single\n?\n- [x] 가\n  : 까닭\n- [ ] 나\n:::explain\n글\n:::\n::::\n";
    let told = [
        (exercise.to_owned() + quiz, "Text only.".to_owned()),
        (exercise.to_owned() + quiz, "::::quiz q\n?\n- a\n  : why\n- b\n:::explain\nx\n:::\n::::\n\n::::exercise e\nDo.\n:::feedback a\nA\n:::\n:::hint\nh\n:::\n::::".to_owned()),
        (exercise.to_owned(), "::::exercise e {points=3}\nDo.\n```bash check\ntrue\n```\n:::feedback b\nB\n:::\n::::\n::::exercise more\nDo.\n::::".to_owned()),
        (quiz.to_owned(), "::::quiz q\n?\n- [ ] a\n- [x] b\n::::".to_owned()),
        (quiz.to_owned(), "::::quiz q\n?\n- a\n::::".to_owned()),
        (quiz.to_owned(), "::::quiz q multiple\n?\n- [x] a\n- [ ] b\n::::".to_owned()),
        (quiz.to_owned(), "::::exercise q\nDo.\n::::".to_owned()),
        ("::::quiz n number\n?\n- 3 분\n::::".to_owned(), "::::quiz n\n?\n- 4 min\n::::".to_owned()),
        ("::::quiz m match\n?\n- 가 => 1\n- 나 => 2\n::::".to_owned(), "::::quiz m\n?\n- a => 1\n- b => 1\n::::".to_owned()),
    ].map(|(ko, en)| report_pair(&ko, &en)).join(RULE);
    insta::assert_snapshot!(told);
}

#[test]
fn front_matter() {
    let told = [
        "글만 있음",
        "---\ntitle: 제목\n글",
        "---\ntitle: 제목: 둘\nminutes: 5\n---\n",
        "---\ntitle: 제목\nminutes: 5\nauthor: 나\n---\n",
        "---\nminutes: 다섯\ntitle: 제목\n---\n",
        "---\ntitle: ''\nminutes: 0\nrows: [N9, x01]\n---\n",
        "---\ntitle: 제목\n---\n",
    ]
    .map(|text| {
        load(&[("course.toml", KO), ("u/l.ko.md", text)])
            .unwrap_err()
            .to_string()
    })
    .join(RULE);
    insta::assert_snapshot!(told);
}

#[test]
fn the_folder_and_its_manifest() {
    let lesson = page("글");
    let reports = [
        vec![],
        vec![("course.toml", "title = 3"), ("u/l.ko.md", lesson.as_str())],
        vec![(
            "course.toml",
            "title = { ko = \"가\" }\ndefault_language = \"fr\"\nlanguages = []\nunits = []",
        )],
        vec![
            ("course.toml", KO),
            ("u/l.ko.md", lesson.as_str()),
            ("u/extra.ko.md", lesson.as_str()),
            ("u/notes.md", "글"),
        ],
        vec![("course.toml", KO)],
        vec![("course.toml", BOTH), ("u/l.ko.md", lesson.as_str())],
        vec![(
            "course.toml",
            "title = { en = \"x\" }\ndefault_language = \"ko\"\nlanguages = [\"en\"]\n\
             concepts = [{ id = \"a\", name = { ko = \"가\", en = \"a\" } }, { id = \"a\", name = { ko = \"\", en = \"a\" } }]\n\
             units = [{ id = \"../u\", title = { ko = \"단\", en = \"u\" }, lessons = [\"l\"] }]\n",
        )],
    ];
    let told = reports
        .map(|files| load(&files).unwrap_err().to_string())
        .join(RULE);
    insta::assert_snapshot!(told);
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed() {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(outside.path().join("secret.png"), "x").unwrap();
    std::fs::write(dir.path().join("course.toml"), KO).unwrap();
    std::fs::create_dir(dir.path().join("u")).unwrap();
    std::fs::write(dir.path().join("u/l.ko.md"), page("![비밀](secret.png)")).unwrap();
    std::os::unix::fs::symlink(
        outside.path().join("secret.png"),
        dir.path().join("u/secret.png"),
    )
    .unwrap();
    let problems = Course::load(dir.path()).unwrap_err();
    assert!(
        problems.to_string().contains("there is no image"),
        "{problems}"
    );
}

#[test]
fn a_file_that_is_too_long_is_refused() {
    let problems = load(&[("course.toml", KO), ("u/l.ko.md", &"가".repeat(400_000))]).unwrap_err();
    assert!(problems.to_string().contains("longer than"), "{problems}");
}

#[test]
fn hostile_text_takes_no_long_time() {
    let size = 500_000;
    for unit in [
        "[",
        "![",
        "[[",
        "]",
        "](",
        "<",
        "<!--",
        "> ",
        "* ",
        "`",
        "``` \n",
        "~~~\n",
        "::::quiz q single\n",
        ":::note\n",
        ":::\n",
        "::::\n",
        "[^a]",
        "[^a]: x\n\n",
        "- [ ] x\n",
        "{",
        "\"",
        "| a ",
        "a|\n-|\n",
        "_a*",
        "# a\n",
        "  : x\n",
        "::::exercise e {a=\"b\n",
        "&#x41;",
        "\\",
        "[a]: b\n",
        "![a](b.svg)",
        "[[a]]",
        "<a\n",
        "1. ",
    ] {
        let text = page(&unit.repeat(size / unit.len()));
        let start = Instant::now();
        drop(load(&[("course.toml", KO), ("u/l.ko.md", &text)]));
        // Unoptimised and beside other work: a quadratic step would take minutes.
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{unit:?} took {:?}",
            start.elapsed()
        );
    }
}

/// Bits of the format, to be put together at random.
fn bits() -> impl Strategy<Value = String> {
    let bit = prop_oneof![
        proptest::sample::select(vec![
            "\n",
            "\n\n",
            "::::",
            ":::",
            "exercise e",
            "tabs",
            "tab 가",
            "vars",
            "a: 1..2",
            "{{a}}",
            "needs=e",
            "](term:a)",
            "quiz q ",
            "single",
            "match",
            "order",
            "number",
            "short",
            "```",
            "bash check",
            "bash",
            "- [x] ",
            "- [ ] ",
            "- ",
            "1. ",
            "  : ",
            "=>",
            "[",
            "](",
            ")",
            "![",
            "[^a]",
            "[^a]: ",
            "{",
            "}",
            "=",
            "\"",
            "fixed",
            "|",
            "|-|",
            "# ",
            "> ",
            "<",
            "<!--",
            "-->",
            "[[",
            "]]",
            "feedback a",
            "hint",
            "explain",
            "note",
            "fail a",
            "가",
            "\u{1100}",
            "\t",
            "   ",
            "---",
            "43 ± 1 분",
            "\\",
            "&amp;",
            "*",
            "`",
            "~~~",
            "\u{e000}0\u{e000}",
            "\r",
            "\0",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ];
    proptest::collection::vec(bit, 0..60).prop_map(|bits| bits.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(256)))]

    #[test]
    fn no_text_makes_a_lesson_panic(body in bits(), en in bits()) {
        let en = format!("---\ntitle: T\n---\n{en}");
        if let Err(problems) = load(&[("course.toml", BOTH), ("u/l.ko.md", &page(&body)), ("u/l.en.md", &en)]) {
            let _ = problems.to_string();
        }
    }

    #[test]
    fn no_text_makes_the_front_or_manifest_panic(text in "\\PC{0,200}", front in "[-a-z:\\[\\]{}&*!|>'\" \n가]{0,80}") {
        drop(load(&[("course.toml", &text)]));
        drop(load(&[("course.toml", KO), ("u/l.ko.md", &text)]));
        drop(load(&[("course.toml", KO), ("u/l.ko.md", &format!("---\n{front}\n---\n"))]));
    }
}

#[test]
fn what_stands_in_more_than_anybody_follows_is_told_and_not_shown() {
    let quotes = |depth: usize| format!("앞\n\n{}가\n\n뒤", ">".repeat(depth));
    let details = |depth: usize| "<details>\n\n".repeat(depth) + &"</details>\n\n".repeat(depth);
    for fine in [quotes(50), details(50)] {
        assert!(load(&[("course.toml", KO), ("u/l.ko.md", &page(&fine))]).is_ok());
    }
    for deep in [
        quotes(150),
        quotes(100_000),
        details(101),
        "1. ".repeat(200) + "가",
    ] {
        let problems = load(&[("course.toml", KO), ("u/l.ko.md", &page(&deep))]).unwrap_err();
        let codes: Vec<&str> = problems.iter().map(|it| it.code).collect();
        assert_eq!(codes, ["too-deep"]);
    }
}

#[test]
fn html_that_is_not_for_lessons() {
    insta::assert_snapshot!(report([
        "a <script>alert(1)</script> <KBD>x</KBD> <kbd onclick=\"x\">y</kbd>",
        "<details open>\n<summary>x\n\n</details>",
        "text <details> text </details>",
        "a <kbd>b *c</kbd> d*\n\nand <u>not\n\nclosed</u>",
        "<details>\n\n:::note\ninside\n:::\n\n</details>",
        "- <details>\n\n  <p>\n\nout\n\n</details>",
        "<abbr title=\"a\" style=\"b\">c</abbr> <br x> </br> <!-- --> <img src=x onerror=y>",
        "<div\nonclick=\"x\">\n</div>",
    ]));
}

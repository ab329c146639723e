//! HTML that a student or instructor writes into a field is shown as text, wherever it is shown.

use std::{cell::RefCell, fs};

use html5ever::{
    buffer_queue::BufferQueue,
    tokenizer::{
        Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind,
    },
};

use crate::classroom::{Answer, Classroom};

/// What is tried. Whatever becomes of it, no element and no attribute may be called `pwned`, and
/// none of the elements that we never make may be there.
const PAYLOADS: [&str; 14] = [
    "<pwned>",
    "\"><pwned x=\"",
    "'><pwned x='",
    "\" pwned=\"1\" x=\"",
    "' pwned='1' x='",
    "</title><pwned>",
    "</textarea></script><pwned>",
    "--><pwned><!--",
    "]]><pwned>",
    "<svg/onload=pwned()>",
    "<img src=x onerror=pwned()>",
    "<script>pwned()</script>",
    "<a href=javascript:pwned()>가</a>",
    "&lt;pwned&gt;&#x3c;pwned&#x3e;",
];

/// Elements of no page of ours, so that one of them is a student's.
const FOREIGN: [&str; 6] = ["pwned", "svg", "iframe", "object", "embed", "base"];

/// Looks at every tag of a page as a browser would read it.
struct Tags<'a> {
    nonce: &'a str,
    wrong: RefCell<Vec<String>>,
}

impl TokenSink for Tags<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else {
            return TokenSinkResult::Continue;
        };
        if let Some(wrong) = self.wrong_with(&tag) {
            self.wrong.borrow_mut().push(format!("{wrong} in {tag:?}"));
        }
        match (tag.kind, &*tag.name) {
            (TagKind::StartTag, "script") => TokenSinkResult::RawData(RawKind::ScriptData),
            (TagKind::StartTag, "style") => TokenSinkResult::RawData(RawKind::Rawtext),
            (TagKind::StartTag, "title" | "textarea") => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }
}

impl Tags<'_> {
    fn wrong_with(&self, tag: &Tag) -> Option<&'static str> {
        let value = |name: &str| {
            let found = tag
                .attrs
                .iter()
                .find(|attribute| &*attribute.name.local == name);
            found.map(|attribute| attribute.value.to_string())
        };
        let is_script = &*tag.name == "script" && tag.kind == TagKind::StartTag;
        if FOREIGN.contains(&&*tag.name) {
            return Some("a foreign element");
        }
        if is_script && (self.nonce.is_empty() || value("nonce").as_deref() != Some(self.nonce)) {
            return Some("a script of somebody else");
        }
        if &*tag.name == "img" && value("src").is_none_or(|src| !src.starts_with("/assets/")) {
            return Some("a foreign image");
        }
        for attribute in &tag.attrs {
            let name = &*attribute.name.local;
            if name == "pwned" || name.starts_with("on") {
                return Some("a foreign attribute");
            }
            let address = attribute.value.trim_start().to_ascii_lowercase();
            if address.starts_with("javascript:") && name != "value" {
                return Some("a script as an address");
            }
        }
        None
    }
}

/// What a browser would take for markup of a payload.
fn markup_in(page: &str, nonce: &str) -> Vec<String> {
    let tags = Tags {
        nonce,
        wrong: RefCell::default(),
    };
    let tokenizer = Tokenizer::new(tags, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(page.into());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.wrong.into_inner()
}

fn assert_clean(what: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    let nonce = policy.split("'nonce-").nth(1).unwrap_or_default();
    let nonce = nonce.split('\'').next().unwrap_or_default();
    let wrong = markup_in(&answer.body, nonce);
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
}

#[test]
fn each_payload_would_be_found_where_it_is_not_escaped() {
    for payload in PAYLOADS
        .into_iter()
        .filter(|payload| !payload.starts_with('&'))
    {
        let places = [
            format!("<p>{payload}</p>"),
            format!("<input value=\"{payload}\">"),
            format!("<input value='{payload}'>"),
        ];
        let found = places.iter().any(|page| !markup_in(page, "").is_empty());
        assert!(found, "{payload} does nothing anywhere");
        let text = escaped(payload);
        assert!(markup_in(&format!("<p>{text}</p>"), "").is_empty());
    }
}

/// A text as it must stand in a page.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

const COURSE: &str = r#"
title = { ko = "과정" }
default_language = "ko"
languages = ["ko"]
units = [{ id = "u", title = { ko = "단원" }, lessons = ["l"] }]
"#;

const TEXT: &str = "---\ntitle: 제목\nminutes: 1\n---\n
::::exercise sum answer\n하세요.\n```bash answer\necho 1\n```\n::::\n
::::quiz word short\n?\n- 가\n::::\n
::::quiz count number\n?\n- 1\n::::\n";

#[test]
fn what_is_entered_is_shown_as_text_everywhere() {
    let course = tempfile::tempdir_in("/var/tmp").unwrap();
    fs::create_dir(course.path().join("u")).unwrap();
    fs::write(course.path().join("course.toml"), COURSE).unwrap();
    fs::write(course.path().join("u/l.ko.md"), TEXT).unwrap();
    let classroom = Classroom::with_course(course.path());
    let instructor = classroom.instructor();
    let mut shown = 0;
    for (number, payload) in PAYLOADS.into_iter().enumerate() {
        let mut look = |what: &str, answer: Answer| {
            assert_clean(&format!("{payload}: {what}"), &answer);
            shown += usize::from(answer.body.contains(&escaped(payload)));
        };
        // Names: of a class, and of a student in it.
        let (class, code) = classroom.class(&instructor, payload);
        let student = classroom.student(&code, payload);
        look("the classes", instructor.get("/ko/classes"));
        look("the course", student.get("/ko/"));
        // Answers.
        let lesson = "/ko/lessons/u/l";
        for (item, field) in [
            ("questions/word", "text"),
            ("questions/count", "text"),
            ("exercises/sum", "answer"),
        ] {
            let path = format!("{lesson}/{item}");
            let key = format!("k{number}");
            let fields = [(field, payload), ("key", &key)];
            look(item, student.post_live(&path, &fields));
            look(item, student.post(&path, &fields));
            // Without a session it comes along in an address.
            let away = classroom.visitor().post(&path, &fields);
            look(item, classroom.visitor().get(&away.location));
            look(item, classroom.visitor().post_live(&path, &fields));
        }
        let draft = format!(
            "{lesson}?draft=word&fields=text%3D{}",
            percent(&percent(payload))
        );
        look("a draft", student.get(&draft));
        look("the lesson", student.get(lesson));
        look("the class", instructor.get(&class));
        look("mastery", instructor.get(&format!("{class}/mastery")));
        look(
            "the analysis",
            instructor.get(&format!("{class}/questions")),
        );
        // What is said to the class.
        let said = format!("{class}/announcements");
        instructor.post(&said, &[("text", payload)]);
        look("what was said", student.get(lesson));
        // Forms that come back with what was entered, and addresses.
        let wrong = [("code", payload), ("name", payload), ("password", "x")];
        look("joining", classroom.visitor().post("/ko/join", &wrong));
        let wrong = [("name", payload), ("code", payload), ("password", payload)];
        look(
            "signing in",
            classroom.visitor().post("/ko/sign-in", &wrong),
        );
        let title = payload.repeat(40);
        look(
            "a class",
            instructor.post("/ko/classes", &[("title", &title)]),
        );
        let next = percent(payload);
        look(
            "the way back",
            classroom
                .visitor()
                .get(&format!("/ko/sign-in?next=/{next}")),
        );
        look(
            "the way in",
            classroom.visitor().get(&format!("/ko/join?next=/{next}")),
        );
        look("no page", student.get(&format!("/ko/{next}")));
    }
    // Text, and not left out: else nothing would have been tried.
    assert!(
        shown > PAYLOADS.len() * 6,
        "only {shown} pages show what was entered"
    );
}

/// A text in an address.
fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

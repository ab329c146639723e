//! Moodle's GIFT, in and out.

use std::collections::BTreeSet;

use course::gift::{Import, export, import};
use course::{Course, Html, Kind, Lang, Question};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::common::{KO, cases, good, load, page};

const EXAMPLE: &str = r#"// a comment
$CATEGORY: tom/dick & harry

::T/F:: The daemon runs as root. {T#It does, unless it is rootless.#Right.####See [html]<b>rootless</b>.}

// [id:what-ends]
::Ends::When does a container end? {
  =when its main process ends #Yes.
  ~when you log out # It does not look at you.
  ~%50%[markdown]when it is *told* to
}

Which of these are kernel features? {~%50%namespaces ~%50%cgroups ~%-50%systemd#No\: a program. ~%-50%[plain]<b> & *}

The registry that `docker pull` asks first\: {=Docker Hub =hub.docker.com#An address. =%30%the hub}

How many bits has an IPv4 address? {#32}

How wide? {#=1.5:0.25#Fine. =%50%1.5:1 ~#No.}

Between? {#1..5####In between.}

[html]<p>Which <code>belongs</code> to which?</p><ul><li>read</li><li>think</li></ul> {
  =[html]<b>runc</b> -> containers
  =dnsmasq -> names \= addresses
  = -> nothing}

Write about containers. {}

Grant is {~buried =entombed ~living} in Grant's tomb.

Only a text.

::broken:: Who? {=a

~nothing {~a ~b}

Two? {#=1 =2}

Injected {=a ~[markdown]b
:::hint
c}

[markdown]Lists:
- one
::::
::::exercise x
{=a ~b}
"#;

fn shown(import: &Import) -> String {
    let remarks = import.remarks.iter().map(|remark| {
        let left_out = if remark.left_out { " (left out)" } else { "" };
        format!("{}: {}{left_out}\n", remark.line, remark.message)
    });
    format!("{}=====\n{}", import.markdown, remarks.collect::<String>())
}

/// A course of a lesson with these questions.
fn course(markdown: &str) -> Course {
    let lesson = page(markdown);
    load(&[("course.toml", KO), ("u/l.ko.md", &lesson)])
        .unwrap_or_else(|problems| panic!("{problems}\n{markdown}"))
}

fn questions(course: &Course) -> Vec<&Question> {
    let mut all: Vec<&Question> = course
        .lessons()
        .flat_map(|lesson| &lesson.questions)
        .collect();
    all.sort_by_key(|question| question.id.clone());
    all
}

fn squeezed(html: &Html) -> String {
    html.as_str()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// What a question says and takes for right, whatever the order it is written in.
fn meaning(question: &Question) -> (String, BTreeSet<String>, Option<String>) {
    let text = question.text.get(Lang::Ko);
    let choice = |index: usize, right: &str| {
        let note = text.notes.get(index).and_then(Option::as_ref).map(squeezed);
        format!("{right} {} {note:?}", squeezed(&text.choices[index]))
    };
    let all = 0..text.choices.len();
    let parts = match &question.kind {
        Kind::Single { right } => all
            .map(|index| choice(index, if index == *right { "=" } else { "~" }))
            .collect(),
        Kind::Multiple { right } => all
            .map(|index| choice(index, if right.contains(&index) { "+" } else { "-" }))
            .collect(),
        Kind::Short { accepted } => accepted.iter().cloned().collect(),
        Kind::Number { value, tolerance } => BTreeSet::from([format!("{value} {tolerance}")]),
        Kind::Match { pairs, .. } => {
            let mut parts: BTreeSet<String> = all
                .map(|index| choice(index, &text.targets[pairs[index]]))
                .collect();
            parts.extend(text.targets.iter().cloned());
            parts
        }
        Kind::Order { .. } => BTreeSet::new(),
    };
    let prompt = squeezed(&text.prompt);
    (prompt, parts, text.explain.as_ref().map(squeezed))
}

#[test]
fn what_gift_says_becomes_questions_and_the_rest_is_told() {
    let import = import(EXAMPLE, Lang::En);
    assert_snapshot!(shown(&import));
    assert_eq!(questions(&course(&import.markdown)).len(), import.questions);
}

#[test]
fn a_course_gives_its_questions() {
    assert_snapshot!(export(&good(), Lang::Ko));
}

#[test]
fn questions_come_back_as_they_went() {
    let course = good();
    let again = self::course(&import(&export(&course, Lang::Ko), Lang::Ko).markdown);
    let (before, after) = (questions(&course), questions(&again));
    assert_eq!(before.len(), after.len());
    let mut compared = 0;
    for (before, after) in before.into_iter().zip(after) {
        // An order becomes pairs; a unit stands in the question.
        let changed =
            matches!(before.kind, Kind::Order { .. }) || before.text.get(Lang::Ko).unit.is_some();
        if !changed && before.id == after.id {
            assert_eq!(meaning(before), meaning(after), "{}", before.id);
            compared += 1;
        }
    }
    assert!(compared >= 4, "only {compared} questions were compared");
}

#[test]
fn markup_of_moodle_becomes_markdown() {
    let html = r#"[html]<p>One <b>bold</b> <i>word</i>,<br>a <a href\="https\://example.org/a_b">link</a>, <a href\="javascript\:alert(1)">none</a>, H<sub>2</sub>O, a * b _c_ 1 &lt; 2 &amp;amp; &nbsp;x</p><ol><li>first<ul><li>inner</li></ul></li><li>second</li></ol><pre>a  b\n\n```\nc</pre><blockquote><p>said</p></blockquote><script>alert(1)</script><p>1. no list</p>{T}"#;
    let import = import(html, Lang::Ko);
    assert_eq!(import.remarks, []);
    let course = course(&import.markdown);
    assert_snapshot!(format!(
        "{}=====\n{}",
        import.markdown,
        questions(&course)[0].text.get(Lang::Ko).prompt.as_str()
    ));
}

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "컨테이너",
        "a",
        "b=c",
        "~d",
        "{e}",
        "f:g",
        "#h",
        "`i`",
        "*j*",
        "_k",
        "<l>",
        "&amp;",
        "m\\n",
        "-",
        "1.",
        "=>",
        "[x]",
        "|",
        "%50%",
        "->",
        "\"q\"",
        "::",
        "$",
        "[[Ctrl]]",
        "!",
        "\\",
    ]);
    prop::collection::vec(word, 1..6).prop_map(|words| words.join(" "))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if "\\~=#{}:".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(96)))]

    /// Plain words with every sign that means something on either side.
    #[test]
    fn questions_of_any_words_come_and_go(
        prompt in words(),
        right in words(),
        wrong in prop::collection::vec((words(), prop::option::of(words())), 1..4),
        weights in any::<bool>(),
    ) {
        let mut gift = format!("::q::[plain]{} {{\n", escaped(&prompt));
        let (yes, no) = if weights { ("~%100%", "~%-100%") } else { ("=%100%", "~%0%") };
        gift.push_str(&format!("{yes}[plain]{}\n", escaped(&right)));
        for (index, (text, note)) in wrong.iter().enumerate() {
            gift.push_str(&format!("{no}[plain]{} {index}", escaped(text)));
            if let Some(note) = note {
                gift.push_str(&format!("#[plain]{}", escaped(note)));
            }
            gift.push('\n');
        }
        gift.push('}');
        let first = import(&gift, Lang::Ko);
        prop_assert_eq!(&first.remarks, &[]);
        let before = course(&first.markdown);
        let text = questions(&before)[0].text.get(Lang::Ko);
        // Nothing of the words is lost or taken for markup, but for `[[Ctrl]]`, which is a key.
        let plain: Vec<String> = text.plain_choices.clone();
        let kept = |words: &str| words.replace("[[Ctrl]]", "Ctrl");
        let plain: Vec<String> = plain.iter().map(|text| kept(text)).collect();
        prop_assert!(plain.contains(&kept(&right)), "{plain:?}");

        let second = import(&export(&before, Lang::Ko), Lang::Ko);
        prop_assert_eq!(&second.remarks, &[], "{}", export(&before, Lang::Ko));
        let after = course(&second.markdown);
        prop_assert_eq!(meaning(questions(&before)[0]), meaning(questions(&after)[0]));
    }

    /// Whatever a file has in it: no panic, and what comes out is a lesson.
    #[test]
    fn any_text_is_read(text in r#"(\PC|[{}=~#:\\\[\]%*`<>/-]|\n|\n\n|::|\{T\}|\[html\]|\[markdown\]|<b>|<pre>|->|:::|::::exercise x|```){0,60}"#) {
        let import = import(&text, Lang::En);
        prop_assert_eq!(questions(&course(&import.markdown)).len(), import.questions);
    }
}

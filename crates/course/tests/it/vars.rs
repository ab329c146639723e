//! Vars and needs: values that differ from student to student, and exercises that build on others.

use std::collections::BTreeSet;

use crate::common::{BOTH, KO, load, page, report};
use course::{Course, Lang, Lesson, Proof, Values};
use proptest::prelude::*;

/// Two exercises, the second of which takes over the first one's values; Korean and English.
const KOREAN: &str = r#"
::::exercise serve {title="{{name}} 띄우기"}
`{{port}}` 포트에 `{{name}}`을 띄우세요. `docker ps --format '{{.Names}}{{end}}'`

```bash no-run
docker run --name {{name}} -p {{port}}:80 -e N={{name}}{{port}} nginx
```

[여기](http://localhost:{{port}}/)를 보세요.
```vars
port: 8001..8099
name: apple, pear, plum-2
```
```bash check
published {{name}} {{port}} 80 || fail not-published
docker inspect --format '{{.State}} {{range .Mounts}}{{end}}' {{name}}
```
```bash solution
docker run -d --name {{name}} -p {{port}}:80 nginx
```
:::feedback not-published
`{{port}}`에서 답하지 않습니다.
:::
:::hint
`-p {{port}}:80`
:::
::::

::::exercise greet {needs="serve"}
`{{name}}`에 인사를 쓰세요.
```vars of serve
```
```bash check
http localhost:{{port}} hello
```
```bash solution
docker exec {{name}} sh -c 'echo hello > /usr/share/nginx/html/index.html'
```
::::
"#;

const ENGLISH: &str = r#"
::::exercise serve {title="Start {{name}}"}
Start `{{name}}` on port `{{port}}`.
:::feedback not-published
Nothing answers at `{{port}}`.
:::
:::hint
`-p {{port}}:80`
:::
::::

::::exercise greet
Write a greeting into `{{name}}`.
::::
"#;

fn course() -> Course {
    let en = format!("---\ntitle: Title\n---\n{ENGLISH}");
    load(&[
        ("course.toml", BOTH),
        ("u/l.ko.md", &page(KOREAN)),
        ("u/l.en.md", &en),
    ])
    .unwrap_or_else(|problems| panic!("{problems}"))
}

fn lesson(course: &Course) -> &Lesson {
    course.lessons().next().unwrap()
}

fn value<'v>(values: &'v Values, name: &str) -> &'v str {
    values.iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn a_student_keeps_their_values_and_others_have_others() {
    let course = course();
    let lesson = lesson(&course);
    let serve = &lesson.exercises[0];
    assert_eq!(lesson.values(serve, "7"), lesson.values(serve, "7"));
    let mut ports = BTreeSet::new();
    let mut names = BTreeSet::new();
    for student in 0..200 {
        let values = lesson.values(serve, &student.to_string());
        let port: u16 = value(&values, "port").parse().unwrap();
        assert!((8001..=8099).contains(&port));
        ports.insert(port);
        names.insert(value(&values, "name").to_owned());
    }
    assert!(ports.len() > 60, "{ports:?}");
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["apple", "pear", "plum-2"]
    );
}

#[test]
fn an_exercise_takes_over_the_values_of_what_it_needs() {
    let course = course();
    let lesson = lesson(&course);
    let [serve, greet] = lesson.exercises.as_slice() else {
        panic!("two exercises");
    };
    assert_eq!(greet.needs, std::slice::from_ref(&serve.id));
    assert_eq!(greet.vars_of.as_ref(), Some(&serve.id));
    for student in ["1", "2", "3"] {
        assert_eq!(lesson.values(greet, student), lesson.values(serve, student));
    }
}

#[test]
fn values_stand_everywhere_and_docker_templates_stay() {
    let course = course();
    let lesson = lesson(&course);
    let serve = &lesson.exercises[0];
    let values = lesson.values(serve, "min-ji");
    let (port, name) = (value(&values, "port"), value(&values, "name"));
    let Proof::Check(check) = &serve.proof else {
        panic!("a check");
    };
    assert_eq!(
        check.with(&values),
        format!(
            "published {name} {port} 80 || fail not-published\n\
             docker inspect --format '{{{{.State}}}} {{{{range .Mounts}}}}{{{{end}}}}' {name}"
        )
    );
    assert!(check.as_str().contains("published {{name}} {{port}} 80"));
    for lang in Lang::ALL {
        let text = serve.text.get(lang).with(&values);
        assert!(text.title.contains(name));
        let mut all = text.prompt.as_str().to_owned();
        all.push_str(text.feedback["not-published"].as_str());
        all.push_str(text.hints[0].as_str());
        assert!(
            !all.contains("{{port}}") && !all.contains("{{name}}"),
            "{all}"
        );
        assert_eq!(
            all.matches(port).count(),
            if lang == Lang::Ko { 6 } else { 3 },
            "{all}"
        );
    }
    insta::assert_snapshot!("with_values_open", serve.text.get(Lang::Ko).prompt.as_str());
}

#[test]
fn vars_belong_to_the_version() {
    let version = |values: &str| {
        let body = KOREAN.replace("8001..8099", values);
        let course = load(&[("course.toml", KO), ("u/l.ko.md", &page(&body))]).unwrap();
        lesson(&course).exercises[0].version.clone()
    };
    assert_eq!(version("8001..8099"), version("8001 .. 8099"));
    assert_ne!(version("8001..8099"), version("8001..8098"));
}

/// An exercise with this for its vars, in which `{{port}}` is used.
fn exercise(vars: &str) -> String {
    format!(
        "::::exercise e\n`{{{{port}}}}` 하세요.\n{vars}\n```bash check\ntrue\n```\n```bash solution\ntrue\n```\n::::"
    )
}

#[test]
fn what_is_wrong_with_vars() {
    let blocks = [
        "```vars\nport: 8099..8001\n```",
        "```vars\nport: 1, 1\n```",
        "```vars\nport: 1\n```",
        "```vars\nport: a b, $(rm)\n```",
        "```vars\nport\nport: 1..2\nport: 3..4\njson: 1..2\nPort: 1..2\n```",
        "```vars\n```",
        "```vars of nothing\n```",
        "```vars for e\nport: 1..2\n```",
        "```bash setup\n: {{port}}\n```\n```vars\nport: 1..2\n```",
        "```vars\nport: 1..2\nname: a, b\n```\n`{{nmae}}` `{{.Name}}` `{{end}}` `{{ name }}`",
    ];
    insta::assert_snapshot!(report(blocks.map(exercise)));
}

#[test]
fn what_is_wrong_with_needs() {
    let one = |head: &str, vars: &str| {
        format!(
            "::::exercise {head}\n하세요. {{{{port}}}}\n{vars}\n```bash check\ntrue\n```\n```bash solution\ntrue\n```\n::::\n"
        )
    };
    let quiz = "::::quiz q short\n?\n- 가\n::::\n";
    let bodies = [
        one("a {needs=\"a b none q\"}", "") + &one("b", "") + quiz,
        one("a", "```vars\nport: 1..2\n```") + &one("b", "```vars of a\n```"),
        one("a", "```vars\nport: 1..2\n```")
            + &one("b {needs=\"a\"}", "```vars of a\nport: 1..2\n```"),
    ];
    insta::assert_snapshot!(report(bodies));
}

#[test]
fn a_translation_says_the_same_values() {
    let en = ENGLISH
        .replace("on port `{{port}}`", "on a port")
        .replace("::::exercise greet", "::::exercise greet {needs=\"greet\"}")
        .replace(
            "into `{{name}}`.",
            "into `{{name}}`.\n```vars of serve\n```\n{{hame}}",
        );
    let en = format!("---\ntitle: Title\n---\n{en}");
    let problems = load(&[
        ("course.toml", BOTH),
        ("u/l.ko.md", &page(KOREAN)),
        ("u/l.en.md", &en),
    ])
    .unwrap_err();
    insta::assert_snapshot!(problems.to_string());
}

proptest! {
    #[test]
    fn no_block_of_vars_makes_a_lesson_panic(
        vars in "[a-z_:., {}0-9가\n-]{0,60}",
        text in "[{}a-z가\u{e010} `\n]{0,40}",
    ) {
        let body = exercise(&format!("```vars\nport: 1..9\n{vars}\n```\n{text}"));
        drop(load(&[("course.toml", KO), ("u/l.ko.md", &page(&body))]));
    }
}

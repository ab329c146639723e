//! The interface's words are complete in both languages, and the code and the files agree on the keys.
#![cfg(feature = "ssr")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use app::{Lang, Words};

fn keys(lang: Lang) -> BTreeSet<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("locales/{lang}.ftl"));
    let text = fs::read_to_string(file).unwrap();
    let lines = text
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    lines
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, _)| key.to_owned())
        .collect()
}

fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

fn code() -> String {
    let mut text = String::new();
    // The server's own words are the operator's.
    for folder in ["src", "../server/src"] {
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut text,
        );
    }
    text
}

/// The string literals that are asked for directly.
fn asked_for(code: &str) -> BTreeSet<&str> {
    let calls = [".t(\"", ".with(\"", "door(&frame, \""];
    calls
        .iter()
        .flat_map(|call| code.split(call).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn both_languages_have_the_same_keys() {
    assert_eq!(keys(Lang::Ko), keys(Lang::En));
}

#[test]
fn every_key_that_the_code_asks_for_exists() {
    let (code, keys) = (code(), keys(Lang::Ko));
    let missing: Vec<_> = asked_for(&code)
        .into_iter()
        .filter(|key| !keys.contains(*key))
        .collect();
    assert!(missing.is_empty(), "not in the locales: {missing:?}");
    assert!(
        asked_for(&code).len() > 50,
        "the code's calls are not recognised any more"
    );
}

#[test]
fn every_key_is_used() {
    let code = code();
    let quoted = |text: &str| code.contains(&format!("\"{text}\""));
    let unused: Vec<_> = keys(Lang::Ko)
        .into_iter()
        .filter(|key| {
            // `stuck` and `field` make their keys from a part.
            let part = key
                .strip_suffix("-title")
                .or_else(|| key.strip_suffix("-text"))
                .or_else(|| key.strip_prefix("field-"));
            !quoted(key) && !part.is_some_and(quoted)
        })
        .collect();
    assert!(unused.is_empty(), "nobody uses {unused:?}");
}

#[test]
fn values_are_put_in_and_plurals_chosen() {
    let count = |lang, n: i64| Words(lang).with("student-count", &[("n", n.into())]);
    assert_eq!(count(Lang::Ko, 3), "학생 3명");
    assert_eq!(count(Lang::En, 1), "1 student");
    assert_eq!(count(Lang::En, 30), "30 students");
}

//! Judging answers.

use std::collections::BTreeSet;

use crate::common::{everything, good};
use course::{BadResponse, Course, Question, Response, answers_match};
use proptest::prelude::*;

fn question<'c>(course: &'c Course, id: &str) -> &'c Question {
    everything(course).question(&id.parse().unwrap()).unwrap()
}

fn score(id: &str, response: Response) -> Result<f64, BadResponse> {
    let course = good();
    question(&course, id).grade(&response).map(|grade| {
        assert_eq!(grade.right, grade.score >= 1.0);
        grade.score
    })
}

fn set(indexes: &[usize]) -> Response {
    Response::Multiple(indexes.iter().copied().collect())
}

fn short(text: &str) -> Response {
    Response::Short(text.to_owned())
}

fn number(text: &str) -> Response {
    Response::Number(text.to_owned())
}

#[test]
fn one_choice() {
    assert_eq!(score("model", Response::Single(0)), Ok(1.0));
    assert_eq!(score("model", Response::Single(2)), Ok(0.0));
    assert_eq!(
        score("model", Response::Single(3)),
        Err(BadResponse::Choices)
    );
    assert_eq!(score("model", set(&[0])), Err(BadResponse::OtherKind));
}

#[test]
fn several_choices_count_in_part_and_guessing_all_does_not_pay() {
    assert_eq!(score("ports", set(&[0, 2])), Ok(1.0));
    assert_eq!(score("ports", set(&[0])), Ok(0.5));
    assert_eq!(score("ports", set(&[0, 1])), Ok(0.0));
    assert_eq!(score("ports", set(&[0, 1, 2, 3])), Ok(0.0));
    assert_eq!(score("ports", set(&[])), Err(BadResponse::Empty));
    assert_eq!(score("ports", set(&[4])), Err(BadResponse::Choices));
    let course = good();
    let grade = question(&course, "ports").grade(&set(&[0, 1])).unwrap();
    assert_eq!(grade.parts, [true, false, false, true]);
}

#[test]
fn words_in_either_language_however_they_are_typed() {
    for right in [
        "Docker Compose",
        "docker  compose.",
        "DOCKERCOMPOSE",
        "도커컴포즈",
        "compose",
        "ｃｏｍｐｏｓｅ",
    ] {
        assert_eq!(score("term", short(right)), Ok(1.0), "{right}");
    }
    // The same Hangul in conjoining letters, as macOS types it.
    assert_eq!(
        score(
            "term",
            short(
                "\u{1103}\u{1169}\u{110f}\u{1165} \u{110f}\u{1165}\u{11b7}\u{1111}\u{1169}\u{110c}\u{1173}"
            )
        ),
        Ok(1.0)
    );
    assert_eq!(score("term", short("docker")), Ok(0.0));
    assert_eq!(score("term", short("  ")), Err(BadResponse::Empty));
    assert_eq!(
        score("term", short(&"가".repeat(501))),
        Err(BadResponse::TooLong)
    );
}

#[test]
fn numbers_within_their_tolerance_with_or_without_the_unit() {
    for right in [
        "43.2",
        "43.3",
        " 43.1 ",
        "43,2",
        "43.2분",
        "43.2 minutes",
        "４３.２",
        "+43.2",
        "4.32e1",
    ] {
        assert_eq!(score("downtime", number(right)), Ok(1.0), "{right}");
    }
    for wrong in ["43.31", "-43.2", "4,320", "0"] {
        assert_eq!(score("downtime", number(wrong)), Ok(0.0), "{wrong}");
    }
    for none in ["inf", "nan", "네", "1 2 x", "0x10", "1e999"] {
        assert_eq!(
            score("downtime", number(none)),
            Err(BadResponse::NotANumber),
            "{none}"
        );
    }
}

#[test]
fn order_and_pairs_count_in_part() {
    assert_eq!(score("steps", Response::Order(vec![0, 1, 2])), Ok(1.0));
    assert_eq!(
        score("steps", Response::Order(vec![0, 2, 1])),
        Ok(1.0 / 3.0)
    );
    assert_eq!(
        score("steps", Response::Order(vec![0, 0, 1])),
        Err(BadResponse::Choices)
    );
    assert_eq!(
        score("steps", Response::Order(vec![0, 1])),
        Err(BadResponse::Choices)
    );
    assert_eq!(score("lines", Response::Match(vec![0, 1, 1])), Ok(1.0));
    assert_eq!(
        score("lines", Response::Match(vec![0, 1, 2])),
        Ok(2.0 / 3.0)
    );
    assert_eq!(
        score("lines", Response::Match(vec![0, 1])),
        Err(BadResponse::Choices)
    );
    assert_eq!(
        score("lines", Response::Match(vec![0, 1, 3])),
        Err(BadResponse::Choices)
    );
}

#[test]
fn computed_answers_match_but_for_white_space_and_composition() {
    assert!(answers_match("172.17.0.2", " 172.17.0.2\n"));
    assert!(answers_match("a b", "a \t b"));
    assert!(answers_match("가", "\u{1100}\u{1161}"));
    assert!(!answers_match("172.17.0.2", "172.17.0.20"));
    assert!(!answers_match("Web", "web"));
}

#[test]
fn a_form_can_be_read_back() {
    let json = serde_json::to_string(&set(&[1, 2])).unwrap();
    assert_eq!(json, r#"{"multiple":[1,2]}"#);
    assert_eq!(
        serde_json::from_str::<Response>(&json).unwrap(),
        set(&[1, 2])
    );
}

#[test]
fn a_fixed_question_keeps_its_order_and_an_order_question_never_shows_the_right_one() {
    let course = good();
    for seed in 0..200 {
        assert_eq!(question(&course, "ports").shown_order(seed), [0, 1, 2, 3]);
        assert_ne!(question(&course, "steps").shown_order(seed), [0, 1, 2]);
    }
    let firsts: BTreeSet<usize> = (0..50)
        .map(|seed| question(&course, "model").shown_order(seed)[0])
        .collect();
    assert_eq!(firsts.len(), 3, "every choice comes first for some student");
}

fn any_response() -> impl Strategy<Value = Response> {
    let indexes = || proptest::collection::vec(0_usize..6, 0..6);
    prop_oneof![
        (0_usize..6).prop_map(Response::Single),
        indexes().prop_map(|chosen| Response::Multiple(chosen.into_iter().collect())),
        any::<String>().prop_map(Response::Short),
        any::<String>().prop_map(Response::Number),
        "[-+0-9.,e 분]{0,12}".prop_map(Response::Number),
        indexes().prop_map(Response::Order),
        indexes().prop_map(Response::Match),
    ]
}

proptest! {
    #[test]
    fn every_grade_is_a_share(response in any_response()) {
        static COURSE: std::sync::LazyLock<Course> = std::sync::LazyLock::new(good);
        for question in &everything(&COURSE).questions {
            if let Ok(grade) = question.grade(&response) {
                prop_assert!((0.0..=1.0).contains(&grade.score));
                prop_assert_eq!(grade.right, grade.score >= 1.0);
                prop_assert!(!grade.parts.is_empty());
            }
        }
    }

    #[test]
    fn every_shown_order_is_a_stable_permutation(seed in any::<u64>()) {
        static COURSE: std::sync::LazyLock<Course> = std::sync::LazyLock::new(good);
        for question in &everything(&COURSE).questions {
            for (order, len) in [
                (question.shown_order(seed), question.choice_count()),
                (question.shown_targets(seed), question.text.get(course::Lang::Ko).targets.len()),
            ] {
                let distinct: BTreeSet<usize> = order.iter().copied().collect();
                prop_assert_eq!(order.len(), len);
                prop_assert!(distinct.into_iter().eq(0..len));
            }
            prop_assert_eq!(question.shown_order(seed), question.shown_order(seed));
        }
    }
}

//! Judging answers.

use std::{collections::BTreeSet, sync::LazyLock};

use crate::common::{KO, everything, good, load, page};
use course::{BadResponse, Course, Kind, Lang, Question, Response, answers_match};
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

/// Indexes of the choices that read so.
fn choices<C: FromIterator<usize>>(id: &str, texts: &[&str]) -> C {
    let course = good();
    let plain = &question(&course, id).text.get(Lang::Ko).plain_choices;
    texts
        .iter()
        .map(|text| plain.iter().position(|plain| plain == text).unwrap())
        .collect()
}

fn one(text: &str) -> Response {
    Response::Single(choices::<Vec<usize>>("model", &[text])[0])
}

fn set(texts: &[&str]) -> Response {
    Response::Multiple(choices("ports", texts))
}

fn order(texts: &[&str]) -> Response {
    Response::Order(choices("steps", texts))
}

/// The targets of these texts given to IaaS, PaaS and FaaS.
fn pairs(texts: [&str; 3]) -> Response {
    let course = good();
    let text = question(&course, "lines").text.get(Lang::Ko);
    let targets = texts.map(|wanted| {
        text.targets
            .iter()
            .position(|target| target == wanted)
            .unwrap()
    });
    let lefts: Vec<usize> = choices("lines", &["IaaS", "PaaS", "FaaS"]);
    let mut chosen = vec![0; lefts.len()];
    for (left, target) in lefts.into_iter().zip(targets) {
        chosen[left] = target;
    }
    Response::Match(chosen)
}

fn short(text: &str) -> Response {
    Response::Short(text.to_owned())
}

fn number(text: &str) -> Response {
    Response::Number(text.to_owned())
}

#[test]
fn one_choice() {
    assert_eq!(score("model", one("IaaS")), Ok(1.0));
    assert_eq!(score("model", one("PaaS")), Ok(0.0));
    assert_eq!(
        score("model", Response::Single(3)),
        Err(BadResponse::Choices)
    );
    assert_eq!(score("model", set(&["80"])), Err(BadResponse::OtherKind));
}

#[test]
fn several_choices_count_in_part_and_guessing_all_does_not_pay() {
    assert_eq!(score("ports", set(&["80", "82"])), Ok(1.0));
    assert_eq!(score("ports", set(&["80"])), Ok(0.5));
    assert_eq!(score("ports", set(&["80", "81"])), Ok(0.0));
    assert_eq!(score("ports", set(&["80", "81", "82", "83"])), Ok(0.0));
    assert_eq!(score("ports", set(&[])), Err(BadResponse::Empty));
    assert_eq!(
        score("ports", Response::Multiple([4].into())),
        Err(BadResponse::Choices)
    );
    let course = good();
    let grade = question(&course, "ports")
        .grade(&set(&["80", "81"]))
        .unwrap();
    let as_it_should: Vec<usize> = choices("ports", &["80", "83"]);
    for (index, part) in grade.parts.iter().enumerate() {
        assert_eq!(*part, as_it_should.contains(&index));
    }
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
    let (find, make, start) = ("이미지를 찾는다", "컨테이너를 만든다", "시작한다");
    assert_eq!(score("steps", order(&[find, make, start])), Ok(1.0));
    // Two of the three pairs stand in their order.
    assert_eq!(score("steps", order(&[find, start, make])), Ok(2.0 / 3.0));
    assert_eq!(score("steps", order(&[make, start, find])), Ok(1.0 / 3.0));
    assert_eq!(score("steps", order(&[start, make, find])), Ok(0.0));
    let course = good();
    let grade = question(&course, "steps")
        .grade(&order(&[find, start, make]))
        .unwrap();
    let in_place: Vec<usize> = choices("steps", &[find]);
    for (index, part) in grade.parts.iter().enumerate() {
        assert_eq!(*part, in_place.contains(&index));
    }
    assert_eq!(
        score("steps", order(&[find, find, make])),
        Err(BadResponse::Choices)
    );
    assert_eq!(
        score("steps", order(&[find, make])),
        Err(BadResponse::Choices)
    );
    let (system, app, power) = ("운영체제", "애플리케이션", "전기");
    assert_eq!(score("lines", pairs([system, app, app])), Ok(1.0));
    assert_eq!(score("lines", pairs([system, app, power])), Ok(2.0 / 3.0));
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
fn indexes_tell_nothing_and_the_languages_agree_on_them() {
    // Of many questions of the same form, the right choice has each index about equally often.
    let quizzes: String = (0..90)
        .map(|n| format!("::::quiz q{n} single\n물음 {n}?\n- [x] 옳음 {n}\n- [ ] 틀림 {n}\n- [ ] 아님 {n}\n::::\n"))
        .collect();
    let course = load(&[("course.toml", KO), ("u/l.ko.md", &page(&quizzes))]).unwrap();
    let mut counts = [0; 3];
    for question in &course.lessons().next().unwrap().questions {
        let Kind::Single { right } = question.kind else {
            panic!("a single stays one");
        };
        counts[right] += 1;
    }
    assert!(
        counts.iter().all(|count| (15..=45).contains(count)),
        "{counts:?}"
    );

    let course = good();
    let (ko, en) = {
        let text = &question(&course, "model").text;
        (text.get(Lang::Ko), text.get(Lang::En))
    };
    let both: BTreeSet<(&str, &str)> = ko
        .plain_choices
        .iter()
        .zip(&en.plain_choices)
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let pairs = [
        ("IaaS", "IaaS"),
        ("PaaS", "PaaS"),
        ("설치해서 쓰는 SaaS", "SaaS, installed"),
    ];
    assert_eq!(both, pairs.into());
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
    let response = Response::Multiple([1, 2].into());
    let json = serde_json::to_string(&response).unwrap();
    assert_eq!(json, r#"{"multiple":[1,2]}"#);
    assert_eq!(serde_json::from_str::<Response>(&json).unwrap(), response);
}

#[test]
fn a_fixed_question_keeps_its_order_and_an_order_question_never_shows_the_right_one() {
    let course = good();
    let written: Vec<usize> = choices("ports", &["80", "81", "82", "83"]);
    let right: Vec<usize> = choices(
        "steps",
        &["이미지를 찾는다", "컨테이너를 만든다", "시작한다"],
    );
    for seed in 0..200 {
        assert_eq!(question(&course, "ports").shown_order(seed), written);
        assert_ne!(question(&course, "steps").shown_order(seed), right);
    }
    let firsts: BTreeSet<usize> = (0..50)
        .map(|seed| question(&course, "model").shown_order(seed)[0])
        .collect();
    assert_eq!(firsts.len(), 3, "every choice comes first for some student");
}

/// A question of each kind with parts, with so many of them.
fn with_parts(count: usize) -> Course {
    let list = |line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let quizzes = format!(
        "::::quiz several multiple\n물음?\n{}::::\n::::quiz places order\n물음?\n{}::::\n::::quiz sides match\n물음?\n{}::::\n",
        list(&|n| format!("- [{}] 보기 {n}\n", if n % 2 == 0 { 'x' } else { ' ' })),
        list(&|n| format!("{}. 단계 {n}\n", n + 1)),
        list(&|n| format!("- 왼쪽 {n} => 오른쪽 {n}\n")),
    );
    load(&[("course.toml", KO), ("u/l.ko.md", &page(&quizzes))]).unwrap()
}

/// How many parts of the questions below.
const PARTS: usize = 5;

static WITH_PARTS: LazyLock<Course> = LazyLock::new(|| with_parts(PARTS));

fn of_parts(id: &str) -> &'static Question {
    let lesson = WITH_PARTS.lessons().next().unwrap();
    lesson.question(&id.parse().unwrap()).unwrap()
}

proptest! {
    #[test]
    fn several_choices_by_their_rule(chosen in proptest::collection::btree_set(0..PARTS, 1..=PARTS)) {
        let question = of_parts("several");
        let Kind::Multiple { right } = &question.kind else { panic!("a multiple stays one") };
        let grade = question.grade(&Response::Multiple(chosen.clone())).unwrap();
        let net = chosen.iter().map(|it| if right.contains(it) { 1.0 } else { -1.0 }).sum::<f64>();
        prop_assert!((grade.score - net.max(0.0) / 3.0).abs() < 1e-12);
        prop_assert_eq!(grade.right, chosen == *right);
        prop_assert_eq!(grade.right, grade.score >= 1.0);
    }

    #[test]
    fn an_order_by_its_pairs(order in Just((0..PARTS).collect::<Vec<_>>()).prop_shuffle()) {
        let question = of_parts("places");
        let Kind::Order { right } = &question.kind else { panic!("an order stays one") };
        let grade = question.grade(&Response::Order(order.clone())).unwrap();
        prop_assert_eq!(grade.right, order == *right);
        prop_assert_eq!(grade.right, grade.score >= 1.0);
        // Each pair is in order either here or in the reverse, never in both.
        let reverse = order.iter().rev().copied().collect();
        let other = question.grade(&Response::Order(reverse)).unwrap();
        prop_assert!((grade.score + other.score - 1.0).abs() < 1e-12);
        // Two neighbours changing places is one pair of ten, wherever they stand.
        for at in 1..PARTS {
            let mut swapped = order.clone();
            swapped.swap(at - 1, at);
            let other = question.grade(&Response::Order(swapped)).unwrap();
            prop_assert!(((grade.score - other.score).abs() - 0.1).abs() < 1e-12);
        }
    }

    #[test]
    fn pairs_by_the_right_ones(chosen in proptest::collection::vec(0..PARTS, PARTS)) {
        let question = of_parts("sides");
        let Kind::Match { pairs, .. } = &question.kind else { panic!("a match stays one") };
        let grade = question.grade(&Response::Match(chosen.clone())).unwrap();
        let hits = pairs.iter().zip(&chosen).map(|(a, b)| if a == b { 0.2 } else { 0.0 }).sum::<f64>();
        prop_assert!((grade.score - hits).abs() < 1e-12);
        prop_assert_eq!(grade.right, chosen == *pairs);
        prop_assert_eq!(grade.right, grade.score >= 1.0);
    }
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

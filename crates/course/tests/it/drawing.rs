//! Which questions a quiz has.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{load, page};
use course::{Course, Drawn, PLACEMENT_MAX, QUIZ_MAX};
use proptest::prelude::*;

/// A lesson with so many questions about a concept.
fn lesson(concept: &str, count: usize) -> String {
    let quizzes: String = (0..count)
        .map(|n| {
            format!(
                "::::quiz q{n} single {{concepts=\"{concept}\"}}\n물음 {n}?\n- [x] 예 {n}\n- [ ] 아니오 {n}\n::::\n"
            )
        })
        .collect();
    page(&quizzes)
}

fn course(lessons: &[(&str, &str, usize)]) -> Course {
    let concepts: BTreeSet<_> = lessons.iter().map(|(_, concept, _)| concept).collect();
    let concepts: Vec<_> = concepts
        .iter()
        .map(|id| format!("{{ id = \"{id}\", name = {{ ko = \"{id}\" }} }}"))
        .collect();
    let mut units: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (id, ..) in lessons {
        let (unit, name) = id.split_once('/').unwrap();
        units.entry(unit).or_default().push(format!("\"{name}\""));
    }
    let units: Vec<_> = units
        .iter()
        .map(|(id, lessons)| {
            let lessons = lessons.join(", ");
            format!("{{ id = \"{id}\", title = {{ ko = \"{id}\" }}, lessons = [{lessons}] }}")
        })
        .collect();
    let head = format!(
        "title = {{ ko = \"과정\" }}\ndefault_language = \"ko\"\nlanguages = [\"ko\"]\nconcepts = [{}]\nunits = [{}]\n",
        concepts.join(", "),
        units.join(", "),
    );
    let files: Vec<_> = lessons
        .iter()
        .map(|(id, concept, count)| (format!("{id}.ko.md"), lesson(concept, *count)))
        .collect();
    let mut all = vec![("course.toml", head.as_str())];
    all.extend(
        files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    );
    load(&all).unwrap()
}

fn names(drawn: &[Drawn<'_>]) -> Vec<String> {
    let name = |it: &Drawn<'_>| format!("{}/{}", it.lesson.id, it.question.id);
    drawn.iter().map(name).collect()
}

fn count_by<K: Ord>(drawn: &[Drawn<'_>], key: impl Fn(&Drawn<'_>) -> K) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for it in drawn {
        *counts.entry(key(it)).or_default() += 1;
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_quiz_is_even_over_lessons_in_order_and_the_same_for_a_seed(
        counts in proptest::collection::vec(1_usize..9, 1..4),
        seed in "[a-z]{1,8}",
    ) {
        let ids: Vec<_> = (0..counts.len()).map(|n| format!("u/l{n}")).collect();
        let lessons: Vec<_> = ids.iter().zip(&counts).map(|(id, n)| (id.as_str(), "c", *n)).collect();
        let course = course(&lessons);
        let unit = &course.units[0];
        let drawn = unit.quiz(&seed);
        prop_assert_eq!(drawn.len(), counts.iter().sum::<usize>().min(QUIZ_MAX));
        prop_assert_eq!(names(&drawn), names(&unit.quiz(&seed)));
        let of = count_by(&drawn, |it| it.lesson.id.to_string());
        let most = of.values().max().copied().unwrap_or(0);
        for (id, count) in ids.iter().zip(&counts) {
            // As many as any other lesson has but one, or all that it has.
            prop_assert!(of[id] + 1 >= most || of[id] == *count, "{of:?} of {counts:?}");
        }
        let all: Vec<_> = course.lessons().flat_map(|lesson| {
            lesson.questions.iter().map(move |it| format!("{}/{}", lesson.id, it.id))
        }).collect();
        let mut in_order = all.iter();
        for name in names(&drawn) {
            prop_assert!(in_order.any(|it| *it == name), "{name} is out of order");
        }
    }
}

#[test]
fn another_sitting_draws_other_questions() {
    let course = course(&[("u/l", "c", 30)]);
    let unit = &course.units[0];
    assert_ne!(names(&unit.quiz("1/0")), names(&unit.quiz("1/1")));
    assert_ne!(names(&unit.quiz("1/0")), names(&unit.quiz("2/0")));
}

#[test]
fn placement_asks_two_of_each_concept_from_different_units() {
    let course = course(&[
        ("u1/a", "c1", 5),
        ("u1/b", "c2", 1),
        ("u2/a", "c1", 5),
        ("u2/b", "c3", 4),
    ]);
    for seed in ["a", "b", "c", "d"] {
        let drawn = course.placement(seed);
        let concepts = count_by(&drawn, |it| it.question.concepts[0].clone());
        let expected = [("c1", 2), ("c2", 1), ("c3", 2)];
        assert_eq!(concepts, expected.map(|(id, n)| (id.to_owned(), n)).into());
        let units = drawn.iter().filter(|it| it.question.concepts[0] == "c1");
        let units: BTreeSet<_> = units.map(|it| it.lesson.id.unit()).collect();
        assert_eq!(units.len(), 2, "{:?}", names(&drawn));
    }
}

#[test]
fn placement_of_many_concepts_asks_one_of_each() {
    let concepts: Vec<_> = (0..PLACEMENT_MAX)
        .map(|n| (format!("u/l{n}"), format!("c{n}")))
        .collect();
    let lessons: Vec<_> = concepts
        .iter()
        .map(|(id, concept)| (id.as_str(), concept.as_str(), 3))
        .collect();
    assert_eq!(course(&lessons).placement("a").len(), PLACEMENT_MAX);
}

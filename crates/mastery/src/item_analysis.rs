//! How well the items of a class measure: classical item analysis, on first attempts only, since later
//! ones follow what the page has said.

use std::collections::BTreeMap;

/// Below this many answers the numbers say little, and a page has to say so.
pub const FEW: usize = 10;

/// A correlation of fewer students is none: two points always lie on a line.
pub const STUDENTS_LEAST: usize = 3;

/// Sums of squares below this are what rounding leaves of equal numbers.
const NO_VARIANCE: f64 = 1e-12;

/// A student's first attempt at an item, outside of reviews.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstAttempt<S, K> {
    /// Whose.
    pub student: S,
    /// At what.
    pub item: K,
    /// The part of the full marks, 0 to 1.
    pub score: f64,
    /// Which choices were taken, by the author's numbers; none where the item has no choices.
    pub choices: Vec<usize>,
}

/// What the first attempts say of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemAnalysis {
    /// How many answered.
    pub answers: usize,
    /// The mean score, 0 (nobody could) to 1 (everybody could).
    pub facility: f64,
    /// The item-rest correlation, -1 to 1: Pearson's, of the item's score with the mean score of the
    /// same student's other first attempts. Near 0 or below, the item does not tell who can from who
    /// cannot. None where fewer than [`STUDENTS_LEAST`] students answered this and something else, or
    /// where either number is the same for all.
    pub discrimination: Option<f64>,
    /// How many took each choice that anybody took.
    pub choices: BTreeMap<usize, usize>,
    /// Whether there are fewer than [`FEW`] answers.
    pub few: bool,
}

/// Analyses each item that is attempted. What counts as "the rest" are the other items given here. Of
/// two attempts of a student at one item, the first counts.
#[must_use]
pub fn analyse<S: Ord + Clone, K: Ord + Clone>(
    attempts: &[FirstAttempt<S, K>],
) -> BTreeMap<K, ItemAnalysis> {
    let mut by_item: BTreeMap<&K, BTreeMap<&S, &FirstAttempt<S, K>>> = BTreeMap::new();
    let mut totals: BTreeMap<&S, Total> = BTreeMap::new();
    for attempt in attempts {
        let of_item = by_item.entry(&attempt.item).or_default();
        if !of_item.contains_key(&attempt.student) {
            of_item.insert(&attempt.student, attempt);
            totals
                .entry(&attempt.student)
                .or_default()
                .add(attempt.score);
        }
    }
    by_item
        .into_iter()
        .map(|(item, answers)| (item.clone(), analysis(&answers, &totals)))
        .collect()
}

/// All of a student's scores together.
#[derive(Default)]
struct Total {
    sum: f64,
    count: u32,
}

impl Total {
    fn add(&mut self, score: f64) {
        self.sum += score;
        self.count += 1;
    }

    /// The mean of the others than this one.
    fn without(&self, score: f64) -> Option<f64> {
        let others = self.count.checked_sub(1).filter(|others| *others > 0)?;
        Some((self.sum - score) / f64::from(others))
    }
}

fn analysis<S: Ord, K>(
    answers: &BTreeMap<&S, &FirstAttempt<S, K>>,
    totals: &BTreeMap<&S, Total>,
) -> ItemAnalysis {
    let count = answers.len();
    let sum: f64 = answers.values().map(|answer| answer.score).sum();
    let pairs: Vec<(f64, f64)> = answers
        .iter()
        .filter_map(|(student, answer)| {
            Some((answer.score, totals.get(student)?.without(answer.score)?))
        })
        .collect();
    let mut choices = BTreeMap::new();
    for choice in answers.values().flat_map(|answer| &answer.choices) {
        *choices.entry(*choice).or_default() += 1;
    }
    ItemAnalysis {
        answers: count,
        facility: sum / count as f64,
        discrimination: correlation(&pairs),
        choices,
        few: count < FEW,
    }
}

/// Pearson's correlation.
fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < STUDENTS_LEAST {
        return None;
    }
    let count = pairs.len() as f64;
    let mean_x = pairs.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = pairs.iter().map(|(_, y)| y).sum::<f64>() / count;
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    (xx > NO_VARIANCE && yy > NO_VARIANCE).then(|| (xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(student: u32, item: &'static str, score: f64) -> FirstAttempt<u32, &'static str> {
        FirstAttempt {
            student,
            item,
            score,
            choices: if score < 1.0 { vec![2] } else { vec![0, 1] },
        }
    }

    #[test]
    fn an_item_that_the_strong_can_and_the_weak_cannot_discriminates() {
        let attempts: Vec<_> = [(1, 1.0, 1.0), (2, 1.0, 0.5), (3, 0.0, 0.0)]
            .into_iter()
            .flat_map(|(student, it, other)| {
                [first(student, "it", it), first(student, "other", other)]
            })
            .collect();
        let found = &analyse(&attempts)["it"];
        assert_eq!(found.answers, 3);
        assert!((found.facility - 2.0 / 3.0).abs() < 1e-12);
        // (1, 1, 0) with (1, 0.5, 0): 0.5 / sqrt(2/3 * 1/2).
        assert!((found.discrimination.expect("one") - 0.75f64.sqrt()).abs() < 1e-12);
        assert_eq!(found.choices, BTreeMap::from([(0, 2), (1, 2), (2, 1)]));
        assert!(found.few);
    }

    #[test]
    fn there_is_no_correlation_without_variance_or_with_too_few() {
        let all_right: Vec<_> = (0..12)
            .flat_map(|student| [first(student, "it", 1.0), first(student, "other", 0.0)])
            .collect();
        let found = &analyse(&all_right)["it"];
        assert_eq!((found.discrimination, found.few), (None, false));
        // The third student did nothing else, so there is no rest to compare with.
        let two = [
            first(1, "it", 1.0),
            first(1, "other", 1.0),
            first(2, "it", 0.0),
            first(2, "other", 0.0),
            first(3, "it", 0.5),
        ];
        assert_eq!(analyse(&two)["it"].discrimination, None);
    }

    #[test]
    fn a_second_attempt_is_not_counted() {
        let attempts = [first(1, "it", 0.0), first(1, "it", 1.0)];
        let found = &analyse(&attempts)["it"];
        assert_eq!((found.answers, found.facility), (1, 0.0));
    }
}

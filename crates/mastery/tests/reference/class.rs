//! A class that was never taught: students of different strength at items of different difficulty.

use mastery::{Attempt, Day, Kind};
use serde::{Serialize, Serializer};

const STUDENTS: u32 = 25;
const ITEMS: u32 = 40;
const CONCEPTS: u32 = 8;
const DAYS: i32 = 30;

/// All that the reference has to know of it.
#[derive(Serialize)]
pub(crate) struct Class {
    pub(crate) items: Vec<Item>,
    pub(crate) attempts: Vec<Made>,
}

#[derive(Serialize)]
pub(crate) struct Item {
    pub(crate) id: u32,
    pub(crate) points: u32,
    pub(crate) concepts: Vec<u32>,
}

#[derive(Serialize)]
pub(crate) struct Made {
    pub(crate) student: u32,
    pub(crate) item: u32,
    #[serde(serialize_with = "word")]
    kind: Kind,
    pub(crate) score: f64,
    right: bool,
    hints: u32,
    day: i32,
    pub(crate) review: bool,
    pub(crate) choices: Vec<usize>,
}

fn word<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match kind {
        Kind::Question => "question",
        Kind::Exercise => "exercise",
    })
}

impl Class {
    /// Always the same one for a seed.
    pub(crate) fn of_seed(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let items = (0..ITEMS)
            .map(|id| Item {
                id,
                points: dice.below(6),
                // The last concept has no item that anybody tries: see below.
                concepts: (0..=dice.below(2))
                    .map(|_| dice.below(CONCEPTS - 1))
                    .collect(),
            })
            .chain([Item {
                id: ITEMS,
                points: 1,
                concepts: vec![CONCEPTS - 1],
            }])
            .collect();
        let mut attempts = Vec::new();
        for day in 0..DAYS {
            for student in 0..STUDENTS {
                for _ in 0..dice.below(5) {
                    // Squared: early items are tried by all, late ones by few.
                    let at = dice.unit();
                    let item = (at * at * f64::from(ITEMS)) as u32;
                    attempts.push(made(&mut dice, student, item, day));
                }
            }
        }
        Self { items, attempts }
    }

    pub(crate) fn attempts_of(&self, student: u32) -> Vec<Attempt<u32>> {
        let theirs = self.attempts.iter().filter(|made| made.student == student);
        theirs
            .map(|made| Attempt {
                item: made.item,
                kind: made.kind,
                score: made.score,
                right: made.right,
                hints: made.hints,
                day: Day(made.day),
                spent: None,
                review: made.review,
            })
            .collect()
    }
}

fn made(dice: &mut Dice, student: u32, item: u32, day: i32) -> Made {
    let kind = if item.is_multiple_of(3) {
        Kind::Exercise
    } else {
        Kind::Question
    };
    let strength = f64::from(student + 1) / f64::from(STUDENTS + 1);
    let ease = f64::from(item % 7) / 6.0;
    let right = dice.unit() < (strength + ease) / 2.0 || item == 1;
    let score = match kind {
        _ if right => 1.0,
        Kind::Exercise => 0.0,
        // Partial credit in quarters.
        Kind::Question => f64::from(dice.below(4)) / 4.0,
    };
    Made {
        student,
        item,
        kind,
        score,
        right,
        hints: dice.below(5),
        day,
        review: day > 0 && dice.unit() < 0.4,
        choices: (0..dice.below(3)).map(|choice| choice as usize).collect(),
    }
}

/// Knuth's linear congruential generator (MMIX), of which the upper bits are good enough here.
struct Dice(u64);

impl Dice {
    /// 0 or more, below 1.
    fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / f64::from(1 << 24)
    }

    fn below(&mut self, end: u32) -> u32 {
        (self.unit() * f64::from(end)) as u32
    }
}

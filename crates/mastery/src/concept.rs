//! How well a concept is mastered, and how sure that is.

use statrs::distribution::{Beta, ContinuousCDF};

/// The most points of an item that count, so that no single item decides what a concept's mastery is.
pub const POINTS_COUNTED: u32 = 3;

/// The part of the distribution that [`Mastery::low`] and [`Mastery::high`] have between them.
pub const CENTRAL: f64 = 0.8;

/// How wide the interval may be before nothing is said: half of what it is without any evidence.
const WIDTH_SURE: f64 = 0.4;

/// From which mean on a concept counts as mastered, and as on the way.
const MASTERED: f64 = 0.8;
const GETTING_THERE: f64 = 0.5;

/// A student's mastery of a concept: a Beta distribution, which begins as Beta(1, 1), where anything is
/// as likely as anything else. Each item of the concept with evidence `e` and `p` points (at most
/// [`POINTS_COUNTED`] of them) adds `p e` to its `a` and `p (1 - e)` to its `b`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mastery {
    /// The mean, `a / (a + b)`: what to show as the number. 0 to 1.
    pub mean: f64,
    /// Below it lies a tenth of the distribution.
    pub low: f64,
    /// Above it lies a tenth of the distribution.
    pub high: f64,
    /// On how many items it rests.
    pub items: u32,
}

/// What a mastery is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// No item of it has any evidence.
    None,
    /// The interval is wider than 0.4: too little is known to say anything.
    Unsure,
    /// The mean is below 0.5.
    Beginning,
    /// The mean is below 0.8.
    GettingThere,
    /// The mean is 0.8 or more.
    Mastered,
}

impl Mastery {
    /// From the evidence (0 to 1; see [`crate::evidence`]) and points of each item of the concept that
    /// has evidence. An item without points counts for nothing.
    #[must_use]
    pub fn of(items: impl IntoIterator<Item = (f64, u32)>) -> Self {
        let (mut a, mut b, mut count) = (1.0, 1.0, 0);
        for (evidence, points) in items {
            let evidence = evidence.clamp(0.0, 1.0);
            let points = f64::from(points.min(POINTS_COUNTED));
            a += points * evidence;
            b += points * (1.0 - evidence);
            count += 1;
        }
        let (low, high) = central(a, b);
        Self {
            mean: a / (a + b),
            low,
            high,
            items: count,
        }
    }

    /// What it is called.
    #[must_use]
    pub fn level(&self) -> Level {
        match self.mean {
            _ if self.items == 0 => Level::None,
            _ if self.high - self.low > WIDTH_SURE => Level::Unsure,
            mean if mean < GETTING_THERE => Level::Beginning,
            mean if mean < MASTERED => Level::GettingThere,
            _ => Level::Mastered,
        }
    }
}

/// The interval that leaves as much of Beta(`a`, `b`) below as above.
fn central(a: f64, b: f64) -> (f64, f64) {
    let tail = (1.0 - CENTRAL) / 2.0;
    match Beta::new(a, b) {
        Ok(beta) => (beta.inverse_cdf(tail), beta.inverse_cdf(1.0 - tail)),
        // Only where a or b is not a positive number, which a sum that begins at 1 always is.
        Err(_) => (0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_without_evidence() {
        let nothing = Mastery::of([]);
        assert_eq!(nothing.level(), Level::None);
        assert_eq!(nothing.mean, 0.5);
        assert!((nothing.low - 0.1).abs() < 1e-9 && (nothing.high - 0.9).abs() < 1e-9);
    }

    #[test]
    fn levels_need_several_items() {
        let right = |count| Mastery::of(vec![(1.0, 1); count]);
        assert_eq!(right(1).level(), Level::Unsure);
        assert_eq!(right(3).level(), Level::Unsure);
        assert_eq!(right(4).level(), Level::Mastered);
        assert_eq!(Mastery::of([(0.0, 1); 6]).level(), Level::Beginning);
        let half = Mastery::of([(1.0, 3), (0.0, 3), (1.0, 2)]);
        assert_eq!((half.level(), half.mean), (Level::GettingThere, 0.6));
    }

    #[test]
    fn one_item_of_many_points_does_not_decide() {
        assert_eq!(
            Mastery::of([(1.0, 100)]),
            Mastery::of([(1.0, POINTS_COUNTED)])
        );
    }
}

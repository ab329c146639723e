//! Measured times, and what one says of many.

use std::time::Duration;

/// Times of the same thing, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1000.0);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The time that this many of a hundred do not exceed, by the nearest rank; `None` without any.
    pub(crate) fn percentile(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted.get(rank.max(1) - 1).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values() {
        let mut samples = Samples::default();
        assert_eq!(samples.percentile(50), None);
        (1..=10)
            .rev()
            .for_each(|ms| samples.add(Duration::from_millis(ms)));
        assert_eq!(samples.percentile(50), Some(5.0));
        assert_eq!(samples.percentile(95), Some(10.0));
        assert_eq!(samples.percentile(0), Some(1.0));
        assert_eq!(samples.len(), 10);
    }
}

//! Days, as a class has them on its calendar.

use jiff::{Timestamp, civil::date, tz::TimeZone};

/// A day on a calendar, as a number: 1970-01-01 is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// How many days after `earlier` this one is; 0 where it is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u32 {
        u32::try_from(i64::from(self.0) - i64::from(earlier.0)).unwrap_or(0)
    }

    /// The day `days` later.
    #[must_use]
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add_unsigned(days))
    }
}

/// Tells on which day a moment is, in one time zone. The zones are those of the IANA database that
/// was compiled in, so two hosts never disagree.
#[derive(Clone, Debug)]
pub struct Calendar(TimeZone);

/// No time zone is called so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone called {0:?}")]
pub struct UnknownZone(pub String);

impl Calendar {
    /// The calendar of a zone by its IANA name, such as `Asia/Seoul`.
    ///
    /// # Errors
    /// When no zone is called so.
    pub fn of_zone(name: &str) -> Result<Self, UnknownZone> {
        match TimeZone::get(name) {
            Ok(zone) => Ok(Self(zone)),
            Err(_) => Err(UnknownZone(name.to_owned())),
        }
    }

    /// The day of a moment in unix milliseconds. One before the year -9999 or after 9999 counts as the
    /// first or last of them.
    #[must_use]
    pub fn day(&self, at_ms: i64) -> Day {
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(if at_ms < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        });
        let since = self
            .0
            .to_datetime(at)
            .date()
            .duration_since(date(1970, 1, 1));
        Day(i32::try_from(since.as_hours() / 24).unwrap_or(i32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24 15:30 UTC, which is past midnight in Seoul.
    const AT_MS: i64 = 1_795_534_200_000;

    #[test]
    fn a_day_begins_at_the_classs_midnight() {
        let utc = Calendar::of_zone("UTC").expect("a zone").day(AT_MS);
        let seoul = Calendar::of_zone("Asia/Seoul").expect("a zone").day(AT_MS);
        assert_eq!(utc, Day(20_781));
        assert_eq!(seoul, utc.plus(1));
        assert_eq!(seoul.since(utc), 1);
        assert_eq!(utc.since(seoul), 0);
    }

    #[test]
    fn every_moment_has_a_day_and_not_every_word_is_a_zone() {
        let seoul = Calendar::of_zone("Asia/Seoul").expect("a zone");
        assert!(seoul.day(i64::MIN) < seoul.day(0));
        assert!(seoul.day(i64::MAX) > seoul.day(0));
        assert_eq!(seoul.day(-1), Day(0), "1970 began earlier in Seoul");
        assert!(Calendar::of_zone("Asia/Nowhere").is_err());
    }
}

//! Spans of time as systemd writes them: `5min 20s`, `90`, `infinity`.
//! The forms: systemd.time(7), "Parsing Time Spans".

use std::time::Duration;

const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;

/// The units and how many microseconds each is; a month is a twelfth of a year of 365.25 days.
const UNITS: [(&[&str], u64); 10] = [
    (&["usec", "us", "µs"], 1),
    (&["msec", "ms"], 1_000),
    (&["seconds", "second", "sec", "s", ""], SECOND),
    (&["minutes", "minute", "min", "m"], 60 * SECOND),
    (&["hours", "hour", "hr", "h"], 3_600 * SECOND),
    (&["days", "day", "d"], DAY),
    (&["weeks", "week", "w"], 7 * DAY),
    (&["months", "month", "M"], 2_629_800 * SECOND),
    (&["years", "year", "y"], 31_557_600 * SECOND),
    (&["nsec", "ns"], 0),
];

/// Reads a span of time; `None` if it is none. Whole numbers and decimal fractions, with units, in
/// any order; without a unit, seconds.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let (_, micros) = UNITS.iter().find(|(names, _)| names.contains(&unit))?;
        sum = sum.checked_add(times(number, *micros)?)?;
        rest = next.trim_start();
    }
    Some(Duration::from_micros(sum))
}

/// `number`, which may have decimals, times `micros`.
fn times(number: &str, micros: u64) -> Option<u64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().ok()?;
    let mut sum = whole.checked_mul(micros)?;
    let mut part = micros;
    for digit in decimals.chars() {
        part /= 10;
        sum = sum.checked_add(part * u64::from(digit.to_digit(10)?))?;
    }
    Some(sum)
}

/// How systemd writes a short span: `1min 2.003s`, at most down to `precision`.
pub(crate) fn show(span: Duration, precision: Duration) -> String {
    let mut left = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    let precision = u64::try_from(precision.as_micros())
        .unwrap_or(u64::MAX)
        .max(1);
    let mut parts = Vec::new();
    let units = [
        ("y", 31_557_600 * SECOND),
        ("month", 2_629_800 * SECOND),
        ("w", 7 * DAY),
        ("d", DAY),
        ("h", 3_600 * SECOND),
        ("min", 60 * SECOND),
        ("s", SECOND),
        ("ms", 1_000),
        ("us", 1),
    ];
    for (name, size) in units {
        if left < size || (left < precision && !parts.is_empty()) {
            continue;
        }
        // Seconds after a minute come with their milliseconds: 1min 2.003s.
        let millis = left % SECOND / 1_000;
        if size == SECOND && precision <= 1_000 && millis > 0 {
            parts.push(format!("{}.{millis:03}{name}", left / size));
            left = 0;
        } else {
            parts.push(format!("{}{name}", left / size));
            left %= size;
        }
    }
    if parts.is_empty() {
        "0".to_owned()
    } else {
        parts.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spans_mean_what_systemd_says() {
        for (text, seconds) in [
            ("90", 90.0),
            ("5min 20s", 320.0),
            ("2h", 7_200.0),
            ("1d 1min", 86_460.0),
            ("100ms", 0.1),
            ("1.5h", 5_400.0),
            ("0", 0.0),
            ("2 min", 120.0),
        ] {
            let expected = Duration::from_secs_f64(seconds);
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "x",
            "5 parsecs",
            "min",
            "-3",
            "1..5",
            "99999999999999999999",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn spans_are_shown_as_systemd_does() {
        let millisecond = Duration::from_millis(1);
        for (millis, text) in [
            (0, "0"),
            (453, "453ms"),
            (3_012, "3.012s"),
            (62_003, "1min 2.003s"),
            (3_600_000, "1h"),
        ] {
            assert_eq!(show(Duration::from_millis(millis), millisecond), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_span_or_none(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_shown_is_read(millis in 0u64..10_000_000) {
            let span = Duration::from_millis(millis);
            prop_assert_eq!(parse(&show(span, Duration::from_millis(1))), Some(span));
        }
    }
}

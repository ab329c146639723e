//! Points in time as people write and read them. A machine's clock shows UTC.
//! The forms: systemd.time(7), "Parsing Timestamps".

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

use crate::span;

/// Microseconds since 1970.
pub(crate) type Micros = u64;

/// The time now.
pub(crate) fn now() -> Micros {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

fn civil(at: Micros) -> OffsetDateTime {
    let seconds = i64::try_from(at / 1_000_000).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn first_letters(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}

/// `Nov 24 10:11:12`, as in a log.
pub(crate) fn short(at: Micros) -> String {
    let t = civil(at);
    let month = t.month().to_string();
    format!(
        "{} {:02} {:02}:{:02}:{:02}",
        first_letters(&month),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    )
}

/// `Tue 2026-11-24 10:11:12 UTC`.
pub(crate) fn full(at: Micros) -> String {
    let t = civil(at);
    let weekday = t.weekday().to_string();
    format!("{} {} {} UTC", first_letters(&weekday), t.date(), clock(t))
}

/// `2026-11-24T10:11:12+00:00`.
pub(crate) fn iso(at: Micros) -> String {
    let t = civil(at);
    format!("{}T{}+00:00", t.date(), clock(t))
}

fn clock(t: OffsetDateTime) -> String {
    format!("{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())
}

/// `5min ago`, in no more than two units, as systemctl shows how long ago something was.
pub(crate) fn ago(at: Micros, now: Micros) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const WEEK: u64 = 7 * DAY;
    let micros = now.saturating_sub(at);
    let s = micros / 1_000_000;
    let plural = |n: u64, name: &str| format!("{n} {name}{}", if n == 1 { "" } else { "s" });
    let span = match s {
        WEEK.. => format!(
            "{} {}",
            plural(s / WEEK, "week"),
            plural(s % WEEK / DAY, "day")
        ),
        _ if s >= 2 * DAY => plural(s / DAY, "day"),
        DAY.. => format!("1 day {}h", s % DAY / HOUR),
        _ if s >= 5 * HOUR => format!("{}h", s / HOUR),
        HOUR.. => format!("{}h {}min", s / HOUR, s % HOUR / MINUTE),
        _ if s >= 5 * MINUTE => format!("{}min", s / MINUTE),
        MINUTE.. => format!("{}min {}s", s / MINUTE, s % MINUTE),
        1.. => format!("{s}s"),
        0 => format!("{}ms", micros / 1_000),
    };
    format!("{span} ago")
}

/// Reads a point in time, as `--since` takes it: `2026-11-24 10:11:12`, with parts left out,
/// `today`, `yesterday`, `tomorrow`, `now`, `-1h`, `+5min`, `10 min ago`, `@1795000000`.
pub(crate) fn parse(text: &str, now: Micros) -> Option<Micros> {
    let text = text.trim();
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let today = civil(now).date();
    let day = Duration::from_secs(86_400);
    match text {
        "now" => return Some(now),
        "today" => return at(today, Time::MIDNIGHT),
        "yesterday" => return back(at(today, Time::MIDNIGHT)?, day),
        "tomorrow" => return forth(at(today, Time::MIDNIGHT)?, day),
        _ => {}
    }
    if let Some(span) = text.strip_suffix(" ago").or_else(|| text.strip_prefix('-')) {
        return back(now, span::parse(span)?);
    }
    if let Some(span) = text.strip_prefix('+') {
        return forth(now, span::parse(span)?);
    }
    if let Some(seconds) = text.strip_prefix('@') {
        return forth(0, span::parse(seconds)?);
    }
    let text = without_weekday(text);
    match text.split_once([' ', 'T']) {
        Some((date, time)) => at(parse_date(date)?, parse_time(time.trim())?),
        None if text.contains(':') => at(today, parse_time(text)?),
        None => at(parse_date(text)?, Time::MIDNIGHT),
    }
}

/// What `systemctl status` prints begins with `Tue `: it may be put in as it is.
fn without_weekday(text: &str) -> &str {
    match text.split_once(' ') {
        Some((day, rest)) if day.len() == 3 && day.chars().all(char::is_alphabetic) => rest,
        _ => text,
    }
}

fn back(from: Micros, span: Duration) -> Option<Micros> {
    from.checked_sub(u64::try_from(span.as_micros()).ok()?)
}

fn forth(from: Micros, span: Duration) -> Option<Micros> {
    from.checked_add(u64::try_from(span.as_micros()).ok()?)
}

fn at(date: Date, time: Time) -> Option<Micros> {
    let seconds = OffsetDateTime::new_in_offset(date, time, UtcOffset::UTC).unix_timestamp();
    u64::try_from(seconds).ok()?.checked_mul(1_000_000)
}

fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let month: u8 = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
}

fn parse_time(text: &str) -> Option<Time> {
    let mut parts = text.splitn(3, ':');
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next()?.parse().ok()?;
    let second = parts.next().map_or(Ok(0), str::parse).ok()?;
    Time::from_hms(hour, minute, second).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Tuesday 2026-11-24 10:11:12 UTC.
    const NOW: Micros = 1_795_515_072_000_000;

    #[test]
    fn times_are_shown_as_systemd_does() {
        assert_eq!(short(NOW), "Nov 24 10:11:12");
        assert_eq!(full(NOW), "Tue 2026-11-24 10:11:12 UTC");
        assert_eq!(iso(NOW), "2026-11-24T10:11:12+00:00");
        for (seconds, text) in [
            (0, "0ms ago"),
            (59, "59s ago"),
            (61, "1min 1s ago"),
            (301, "5min ago"),
            (3_700, "1h 1min ago"),
            (90_000, "1 day 1h ago"),
            (200_000, "2 days ago"),
            (700_000, "1 week 1 day ago"),
        ] {
            assert_eq!(ago(NOW - seconds * 1_000_000, NOW), text);
        }
    }

    #[test]
    fn times_are_read_as_systemd_does() {
        let midnight = NOW - (10 * 3_600 + 11 * 60 + 12) * 1_000_000;
        let hour = 3_600_000_000;
        for (text, expected) in [
            ("now", NOW),
            ("today", midnight),
            ("yesterday", midnight - 24 * hour),
            ("tomorrow", midnight + 24 * hour),
            ("10 min ago", NOW - 600_000_000),
            ("1h 30min ago", NOW - hour * 3 / 2),
            ("-1h", NOW - hour),
            ("+1h", NOW + hour),
            ("2026-11-24", midnight),
            ("2026-11-24 10:11:12", NOW),
            ("2026-11-24T10:11:12", NOW),
            ("Tue 2026-11-24 10:11:12 UTC", NOW),
            ("2026-11-24 10:11", NOW - 12_000_000),
            ("10:11:12", NOW),
            ("@1795515072", NOW),
        ] {
            assert_eq!(parse(text, NOW), Some(expected), "{text}");
        }
        for text in [
            "",
            "soon",
            "2026-13-01",
            "2026-02-30",
            "25:00",
            "1 2 3",
            "ago",
            "-",
            "1:2:3:4",
        ] {
            assert_eq!(parse(text, NOW), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_none(text in "\\PC{0,40}|[0-9 :T-]{0,25}") {
            let _ = parse(&text, NOW);
        }

        #[test]
        fn what_is_shown_is_read(seconds in 0u64..4_000_000_000) {
            let at = seconds * 1_000_000;
            prop_assert_eq!(parse(&full(at), NOW), Some(at));
        }
    }
}

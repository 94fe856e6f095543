//! Ends of a range as people type them: `#120`, `10m`, `14:05`, `2026-09-21`, RFC 3339.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::duration::parse_duration;
use crate::job::Wall;
use crate::read::Bound;

/// Why a text is not an end of a range.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither a time nor a line; write 10m (ago), 14:05, 2026-09-21, '2026-09-21 14:05', \
     2026-09-21T14:05:00Z or #120"
)]
pub(super) struct BoundError(String);

/// Why a text is not a time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a time; write 10m (ago), 14:05, 2026-09-21, '2026-09-21 14:05' or \
     2026-09-21T14:05:00Z"
)]
pub(super) struct TimeError(String);

/// Reads a time or a line number.
pub(super) fn parse_bound(text: &str) -> Result<Bound, BoundError> {
    bound_at(text, &Zoned::now())
}

/// Reads a time.
pub(super) fn parse_time(text: &str) -> Result<Wall, TimeError> {
    match parse_bound(text) {
        Ok(Bound::Time(time)) => Ok(time),
        Ok(Bound::Line(_)) | Err(_) => Err(TimeError(text.into())),
    }
}

/// Reads `text` as it is meant at `now`; times without a zone are local.
fn bound_at(text: &str, now: &Zoned) -> Result<Bound, BoundError> {
    let error = || BoundError(text.into());
    let text = text.trim();
    if let Some(number) = text.strip_prefix('#') {
        return number.parse().map(Bound::Line).map_err(|_| error());
    }
    let ago = || {
        let duration =
            parse_duration(text).ok().filter(|_| !text.bytes().all(|b| b.is_ascii_digit()))?;
        now.timestamp().checked_sub(jiff::SignedDuration::try_from(duration).ok()?).ok()
    };
    let time = ago()
        .or_else(|| text.parse::<Timestamp>().ok())
        .or_else(|| local(text, now)?.to_zoned(now.time_zone().clone()).ok().map(|z| z.timestamp()))
        .ok_or_else(error)?;
    u64::try_from(time.as_nanosecond()).map(|nanos| Bound::Time(Wall(nanos))).map_err(|_| error())
}

/// A date, a time of today, or both.
fn local(text: &str, now: &Zoned) -> Option<DateTime> {
    if let Ok(date) = text.parse::<Date>()
        && !text.contains(':')
    {
        return Some(date.to_datetime(Time::midnight()));
    }
    if let Ok(both) = text.parse::<DateTime>() {
        return Some(both);
    }
    let time = text.parse::<Time>().ok().filter(|_| text.contains(':'));
    time.map(|time| now.date().to_datetime(time))
}

/// Prints a moment in local time, to the second.
pub(super) fn show_local(time: Wall) -> String {
    time.timestamp().to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Result<Bound, BoundError> {
        let noon: Zoned = "2026-09-21T12:00:00+02:00[Europe/Berlin]".parse().unwrap();
        bound_at(text, &noon)
    }

    fn time(text: &str) -> Bound {
        let time: Timestamp = text.parse().unwrap();
        Bound::Time(Wall(u64::try_from(time.as_nanosecond()).unwrap()))
    }

    #[test]
    fn times_and_lines_are_read_as_they_are_meant() {
        for (text, bound) in [
            ("#120", Bound::Line(120)),
            ("10m", time("2026-09-21T09:50:00Z")),
            ("1h30m", time("2026-09-21T08:30:00Z")),
            ("08:05", time("2026-09-21T06:05:00Z")),
            ("08:05:09", time("2026-09-21T06:05:09Z")),
            ("2026-09-20", time("2026-09-19T22:00:00Z")),
            ("2026-09-20 08:05", time("2026-09-20T06:05:00Z")),
            ("2026-09-20T08:05:00.5", time("2026-09-20T06:05:00.5Z")),
            ("2026-09-20T08:05:00Z", time("2026-09-20T08:05:00Z")),
            ("2026-09-20T08:05:00+02:00", time("2026-09-20T06:05:00Z")),
        ] {
            assert_eq!(at(text), Ok(bound), "{text}");
        }
    }

    #[test]
    fn other_words_are_refused_with_examples() {
        for text in ["", "#", "#x", "#-1", "yesterday", "25:00", "2026-13-01", "17", "9999999d"] {
            let error = at(text).expect_err(text);
            assert!(error.to_string().contains("#120"), "{error}");
        }
    }

    #[test]
    fn where_only_a_time_fits_no_line_is_suggested() {
        for text in ["#3", "yesterday"] {
            let error = parse_time(text).expect_err(text).to_string();
            assert!(error.contains("14:05") && !error.contains("#120"), "{error}");
        }
    }
}

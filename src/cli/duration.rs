//! Lengths of time as people type and read them: `10s`, `5m`, `1h30m`.

use std::time::Duration;

/// Why a text is not a length of time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DurationError {
    #[error("`{0}` is not a duration; write numbers with units, such as 10s, 5m, 1h30m or 7d")]
    Form(String),
    #[error("`{0}` leaves a job no time; give more, or leave the flag out for no limit")]
    Zero(String),
}

/// Reads a duration: numbers with the units `ms`, `s`, `m`, `h`, `d`, one behind the other; a bare
/// number counts seconds.
///
/// # Errors
/// Where the text has another form or is longer than any duration can be.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let error = || DurationError::Form(text.into());
    let mut rest = text.trim();
    if let Ok(seconds) = rest.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest.bytes().skip(digits).take_while(u8::is_ascii_alphabetic).count();
        let (number, behind) = rest.split_at(digits);
        let (unit, behind) = behind.split_at(letters);
        let number: u64 = number.parse().map_err(|_| error())?;
        let millis = number.checked_mul(millis_of(unit).ok_or_else(error)?).ok_or_else(error)?;
        sum = sum.checked_add(Duration::from_millis(millis)).ok_or_else(error)?;
        rest = behind.trim_start();
    }
    if text.trim().is_empty() { Err(error()) } else { Ok(sum) }
}

/// Reads how long a job may run: a duration that is not zero.
///
/// # Errors
/// As [`parse_duration`], and for no time at all.
pub(crate) fn parse_timeout(text: &str) -> Result<Duration, DurationError> {
    match parse_duration(text)? {
        Duration::ZERO => Err(DurationError::Zero(text.into())),
        timeout => Ok(timeout),
    }
}

fn millis_of(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    })
}

/// Prints a duration for people: two units at most, `12 ms`, `3.4 s`, `2m05s`, `1h30m`, `3d04h`.
pub(crate) fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{}.{} s", seconds, duration.subsec_millis() / 100),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        for (text, millis) in [
            ("10s", 10_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("250ms", 250),
            ("7d", 604_800_000),
            ("15", 15_000),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in ["", " ", "s", "-1s", "1.5h", "10 fortnights", "1h-3m", "99999999999999999999d"]
        {
            assert!(parse_duration(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn durations_print_with_two_units_at_most() {
        for (millis, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (3_456, "3.4 s"),
            (125_000, "2m05s"),
            (5_400_000, "1h30m"),
            (273_600_000, "3d04h"),
        ] {
            assert_eq!(show_duration(Duration::from_millis(millis)), text);
        }
    }
}

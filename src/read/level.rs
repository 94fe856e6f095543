//! How severe a line is, found in the line itself: JSON, logfmt and common text forms.
//!
//! Where a line names no level (the rest of a stack trace, a wrapped message) it has the level of
//! the line before it on its stream. What this is not: a parser; it looks at the first 256 bytes
//! only.

use std::fmt;
use std::str::FromStr;

use crate::job::PerStream;

use super::line::Line;

/// How far into a line a level is looked for, in bytes.
const REACH: usize = 256;

/// A severity, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `trace`, `verbose`
    Trace,
    /// `debug`
    Debug,
    /// `info`, `notice`
    Info,
    /// `warn`, `warning`
    Warn,
    /// `error`, `err`, `severe`
    Error,
    /// `fatal`, `critical`, `panic`, `alert`, `emergency`
    Fatal,
}

/// The text is not the name of a level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a level; levels are trace, debug, info, warn, error and fatal")]
pub struct InvalidLevel(String);

impl Level {
    /// The level with this name, in any case.
    fn named(word: &[u8]) -> Option<Self> {
        let mut lower = [0_u8; 9];
        let lower = lower.get_mut(..word.len())?;
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"trace" | b"trc" | b"verbose" => Self::Trace,
            b"debug" | b"dbg" => Self::Debug,
            b"info" | b"inf" | b"notice" => Self::Info,
            b"warn" | b"wrn" | b"warning" => Self::Warn,
            b"error" | b"err" | b"severe" => Self::Error,
            b"fatal" | b"critical" | b"crit" | b"panic" | b"alert" | b"emergency" | b"emerg" => {
                Self::Fatal
            }
            _ => return None,
        })
    }

    /// The level with this number, as pino and bunyan write it.
    fn numbered(digits: &[u8]) -> Option<Self> {
        Some(match digits {
            b"10" => Self::Trace,
            b"20" => Self::Debug,
            b"30" => Self::Info,
            b"40" => Self::Warn,
            b"50" => Self::Error,
            b"60" => Self::Fatal,
            _ => return None,
        })
    }

    /// Finds the level that `line` names.
    pub fn of(line: &[u8]) -> Option<Self> {
        let head = line.get(..REACH).unwrap_or(line);
        by_key(head).or_else(|| by_word(head))
    }
}

impl FromStr for Level {
    type Err = InvalidLevel;

    fn from_str(text: &str) -> Result<Self, InvalidLevel> {
        Self::named(text.as_bytes()).ok_or_else(|| InvalidLevel(text.into()))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        })
    }
}

/// The value behind a key such as `level`: `level=warn`, `"level": "warn"`, `"level":40`.
fn by_key(head: &[u8]) -> Option<Level> {
    let mut words = words(head);
    while let Some((_, word, _)) = words.next() {
        let is_key = [&b"level"[..], b"lvl", b"severity", b"levelname", b"loglevel"]
            .iter()
            .any(|key| word.eq_ignore_ascii_case(key));
        if !is_key {
            continue;
        }
        if let Some((before, value, _)) = words.next()
            && matches!(
                before,
                b"=" | b"=\"" | b":" | b"\":" | b"\": " | b"\":\"" | b"\": \"" | b": "
            )
        {
            return Level::named(value).or_else(|| Level::numbered(value));
        }
    }
    None
}

/// A word that stands out: in capitals, in brackets, or before a colon at the head of the line.
fn by_word(head: &[u8]) -> Option<Level> {
    words(head).enumerate().find_map(|(nth, (before, word, after))| {
        let capitals = word.iter().all(u8::is_ascii_uppercase);
        let bracketed = matches!((before.last(), after), (Some(b'['), b']') | (Some(b'<'), b'>'));
        let heading = nth == 0 && matches!(after, b':' | b'[');
        if capitals || bracketed || heading { Level::named(word) } else { None }
    })
}

/// The runs of letters and digits, each with what stands before it and the byte behind it. Colour
/// sequences stand between words.
fn words(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8], u8)> {
    let mut rest = head;
    std::iter::from_fn(move || {
        loop {
            let start = rest.iter().position(u8::is_ascii_alphanumeric)?;
            let (before, from) = rest.split_at(start);
            if before.ends_with(b"\x1b[") {
                let end = from.iter().position(u8::is_ascii_alphabetic)?;
                rest = &from[end + 1..];
                continue;
            }
            let len = from.iter().position(|byte| !byte.is_ascii_alphanumeric());
            let (word, behind) = from.split_at(len.unwrap_or(from.len()));
            rest = behind;
            return Some((before, word, behind.first().copied().unwrap_or(b' ')));
        }
    })
}

/// Lets lines pass that are severe enough.
#[derive(Debug)]
pub(super) struct LevelFilter {
    least: Level,
    last: PerStream<Option<Level>>,
}

impl LevelFilter {
    pub(super) fn new(least: Level) -> Self {
        Self { least, last: PerStream::default() }
    }

    /// Whether `line`, or the line that it continues, is severe enough.
    pub(super) fn wants(&mut self, line: &Line<'_>) -> bool {
        let last = &mut self.last[line.stream];
        if line.begins
            && let Some(level) = Level::of(line.bytes)
        {
            *last = Some(level);
        }
        last.is_some_and(|level| level >= self.least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_in_the_forms_that_programs_write() {
        for (line, level) in [
            ("2026-09-21T14:00:00Z ERROR db: no route", Some(Level::Error)),
            ("2026-09-21 14:00:00,123 - root - WARNING - low", Some(Level::Warn)),
            ("[info] started", Some(Level::Info)),
            ("[2026-09-21][DEBUG][x] y", Some(Level::Debug)),
            ("error[E0308]: mismatched types", Some(Level::Error)),
            ("warning: unused", Some(Level::Warn)),
            ("time=1 level=warn msg=\"an error\"", Some(Level::Warn)),
            ("ts=1 lvl=\"dbg\"", Some(Level::Debug)),
            (r#"{"time":1,"level":"fatal","msg":"INFO"}"#, Some(Level::Fatal)),
            (r#"{"severity": "ERROR"}"#, Some(Level::Error)),
            (r#"{"level":40,"msg":"x"}"#, Some(Level::Warn)),
            ("\u{1b}[31mERROR\u{1b}[0m red", Some(Level::Error)),
            ("no error was found", None),
            ("    at main.rs:3", None),
            ("INFORMATION", None),
            ("", None),
        ] {
            assert_eq!(Level::of(line.as_bytes()), level, "{line}");
        }
    }

    #[test]
    fn level_names_are_read_in_any_case() {
        assert_eq!("WARN".parse(), Ok(Level::Warn));
        assert_eq!("critical".parse(), Ok(Level::Fatal));
        assert!("loud".parse::<Level>().unwrap_err().to_string().contains("trace, debug"));
    }
}

//! Standard output: large writes, errors kept, nothing from a job reaching a terminal by accident.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;

/// Bytes gathered before a write.
const BUFFER: usize = 64 << 10;

/// Our standard output, buffered. A command flushes it before it ends, so that no error is lost.
pub(super) type Stdout = BufWriter<Named>;

/// A file whose errors say that it is standard output.
#[derive(Debug)]
pub(super) struct Named(File);

impl Write for Named {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens our standard output without the standard library's line buffering.
pub(super) fn stdout() -> io::Result<Stdout> {
    let owned = io::stdout().as_fd().try_clone_to_owned()?;
    Ok(BufWriter::with_capacity(BUFFER, Named(File::from(owned))))
}

/// Writes `value` as one line of JSON.
pub(super) fn json_line(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Makes text from outside safe to print: control characters appear escaped.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let safe = text.chars().fold(String::with_capacity(text.len() + 8), |mut safe, c| {
        if c.is_control() {
            safe.extend(c.escape_default())
        } else {
            safe.push(c)
        }
        safe
    });
    Cow::Owned(safe)
}

/// Prints a count with a comma between thousands.
pub(super) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Prints a count of things: `1 line`, `1,204 lines`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_pass() {
        assert_eq!(printable("plain \u{fc}"), "plain \u{fc}");
        assert_eq!(printable("a\u{1b}[31m\r\n\u{9b}"), "a\\u{1b}[31m\\r\\n\\u{9b}");
    }

    #[test]
    fn thousands_are_parted() {
        for (count, text) in [(0, "0"), (999, "999"), (1_204, "1,204"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(count), text);
        }
        assert_eq!((counted(1, "line"), counted(0, "line")), ("1 line".into(), "0 lines".into()));
    }
}

//! Prints lines as a C program does through stdio: what the capture benchmarks run by the thousand.
//!
//! `generate [LINES] [BYTES]` prints so many lines of so many bytes, newline included, to standard
//! output through a buffer of 4 KiB, as glibc does where the output is a pipe.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;

/// What glibc buffers for a pipe.
const BUFFER: usize = 4096;
/// Digits of the number that begins each line.
const DIGITS: usize = 10;

#[allow(dead_code, reason = "the benchmark that shares this file has a `main` of its own")]
fn main() -> io::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|arg| arg.parse().unwrap_or(0));
    print(numbers.next().unwrap_or(5000), numbers.next().unwrap_or(100))
}

/// Prints so many lines of so many bytes.
pub(crate) fn print(lines: usize, bytes: usize) -> io::Result<()> {
    let line = "x".repeat(bytes.saturating_sub(DIGITS + 2));
    let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut out = BufWriter::with_capacity(BUFFER, stdout);
    for number in 0..lines {
        writeln!(out, "{number:>DIGITS$} {line}")?;
    }
    out.flush()
}

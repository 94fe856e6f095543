//! Prints lines as a C program does through stdio: what the capture benchmarks run by the thousand.
//!
//! `generate [LINES] [BYTES]` prints so many lines of so many bytes, newline included, to standard
//! output through a buffer of 4 KiB, as glibc does where the output is a pipe.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;

fn main() -> io::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|arg| arg.parse().unwrap_or(0));
    let lines: usize = numbers.next().unwrap_or(5000);
    let bytes: usize = numbers.next().unwrap_or(100);
    let line = "x".repeat(bytes.saturating_sub(12));
    let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut out = BufWriter::with_capacity(4096, stdout);
    for number in 0..lines {
        writeln!(out, "{number:>10} {line}")?;
    }
    out.flush()
}

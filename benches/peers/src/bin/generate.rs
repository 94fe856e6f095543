//! Prints numbered lines the way a C program does: through a 4096-byte buffer that is written when
//! it is full, in the middle of a line where need be, or after every line.
//!
//! `generate LINES BYTES [buffered|flush] [IGNORED]...`

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use logweir_peers::NumberedLine;

/// The buffer of stdio where a pipe or a file on ext4 or xfs is written.
const BUFFER: usize = 4096;

fn main() -> ExitCode {
    match generate(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("generate: {error}; usage: generate LINES BYTES [buffered|flush]");
            ExitCode::FAILURE
        }
    }
}

fn generate(mut args: impl Iterator<Item = String>) -> io::Result<()> {
    let mut number = || args.next().and_then(|text| text.parse::<usize>().ok());
    let (Some(lines), Some(bytes)) = (number(), number()) else {
        return Err(io::Error::other("LINES and BYTES must be numbers"));
    };
    let flush = match args.next().as_deref() {
        None | Some("buffered") => false,
        Some("flush") => true,
        Some(other) => return Err(io::Error::other(format!("unknown mode {other:?}"))),
    };
    // Not `io::stdout()`, which looks for newlines in every write.
    let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut out = Stdio { out, buffer: Vec::with_capacity(BUFFER) };
    let mut line = NumberedLine::new(bytes);
    for _ in 0..lines {
        out.print(line.advance())?;
        if flush {
            out.flush()?;
        }
    }
    out.flush()
}

/// A fully buffered `FILE`.
struct Stdio {
    out: File,
    buffer: Vec<u8>,
}

impl Stdio {
    fn print(&mut self, text: &[u8]) -> io::Result<()> {
        let (head, rest) = text.split_at(text.len().min(BUFFER - self.buffer.len()));
        self.buffer.extend_from_slice(head);
        if self.buffer.len() < BUFFER {
            return Ok(());
        }
        self.flush()?;
        let (whole, tail) = rest.split_at(rest.len() / BUFFER * BUFFER);
        self.out.write_all(whole)?;
        self.buffer.extend_from_slice(tail);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

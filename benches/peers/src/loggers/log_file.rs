//! The file that rivals write.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;

/// A file behind a buffer that counts what the file took.
pub(super) struct LogFile(BufWriter<Counting>);

struct Counting {
    file: File,
    bytes: u64,
}

impl LogFile {
    const BUFFER: usize = 64 << 10;

    pub(super) fn create(path: PathBuf) -> anyhow::Result<Self> {
        let file =
            File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self(BufWriter::with_capacity(Self::BUFFER, Counting { file, bytes: 0 })))
    }

    /// Flushes; returns how many bytes the file holds.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        Ok(self.0.get_ref().bytes)
    }

    /// How many bytes the file holds; less than was written until the next flush.
    pub(super) fn bytes(&self) -> u64 {
        self.0.get_ref().bytes
    }
}

impl Write for LogFile {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

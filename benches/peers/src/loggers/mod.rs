//! Ways for a thread to get lines into a file through another thread, behind one trait.
//!
//! Invariants, so that rivals are compared at their best and alike:
//! - Every rival writes through a 64 KiB [`LogFile`] and flushes it only when its queue is empty.
//! - Queues hold the same: [`Setup::room`] bytes, at 128 bytes a line where slots are lines.
//! - Those that queue lines own them: one `Vec<u8>` a line, as their users send.
//! - `finish` returns only when the last line is in the file, and says how many bytes there are.

mod appender;
mod crossbeam;
mod log_file;
mod ring;
mod std_channel;
mod weir;

use std::path::PathBuf;

pub(crate) use appender::Appender;
pub(crate) use crossbeam::Crossbeam;
use log_file::LogFile;
pub(crate) use ring::Ring;
pub(crate) use std_channel::StdChannel;
pub(crate) use weir::Weir;

/// What a logger is made from.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// An empty directory.
    pub(crate) dir: PathBuf,
    /// What it may hold that is not in the file yet, in bytes.
    pub(crate) room: usize,
    /// Whether a push refuses a line where there is no room, instead of waiting.
    pub(crate) lossy: bool,
}

impl Setup {
    /// How much room a line of 100 bytes is given where slots are lines, in bytes.
    const SLOT: usize = 128;

    fn slots(&self) -> usize {
        self.room / Self::SLOT
    }

    fn file(&self) -> anyhow::Result<LogFile> {
        LogFile::create(self.dir.join("log"))
    }
}

/// One way to get lines from a thread into a file.
pub(crate) trait Logger: Sized {
    /// Makes file, buffers and threads.
    fn open(setup: &Setup) -> anyhow::Result<Self>;

    /// Pushes one line, which ends with a newline.
    fn push(&mut self, line: &[u8]);

    /// How many lines were refused so far.
    fn refused(&self) -> u64;

    /// Waits until every accepted line is in the file, ends all threads, and returns how many bytes
    /// are there.
    fn finish(self) -> anyhow::Result<u64>;
}

//! tracing-appender's non-blocking writer.

use std::io::{self, Write};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

use super::{LogFile, Logger, Setup};

/// Lines through `tracing_appender::non_blocking`.
pub(crate) struct Appender {
    writer: NonBlocking,
    guard: WorkerGuard,
    refused: ErrorCounter,
    ended: mpsc::Receiver<u64>,
}

impl Logger for Appender {
    fn open(setup: &Setup) -> anyhow::Result<Self> {
        let (ends, ended) = mpsc::channel();
        let file = AnnouncedEnd { file: setup.file()?, ends };
        let builder = NonBlockingBuilder::default();
        let (writer, guard) =
            builder.lossy(setup.lossy).buffered_lines_limit(setup.slots()).finish(file);
        let refused = writer.error_counter();
        Ok(Self { writer, guard, refused, ended })
    }

    #[inline]
    fn push(&mut self, line: &[u8]) {
        self.writer.write_all(line).expect("its worker lives as long as its guard");
    }

    fn refused(&self) -> u64 {
        self.refused.dropped_lines() as u64
    }

    /// Its guard waits at most a second for the worker, which may have more to write than that.
    fn finish(self) -> anyhow::Result<u64> {
        drop(self.guard);
        drop(self.writer);
        self.ended.recv_timeout(Duration::from_secs(60)).context("tracing-appender did not end")
    }
}

/// Says how many bytes are in the file when the worker drops it.
struct AnnouncedEnd {
    file: LogFile,
    ends: mpsc::Sender<u64>,
}

impl Write for AnnouncedEnd {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for AnnouncedEnd {
    /// The worker flushes before it drops; what it could not flush is not counted and shows as
    /// lost.
    fn drop(&mut self) {
        // Nobody listens where the run failed already.
        let _ = self.ends.send(self.file.bytes());
    }
}

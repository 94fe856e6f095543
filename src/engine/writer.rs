//! What a job writes with.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::job::{Mono, Stream};
use crate::ring::Producer;

use super::handle::Shared;
use super::job::Lane;

/// How long a blocked writer sleeps at most before it looks whether the engine still runs.
const BLOCKED_NAP: Duration = Duration::from_millis(50);

/// Writes one stream of a job from one thread: `Send`, not `Sync`. Dropping it closes it.
///
/// What was written is on its way at once; `flush` of [`io::Write`] has nothing to do and waits for
/// nothing. Where the budget is full, `write` waits, which the engine counts.
pub struct JobWriter {
    /// Before `shared`, which empties the ready lists when it goes.
    producer: Producer<Lane>,
    shared: Arc<Shared>,
    /// Which drain is the job's.
    home: usize,
    stream: Stream,
}

impl JobWriter {
    pub(super) fn new(shared: Arc<Shared>, producer: Producer<Lane>, stream: Stream) -> Self {
        let home = producer.tag().job.home;
        Self { shared, producer, home, stream }
    }

    /// Writes as much of `bytes` as there is room for now, and never waits. 0 means that the budget
    /// is full.
    ///
    /// # Errors
    /// `BrokenPipe` where the engine is shut down. What is refused while it shuts down may be
    /// stored all the same; what is accepted is stored.
    #[inline]
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let port = &self.shared.drains[self.home];
        if port.seems_stopping() {
            return Err(shut_down());
        }
        let written = self.producer.write(self.stream, bytes, Mono::now);
        // A lane that was idle has just been announced: perhaps to nobody any more.
        if port.is_closed() { Err(shut_down()) } else { Ok(written) }
    }

    #[cold]
    fn write_blocked(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.shared.blocked.fetch_add(1, Relaxed);
        let since = Instant::now();
        let written = loop {
            self.producer.wait_for_room(Some(BLOCKED_NAP));
            match self.try_write(bytes) {
                Ok(0) => {}
                other => break other,
            }
        };
        let waited = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.shared.blocked_ns.fetch_add(waited, Relaxed);
        written
    }
}

impl io::Write for JobWriter {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.try_write(bytes) {
            Ok(0) if !bytes.is_empty() => self.write_blocked(bytes),
            other => other,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Captures both streams of a process: reads straight into the job's ring. Dropping it closes it.
pub struct Capture {
    /// Before `shared`, which empties the ready lists when it goes.
    producer: Producer<Lane>,
    shared: Arc<Shared>,
    /// Whether the last attempt found the budget full, so that one wait is counted once.
    blocked: bool,
}

/// What [`Capture::fill`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// So many bytes were read, at least one.
    Data(usize),
    /// The pipe is at its end.
    Eof,
    /// The pipe is empty now.
    WouldBlock,
    /// The budget is full: nothing was read. Try again when chunks may have come back.
    Full,
}

impl Capture {
    /// A read is not split to use up a chunk's last bytes, if they are fewer than this.
    const MIN_READ: usize = 4096;

    pub(super) fn new(shared: Arc<Shared>, producer: Producer<Lane>) -> Self {
        Self { shared, producer, blocked: false }
    }

    /// Calls `read` with a buffer in the ring, of up to one chunk, and publishes what it read as
    /// output of `stream` that came at `now`.
    ///
    /// # Errors
    /// What `read` returned, except `WouldBlock` and `Interrupted`, which are [`Fill::WouldBlock`];
    /// `BrokenPipe` where the engine is shut down; if that happened during `read`, what it read may
    /// not be stored.
    pub fn fill(
        &mut self,
        stream: Stream,
        now: Mono,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<Fill> {
        let port = &self.shared.drains[self.producer.tag().job.home];
        if port.seems_stopping() {
            return Err(shut_down());
        }
        let min = Self::MIN_READ.min(self.shared.pool.payload_size());
        let Some(mut room) = self.producer.reserve(min) else {
            if !std::mem::replace(&mut self.blocked, true) {
                self.shared.blocked.fetch_add(1, Relaxed);
            }
            return Ok(Fill::Full);
        };
        self.blocked = false;
        match read(room.as_mut()) {
            Ok(0) => Ok(Fill::Eof),
            Ok(len) => {
                room.commit(len, stream, now);
                // As in `try_write`: the drain may have ended during the read.
                if port.is_closed() { Err(shut_down()) } else { Ok(Fill::Data(len)) }
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(Fill::WouldBlock),
                _ => Err(error),
            },
        }
    }

    /// Says that no more output comes. Dropping does the same.
    pub fn close(self) {
        self.producer.close();
    }
}

fn shut_down() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the logging engine is shut down")
}

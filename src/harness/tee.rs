//! A copy of a job's output as it comes.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::JoinHandle;

use crate::job::{PerStream, Stream};

/// Pieces between the capture thread and the copying one.
const QUEUE: usize = 16;

/// Copies what one job prints to two writers, from a thread of its own.
///
/// The job goes at the pace of the slower of store and copy: that is what a user of `tee` asks for.
/// A writer that fails gets nothing more; capture goes on, and [`Tee::join`] tells.
#[derive(Debug)]
pub struct Tee {
    thread: JoinHandle<PerStream<Option<io::Error>>>,
}

/// The end of a [`Tee`] that goes with a task.
#[derive(Debug)]
pub struct Feed {
    to: Option<SyncSender<Piece>>,
    /// What found no room in the queue.
    held: Option<Piece>,
}

type Piece = (Stream, Vec<u8>);

impl Tee {
    /// Starts a copy to `stdout` and `stderr`.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start(
        stdout: impl Write + Send + 'static,
        stderr: impl Write + Send + 'static,
    ) -> io::Result<(Self, Feed)> {
        let (to, from) = mpsc::sync_channel(QUEUE);
        let outs: PerStream<Box<dyn Write + Send>> =
            PerStream { stdout: Box::new(stdout), stderr: Box::new(stderr) };
        let thread =
            std::thread::Builder::new().name("weir-tee".into()).spawn(|| copy(from, outs))?;
        Ok((Self { thread }, Feed { to: Some(to), held: None }))
    }

    /// Waits until all of the ended job's output is written. Returns why a stream's copy is not
    /// whole.
    pub fn join(self) -> PerStream<Option<io::Error>> {
        // A writer that panicked has said so.
        self.thread.join().unwrap_or_default()
    }
}

fn copy(
    from: Receiver<Piece>,
    mut outs: PerStream<Box<dyn Write + Send>>,
) -> PerStream<Option<io::Error>> {
    let mut failed = PerStream::<Option<io::Error>>::default();
    for (stream, bytes) in from {
        if failed[stream].is_none() {
            let out = &mut outs[stream];
            failed[stream] = out.write_all(&bytes).and_then(|()| out.flush()).err();
        }
    }
    failed
}

impl Feed {
    /// Whether another piece may be given.
    pub(super) fn has_room(&mut self) -> bool {
        match self.held.take() {
            Some((stream, bytes)) => self.offer(stream, bytes),
            None => true,
        }
    }

    /// Gives a piece; only after [`has_room`](Self::has_room) said yes.
    pub(super) fn give(&mut self, stream: Stream, bytes: &[u8]) {
        self.offer(stream, bytes.into());
    }

    fn offer(&mut self, stream: Stream, bytes: Vec<u8>) -> bool {
        let Some(to) = &self.to else { return true };
        match to.try_send((stream, bytes)) {
            Ok(()) => true,
            Err(TrySendError::Full(piece)) => {
                self.held = Some(piece);
                false
            }
            Err(TrySendError::Disconnected(_)) => {
                self.to = None;
                true
            }
        }
    }
}

impl Drop for Feed {
    /// The last piece must not be lost; at the end of a job nothing else waits behind this.
    fn drop(&mut self) {
        if let (Some(to), Some(piece)) = (&self.to, self.held.take()) {
            // Where the copy is gone there is nobody to miss it.
            let _ = to.send(piece);
        }
    }
}

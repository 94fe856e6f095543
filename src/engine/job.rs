//! Jobs: their description, their handle, and the state that handle and drain share.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::sync::{Arc, OnceLock};

use crate::job::{Attempt, Exit, Extent, JobId, Mono, PerStream, Run, Stream, Wall, WriterNo};
use crate::ring;

use super::EngineError;
use super::control::Event;
use super::counters::ExtentCounter;
use super::handle::Shared;
use super::writer::{Capture, JobWriter};

/// Describes a job that is about to begin.
#[derive(Debug, Clone)]
#[must_use]
pub struct JobSpec {
    pub(super) id: JobId,
    pub(super) attempt: Option<Attempt>,
    pub(super) command: Vec<String>,
    pub(super) cwd: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
}

impl JobSpec {
    /// The longest command, labels and working directory together, in bytes: several times what
    /// Linux lets a process be started with.
    pub const MAX_LEN: usize = 8 << 20;

    /// A job with this id. If the store knows the id, the job is its next attempt.
    pub fn new(id: JobId) -> Self {
        Self { id, attempt: None, command: Vec::new(), cwd: None, labels: BTreeMap::new() }
    }

    /// A job with a new id of its own.
    pub fn random() -> Self {
        Self::new(JobId::random()).attempt(Attempt::FIRST)
    }

    /// Fixes the attempt, which saves looking the id up in the store; the caller vouches that the
    /// store does not have it.
    pub fn attempt(mut self, attempt: Attempt) -> Self {
        self.attempt = Some(attempt);
        self
    }

    /// The command and its arguments, for people to read.
    pub fn command(mut self, command: Vec<String>) -> Self {
        self.command = command;
        self
    }

    /// The working directory, for people to read.
    pub fn cwd(mut self, cwd: impl Into<String>) -> Self {
        self.cwd = Some(cwd.into());
        self
    }

    /// The length of everything in it that the caller chose, in bytes.
    pub(super) fn len(&self) -> usize {
        let command = self.command.iter().map(String::len);
        let labels = self.labels.iter().map(|(key, value)| key.len() + value.len());
        let cwd = self.cwd.as_ref().map_or(0, String::len);
        command.chain(labels).sum::<usize>() + cwd
    }

    /// Adds a label.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Adds labels.
    pub fn labels(mut self, labels: impl IntoIterator<Item = (String, String)>) -> Self {
        self.labels.extend(labels);
        self
    }
}

/// What handle and drain share of one attempt. Fields below `finish` are written by the home drain
/// alone.
pub(super) struct JobState {
    pub(super) run: Run,
    pub(super) started: Mono,
    /// Which drain is this job's.
    pub(super) home: usize,
    /// Writers opened so far; numbers the next one.
    writers: AtomicU32,
    /// Lanes that were opened and that the drain has not read to their end.
    pub(super) open_lanes: AtomicU32,
    /// How it ended, once its owner said so; behind it the drain waits for `open_lanes` to be 0.
    pub(super) finish: OnceLock<Finish>,
    /// Position of each stream: what is stored.
    pub(super) at: PerStream<ExtentCounter>,
    /// Position of each stream behind what is drafted for the batch at hand.
    planned: PerStream<ExtentCounter>,
    /// Whether the last byte of each stream was not a newline.
    pub(super) unterminated: PerStream<AtomicBool>,
}

/// How and when a job ended.
pub(super) struct Finish {
    pub(super) exit: Exit,
    pub(super) wall: Wall,
    pub(super) mono: Mono,
}

impl JobState {
    pub(super) fn new(run: Run, home: usize) -> Self {
        Self {
            run,
            started: Mono::now(),
            home,
            writers: AtomicU32::new(0),
            open_lanes: AtomicU32::new(0),
            finish: OnceLock::new(),
            at: PerStream::default(),
            planned: PerStream::default(),
            unterminated: PerStream::default(),
        }
    }

    /// Whether lines of several writers must be kept apart.
    pub(super) fn has_several_writers(&self) -> bool {
        self.writers.load(Relaxed) > 1
    }

    /// Plans for `adds` to follow; returns the positions before it.
    pub(super) fn plan(&self, adds: PerStream<Extent>) -> PerStream<Extent> {
        let at = PerStream::from_fn(|stream| self.planned[stream].get());
        Stream::BOTH.into_iter().for_each(|stream| self.planned[stream].add(adds[stream]));
        at
    }

    /// What was planned is stored.
    pub(super) fn advance(&self, adds: &PerStream<Extent>, open: &PerStream<Option<bool>>) {
        for stream in Stream::BOTH {
            self.at[stream].add(adds[stream]);
            if let Some(open) = open[stream] {
                self.unterminated[stream].store(open, Relaxed);
            }
        }
    }

    /// What was planned and is not stored will be planned anew.
    pub(super) fn forget_plan(&self) {
        for stream in Stream::BOTH {
            self.planned[stream].set(self.at[stream].get());
        }
    }

    /// The drain has read one lane to its end.
    pub(super) fn lane_ended(&self) {
        self.open_lanes.fetch_sub(1, Relaxed);
    }

    /// Whether all output that there will ever be is read. Only meaningful to the drain, and only
    /// after it received the job's finish event, which the last opened lane precedes.
    pub(super) fn is_read_out(&self) -> bool {
        self.open_lanes.load(Acquire) == 0 // pairs with the Release in `Job::lane`
    }
}

/// What a ring lane is labelled with.
pub(super) struct Lane {
    pub(super) job: Arc<JobState>,
    pub(super) writer: WriterNo,
    /// Rounds in which the drain held back an unfinished line; the drain's own.
    pub(super) held_back: AtomicU32,
    /// Bytes read since the flush in progress began, or [`Lane::NO_FLUSH`]; the drain's own.
    pub(super) flush: AtomicU64,
}

impl Lane {
    /// No flush waits for this lane.
    pub(super) const NO_FLUSH: u64 = u64::MAX;

    /// The lane gave `bytes`. A flush waits no longer for a lane that gave `limit` bytes since: the
    /// budget holds no more, so that what was there when the flush began is among them.
    pub(super) fn gave(&self, bytes: u64, limit: u64) {
        let before = self.flush.load(Relaxed);
        if before != Self::NO_FLUSH {
            let given = before + bytes;
            self.flush.store(if given >= limit { Self::NO_FLUSH } else { given }, Relaxed);
        }
    }
}

/// A job that has begun: makes its writers, and ends it.
///
/// Dropping it without [`finish`](Self::finish) ends the job with neither exit code nor signal.
pub struct Job {
    shared: Arc<Shared>,
    state: Arc<JobState>,
}

impl Job {
    pub(super) fn begin(shared: Arc<Shared>, state: Arc<JobState>) -> Self {
        shared.drains[state.home].post(Event::Start(Arc::clone(&state)));
        Self { shared, state }
    }

    /// The job's id.
    pub fn id(&self) -> &JobId {
        &self.state.run.start.id
    }

    /// Which attempt of it this is.
    pub fn attempt(&self) -> Attempt {
        self.state.run.start.attempt
    }

    /// Opens a writer for one stream and one thread. Whole lines of several writers of a stream
    /// never mix; a line is whole when its newline is written.
    ///
    /// # Errors
    /// [`EngineError::TooManyWriters`] where the budget cannot promise it a chunk.
    pub fn writer(&self, stream: Stream) -> Result<JobWriter, EngineError> {
        Ok(JobWriter::new(Arc::clone(&self.shared), self.lane()?, stream))
    }

    /// Opens a writer for both streams at once that reads straight into the ring, for capturing a
    /// process. The order in which output arrives is kept.
    ///
    /// # Errors
    /// [`EngineError::TooManyWriters`] where the budget cannot promise it a chunk.
    pub fn capture(&self) -> Result<Capture, EngineError> {
        Ok(Capture::new(Arc::clone(&self.shared), self.lane()?))
    }

    /// Ends the job. The end is stored behind the last byte of its last writer, which may outlive
    /// this handle. Returns at once.
    pub fn finish(self, exit: Exit) {
        self.end(exit);
    }

    fn lane(&self) -> Result<ring::Producer<Lane>, EngineError> {
        let port = &self.shared.drains[self.state.home];
        if port.is_stopping() {
            return Err(EngineError::ShutDown);
        }
        let number = self.state.writers.fetch_add(1, Relaxed);
        let lane = Lane {
            job: Arc::clone(&self.state),
            writer: WriterNo(u16::try_from(number).unwrap_or(u16::MAX)),
            held_back: AtomicU32::new(0),
            flush: AtomicU64::new(Lane::NO_FLUSH),
        };
        let (pool, cap) = (&self.shared.pool, self.shared.writer_cap);
        let producer = ring::lane(pool, &port.ready, lane, cap)
            .map_err(|_| EngineError::TooManyWriters { open: pool.chunks() })?;
        self.state.open_lanes.fetch_add(1, Release); // pairs with the Acquire in `is_read_out`
        Ok(producer)
    }

    fn end(&self, exit: Exit) {
        let finish = Finish { exit, wall: Wall::now(), mono: Mono::now() };
        if self.state.finish.set(finish).is_ok() {
            self.shared.drains[self.state.home].post(Event::Finish(Arc::clone(&self.state)));
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.end(Exit::default());
    }
}

//! The handle that owns the drains.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::job::{Attempt, Extent, JobId, JobStart, PerStream, Run, RunNo, Wall};
use crate::ring::{Pool, PoolConfig};
use crate::store::LogStore;

use super::config::Config;
use super::control::{DrainPort, Ended};
use super::drain::Drain;
use super::job::JobState;
use super::{Builder, EngineError, FlushReport, Job, JobSpec, ShutdownReport, SinkState, Status};

/// Runs drains and makes jobs. Threads, rings and store end with it.
pub struct Engine {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What handles, writers and drains share.
pub(super) struct Shared {
    pub(super) pool: Arc<Pool>,
    pub(super) store: Arc<dyn LogStore>,
    pub(super) drains: Vec<DrainPort>,
    pub(super) writer_cap: Option<u32>,
    pub(super) job_metrics: bool,
    pub(super) jobs_begun: AtomicU64,
    /// How often a writer found the budget full.
    pub(super) blocked: AtomicU64,
    /// How long in-process writers waited for it, in nanoseconds.
    pub(super) blocked_ns: AtomicU64,
    /// A shutdown ran out of time: drains end without storing more.
    pub(super) give_up: AtomicBool,
    next_run: AtomicU32,
    /// The latest attempt of each id that was looked up; never locked while the store is read.
    attempts: Mutex<HashMap<JobId, Attempt>>,
    node: String,
}

impl Engine {
    /// How long dropping an engine waits for its drains; use [`shutdown`](Self::shutdown) to
    /// choose.
    pub const DROP_WAIT: Duration = Duration::from_secs(5);

    /// Begins to describe an engine.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(super) fn start(config: &Config, store: Arc<dyn LogStore>) -> Result<Self, EngineError> {
        let pool = Pool::new(PoolConfig {
            budget: config.budget,
            chunk_size: config.chunk_size,
            huge_pages: config.huge_pages,
        })
        .map_err(|source| EngineError::Arena { budget: config.budget, source })?;
        let shared = Arc::new(Shared {
            pool,
            store,
            drains: (0..config.drains).map(|_| DrainPort::new()).collect(),
            writer_cap: config.writer_cap,
            job_metrics: config.job_metrics,
            jobs_begun: AtomicU64::new(0),
            blocked: AtomicU64::new(0),
            blocked_ns: AtomicU64::new(0),
            give_up: AtomicBool::new(false),
            next_run: AtomicU32::new(0),
            attempts: Mutex::default(),
            node: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        });
        // Built first, so that an error below ends the drains that already run.
        let engine = Self { shared, threads: Mutex::default() };
        for index in 0..config.drains {
            engine.start_drain(index).inspect_err(|_| {
                // The shutdown must not wait for those that never ran.
                engine.shared.drains[index..].iter().for_each(|port| port.ended(Ended::Incomplete));
            })?;
        }
        Ok(engine)
    }

    fn start_drain(&self, index: usize) -> Result<(), EngineError> {
        let drain = Drain::new(Arc::clone(&self.shared), index)?;
        let thread = std::thread::Builder::new()
            .name(format!("weir-drain-{index}"))
            .spawn(move || drain.run())
            .map_err(|source| EngineError::Thread { source })?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// Begins a job.
    ///
    /// # Errors
    /// Where the engine is shut down, the description is longer than [`JobSpec::MAX_LEN`], or the
    /// store cannot say which attempt of the job this is.
    pub fn job(&self, spec: JobSpec) -> Result<Job, EngineError> {
        let number = self.shared.next_run.fetch_add(1, Relaxed);
        let home = usize::try_from(number).unwrap_or(0) % self.shared.drains.len();
        if self.shared.drains[home].is_stopping() {
            return Err(EngineError::ShutDown);
        }
        let len = spec.len();
        if len > JobSpec::MAX_LEN {
            return Err(EngineError::SpecTooLong { job: spec.id, len });
        }
        let attempt = match spec.attempt {
            Some(attempt) => attempt,
            None => self.next_attempt(&spec.id)?,
        };
        let start = JobStart {
            id: spec.id,
            attempt,
            command: spec.command,
            cwd: spec.cwd,
            labels: spec.labels,
            node: self.shared.node.clone(),
            started_at: Wall::now(),
        };
        let state = Arc::new(JobState::new(Run { no: RunNo(number), start }, home));
        self.shared.jobs_begun.fetch_add(1, Relaxed);
        Ok(Job::begin(Arc::clone(&self.shared), state))
    }

    fn next_attempt(&self, id: &JobId) -> Result<Attempt, EngineError> {
        let known = |attempts: &HashMap<JobId, Attempt>| attempts.get(id).copied();
        let lock = || self.shared.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let first_look = known(&lock());
        let stored = match first_look {
            Some(attempt) => Some(attempt),
            None => self.shared.store.last_attempt(id)?,
        };
        let mut attempts = lock();
        let next = known(&attempts).max(stored).map_or(Attempt::FIRST, Attempt::next);
        attempts.insert(id.clone(), next);
        Ok(next)
    }

    /// Waits until everything written before is stored, at most `timeout`.
    pub fn flush(&self, timeout: Duration) -> FlushReport {
        let deadline = deadline(timeout);
        let tickets: Vec<_> = self.shared.drains.iter().map(DrainPort::ask_flush).collect();
        let wait = |(port, ticket): (&DrainPort, u64)| port.wait_flushed(ticket, deadline);
        let all: Vec<bool> = self.shared.drains.iter().zip(tickets).map(wait).collect();
        FlushReport {
            complete: all.into_iter().all(|done| done),
            stored_bytes: self.shared.stored_bytes(),
            pending_bytes: self.shared.leased_bytes(),
        }
    }

    /// Accepts nothing more, stores what was accepted, seals the store and ends the drains, all in
    /// at most `timeout`. Writers that are still open get `BrokenPipe` from then on.
    /// Idempotent.
    ///
    /// A drain that is stuck in the store when the time is up is left behind; it stores no further
    /// batch.
    pub fn shutdown(&self, timeout: Duration) -> ShutdownReport {
        let deadline = deadline(timeout);
        self.shared.drains.iter().for_each(DrainPort::stop);
        let ends: Vec<_> =
            self.shared.drains.iter().map(|port| port.wait_ended(deadline)).collect();
        if ends.contains(&None) {
            self.shared.give_up.store(true, Relaxed);
            self.shared.drains.iter().for_each(|port| port.ready.request());
        }
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..).filter(|_| !ends.contains(&None)) {
            // A drain that panicked has said so in its end.
            drop(thread.join());
        }
        let finished: u64 = self.shared.drains.iter().map(|d| d.counters.finished.get()).sum();
        ShutdownReport {
            complete: ends.iter().all(|end| *end == Some(Ended::Complete)),
            stored_bytes: self.shared.stored_bytes(),
            pending_bytes: self.shared.leased_bytes(),
            unfinished_jobs: self.shared.jobs_begun.load(Relaxed).saturating_sub(finished),
        }
    }

    /// A snapshot of the engine's counters.
    pub fn status(&self) -> Status {
        self.shared.status()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _report = self.shutdown(Self::DROP_WAIT);
    }
}

impl Shared {
    pub(super) fn stored_bytes(&self) -> u64 {
        let stored = self.stored();
        stored.stdout.bytes + stored.stderr.bytes
    }

    fn stored(&self) -> PerStream<Extent> {
        PerStream::from_fn(|stream| {
            let each = self.drains.iter().map(|drain| drain.counters.stored[stream].get());
            each.fold(Extent::default(), |sum, more| sum + more)
        })
    }

    fn leased_bytes(&self) -> u64 {
        self.chunk_bytes(self.pool.leased())
    }

    fn chunk_bytes(&self, chunks: u32) -> u64 {
        u64::from(chunks) * self.pool.chunk_size() as u64
    }

    pub(super) fn status(&self) -> Status {
        let finished: u64 = self.drains.iter().map(|drain| drain.counters.finished.get()).sum();
        let sinks = self.drains.iter().map(DrainPort::sink);
        Status {
            jobs_open: self.jobs_begun.load(Relaxed).saturating_sub(finished),
            jobs_finished: finished,
            stored: self.stored(),
            budget: self.chunk_bytes(self.pool.chunks()),
            budget_used: self.leased_bytes(),
            budget_peak: self.chunk_bytes(self.pool.peak_leased()),
            blocked: self.blocked.load(Relaxed),
            blocked_for: Duration::from_nanos(self.blocked_ns.load(Relaxed)),
            sink: sinks.fold(SinkState::Ok, worse),
        }
    }
}

/// The end of `timeout`, or a time that nobody lives to see.
fn deadline(timeout: Duration) -> Instant {
    const AGE: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or_else(|| now + AGE)
}

/// The worse of two states; of equally bad ones the first.
fn worse(a: SinkState, b: SinkState) -> SinkState {
    let rank = |state: &SinkState| match state {
        SinkState::Ok => 0,
        SinkState::Failing { .. } => 1,
        SinkState::Dead => 2,
    };
    if rank(&b) > rank(&a) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Stream;
    use crate::store::{Appender, StoreError};

    #[test]
    fn a_writer_that_outlives_its_engine_does_not_keep_the_budget() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::builder().dir(dir.path()).budget(1 << 20).open().unwrap();
        let writer = engine.job(JobSpec::random()).unwrap().writer(Stream::Stdout).unwrap();
        let pool = Arc::downgrade(&engine.shared.pool);
        drop(engine);
        drop(writer);
        assert_eq!(pool.strong_count(), 0);
    }

    struct NoAppender;

    impl LogStore for NoAppender {
        fn appender(&self) -> Result<Box<dyn Appender>, StoreError> {
            let (path, source) = (Default::default(), std::io::ErrorKind::OutOfMemory.into());
            Err(StoreError::Io { action: "create", path, source })
        }

        fn last_attempt(&self, _job: &JobId) -> Result<Option<Attempt>, StoreError> {
            Ok(None)
        }
    }

    #[test]
    fn an_engine_that_cannot_start_says_so_without_delay() {
        let since = Instant::now();
        let opened = Engine::builder().store(Arc::new(NoAppender)).drains(2).open();
        assert!(matches!(opened, Err(EngineError::Store(_))));
        assert!(since.elapsed() < Engine::DROP_WAIT / 2);
    }
}

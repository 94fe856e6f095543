//! What an engine is made from, checked before anything is started.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::job::JobId;
use crate::segment::{AppendMode, SegmentConfig};
use crate::store::{LogStore, SegmentStore, StoreError};

use super::{Engine, JobSpec};

/// The smallest chunk, in bytes.
const MIN_CHUNK: usize = 4 << 10;
/// The largest chunk, in bytes: a read of a full default pipe fits in one.
const MAX_CHUNK: usize = 64 << 10;
/// How many open jobs a budget is cut up for where the caller does not say.
const DEFAULT_JOBS: usize = 4096;
/// Chunks a job should be able to hold at the full number of jobs.
const CHUNKS_PER_JOB: usize = 4;
/// Budgets from this size on are backed by huge pages.
const HUGE_PAGES_FROM: usize = 64 << 20;
/// The most drains an engine runs.
const MAX_DRAINS: usize = 64;

/// Collects an engine's settings; [`open`](Self::open) checks them and starts it.
#[derive(Default)]
#[must_use]
pub struct Builder {
    dir: Option<PathBuf>,
    store: Option<Arc<dyn LogStore>>,
    segments: SegmentConfig,
    budget: Option<usize>,
    max_jobs: Option<usize>,
    writer_cap: Option<usize>,
    drains: Option<usize>,
    job_metrics: bool,
}

/// Settings that have been checked.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) budget: usize,
    pub(super) chunk_size: usize,
    pub(super) huge_pages: bool,
    pub(super) writer_cap: Option<u32>,
    pub(super) drains: usize,
    pub(super) job_metrics: bool,
}

impl Builder {
    /// Stores in segments in this directory; it is made where it does not exist.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Stores in this store instead of a directory of segments.
    pub fn store(mut self, store: Arc<dyn LogStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// How segments of [`dir`](Self::dir) are written; [`AppendMode::Auto`] by default.
    pub fn append(mut self, mode: AppendMode) -> Self {
        self.segments.append = mode;
        self
    }

    /// How large a segment of [`dir`](Self::dir) grows, in bytes; 64 MiB by default.
    pub fn segment_size(mut self, bytes: u64) -> Self {
        self.segments.segment_size = bytes;
        self
    }

    /// The memory for output that is not stored yet, in bytes; 1 GiB by default. It is address
    /// space first and memory only as far as it was used.
    pub fn budget(mut self, bytes: usize) -> Self {
        self.budget = Some(bytes);
        self
    }

    /// How many jobs will be open at once. The budget is cut into chunks so that each of them is
    /// sure of one; by default into chunks for 4096.
    pub fn max_jobs(mut self, jobs: usize) -> Self {
        self.max_jobs = Some(jobs);
        self
    }

    /// The most that one writer may hold of the budget, in bytes, rounded up to whole chunks; by
    /// default all but one chunk for every other open writer.
    pub fn writer_cap(mut self, bytes: usize) -> Self {
        self.writer_cap = Some(bytes);
        self
    }

    /// How many drain threads carry output to the store, 1 to 64; 1 by default. Each appends to
    /// segments of its own.
    pub fn drains(mut self, drains: usize) -> Self {
        self.drains = Some(drains);
        self
    }

    /// Whether counters of single jobs are published too (`weir_job_bytes_total{job, stream}`), not
    /// only those of the whole; off by default, for thousands of jobs are thousands of series.
    pub fn job_metrics(mut self, publish: bool) -> Self {
        self.job_metrics = publish;
        self
    }

    /// Checks the settings, opens the store and starts the drains.
    ///
    /// # Errors
    /// Where a setting is out of range, the store cannot be opened or a thread cannot be started.
    pub fn open(self) -> Result<Engine, EngineError> {
        let config = self.config()?;
        let store: Arc<dyn LogStore> = match (self.store, self.dir) {
            (Some(store), _) => store,
            (None, Some(dir)) => Arc::new(SegmentStore::open(&dir, self.segments)?),
            (None, None) => return Err(EngineError::NoStore),
        };
        Engine::start(&config, store)
    }

    fn config(&self) -> Result<Config, EngineError> {
        let budget = self.budget.unwrap_or(1 << 30);
        let drains = self.drains.unwrap_or(1);
        if !(1..=MAX_DRAINS).contains(&drains) {
            return Err(EngineError::Drains { drains });
        }
        if self.max_jobs == Some(0) {
            return Err(EngineError::NoJobs);
        }
        let least = self.max_jobs.unwrap_or(1).saturating_mul(MIN_CHUNK);
        if budget < least {
            return Err(EngineError::BudgetTooSmall {
                budget,
                jobs: self.max_jobs.unwrap_or(1),
                least,
            });
        }
        let jobs = self.max_jobs.unwrap_or(DEFAULT_JOBS);
        let share = (budget / jobs.saturating_mul(CHUNKS_PER_JOB)).max(1);
        let chunk_size = (1 << share.ilog2()).clamp(MIN_CHUNK, MAX_CHUNK);
        let writer_cap = self.writer_cap.map(|bytes| bytes.div_ceil(chunk_size).max(1));
        Ok(Config {
            budget: budget - budget % chunk_size,
            chunk_size,
            huge_pages: budget >= HUGE_PAGES_FROM,
            writer_cap: writer_cap.map(|chunks| u32::try_from(chunks).unwrap_or(u32::MAX)),
            drains,
            job_metrics: self.job_metrics,
        })
    }
}

/// Why an engine cannot be opened or a job not be added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Neither a directory nor a store was given.
    #[error("the engine has nowhere to store: give the builder a directory or a store")]
    NoStore,
    /// The number of drains is out of range.
    #[error("{drains} drains are asked for; choose 1 to {MAX_DRAINS}")]
    Drains {
        /// What was asked for.
        drains: usize,
    },
    /// Zero jobs were asked for.
    #[error("an engine for 0 jobs cannot do anything; choose 1 or more")]
    NoJobs,
    /// The budget cannot give every job one chunk.
    #[error(
        "a budget of {budget} bytes is too small for {jobs} jobs at once; the least is {least}"
    )]
    BudgetTooSmall {
        /// The budget, in bytes.
        budget: usize,
        /// The jobs it is for.
        jobs: usize,
        /// The least budget that works, in bytes.
        least: usize,
    },
    /// Every chunk is already promised to an open writer.
    #[error(
        "{open} writers are open and the budget cannot promise a chunk to one more; finish jobs \
         first or give the engine a larger budget"
    )]
    TooManyWriters {
        /// How many chunks, and so open writers, the budget has.
        open: u32,
    },
    /// The description of a job is too long to be stored.
    #[error("the command and labels of {job} have {len} bytes; the most is {}", JobSpec::MAX_LEN)]
    SpecTooLong {
        /// The job.
        job: JobId,
        /// The length, in bytes.
        len: usize,
    },
    /// The engine is shut down, or its drain died.
    #[error("the engine is shut down")]
    ShutDown,
    /// Address space for the budget cannot be had.
    #[error("cannot reserve {budget} bytes of address space for the budget: {source}")]
    Arena {
        /// The budget, in bytes.
        budget: usize,
        /// What the system said.
        source: io::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start the drain thread: {source}")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
    /// The store cannot be opened or read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk_size(budget: usize, jobs: Option<usize>) -> usize {
        let builder = Builder { budget: Some(budget), max_jobs: jobs, ..Builder::default() };
        builder.config().unwrap().chunk_size
    }

    #[test]
    fn chunks_shrink_so_that_every_job_may_hold_four() {
        assert_eq!(chunk_size(1 << 30, None), 64 << 10);
        assert_eq!(chunk_size(1 << 30, Some(10_000)), 16 << 10);
        assert_eq!(chunk_size(256 << 20, Some(1000)), 64 << 10);
        assert_eq!(chunk_size(16 << 20, Some(4096)), 4 << 10);
        assert_eq!(chunk_size(1 << 20, None), 4 << 10);
    }

    #[test]
    fn a_budget_below_one_chunk_a_job_is_refused_with_the_least_that_works() {
        let builder = Builder::default().budget(1 << 20).max_jobs(1000);
        match builder.config() {
            Err(EngineError::BudgetTooSmall { least, .. }) => assert_eq!(least, 1000 * 4096),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        assert!(matches!(Builder::default().drains(0).config(), Err(EngineError::Drains { .. })));
        assert!(matches!(Builder::default().drains(65).config(), Err(EngineError::Drains { .. })));
        assert!(matches!(Builder::default().max_jobs(0).config(), Err(EngineError::NoJobs)));
        assert!(matches!(Builder::default().open(), Err(EngineError::NoStore)));
    }
}

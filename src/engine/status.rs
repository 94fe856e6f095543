//! What an engine tells about itself.

use std::time::Duration;

use crate::job::{Extent, PerStream};

/// A snapshot of an engine's counters. Cheap: it takes no lock that a drain needs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// Jobs that were begun and whose end is not stored yet.
    pub jobs_open: u64,
    /// Jobs whose end is stored.
    pub jobs_finished: u64,
    /// Output stored so far.
    pub stored: PerStream<Extent>,
    /// The budget, in bytes.
    pub budget: u64,
    /// How much of it is leased now, in bytes.
    pub budget_used: u64,
    /// The most that was leased at any time, in bytes.
    pub budget_peak: u64,
    /// How often a writer found the budget full and had to wait.
    pub blocked: u64,
    /// How long in-process writers waited for the budget, in all.
    pub blocked_for: Duration,
    /// How the store is doing.
    pub sink: SinkState,
}

/// How the store is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkState {
    /// The last batch was stored.
    Ok,
    /// The store refuses batches; they are offered again. Nothing is lost, the budget fills.
    Failing {
        /// What the store said last.
        error: String,
        /// For how long it has refused.
        since: Duration,
    },
    /// A drain panicked: nothing more is stored.
    Dead,
}

/// What a flush achieved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct FlushReport {
    /// Whether everything written before the flush is stored.
    pub complete: bool,
    /// Output stored since the engine was opened, in bytes.
    pub stored_bytes: u64,
    /// Budget still leased, in bytes: an upper bound of what is not stored yet.
    pub pending_bytes: u64,
}

/// What a shutdown achieved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct ShutdownReport {
    /// Whether everything written is stored, and the store sealed.
    pub complete: bool,
    /// Output stored since the engine was opened, in bytes.
    pub stored_bytes: u64,
    /// Budget still leased, in bytes: an upper bound of what was lost with the engine.
    pub pending_bytes: u64,
    /// Jobs that were begun and never finished; they stay in the store without an end.
    pub unfinished_jobs: u64,
}

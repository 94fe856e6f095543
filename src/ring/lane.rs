//! One single-producer single-consumer channel, and the words through which its ends agree.
//!
//! The key to a push without a wake-up: whether the drain looks at the lane is asked once, at the
//! start of a push, and a lane that it does not look at holds no chunk.
//!
//! ```text
//!            producer: first push            drain: quiet for a while
//!   IDLE ------------------------> ACTIVE ----------------------------> REVOKING
//!    ^                              ^  ^                                 |  |
//!    |                              |  +--- producer: a push came -------+  |
//!    |                              +------ drain: bytes came --------------+
//!    +------------------ drain: took the chunk back ------------------------+
//! ```

use std::fmt;
use std::sync::Arc;

use super::pool::Pool;
use super::producer::Producer;
use super::ready::ReadyList;
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering::*};

/// Nobody looks at the lane, and it holds no chunk. Only the producer may leave this state.
pub(super) const IDLE: u32 = 0;
/// The lane is on the ready list or has a consumer, and will be looked at again. Only the drain may
/// leave this state.
pub(super) const ACTIVE: u32 = 1;
/// The drain wants to stop looking. The drain leaves to either side, the producer to `ACTIVE` only.
pub(super) const REVOKING: u32 = 2;

/// `Lane::head` of a lane that has leased no chunk since it became active.
pub(super) const NO_CHUNK: u32 = u32::MAX;

/// What the two ends of a lane share.
#[derive(Debug)]
pub(super) struct Lane<T> {
    pub(super) tag: T,
    pub(super) pool: Arc<Pool>,
    pub(super) ready: Arc<ReadyList<T>>,
    /// Chunks that the lane may hold at once.
    pub(super) cap: u32,
    pub(super) state: AtomicU32,
    /// Chunks that the lane holds.
    pub(super) held: AtomicU32,
    /// The lane below this one on the ready list.
    pub(super) below: AtomicPtr<Lane<T>>,
    pub(super) producer: ProducerWords,
}

/// The words that the producer stores, away from those that it loads with every push.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct ProducerWords {
    /// The producer is between the start and the end of a push.
    pub(super) writing: AtomicBool,
    /// No byte will follow.
    pub(super) closed: AtomicBool,
    /// The producer has bytes that found no room.
    pub(super) starved: AtomicBool,
    /// The first chunk since the lane became active.
    pub(super) head: AtomicU32,
}

impl<T> Lane<T> {
    /// Counts a chunk less. Call it before the chunk goes back, so that a waiting writer finds
    /// room.
    pub(super) fn drop_chunk(&self) {
        self.held.fetch_sub(1, Relaxed);
    }
}

/// Opens a lane whose bytes wake the drain of `ready`, and reserves one chunk for it.
///
/// `tag` goes with it to the consumer. The lane holds `cap_chunks` chunks at most, at least one.
///
/// # Errors
/// Every chunk of the budget is held by or reserved for another lane; the tag is handed back.
pub fn lane<T>(
    pool: &Arc<Pool>,
    ready: &Arc<ReadyList<T>>,
    tag: T,
    cap_chunks: Option<u32>,
) -> Result<Producer<T>, TooManyLanes<T>> {
    if !pool.ledger().open() {
        return Err(TooManyLanes { tag, chunks: pool.chunks() });
    }
    Ok(Producer::new(Arc::new(Lane {
        tag,
        pool: Arc::clone(pool),
        ready: Arc::clone(ready),
        cap: cap_chunks.unwrap_or(u32::MAX).max(1),
        state: AtomicU32::new(IDLE),
        held: AtomicU32::new(0),
        below: AtomicPtr::new(std::ptr::null_mut()),
        producer: ProducerWords {
            writing: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            starved: AtomicBool::new(false),
            head: AtomicU32::new(NO_CHUNK),
        },
    })))
}

/// No lane was opened: each needs a chunk of its own, and none is left.
pub struct TooManyLanes<T> {
    /// What the caller wanted to open the lane with.
    pub tag: T,
    /// Chunks in the budget.
    pub chunks: u32,
}

impl<T> fmt::Debug for TooManyLanes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TooManyLanes").field("chunks", &self.chunks).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for TooManyLanes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "all {} chunks of the budget are taken, and each writer needs one: raise the budget or \
             open fewer writers at once",
            self.chunks
        )
    }
}

impl<T> std::error::Error for TooManyLanes<T> {}

//! Counters: written by one drain once a batch, read by anyone.
//!
//! Each has one writer, so that adding is a load and a store, and Relaxed is enough: nobody infers
//! from one counter what another must be.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::job::{Extent, PerStream};

/// A number that one thread raises and any thread reads.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// Adds; only the one writing thread may call it.
    pub(super) fn add(&self, more: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(more), Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }
}

/// A position or amount in a stream that one thread raises.
#[derive(Debug, Default)]
pub(super) struct ExtentCounter {
    bytes: Counter,
    lines: Counter,
}

impl ExtentCounter {
    pub(super) fn add(&self, more: Extent) {
        self.bytes.add(more.bytes);
        self.lines.add(more.lines);
    }

    pub(super) fn set(&self, to: Extent) {
        self.bytes.set(to.bytes);
        self.lines.set(to.lines);
    }

    pub(super) fn get(&self) -> Extent {
        Extent { bytes: self.bytes.get(), lines: self.lines.get() }
    }
}

/// What one drain has done so far.
#[derive(Debug, Default)]
pub(super) struct DrainCounters {
    /// Output stored.
    pub(super) stored: PerStream<ExtentCounter>,
    /// Batches of output handed to the store.
    pub(super) batches: Counter,
    /// Times the store refused a batch.
    pub(super) refusals: Counter,
    /// Jobs whose finish record is stored.
    pub(super) finished: Counter,
}

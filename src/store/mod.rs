//! Where records go: the trait that a drain writes to, and the segment store as its first home.
//!
//! Invariants:
//! - A store directory holds the marker `weir-store` and segments; a directory that holds anything
//!   else is never written to. What weir creates is readable by its owner alone.
//! - Each appender writes a chain of its own, so any number of processes on any number of nodes use
//!   one directory without a lock between them.
//! - A [`Catalog`] is a snapshot; a damaged segment is a [`Problem`] in it, and the rest is served.

mod attempt;
mod catalog;
mod dir;
mod known;
mod log_store;
mod segment_store;

pub use attempt::{AttemptInfo, AttemptState};
pub use catalog::{Catalog, FindError, Problem};
pub use log_store::{AppendError, Appender, LogStore, StoreError};
pub use segment_store::SegmentStore;

pub use crate::segment::{AppendMode, SegmentConfig};

#[cfg(test)]
mod tests;

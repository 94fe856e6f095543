//! The files that output is kept in: append-only segments of checksummed frames.
//!
//! A segment holds frames of many jobs in order of arrival. While it is written it is called
//! `*.open` and says in its header up to where it is whole; when it is full or its writer ends, it
//! gets a footer that finds a job by binary search, and is called `*.seg`. `docs/format.md` draws
//! every byte.
//!
//! Invariants:
//! - A segment is written by one [`SegmentWriter`] and can be read without any other file: it
//!   describes each attempt before the first frame of it.
//! - Bytes below the committed length never change; nothing above it is shown unless its checksums
//!   hold.
//! - A frame is believed only at the offset and in the segment it was written for.
//! - A full disk is an error that passes, never a signal: space is allocated before it is mapped.
//!
//! Not here: which files form a store ([`crate::store`]), lines and time ranges ([`crate::read`]).

mod append;
mod batch;
mod entry;
mod error;
mod footer;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod header;
mod index;
mod layout;
mod name;
mod open;
mod payload;
mod reader;
mod recovery;
mod scan;
mod sealed;
mod source;
mod verify;
mod writer;

pub use append::{Append, AppendChoice, AppendMode, Backend, InvalidAppendMode, ShortWrite};
pub use entry::{Entry, FinishSummary};
pub use error::{SegmentError, WriteError};
pub use frame::{Codec, FrameAt, FrameHeader, FrameKind};
pub use header::SegmentHeader;
pub use layout::FORMAT;
pub use name::{Chain, SegmentName, Seq};
pub use payload::Frame;
pub use reader::{Damage, SegmentReader, WriterState};
pub use verify::VerifyReport;
pub use writer::{SegmentConfig, SegmentWriter};

#[cfg(test)]
mod tests;

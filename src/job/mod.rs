//! The words that every floor uses: who a job is, which stream a byte came from, when, and how
//! much.
//!
//! Invariants:
//! - A [`JobId`] is 1 to 128 bytes of `[A-Za-z0-9._-]` and is not `.` or `..`: it is safe as a file
//!   name, in a URL and on a terminal.
//! - An [`Attempt`] counts from 1; the same id run again is a new attempt, kept apart.
//! - An [`Extent`] counts bytes and newline bytes of one stream of one attempt, from its start.
//! - A [`Mark`] says from which byte of a piece on which stream the bytes came, and when.

mod extent;
mod finish;
mod gap;
mod id;
mod mark;
mod record;
mod start;
mod stream;
mod time;

pub use extent::{Extent, Tally};
pub use finish::{Exit, JobFinish, Usage};
pub use gap::{Gap, GapCause};
pub use id::{Attempt, InvalidJobId, JobId};
pub use mark::Mark;
pub use record::{Body, Record, Run, RunNo, WriterNo};
pub use start::JobStart;
pub use stream::{PerStream, Stream};
pub use time::{Mono, Wall};

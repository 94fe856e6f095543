//! Reading what was stored: lines, ranges, tails, levels, search.
//!
//! - A [`JobLog`] is one attempt; it hands out [`Item`]s in the order in which they were complete:
//!   lines, declared losses, and damage where a stored piece cannot be read.
//! - Lines of two streams or two writers are never mixed, and nothing is joined across a loss.
//! - Frame headers say where every stream stands, so that a tail or a range reads little more than
//!   what it shows.
//!
//! What this is not: a live view. A reader sees what was stored when it was opened.

mod assemble;
mod begin;
mod frames;
mod job_log;
mod level;
mod line;
mod metadata;
mod pattern;
mod query;

pub use job_log::{JobLog, Raw};
pub use level::{InvalidLevel, Level};
pub use line::{Damage, Item, Line, LineEnd, Loss};
pub use metadata::{Account, Metadata, State};
pub use pattern::{InvalidPattern, Pattern};
pub use query::{Bound, Query};

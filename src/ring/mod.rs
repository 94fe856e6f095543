//! From a writer to the drain without a lock: chunks of one budget, leased by single-producer
//! single-consumer lanes.
//!
//! ```text
//! Producer --Release store--> chunk -> chunk -> chunk --> Consumer      (one pair a lane)
//!     |                         ^ lease      | return        ^
//!     |                         +--- Pool ---+               |
//!     +-- lane was idle: push on the ReadyList, take --------+
//! ```
//!
//! Invariants:
//! - A chunk is on the free list, or leased to exactly one lane. `Pool::chunks` of them exist, and
//!   that is the whole budget: no counter is touched per line.
//! - Every open lane can get one chunk, whatever the others hold: opening a lane reserves it.
//! - An idle lane holds no chunk, and nobody looks at it. A lane that is not idle has a
//!   [`Consumer`] whose drain has promised to look again, so that a push into it wakes nobody.
//! - A push into an active lane is a copy, one Release store and two plain stores: no
//!   read-modify-write, fence instruction, lock, allocation or clock.
//! - Bytes are read in the order in which they were written, each exactly once; marks likewise.
//!
//! Not here: what bytes mean (lines, jobs), files, policies for a full budget. A push that finds no
//! room says so and leaves the rest to its caller.
//!
//! Every atomic has its row in `docs/ordering.md`.

mod chunk;
mod consumer;
mod free_list;
mod gate;
mod lane;
mod ledger;
mod parker;
mod piece;
mod pool;
mod producer;
mod ready;
mod retire;
mod room;
mod word;

pub use consumer::Consumer;
pub use lane::{TooManyLanes, lane};
pub use piece::{Marks, Piece};
pub use pool::{Pool, PoolConfig};
pub use producer::Producer;
pub use ready::ReadyList;
pub use retire::retire;
pub use room::Room;

#[cfg(test)]
mod tests;

//! The engine: jobs write into rings, drains carry what they wrote into a store.
//!
//! ```text
//! Job ----- JobWriter, Capture --> ring of leased chunks --+
//!  | start, finish                                         v
//!  +------------------> control queue ------------------> drain --> Appender (LogStore)
//! ```
//!
//! Invariants:
//! - A job has one home drain. Its start, its output and its finish all pass through that drain, so
//!   their order needs no lock.
//! - The start record of a job is stored before its first byte, the finish record behind its last:
//!   the drain holds a finish back until every writer of the job is closed and read empty.
//! - A chunk goes back to the budget only after the store said that its bytes are stored. A store
//!   that fails keeps the chunks leased; the budget fills and writers wait. Nothing is dropped.
//! - A write that returned `Ok` is stored by a later `flush` or `shutdown` that says `complete`.
//! - Every wait has a limit that its caller gave. Dropping an [`Engine`] waits at most
//!   [`Engine::DROP_WAIT`].
//! - Per line nothing is locked, allocated, looked up or counted; counters move once a batch.
//!
//! It is not a process harness (see `harness`), and it reads nothing back (see `read`).

mod batch;
mod config;
mod control;
mod counters;
mod drain;
mod finish;
mod handle;
mod job;
mod publish;
mod status;
mod writer;

pub use config::{Builder, EngineError};
pub use handle::Engine;
pub use job::{Job, JobSpec};
pub use status::{FlushReport, ShutdownReport, SinkState, Status};
pub use writer::{Capture, Fill, JobWriter};

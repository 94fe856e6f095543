//! Processes: starts them, captures both their streams into the engine, and says how they ended.
//!
//! ```text
//! Batch --- Task ---> Harness::launch (caller's thread: spawn)
//!   ^                       | pipes, pidfd
//!   | Ended                 v
//!   +---------------- capture thread: epoll, read into rings, deadlines, signals, reap
//! ```
//!
//! Invariants:
//! - One thread reads all pipes, never spawns and never waits for a process, a disk or a terminal.
//! - A process leads a group of its own, and is reaped as the last step of its capture: until then
//!   neither its id nor its group's can come to mean another process.
//! - Every launched task ends in exactly one [`Ended`], sent after its finish is handed to the
//!   engine.
//! - A job is over when its process is gone and both pipes are at their end, or when its process is
//!   gone and the pipes were silent for [`Timing::drain_grace`] (`detached_writer`).
//! - Three descriptors an open job: two pipes and a pidfd. All are closed on exec.
//!
//! It is no init: what a job put outside its group and off its pipes is not looked after. It
//! installs no signal handlers; whoever does tells it through [`Stopper`].

mod array;
mod batch;
mod handle;
mod inbox;
mod joblog;
mod limits;
mod live;
mod pace;
mod pipe;
mod quote;
mod reactor;
mod reap;
mod spawn;
mod table;
mod task;
mod tee;
mod timers;
mod words;

pub use array::{Array, ArrayError};
pub use batch::{Batch, BatchReport, Event, Halt};
pub use handle::{Harness, Timing};
pub use inbox::{Stop, Stopper};
pub use joblog::JobLog;
pub use limits::{TooFewOpenFiles, raise_open_files};
pub use quote::shell_words;
pub use spawn::{LaunchError, SpawnError};
pub use task::{Ended, Task};
pub use tee::{Feed, Tee};

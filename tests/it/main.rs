//! The whole crate from outside: real stores, real processes, the command as a user runs it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene fails, and says where")]

mod awkward;
mod batch;
mod commands;
mod engine;
mod faults;
mod format;
mod harness;
mod reading;
mod written;

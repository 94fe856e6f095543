//! The whole crate from outside: real stores, real processes, the command as a user runs it.

mod commands;
mod engine;
mod faults;
mod reading;
mod written;

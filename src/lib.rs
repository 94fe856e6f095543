//! `logweir` captures what thousands of concurrent jobs print: exactly, in bounded memory, into a
//! few files, without making a job wait for a disk. The command is `weir`.
//!
//! Each writer of a job owns a lock-free ring of chunks leased from one byte budget ([`ring`]). A
//! drain carries what the rings hold, many jobs in one batch, into append files ([`segment`],
//! [`store`]), from which readers in any process read it back ([`read`]). [`engine`] ties these
//! together for programs that log from their own threads; [`harness`] captures processes.
//!
//! ```
//! use std::io::Write;
//! use std::time::Duration;
//!
//! use logweir::engine::{Engine, JobSpec};
//! use logweir::job::{Exit, JobId, Stream};
//! use logweir::store::Catalog;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let dir = dir.path().join("logs");
//! let engine = Engine::builder().dir(&dir).budget(16 << 20).open()?;
//!
//! let job = engine.job(JobSpec::new(JobId::new("task-7")?).label("stage", "fit"))?;
//! let mut out = job.writer(Stream::Stdout)?;
//! writeln!(out, "step 1: loss 0.25")?;
//! drop(out);
//! job.finish(Exit::code(0));
//!
//! let report = engine.shutdown(Duration::from_secs(10));
//! assert!(report.complete);
//!
//! let catalog = Catalog::open(&dir)?;
//! let attempts = catalog.find("task")?; // a unique prefix will do
//! assert_eq!(attempts[0].streams.stdout.produced.lines, 1);
//! # Ok(())
//! # }
//! ```
//!
//! The modules are floors; imports point down only:
//!
//! | floor | modules |
//! |---|---|
//! | 0 | `sync`, [`job`] |
//! | 1 | [`ring`], [`segment`] |
//! | 2 | [`store`] |
//! | 3 | [`engine`], [`read`] |
//! | 4 | [`harness`] |
//! | 6 | `cli` |
//!
//! Features: `cli` (default) builds the command; without it neither a terminal library nor an
//! argument parser is linked.

#[cfg(not(target_os = "linux"))]
compile_error!("logweir runs on Linux 5.10 or later; this target is not Linux");
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("logweir runs on x86-64 and aarch64; this target is neither");

pub mod job;
pub mod ring;
mod sync;

#[cfg(not(logweir_loom))]
pub mod engine;
#[cfg(not(logweir_loom))]
pub mod harness;
#[cfg(not(logweir_loom))]
pub mod read;
#[cfg(not(logweir_loom))]
pub mod segment;
#[cfg(not(logweir_loom))]
pub mod store;

#[cfg(all(feature = "cli", not(logweir_loom)))]
pub mod cli;

/// The examples of the README, which are to compile as they stand.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

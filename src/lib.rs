//! `logweir` captures what thousands of concurrent jobs print, without making a job wait for a disk.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "logweir runs on Linux 5.10 or later (x86-64 and aarch64); this target is not Linux"
);
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

//! The seam between the real primitives and the modelled ones.
//!
//! Algorithms import everything they share between threads from here and see no `cfg`: atomics,
//! fences, the mutex and condition variable of the slow paths, and the arena that holds the bytes.
//! A build with `--cfg logweir_loom` gets the same names from [loom](https://docs.rs/loom), which
//! runs every interleaving and every value that a weakly ordered load may see.
//!
//! - Only this module and `lib.rs` may mention that cfg.
//! - `Arc` is std's in both builds: its counting is not ours to prove, and the models get smaller.
//! - The modelled arena is a vector of checked cells, one a byte: an access that the protocol does
//!   not order is reported as a race.

use self::atomic::{AtomicU32, AtomicU64};

#[cfg(not(logweir_loom))]
mod arena;
#[cfg(logweir_loom)]
mod model;
#[cfg(not(logweir_loom))]
mod real;

#[cfg(not(logweir_loom))]
pub(crate) use arena::{Arena, Draft, Slot, View};
#[cfg(logweir_loom)]
pub(crate) use model::{
    Arena, Condvar, Draft, Fences, Mutex, MutexGuard, Slot, View, atomic, pause, wait,
};
#[cfg(not(logweir_loom))]
pub(crate) use real::{Condvar, Fences, Mutex, MutexGuard, atomic, pause, wait};

/// The words at the start of a chunk. All zero is a fresh header.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Header {
    /// How much is published, packed; the producer stores, the consumer loads.
    pub(crate) state: AtomicU64,
    /// The chunk after this one; valid once `state` says sealed.
    pub(crate) next: AtomicU32,
    /// The chunk below this one on the free list, plus one; 0 is the bottom.
    pub(crate) link: AtomicU32,
}

/// Bytes that one mark takes at the end of a chunk.
pub(crate) const MARK_SIZE: usize = size_of::<[u64; 2]>();

/// Locks `mutex`; a panic of another holder does not spread, since no critical section of ours
/// leaves its data half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

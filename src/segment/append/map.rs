//! The one place of this floor that touches mapped memory.
//!
//! A [`Map`] is a shared, writable mapping of a part of a file. It hands out no reference to the
//! mapped bytes, because other processes may read and a foreign one might write the file: bytes go
//! in by copy, the committed length by an atomic store.
//!
//! The contract about SIGBUS: touching a mapped page beyond the end of the file, or one for which
//! the file system finds no block, kills the process. Therefore whoever makes a map
//! - has allocated its range with `fallocate(2)` on a file system where that reserves blocks, and
//! - shortens the file only after the map is dropped; weir alone writes to its directory.
#![expect(unsafe_code, reason = "copies into mapped memory")]

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Release};

use memmap2::{Advice, MmapOptions, MmapRaw};

/// A mapped part of a file.
#[derive(Debug)]
pub(super) struct Map {
    raw: MmapRaw,
}

impl Map {
    /// Maps `len` bytes of `file` from `offset`, a multiple of the page size, on.
    pub(super) fn new(file: &File, offset: u64, len: usize) -> io::Result<Self> {
        let raw = MmapOptions::new().offset(offset).len(len).map_raw(file)?;
        Ok(Self { raw })
    }

    /// Length of the mapped part.
    pub(super) fn len(&self) -> usize {
        self.raw.len()
    }

    /// Makes all its pages present and writable now; a kernel before 5.14 does it at first touch.
    pub(super) fn populate(&self) {
        let _ = self.raw.advise(Advice::HugePage);
        let _ = self.raw.advise(Advice::PopulateWrite);
    }

    /// Copies `bytes` to `at`.
    ///
    /// # Panics
    /// If they do not fit.
    pub(super) fn copy_in(&mut self, at: usize, bytes: &[u8]) {
        assert!(at <= self.len() && bytes.len() <= self.len() - at, "a copy beyond the map");
        // SAFETY: `at` is within the map, asserted above, so the pointer stays within its
        // allocation.
        let to = unsafe { self.raw.as_mut_ptr().add(at) };
        // SAFETY: `to` has `bytes.len()` writable bytes by the same assertion; `bytes` is Rust
        // memory and cannot overlap a map that hands out no reference; `&mut self` excludes another
        // copy.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
    }

    /// Stores `value` at `at`, a multiple of 8, after everything copied before.
    ///
    /// # Panics
    /// If it does not fit or is not aligned.
    pub(super) fn store(&self, at: usize, value: u64) {
        assert!(at.is_multiple_of(8) && at + 8 <= self.len(), "a store beyond the map");
        // SAFETY: `at` is within the map, asserted above.
        let to = unsafe { self.raw.as_mut_ptr().add(at) };
        // SAFETY: `to` is 8-aligned, as maps begin at a page, is valid as long as `self`, and is
        // only ever accessed atomically: nobody uses `copy_in` on a map that is stored to.
        let word = unsafe { AtomicU64::from_ptr(to.cast()) };
        // Pairs with a reader's `pread`, in any process, which then sees the bytes below `value`.
        word.store(value.to_le(), Release);
    }
}

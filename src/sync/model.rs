//! The primitives of a model: loom's, an arena of checked cells, and the kernel's fence.
#![expect(unsafe_code, reason = "reads and writes the model's checked cells")]

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, Ordering::AcqRel};

use super::{Header, MARK_SIZE};

pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard, atomic};

/// Both sides change one word: of any two, the later one sees all that came before the earlier one.
///
/// That is what the kernel's asymmetric fence adds up to, and no more: a `fence(SeqCst)` on the
/// light side would also make every Relaxed store behind it a Release one, and hide those that are
/// missing.
#[derive(Debug, Clone)]
pub(crate) struct Fences(Arc<AtomicU32>);

impl Fences {
    /// Nothing to ask for.
    pub(crate) fn probe() -> Self {
        Self(Arc::new(AtomicU32::new(0)))
    }

    /// The side of the thread that crosses it with every push.
    pub(crate) fn light(&self) {
        self.0.fetch_add(1, AcqRel);
    }

    /// The side of the thread that crosses it rarely.
    pub(crate) fn heavy(&self) {
        self.0.fetch_add(1, AcqRel);
    }
}

/// Waits for a notification; a timed wait gives way once and returns.
pub(crate) fn wait<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    at_most: Option<Duration>,
) -> MutexGuard<'a, T> {
    match at_most {
        None => condvar.wait(guard).unwrap_or_else(PoisonError::into_inner),
        Some(_) => {
            loom::thread::yield_now();
            guard
        }
    }
}

/// Lets the other threads of the model run.
pub(crate) fn pause() {
    loom::thread::yield_now();
}

/// Chunks of cells, without the header in their bytes.
#[derive(Debug)]
pub(crate) struct Arena {
    chunks: Vec<Slot>,
}

impl Arena {
    /// The smallest and the largest chunk: a few bytes, so that a model reaches every edge.
    pub(crate) const CHUNK_SIZES: (usize, usize) = (2 * MARK_SIZE, 8 * MARK_SIZE);

    /// Bytes of payload and marks in a chunk.
    pub(crate) fn capacity(chunk_size: usize) -> usize {
        chunk_size
    }

    /// Makes `chunks` chunks of `chunk_size` bytes each.
    pub(crate) fn map(chunks: u32, chunk_size: usize, _huge_pages: bool) -> io::Result<Self> {
        let chunks = (0..chunks).map(|_| Slot(Arc::new(Cells::new(chunk_size)))).collect();
        Ok(Self { chunks })
    }

    /// The header of chunk `id`.
    pub(crate) fn header(&self, id: u32) -> &Header {
        self.chunks[id as usize].header()
    }

    /// A handle to the bytes of chunk `id`.
    ///
    /// # Safety
    /// None to keep here; the real arena must outlive the handle.
    pub(crate) unsafe fn slot(&self, id: u32) -> Slot {
        self.chunks[id as usize].clone()
    }
}

#[derive(Debug)]
struct Cells {
    header: Header,
    bytes: Vec<UnsafeCell<u8>>,
    marks: Vec<UnsafeCell<[u64; 2]>>,
}

// SAFETY: loom checks each access to a cell and reports those that race.
unsafe impl Send for Cells {}
// SAFETY: as above.
unsafe impl Sync for Cells {}

impl Cells {
    fn new(capacity: usize) -> Self {
        Self {
            header: Header {
                state: atomic::AtomicU64::new(0),
                next: atomic::AtomicU32::new(0),
                link: atomic::AtomicU32::new(0),
            },
            bytes: (0..capacity).map(|_| UnsafeCell::new(0)).collect(),
            marks: (0..capacity / MARK_SIZE).map(|_| UnsafeCell::new([0; 2])).collect(),
        }
    }
}

/// One chunk of an arena.
#[derive(Debug, Clone)]
pub(crate) struct Slot(Arc<Cells>);

impl Slot {
    /// Bytes of payload and marks together.
    pub(crate) fn capacity(&self) -> usize {
        self.0.bytes.len()
    }

    /// The chunk's header.
    pub(crate) fn header(&self) -> &Header {
        &self.0.header
    }

    /// Copies `bytes` to offset `at` of the payload.
    ///
    /// # Safety
    /// As for the real one; loom checks it.
    pub(crate) unsafe fn write(&self, at: usize, bytes: &[u8]) {
        for (cell, byte) in self.0.bytes[at..].iter().zip(bytes) {
            cell.with_mut(|to| {
                // SAFETY: loom has just checked that nobody else accesses the cell.
                unsafe { *to = *byte }
            });
        }
    }

    /// Lends `len` bytes at offset `at` of the payload to be written in place.
    ///
    /// # Safety
    /// As for the real one; loom checks it.
    pub(crate) unsafe fn draft(&self, at: usize, len: usize) -> Draft {
        Draft { slot: self.clone(), at, bytes: vec![0; len] }
    }

    /// Shows `len` bytes at offset `at` of the payload.
    ///
    /// # Safety
    /// As for the real one; loom checks it when the view is made and when it goes.
    pub(crate) unsafe fn view(&self, at: usize, len: usize) -> View {
        View { bytes: self.read(at, len), slot: self.clone(), at }
    }

    fn read(&self, at: usize, len: usize) -> Vec<u8> {
        let read = |cell: &UnsafeCell<u8>| {
            cell.with(|from| {
                // SAFETY: loom has just checked that nobody writes to the cell.
                unsafe { *from }
            })
        };
        self.0.bytes[at..at + len].iter().map(read).collect()
    }

    /// Writes mark number `index`.
    ///
    /// # Safety
    /// As for the real one; loom checks it.
    pub(crate) unsafe fn write_mark(&self, index: usize, mark: [u64; 2]) {
        self.0.marks[index].with_mut(|to| {
            // SAFETY: loom has just checked that nobody else accesses the cell.
            unsafe { *to = mark }
        });
    }

    /// Reads mark number `index`.
    ///
    /// # Safety
    /// As for the real one; loom checks it.
    pub(crate) unsafe fn read_mark(&self, index: usize) -> [u64; 2] {
        self.0.marks[index].with(|from| {
            // SAFETY: loom has just checked that nobody writes to the cell.
            unsafe { *from }
        })
    }
}

/// Payload that its one writer fills: staged, and written to the cells when kept.
#[derive(Debug)]
pub(crate) struct Draft {
    slot: Slot,
    at: usize,
    bytes: Vec<u8>,
}

impl Draft {
    /// The bytes.
    pub(crate) fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Keeps the first `len` bytes.
    pub(crate) fn keep(self, len: usize) {
        // SAFETY: handed on from the caller of `Slot::draft`.
        unsafe { self.slot.write(self.at, &self.bytes[..len]) };
    }
}

/// Payload that its one reader looks at: a copy, checked against the cells at both ends of its
/// life.
#[derive(Debug)]
pub(crate) struct View {
    slot: Slot,
    at: usize,
    bytes: Vec<u8>,
}

impl View {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.slot.read(self.at, self.bytes.len()), self.bytes);
        }
    }
}

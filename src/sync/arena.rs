//! The bytes of the budget: one private mapping, cut in chunks of one size.
//!
//! ```text
//! chunk  | header 64 B | payload, grows up ->      <- grows down, marks 16 B each |
//! ```
//!
//! - The mapping is reserved, not committed: a page costs memory from its first write on.
//! - Fresh pages are zero, and an all-zero header is a fresh header: nothing is touched at start.
//! - Which bytes of a chunk who may touch is the caller's protocol (`ring::chunk`), not known here.
#![expect(unsafe_code, reason = "owns the mapping behind the ring's chunks")]

use std::io;
use std::ptr::{self, NonNull};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

use super::{Header, MARK_SIZE};

const HEADER_SIZE: usize = size_of::<Header>();

/// One anonymous mapping of `chunks * chunk_size` bytes.
#[derive(Debug)]
pub(crate) struct Arena {
    base: NonNull<u8>,
    chunk_size: usize,
    chunks: u32,
}

// SAFETY: the mapping belongs to the process, not to a thread; shared parts are atomics.
unsafe impl Send for Arena {}
// SAFETY: as above; `&self` gives out atomics and raw handles only.
unsafe impl Sync for Arena {}

impl Arena {
    /// The smallest and the largest chunk.
    pub(crate) const CHUNK_SIZES: (usize, usize) = (4 << 10, 1 << 20);

    /// Bytes of payload and marks in a chunk.
    pub(crate) fn capacity(chunk_size: usize) -> usize {
        chunk_size - HEADER_SIZE
    }

    /// Maps room for `chunks` chunks of `chunk_size` bytes each.
    ///
    /// # Errors
    /// What `mmap(2)` says: no address space, or a limit of the process.
    pub(crate) fn map(chunks: u32, chunk_size: usize, huge_pages: bool) -> io::Result<Self> {
        let bytes = chunk_size
            .checked_mul(chunks as usize)
            .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping at an address of the kernel's choice overlaps nothing.
        let base = unsafe { mmap_anonymous(ptr::null_mut(), bytes, access, flags) }?;
        let base = NonNull::new(base.cast()).expect("the kernel maps nothing at address 0");
        let arena = Self { base, chunk_size, chunks };
        if huge_pages {
            // A kernel without huge pages refuses; the arena works all the same, a little slower.
            // SAFETY: the range is the mapping just made, and the advice keeps its contents.
            let _ = unsafe { madvise(arena.base.as_ptr().cast(), bytes, Advice::LinuxHugepage) };
        }
        Ok(arena)
    }

    /// The header of chunk `id`.
    pub(crate) fn header(&self, id: u32) -> &Header {
        let chunk = self.chunk(id);
        // SAFETY: `chunk` is inside the mapping, 64-aligned (chunk sizes are multiples of 4 KiB),
        // valid as zeros, and made of atomics that nothing accesses in another way.
        unsafe { chunk.cast().as_ref() }
    }

    /// A handle to the bytes of chunk `id`.
    ///
    /// # Safety
    /// The arena outlives the handle and every view or draft made from it.
    pub(crate) unsafe fn slot(&self, id: u32) -> Slot {
        Slot { chunk: self.chunk(id), capacity: Self::capacity(self.chunk_size) }
    }

    fn chunk(&self, id: u32) -> NonNull<u8> {
        assert!(id < self.chunks, "chunk ids come from the free list");
        // SAFETY: `id < chunks`, so that the offset is inside the mapping.
        unsafe { self.base.add(id as usize * self.chunk_size) }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let bytes = self.chunk_size * self.chunks as usize;
        // SAFETY: the range is the mapping that `map` made; `slot` obliges its users to be gone.
        let unmapped = unsafe { munmap(self.base.as_ptr().cast(), bytes) };
        debug_assert!(unmapped.is_ok());
    }
}

/// One chunk of an arena.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    chunk: NonNull<u8>,
    capacity: usize,
}

// SAFETY: an address in a mapping of the process; every access through it is an unsafe call whose
// caller orders it.
unsafe impl Send for Slot {}
// SAFETY: as above.
unsafe impl Sync for Slot {}

impl Slot {
    /// Bytes of payload and marks together.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// The chunk's header.
    #[inline]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: as in `Arena::header`; the arena is alive by the contract of `Arena::slot`.
        unsafe { self.chunk.cast().as_ref() }
    }

    /// Copies `bytes` to offset `at` of the payload.
    ///
    /// # Safety
    /// `at + bytes.len() <= capacity`, and nobody else accesses that range at the same time.
    #[inline]
    pub(crate) unsafe fn write(&self, at: usize, bytes: &[u8]) {
        debug_assert!(at + bytes.len() <= self.capacity);
        // SAFETY: in bounds by the caller's word.
        let to = unsafe { self.chunk.add(HEADER_SIZE + at) };
        // SAFETY: in bounds and unshared by the caller's word; `bytes` is another allocation, for
        // no reference into unpublished payload exists while its one writer is in here.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to.as_ptr(), bytes.len()) };
    }

    /// Lends `len` bytes at offset `at` of the payload to be written in place.
    ///
    /// # Safety
    /// `at + len <= capacity`; nobody else accesses that range, and the arena stays, while the
    /// draft lives.
    #[inline]
    pub(crate) unsafe fn draft(&self, at: usize, len: usize) -> Draft {
        debug_assert!(at + len <= self.capacity);
        // SAFETY: in bounds by the caller's word.
        let from = unsafe { self.chunk.add(HEADER_SIZE + at) };
        Draft { from, len }
    }

    /// Shows `len` bytes at offset `at` of the payload.
    ///
    /// # Safety
    /// `at + len <= capacity`; nobody writes to that range while the view lives.
    pub(crate) unsafe fn view(&self, at: usize, len: usize) -> View {
        debug_assert!(at + len <= self.capacity);
        // SAFETY: in bounds by the caller's word.
        View { from: unsafe { self.chunk.add(HEADER_SIZE + at) }, len }
    }

    /// Writes mark number `index`, counted from the chunk's end.
    ///
    /// # Safety
    /// `(index + 1) * MARK_SIZE <= capacity`; nobody else accesses that mark at the same time.
    pub(crate) unsafe fn write_mark(&self, index: usize, mark: [u64; 2]) {
        // SAFETY: by the caller's word.
        let to = unsafe { self.mark(index) };
        // SAFETY: in bounds and unshared by the caller's word; the chunk's end is 16-aligned.
        unsafe { to.write(mark) };
    }

    /// Reads mark number `index`, counted from the chunk's end.
    ///
    /// # Safety
    /// `(index + 1) * MARK_SIZE <= capacity`; the mark was written before and nobody writes it now.
    pub(crate) unsafe fn read_mark(&self, index: usize) -> [u64; 2] {
        // SAFETY: by the caller's word.
        let from = unsafe { self.mark(index) };
        // SAFETY: in bounds, written and unchanging by the caller's word; 16-aligned.
        unsafe { from.read() }
    }

    /// # Safety
    /// `(index + 1) * MARK_SIZE <= capacity`.
    unsafe fn mark(&self, index: usize) -> NonNull<[u64; 2]> {
        debug_assert!((index + 1) * MARK_SIZE <= self.capacity);
        let at = HEADER_SIZE + self.capacity - (index + 1) * MARK_SIZE;
        // SAFETY: in bounds by the caller's word.
        unsafe { self.chunk.add(at) }.cast()
    }
}

/// Payload that its one writer fills in place.
#[derive(Debug)]
pub(crate) struct Draft {
    from: NonNull<u8>,
    len: usize,
}

// SAFETY: writable by whoever holds the draft, by the contract of `Slot::draft`.
unsafe impl Send for Draft {}

impl Draft {
    /// The bytes; what they hold before they are written is left over from earlier use.
    #[inline]
    pub(crate) fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: in bounds and unshared by the contract of `Slot::draft`; a mapping is
        // initialised.
        unsafe { NonNull::slice_from_raw_parts(self.from, self.len).as_mut() }
    }

    /// Keeps the first `len` bytes.
    #[inline]
    pub(crate) fn keep(self, len: usize) {
        debug_assert!(len <= self.len);
    }
}

/// Payload that its one reader looks at.
#[derive(Debug)]
pub(crate) struct View {
    from: NonNull<u8>,
    len: usize,
}

// SAFETY: readable by whoever holds the view, by the contract of `Slot::view`.
unsafe impl Send for View {}
// SAFETY: as above; a view only reads.
unsafe impl Sync for View {}

impl View {
    /// The bytes.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: in bounds and unchanging by the contract of `Slot::view`.
        unsafe { NonNull::slice_from_raw_parts(self.from, self.len).as_ref() }
    }
}

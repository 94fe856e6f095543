//! The budget: an arena cut in chunks, the ledger that says who may take one, and the free list
//! that says which.
//!
//! - A lease takes its count from the ledger first and the chunk from the free list second; a
//!   return goes the other way. So whoever has a count finds a chunk.
//! - A [`Lease`] is the right to one chunk: it is made here, handed on, and never copied.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::free_list::FreeList;
use super::gate::Gate;
use super::ledger::{Balance, Ledger};
use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::{Arena, Fences, MARK_SIZE};

/// How much memory the rings of a process may use, and in what pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolConfig {
    /// Bytes of all chunks together; rounded down to whole chunks.
    pub budget: usize,
    /// Bytes of a chunk: a power of two from 4 KiB to 1 MiB.
    pub chunk_size: usize,
    /// Ask the kernel for huge pages: fewer page faults, coarser resident memory.
    pub huge_pages: bool,
}

impl Default for PoolConfig {
    /// 1 GiB in chunks of 64 KiB.
    fn default() -> Self {
        Self { budget: 1 << 30, chunk_size: 64 << 10, huge_pages: false }
    }
}

/// The chunks of one budget. Memory is touched when a chunk is first used, not before.
#[derive(Debug)]
pub struct Pool {
    ledger: Ledger,
    free: FreeList,
    gate: Gate,
    peak: AtomicU32,
    arena: Arena,
    fences: Fences,
    chunks: u32,
    chunk_size: usize,
}

/// The right to use one chunk.
#[derive(Debug)]
pub(super) struct Lease {
    id: u32,
    scarce: bool,
}

impl Lease {
    /// The right that came with a chunk's number, from the lane's other end.
    pub(super) fn handed_over(id: u32) -> Self {
        Self { id, scarce: false }
    }

    /// The chunk's number.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Whether less than a quarter of the budget was left when it was taken.
    pub(super) fn is_scarce(&self) -> bool {
        self.scarce
    }
}

impl Pool {
    /// Reserves address space for the budget.
    ///
    /// # Errors
    /// `InvalidInput` where the configuration makes no sense; else what `mmap(2)` says.
    pub fn new(config: PoolConfig) -> io::Result<Arc<Self>> {
        let PoolConfig { budget, chunk_size, huge_pages } = config;
        let invalid = |message| Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        let (least, most) = Arena::CHUNK_SIZES;
        if !chunk_size.is_power_of_two() || !(least..=most).contains(&chunk_size) {
            return invalid(format!(
                "a chunk of {chunk_size} bytes: choose a power of two from {least} to {most}"
            ));
        }
        let Ok(chunks) = u32::try_from(budget / chunk_size) else {
            return invalid(format!("a budget of {budget} bytes is too much for this chunk size"));
        };
        if chunks == 0 || chunks == u32::MAX {
            return invalid(format!("a budget of {budget} bytes in chunks of {chunk_size}"));
        }
        Ok(Arc::new(Self {
            ledger: Ledger::new(chunks),
            free: FreeList::new(chunks),
            gate: Gate::new(),
            peak: AtomicU32::new(0),
            arena: Arena::map(chunks, chunk_size, huge_pages)?,
            fences: Fences::probe(),
            chunks,
            chunk_size,
        }))
    }

    /// Bytes of a chunk, its header and marks included.
    pub fn chunk_size(&self) -> usize {
        self.chunk_size
    }

    /// Bytes of output that fit in a chunk behind one mark.
    pub fn payload_size(&self) -> usize {
        Arena::capacity(self.chunk_size) - MARK_SIZE
    }

    /// Chunks in the budget; also the largest number of lanes that can be open at once.
    pub fn chunks(&self) -> u32 {
        self.chunks
    }

    /// Chunks that lanes hold now.
    pub fn leased(&self) -> u32 {
        self.chunks.saturating_sub(self.ledger.balance().free)
    }

    /// The largest number of chunks that lanes ever held at once.
    pub fn peak_leased(&self) -> u32 {
        self.peak.load(Relaxed)
    }

    /// Waits until a chunk is free that no lane is entitled to, for `timeout` at most; says whether
    /// one is. A writer waits with [`Producer::wait_for_room`](super::Producer::wait_for_room),
    /// which knows of the writer's own entitlement too.
    pub fn wait_for_room(&self, timeout: Option<Duration>) -> bool {
        self.gate.wait(timeout, || self.has_spare())
    }

    pub(super) fn has_spare(&self) -> bool {
        self.ledger.balance().has_spare()
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) fn arena(&self) -> &Arena {
        &self.arena
    }

    pub(super) fn fences(&self) -> &Fences {
        &self.fences
    }

    /// The chunk that is reserved for an open lane which holds none.
    pub(super) fn lease_reserved(&self) -> Lease {
        self.lease(self.ledger.take_reserved())
    }

    /// A further chunk for a lane, if one is free that no lane is entitled to.
    pub(super) fn lease_spare(&self) -> Option<Lease> {
        self.ledger.take_spare().map(|balance| self.lease(balance))
    }

    fn lease(&self, left: Balance) -> Lease {
        self.peak.fetch_max(self.chunks.saturating_sub(left.free), Relaxed);
        Lease { id: self.free.take(&self.arena), scarce: left.free < self.chunks / 4 }
    }

    /// Takes back a chunk of a lane that holds another one or is closed.
    pub(super) fn give(&self, lease: Lease) {
        self.free.push(&self.arena, lease.id);
        self.ledger.give();
        self.gate.open();
    }

    /// Takes back the last chunk of an open lane, whose producer cannot ask for it meanwhile.
    pub(super) fn give_reserved(&self, lease: Lease) {
        self.free.push(&self.arena, lease.id);
        self.ledger.give_reserved();
        self.gate.open();
    }

    /// Ends the entitlement of a closed lane that holds no chunk: one more is spare.
    pub(super) fn end_reservation(&self) {
        self.ledger.close();
        self.gate.open();
    }

    /// Takes back a chunk that the ledger has already counted as free.
    pub(super) fn give_counted(&self, lease: Lease) {
        self.free.push(&self.arena, lease.id);
        self.gate.open();
    }
}

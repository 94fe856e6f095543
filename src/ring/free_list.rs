//! Which chunks are free: a last-in first-out stack over a bump counter.
//!
//! The chunk returned last is leased first, while it is still in a cache, and a chunk never used is
//! taken only when the stack is empty: resident memory follows use. (A queue would walk through the
//! whole budget; the ready-made lock-free ones are queues.)
//!
//! Treiber's stack with a counter beside the head: a pop that slept while the same chunk left and
//! came back fails its exchange, unless exactly 2^32 pops and pushes passed in between.

use super::word::{high, low, pack};
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use crate::sync::{Arena, pause};

/// Head of the stack, and how many chunks were ever taken from the arena's fresh end.
#[derive(Debug)]
pub(super) struct FreeList {
    /// Low half: id of the top chunk plus one, 0 when empty. High half: counts every change.
    head: AtomicU64,
    fresh: AtomicU32,
    chunks: u32,
}

impl FreeList {
    /// Nothing on the stack, `chunks` fresh ones behind it.
    pub(super) fn new(chunks: u32) -> Self {
        Self { head: AtomicU64::new(0), fresh: AtomicU32::new(0), chunks }
    }

    /// Puts a chunk on top.
    pub(super) fn push(&self, arena: &Arena, id: u32) {
        let mut head = self.head.load(Relaxed);
        loop {
            arena.header(id).link.store(low(head), Relaxed);
            let new = after(head, id + 1);
            // Release pairs with the Acquire in `pop`: the link, and all use of the chunk so far.
            match self.head.compare_exchange_weak(head, new, Release, Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Takes a chunk. The caller has taken a count from the ledger, so there is one.
    pub(super) fn take(&self, arena: &Arena) -> u32 {
        loop {
            if let Some(id) = self.pop(arena).or_else(|| self.bump()) {
                return id;
            }
            // Every other chunk is leased, and the drain that counted ours back has yet to push it.
            pause();
        }
    }

    fn pop(&self, arena: &Arena) -> Option<u32> {
        // Acquire, here and on failure, pairs with the Release in `push`: the top's link, and that
        // its last reader has left it, should the chunk become ours.
        let mut head = self.head.load(Acquire);
        loop {
            let id = low(head).checked_sub(1)?;
            let link = arena.header(id).link.load(Relaxed);
            match self.head.compare_exchange_weak(head, after(head, link), Relaxed, Acquire) {
                Ok(_) => return Some(id),
                Err(now) => head = now,
            }
        }
    }

    fn bump(&self) -> Option<u32> {
        let next = |id| (id < self.chunks).then_some(id + 1);
        self.fresh.fetch_update(Relaxed, Relaxed, next).ok()
    }
}

/// The head word that follows `head`, with `top` on top.
fn after(head: u64, top: u32) -> u64 {
    pack(top, high(head).wrapping_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunk_returned_last_is_taken_first_and_fresh_ones_only_when_none_is_left() {
        let arena = Arena::map(4, 4096, false).unwrap();
        let list = FreeList::new(4);
        assert_eq!([list.take(&arena), list.take(&arena), list.take(&arena)], [0, 1, 2]);
        list.push(&arena, 1);
        list.push(&arena, 0);
        assert_eq!([list.take(&arena), list.take(&arena), list.take(&arena)], [0, 1, 3]);
    }
}

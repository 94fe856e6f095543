//! The reading end of a lane, as long as the lane is active.
#![expect(unsafe_code, reason = "takes over chunks that the producer hands on")]

use std::collections::VecDeque;
use std::sync::Arc;

use super::chunk::Reading;
use super::lane::{ACTIVE, IDLE, Lane, NO_CHUNK, REVOKING};
use super::piece::Piece;
use crate::sync::atomic::Ordering::*;

/// Reads one lane, from the moment it became active until it is [retired](super::retire) or done.
///
/// Dropped before that, it takes its chunks with it: they are lost to the budget.
#[derive(Debug)]
pub struct Consumer<T> {
    lane: Arc<Lane<T>>,
    /// The chunks known so far, in order; none only before the lane's first.
    chunks: VecDeque<Reading>,
    /// Bytes in view and not released.
    pending: usize,
    /// The last refresh took all that was published into view.
    caught_up: bool,
    /// The producer was gone before the last refresh.
    closed: bool,
    /// Refreshes in a row that found nothing.
    quiet: u32,
    /// The lane is idle again: nothing of it is ours.
    retired: bool,
}

impl<T> Consumer<T> {
    pub(super) fn new(lane: Arc<Lane<T>>) -> Self {
        Self {
            lane,
            chunks: VecDeque::new(),
            pending: 0,
            caught_up: false,
            closed: false,
            quiet: 0,
            retired: false,
        }
    }

    /// What the lane was opened with.
    pub fn tag(&self) -> &T {
        &self.lane.tag
    }

    /// Looks what is published, and takes up to `max_bytes` of it, oldest first, into view; says
    /// how many bytes are in view.
    pub fn refresh(&mut self, max_bytes: usize) -> usize {
        // Acquire pairs with the Release in `Producer::drop`. Before the rest: if it says closed,
        // the chunks below show the last byte.
        self.closed = self.lane.producer.closed.load(Acquire);
        if self.chunks.is_empty() {
            // Acquire pairs with the Release in `Producer::extend`.
            match self.lane.producer.head.load(Acquire) {
                NO_CHUNK => {}
                // The producer stored it as the first chunk of this activation.
                id => self.follow(id),
            }
        }
        self.pending = 0;
        self.caught_up = true;
        let mut at = 0;
        while let Some(chunk) = self.chunks.get_mut(at) {
            self.pending += chunk.look(max_bytes - self.pending);
            self.caught_up &= chunk.is_all_in_view();
            at += 1;
            if self.caught_up
                && at == self.chunks.len()
                && let Some(next) = self.chunks[at - 1].next()
            {
                self.follow(next);
            }
        }
        self.return_finished();
        self.quiet = if self.pending == 0 { self.quiet.saturating_add(1) } else { 0 };
        self.pending
    }

    /// Begins the chunk that the producer named, as the first or in one it sealed.
    fn follow(&mut self, id: u32) {
        // SAFETY: the producer names a chunk once, to us; our lane keeps the pool.
        self.chunks.push_back(unsafe { Reading::begin(&self.lane.pool, id) });
    }

    /// What is in view, oldest first, one piece a chunk.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.chunks.iter().map(Piece::new).filter(|piece| !piece.bytes.is_empty())
    }

    /// Lets go of the first `bytes` in view, and returns the chunks that are used up.
    ///
    /// # Panics
    /// If fewer are in view.
    pub fn release(&mut self, bytes: usize) {
        self.pending = self.pending.checked_sub(bytes).expect("no more than what is in view");
        let mut left = bytes;
        for chunk in &mut self.chunks {
            let here = left.min(chunk.bytes().len());
            chunk.release(here);
            left -= here;
            if left == 0 {
                break;
            }
        }
        self.return_finished();
    }

    /// Returns the chunks that the producer has left and we have read; never the last.
    fn return_finished(&mut self) {
        while self.chunks.len() > 1 && self.chunks.front().is_some_and(Reading::is_finished) {
            if let Some(chunk) = self.chunks.pop_front() {
                self.lane.drop_chunk();
                self.lane.pool.give(chunk.end());
            }
        }
    }

    /// Bytes in view and not released.
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// Whether nothing is left to read of what the last refresh could see.
    pub fn is_drained(&self) -> bool {
        self.caught_up && self.pending == 0
    }

    /// Whether the producer is gone and every byte is released.
    pub fn is_done(&self) -> bool {
        self.closed && self.is_drained()
    }

    /// Whether the producer waits for room.
    pub fn is_starved(&self) -> bool {
        self.lane.producer.starved.load(Relaxed)
    }

    /// Whether the producer was there at the last refresh.
    pub fn is_open(&self) -> bool {
        !self.closed
    }

    /// How many refreshes in a row, up to the last, found nothing.
    pub fn quiet_rounds(&self) -> u32 {
        self.quiet
    }

    /// First half of retiring: asks the producer to let the lane go.
    pub(super) fn revoke(&self) -> bool {
        self.lane.state.compare_exchange(ACTIVE, REVOKING, Relaxed, Relaxed).is_ok()
    }

    /// Puts a barrier between the halves.
    pub(super) fn heavy_fence(&self) {
        self.lane.pool.fences().heavy();
    }

    /// Second half of retiring: takes the chunk back, unless the producer came by.
    pub(super) fn try_retire(&mut self) -> bool {
        // Acquire pairs with the Release in `Producer::leave`. False says that every turn before
        // the fence is over and its bytes are seen below; a later one takes the lane back.
        let writing = self.lane.producer.writing.load(Acquire);
        if !writing && self.refresh(usize::MAX) == 0 && self.is_drained() && self.is_open() {
            self.retired = self.give_up();
        }
        if !self.retired {
            // Fails where the producer was first, with the same end.
            let _ = self.lane.state.compare_exchange(REVOKING, ACTIVE, Relaxed, Relaxed);
        }
        self.retired
    }

    /// Sets the lane idle, and returns its chunk if it holds one.
    ///
    /// The chunk is counted back first: once the lane is idle its producer may claim a chunk. It is
    /// pushed last: before that the producer may still write to it.
    fn give_up(&mut self) -> bool {
        let lane = &*self.lane;
        let holds_chunk = !self.chunks.is_empty();
        if holds_chunk {
            lane.drop_chunk();
            lane.pool.ledger().give_reserved();
        }
        // Release pairs with the Acquire in `Producer::enter`: the count, for the producer to
        // claim.
        let idle = lane.state.compare_exchange(REVOKING, IDLE, Release, Relaxed).is_ok();
        if !idle && holds_chunk {
            lane.pool.ledger().take_reserved();
            lane.held.fetch_add(1, Relaxed);
        } else if let Some(chunk) = self.chunks.pop_front() {
            lane.pool.give_counted(chunk.end());
        }
        idle
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        if self.retired || !self.is_done() {
            return;
        }
        match self.chunks.pop_front() {
            Some(chunk) => self.lane.pool.give(chunk.end()),
            None => self.lane.pool.end_reservation(),
        }
    }
}

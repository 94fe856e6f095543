//! The writing end of a lane.
//!
//! A push is a turn: it begins by saying so (`writing`), asks once whether the drain looks at the
//! lane (`state`), and ends. Between the two the drain cannot take the lane's chunk; outside, it
//! can.
#![expect(unsafe_code, reason = "upholds when the lane's chunk is the producer's")]

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::chunk::Filling;
use super::lane::{ACTIVE, IDLE, Lane, NO_CHUNK, REVOKING};
use super::room::Room;
use crate::job::{Mono, Stream};
use crate::sync::Fences;
use crate::sync::atomic::Ordering::*;

/// Writes to one lane. Dropping it closes the lane: what was written is read, then the lane is
/// done.
#[derive(Debug)]
pub struct Producer<T> {
    lane: Arc<Lane<T>>,
    /// The chunk written to; ours only within a turn that found the lane active.
    filling: Option<Filling>,
    /// Within a turn: the lane is idle, and the drain has to be told of it.
    idle: bool,
    /// What we stored last in `Lane::starved`.
    starved: bool,
    /// Within a turn: the budget is short, and the drain is to be called after it.
    hurry: bool,
    fences: Fences,
    not_sync: PhantomData<Cell<()>>,
}

impl<T> Producer<T> {
    pub(super) fn new(lane: Arc<Lane<T>>) -> Self {
        let fences = lane.pool.fences().clone();
        Self {
            lane,
            filling: None,
            idle: false,
            starved: false,
            hurry: false,
            fences,
            not_sync: PhantomData,
        }
    }

    /// What the lane was opened with.
    pub fn tag(&self) -> &T {
        &self.lane.tag
    }

    /// Appends `bytes` of `stream`, over as many chunks as they need; says how many it took.
    ///
    /// It takes fewer than all only when the budget, or the lane's share of it, is full. `clock` is
    /// asked only where a mark is made: at the start of a chunk, and where the stream changes.
    #[inline]
    pub fn write(&mut self, stream: Stream, bytes: &[u8], clock: impl FnOnce() -> Mono) -> usize {
        if self.enter()
            && let Some(filling) = &mut self.filling
            && filling.continues(stream)
            && bytes.len() <= filling.room()
        {
            // SAFETY: they fit; `enter` found the lane active, so that the chunk is ours until
            // `leave`.
            unsafe { filling.append(bytes) };
            filling.publish();
            self.leave();
            return bytes.len();
        }
        self.write_parts(stream, bytes, clock)
    }

    /// The rest of `write`, within its turn.
    #[inline(never)]
    fn write_parts(&mut self, stream: Stream, bytes: &[u8], clock: impl FnOnce() -> Mono) -> usize {
        if bytes.is_empty() {
            self.leave();
            return 0;
        }
        self.settle();
        let mut clock = Some(clock);
        let mut time = None;
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(filling) = self.filling.as_mut().filter(|chunk| has_room(chunk, stream))
            else {
                if self.extend() {
                    continue;
                }
                break;
            };
            if !filling.continues(stream) {
                if let Some(clock) = clock.take() {
                    time = Some(clock());
                }
                let time = time.expect("read when the first mark was made");
                // SAFETY: `has_room` counted the mark; the chunk is ours within the turn.
                unsafe { filling.mark(stream, time) };
            }
            let (now, later) = rest.split_at(rest.len().min(filling.room()));
            // SAFETY: cut to fit; the chunk is ours within the turn.
            unsafe { filling.append(now) };
            filling.publish();
            rest = later;
        }
        if self.filling.is_some() {
            self.activate();
        }
        self.finish();
        bytes.len() - rest.len()
    }

    /// Lends room for at least `min` bytes to be written in place, or what is left of the chunk
    /// where the budget, or the lane's share of it, is full; `None` where nothing is left.
    ///
    /// More than [`Pool::payload_size`](super::Pool::payload_size) is never promised.
    pub fn reserve(&mut self, min: usize) -> Option<Room<'_, T>> {
        self.begin();
        let min = min.clamp(1, self.lane.pool.payload_size());
        let room =
            |filling: &Option<Filling>| filling.as_ref().map_or(0, Filling::room_behind_mark);
        if room(&self.filling) < min && !self.extend() && room(&self.filling) == 0 {
            self.finish();
            return None;
        }
        let filling = self.filling.as_mut().expect("it has room");
        // SAFETY: the chunk is ours within the turn, which the room ends after its draft; the lane
        // keeps the pool; the room borrows us, so that nothing else is written meanwhile.
        let draft = unsafe { filling.draft() };
        Some(Room::new(self, draft))
    }

    /// Ends the turn of a room with its first `len` bytes, more than none, in the chunk.
    pub(super) fn commit(&mut self, len: usize, stream: Stream, time: Mono) {
        let filling = self.filling.as_mut().expect("the room was in it");
        // SAFETY: the room left space for the mark; the chunk is ours within the turn.
        unsafe { filling.mark(stream, time) };
        filling.grow(len);
        filling.publish();
        self.activate();
        self.finish();
    }

    /// Ends the turn of a room that stays unused.
    pub(super) fn cancel(&mut self) {
        self.stay_idle();
        self.finish();
    }

    /// Gives back the chunk that was leased for an idle lane and not used.
    fn stay_idle(&mut self) {
        if !std::mem::take(&mut self.idle) {
            return;
        }
        if let Some(unused) = self.filling.take() {
            debug_assert!(unused.is_empty());
            self.lane.drop_chunk();
            self.lane.pool.give_reserved(unused.cancel());
        }
    }

    /// Has the drain look at the lane, as a push of no bytes: announces it before its first byte.
    pub fn schedule(&mut self) {
        self.begin();
        self.activate();
        self.leave();
    }

    /// Ends the lane after what was written.
    pub fn close(self) {
        drop(self);
    }

    /// Waits until a write may find room again, for `timeout` at most; says whether it may. Another
    /// writer can be faster: write again, and wait again.
    pub fn wait_for_room(&self, timeout: Option<Duration>) -> bool {
        let lane = &*self.lane;
        lane.pool.gate().wait(timeout, || {
            // Acquire pairs with the Release of the drain that took the chunk back.
            let idle = lane.state.load(Acquire) == IDLE;
            idle || (lane.held.load(Relaxed) < lane.cap && lane.pool.has_spare())
        })
    }

    /// Begins a turn; says whether the lane is active, and then the chunk is ours until `leave`.
    #[inline]
    fn enter(&mut self) -> bool {
        self.lane.producer.writing.store(true, Relaxed);
        // Pairs with the heavy fence in `retire`: either it sees us writing or we see it revoke.
        self.fences.light();
        // Acquire pairs with the Release of the drain that set the lane idle.
        self.lane.state.load(Acquire) == ACTIVE
    }

    /// Ends a turn.
    #[inline]
    fn leave(&mut self) {
        // Release pairs with the Acquire in `Consumer::try_retire`: what the turn published.
        self.lane.producer.writing.store(false, Release);
    }

    /// Ends a turn in which a chunk may have been leased or found missing.
    fn finish(&mut self) {
        self.leave();
        if std::mem::take(&mut self.hurry) {
            // After the turn: a drain that came to fetch the chunk of a starved lane must not find
            // us writing and go back to sleep.
            self.lane.ready.request();
        }
    }

    /// Begins a turn, whatever state the lane is in.
    fn begin(&mut self) {
        if !self.enter() {
            self.settle();
        }
    }

    /// After `enter`: keeps the drain from revoking the lane, or learns that it has done so.
    fn settle(&mut self) {
        // A room that was forgotten instead of dropped has left its turn open.
        self.stay_idle();
        let state = &self.lane.state;
        // Acquire pairs with the Release of the drain that set the lane idle.
        let idle = match state.load(Acquire) {
            ACTIVE => false,
            REVOKING => state.compare_exchange(REVOKING, ACTIVE, Relaxed, Acquire) == Err(IDLE),
            _ => true,
        };
        if idle {
            self.idle = true;
            self.filling = None;
            self.set_starved(false);
        }
    }

    /// Within a turn: has the drain look at the lane, if it does not.
    fn activate(&mut self) {
        if !self.idle {
            return;
        }
        self.idle = false;
        if self.filling.is_none() {
            self.lane.producer.head.store(NO_CHUNK, Relaxed);
        }
        // Relaxed: the drain learns of the lane by the Release of the list.
        self.lane.state.store(ACTIVE, Relaxed);
        self.lane.ready.push(Arc::clone(&self.lane));
    }

    /// Within a turn: goes on in a fresh chunk, if there is one.
    fn extend(&mut self) -> bool {
        let lane = Arc::clone(&self.lane);
        let lease = if self.filling.is_none() {
            Some(lane.pool.lease_reserved())
        } else {
            self.activate();
            let below_cap = lane.held.load(Relaxed) < lane.cap;
            below_cap.then(|| lane.pool.lease_spare()).flatten()
        };
        let Some(lease) = lease else {
            self.set_starved(true);
            self.hurry = true;
            return false;
        };
        let scarce = lease.is_scarce();
        lane.held.fetch_add(1, Relaxed);
        // SAFETY: the lease is of this pool, which our lane keeps.
        let fresh = unsafe { Filling::begin(&lane.pool, lease) };
        match self.filling.take() {
            // Release pairs with the Acquire in `Consumer::refresh`: the chunk's fresh header.
            None => lane.producer.head.store(fresh.id(), Release),
            Some(full) => full.seal(fresh.id()),
        }
        self.filling = Some(fresh);
        self.set_starved(false);
        self.hurry |= scarce;
        true
    }

    fn set_starved(&mut self, starved: bool) {
        if self.starved != starved {
            self.starved = starved;
            // Relaxed: a hint; the request that follows, or the next look, makes it seen.
            self.lane.producer.starved.store(starved, Relaxed);
        }
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.begin();
        // Release pairs with the Acquire in `Consumer::refresh`: all that was published before.
        self.lane.producer.closed.store(true, Release);
        self.activate();
        self.leave();
    }
}

/// Whether a byte of `stream` fits, with a mark where it needs one.
fn has_room(chunk: &Filling, stream: Stream) -> bool {
    if chunk.continues(stream) { chunk.room() > 0 } else { chunk.room_behind_mark() > 0 }
}

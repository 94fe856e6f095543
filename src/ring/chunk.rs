//! One leased chunk from its two ends: the producer is [`Filling`] it, the consumer is [`Reading`]
//! it.
//!
//! ```text
//! header | bytes 0 .. len -> | not published yet |  <- mark n-1 | .. | mark 1 | mark 0 |
//! ```
//!
//! - One word, [`Published`], says how many bytes and marks the consumer may read. Only the
//!   producer stores it, with Release, after the bytes and marks that it covers.
//! - What is published never changes until the consumer has returned the chunk.
//! - A sealed chunk grows no more and names the one after it.
//! - A chunk with bytes has a mark, and mark 0 is at byte 0.
#![expect(unsafe_code, reason = "knows which bytes of a chunk belong to which end")]

use super::pool::{Lease, Pool};
use super::word::{high, low};
use crate::job::{Mark, Mono, Stream};
use crate::sync::atomic::Ordering::*;
use crate::sync::{Draft, MARK_SIZE, Slot, View};

/// What a chunk's state word says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Published {
    bytes: usize,
    marks: usize,
    sealed: bool,
}

const MARKS_AT: u32 = 32;
const SEALED: u64 = 1 << 63;

impl Published {
    #[inline]
    fn pack(self) -> u64 {
        let sealed = if self.sealed { SEALED } else { 0 };
        self.bytes as u64 | (self.marks as u64) << MARKS_AT | sealed
    }

    fn unpack(word: u64) -> Self {
        let marks = high(word & !SEALED) as usize;
        Self { bytes: low(word) as usize, marks, sealed: word & SEALED != 0 }
    }
}

fn pack_mark(at: usize, stream: Stream, time: Mono) -> [u64; 2] {
    [time.0, at as u64 | u64::from(stream.number()) << 32]
}

fn unpack_mark([time, place]: [u64; 2]) -> Mark {
    let number = u8::try_from(high(place)).ok();
    let stream = number.and_then(Stream::from_number).expect("packed from a stream");
    Mark { at: low(place), stream, time: Mono(time) }
}

/// The producer's end of a chunk.
#[derive(Debug)]
pub(super) struct Filling {
    slot: Slot,
    /// Bytes written; all but those since the last `publish` are published.
    len: usize,
    /// Offset behind which the marks begin.
    end: usize,
    marks: usize,
    /// The stream of the last mark.
    stream: Option<Stream>,
    lease: Lease,
}

impl Filling {
    /// Begins a chunk.
    ///
    /// # Safety
    /// `lease` is of `pool`, and `pool` outlives the result and every draft of it.
    pub(super) unsafe fn begin(pool: &Pool, lease: Lease) -> Self {
        // SAFETY: by the caller's word.
        let slot = unsafe { pool.arena().slot(lease.id()) };
        // Relaxed: the consumer learns of this chunk by a Release store that comes later.
        slot.header().state.store(0, Relaxed);
        let end = slot.capacity();
        Self { slot, len: 0, end, marks: 0, stream: None, lease }
    }

    /// The chunk's number.
    pub(super) fn id(&self) -> u32 {
        self.lease.id()
    }

    /// Whether nothing was written yet.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether bytes of `stream` go on under the last mark.
    #[inline]
    pub(super) fn continues(&self, stream: Stream) -> bool {
        self.stream == Some(stream)
    }

    /// Bytes that fit under the last mark.
    #[inline]
    pub(super) fn room(&self) -> usize {
        self.end - self.len
    }

    /// Bytes that fit behind one more mark.
    pub(super) fn room_behind_mark(&self) -> usize {
        self.room().saturating_sub(MARK_SIZE)
    }

    /// Adds a mark at the bytes that come next. There is room for it.
    ///
    /// # Safety
    /// The chunk is still the producer's: the lane is not idle, and cannot become so meanwhile.
    pub(super) unsafe fn mark(&mut self, stream: Stream, time: Mono) {
        assert!(self.room() >= MARK_SIZE, "the caller looked");
        let mark = pack_mark(self.len, stream, time);
        // SAFETY: in bounds by the assertion; the mark is unpublished, so that only we touch it.
        unsafe { self.slot.write_mark(self.marks, mark) };
        self.end -= MARK_SIZE;
        self.marks += 1;
        self.stream = Some(stream);
    }

    /// Copies `bytes`, which fit, under the last mark.
    ///
    /// # Safety
    /// `bytes.len() <= self.room()`, and the chunk is still the producer's.
    #[inline]
    pub(super) unsafe fn append(&mut self, bytes: &[u8]) {
        debug_assert!(self.marks > 0 && bytes.len() <= self.room());
        // SAFETY: in bounds by the caller's word; the range is unpublished, so that only we touch
        // it.
        unsafe { self.slot.write(self.len, bytes) };
        self.len += bytes.len();
    }

    /// Lends the rest of the chunk but for one mark.
    ///
    /// # Safety
    /// The chunk stays the producer's, and its pool alive, while the draft lives; until it is gone
    /// nothing else is written.
    pub(super) unsafe fn draft(&mut self) -> Draft {
        // SAFETY: `room_behind_mark` ends inside the chunk; unpublished, so that only we touch it.
        unsafe { self.slot.draft(self.len, self.room_behind_mark()) }
    }

    /// Counts `len` bytes, which a draft has put behind the last mark.
    pub(super) fn grow(&mut self, len: usize) {
        debug_assert!(self.marks > 0 && len <= self.room());
        self.len += len;
    }

    /// Shows the consumer all that is written.
    #[inline]
    pub(super) fn publish(&self) {
        self.store_state(false);
    }

    /// Shows the consumer all that is written, and where it goes on.
    pub(super) fn seal(self, next: u32) {
        // Relaxed: ordered by the Release store below.
        self.slot.header().next.store(next, Relaxed);
        self.store_state(true);
    }

    #[inline]
    fn store_state(&self, sealed: bool) {
        let state = Published { bytes: self.len, marks: self.marks, sealed };
        // Release pairs with the Acquire in `Reading::look`: bytes, marks and `next`.
        self.slot.header().state.store(state.pack(), Release);
    }

    /// Gives up a chunk that no consumer knows of.
    pub(super) fn cancel(self) -> Lease {
        self.lease
    }
}

/// The consumer's end of a chunk.
#[derive(Debug)]
pub(super) struct Reading {
    slot: Slot,
    published: Published,
    /// Bytes released.
    from: usize,
    /// Bytes after `from` that the consumer has taken into view.
    view: View,
    /// Number of the mark that byte `from` stands under.
    mark: usize,
    lease: Lease,
}

impl Reading {
    /// Begins to read a chunk.
    ///
    /// # Safety
    /// `id` is a chunk of `pool` that its producer has handed over to this consumer alone, and
    /// `pool` outlives the result.
    pub(super) unsafe fn begin(pool: &Pool, id: u32) -> Self {
        // SAFETY: by the caller's word.
        let slot = unsafe { pool.arena().slot(id) };
        // SAFETY: an empty range.
        let view = unsafe { slot.view(0, 0) };
        let lease = Lease::handed_over(id);
        Self { slot, published: Published::default(), from: 0, view, mark: 0, lease }
    }

    /// Loads what is published and takes up to `max_bytes` of it into view; says how many it took.
    pub(super) fn look(&mut self, max_bytes: usize) -> usize {
        if !self.published.sealed {
            // Acquire pairs with the Release in `Filling::store_state`.
            self.published = Published::unpack(self.slot.header().state.load(Acquire));
        }
        // What was released may have ended where a mark begins that was not published then.
        self.pass_marks();
        let len = max_bytes.min(self.published.bytes - self.from);
        self.show(len);
        len
    }

    /// Goes on to the mark that byte `from` stands under.
    fn pass_marks(&mut self) {
        while self.mark(self.mark + 1).is_some_and(|mark| mark.at as usize <= self.from) {
            self.mark += 1;
        }
    }

    fn show(&mut self, len: usize) {
        // SAFETY: `from + len <= published.bytes`: in bounds, and unchanging while we hold the
        // chunk.
        self.view = unsafe { self.slot.view(self.from, len) };
    }

    /// The bytes in view.
    pub(super) fn bytes(&self) -> &[u8] {
        self.view.bytes()
    }

    /// Number of the first byte in view, counted from the chunk's start.
    pub(super) fn from(&self) -> usize {
        self.from
    }

    /// Number of the mark that the first byte in view stands under.
    pub(super) fn first_mark(&self) -> usize {
        self.mark
    }

    /// Mark `number` as it was written, `at` counted from the chunk's start, if it is published.
    pub(super) fn mark(&self, number: usize) -> Option<Mark> {
        if number >= self.published.marks {
            return None;
        }
        // SAFETY: published, hence in bounds, written and unchanging while we hold the chunk.
        Some(unpack_mark(unsafe { self.slot.read_mark(number) }))
    }

    /// Lets go of the first `len` bytes in view.
    pub(super) fn release(&mut self, len: usize) {
        let rest = self.bytes().len().checked_sub(len).expect("no more than what is in view");
        self.from += len;
        self.pass_marks();
        self.show(rest);
    }

    /// Whether all that is known to be published is in view.
    pub(super) fn is_all_in_view(&self) -> bool {
        self.from + self.bytes().len() == self.published.bytes
    }

    /// The chunk after this one, if this one is known to grow no more.
    pub(super) fn next(&self) -> Option<u32> {
        // Relaxed: stored before the Release store that sealed, which `look` has acquired.
        self.published.sealed.then(|| self.slot.header().next.load(Relaxed))
    }

    /// Whether the chunk grows no more and every byte of it is released.
    pub(super) fn is_finished(&self) -> bool {
        self.published.sealed && self.from == self.published.bytes
    }

    /// Ends reading; the chunk can be returned.
    pub(super) fn end(self) -> Lease {
        self.lease
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_word_and_a_mark_survive_packing() {
        let state = Published { bytes: 1 << 20, marks: 65_535, sealed: true };
        assert_eq!(Published::unpack(state.pack()), state);
        let mark = Mark { at: 4_095, stream: Stream::Stderr, time: Mono(u64::MAX) };
        assert_eq!(unpack_mark(pack_mark(4_095, mark.stream, mark.time)), mark);
    }
}

//! Turns pieces of rings into records: counts lines, keeps positions, cuts where lines must be
//! whole.

use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

use crate::job::{Body, Extent, Mark, Mono, PerStream, Record, Stream};
use crate::ring::Consumer;

use super::counters::DrainCounters;
use super::drain::{ClockPair, LINGER_ROUNDS};
use super::job::Lane;

/// What is known of a piece of output before it becomes a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Measure {
    /// Bytes and newlines of each stream.
    pub(super) adds: PerStream<Extent>,
    /// For each stream with bytes in the piece: whether the last of them is not a newline.
    pub(super) open: PerStream<Option<bool>>,
}

/// Measures `bytes` by its marks: the one pass over every byte that counts newlines.
pub(super) fn measure(bytes: &[u8], marks: &[Mark]) -> Measure {
    let mut measure = Measure::default();
    for (i, mark) in marks.iter().enumerate() {
        let end = marks.get(i + 1).map_or(bytes.len(), |next| next.at as usize);
        let part = bytes.get(mark.at as usize..end).unwrap_or_default();
        let Some(last) = part.last() else { continue };
        let lines = memchr::memchr_iter(b'\n', part).count() as u64;
        measure.adds[mark.stream] += Extent { bytes: part.len() as u64, lines };
        measure.open[mark.stream] = Some(*last != b'\n');
    }
    measure
}

/// One piece that will be a data record: which lane it comes from and where its marks are.
#[derive(Debug, Clone)]
struct Draft {
    /// Index of the lane among the active ones.
    lane: usize,
    /// Bytes of the piece that are taken, from its first on.
    len: usize,
    /// Its marks among all marks of the batch.
    marks: Range<usize>,
    /// When its first byte came.
    mono: Mono,
    /// Position of each stream before it.
    at: PerStream<Extent>,
    measure: Measure,
}

/// Drafts of one batch. Lanes are named by their place in the drain's list, which must not change
/// until the batch is settled.
pub(super) struct Drafts {
    clock: ClockPair,
    drafts: Vec<Draft>,
    marks: Vec<Mark>,
    bytes: usize,
}

impl Drafts {
    pub(super) fn new(clock: ClockPair) -> Self {
        Self { clock, drafts: Vec::new(), marks: Vec::new(), bytes: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    /// Output drafted so far, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Drafts what `consumer` holds: all of it where it `must` go or nobody else writes the job's
    /// streams, else whole lines.
    pub(super) fn add(&mut self, lane: usize, consumer: &Consumer<Lane>, must: bool) {
        let tag = consumer.tag();
        let must = must
            || !tag.job.has_several_writers()
            || tag.held_back.load(Relaxed) >= LINGER_ROUNDS
            || tag.flush.load(Relaxed) != Lane::NO_FLUSH;
        let mut left = if must { usize::MAX } else { whole_lines(consumer) };
        if left == 0 {
            tag.held_back.store(tag.held_back.load(Relaxed) + 1, Relaxed);
        }
        for piece in consumer.pieces() {
            let len = piece.bytes.len().min(left);
            if len == 0 {
                break;
            }
            left -= len;
            self.add_piece(lane, tag, piece.bytes.get(..len).unwrap_or_default(), piece.marks);
        }
    }

    fn add_piece(
        &mut self,
        lane: usize,
        tag: &Lane,
        bytes: &[u8],
        marks: impl Iterator<Item = Mark>,
    ) {
        let from = self.marks.len();
        self.marks.extend(marks.take_while(|mark| (mark.at as usize) < bytes.len()));
        let marks = from..self.marks.len();
        let measure = measure(bytes, &self.marks[marks.clone()]);
        let at = tag.job.plan(measure.adds);
        let mono = self.marks.get(from).map_or(Mono::default(), |mark| mark.time);
        self.bytes += bytes.len();
        self.drafts.push(Draft { lane, len: bytes.len(), marks, mono, at, measure });
    }

    /// The records of this batch, borrowing the bytes from the rings.
    pub(super) fn records<'a>(&'a self, active: &'a [Consumer<Lane>]) -> Vec<Record<'a>> {
        let mut records = Vec::with_capacity(self.drafts.len());
        for of_lane in self.drafts.chunk_by(|a, b| a.lane == b.lane) {
            let consumer = &active[of_lane[0].lane];
            for (draft, piece) in of_lane.iter().zip(consumer.pieces()) {
                records.push(Record {
                    run: &consumer.tag().job.run,
                    writer: consumer.tag().writer,
                    wall: self.clock.wall_at(draft.mono),
                    mono: draft.mono,
                    at: draft.at,
                    adds: draft.measure.adds,
                    body: Body::Data {
                        bytes: &piece.bytes[..draft.len],
                        marks: &self.marks[draft.marks.clone()],
                    },
                });
            }
        }
        records
    }

    /// Gives back what the store took, the first `stored` records, and forgets the plan for the
    /// rest. A lane that gave `flush_limit` bytes no longer holds up a flush. Returns the bytes
    /// stored.
    pub(super) fn settle(
        &self,
        active: &mut [Consumer<Lane>],
        stored: usize,
        flush_limit: u64,
        counters: &DrainCounters,
    ) -> usize {
        let (taken, refused) = self.drafts.split_at(stored.min(self.drafts.len()));
        for draft in taken {
            let consumer = &mut active[draft.lane];
            consumer.release(draft.len);
            let lane = consumer.tag();
            lane.held_back.store(0, Relaxed);
            lane.gave(draft.len as u64, flush_limit);
            lane.job.advance(&draft.measure.adds, &draft.measure.open);
            for stream in Stream::BOTH {
                counters.stored[stream].add(draft.measure.adds[stream]);
            }
        }
        for draft in refused {
            active[draft.lane].tag().job.forget_plan();
        }
        taken.iter().map(|draft| draft.len).sum()
    }
}

/// How much of what `consumer` holds ends with a newline, in bytes.
fn whole_lines(consumer: &Consumer<Lane>) -> usize {
    let (mut before, mut whole) = (0, 0);
    for piece in consumer.pieces() {
        if let Some(at) = memchr::memrchr(b'\n', piece.bytes) {
            whole = before + at + 1;
        }
        before += piece.bytes.len();
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(at: u32, stream: Stream) -> Mark {
        Mark { at, stream, time: Mono(1) }
    }

    #[test]
    fn each_stream_is_measured_by_its_own_parts() {
        let bytes = b"one\ntwoerr\n\nthree";
        let marks = [mark(0, Stream::Stdout), mark(7, Stream::Stderr), mark(12, Stream::Stdout)];
        let measure = measure(bytes, &marks);
        assert_eq!(measure.adds.stdout, Extent { bytes: 12, lines: 1 });
        assert_eq!(measure.adds.stderr, Extent { bytes: 5, lines: 2 });
        assert_eq!(measure.open, PerStream { stdout: Some(true), stderr: Some(false) });
    }

    #[test]
    fn a_stream_without_bytes_keeps_its_end() {
        assert_eq!(measure(b"a", &[mark(0, Stream::Stderr)]).open.stdout, None);
    }
}

//! Turns records into frames, ready to be written in one go.
//!
//! Headers, marks and descriptions are encoded into one scratch buffer that is used again; output
//! stays where it is and is referred to. The bytes are touched once here, for their checksum.

use std::io::{self, IoSlice};
use std::ops::Range;

use serde::Serialize;

use crate::job::{Body, Extent, JobFinish, JobStart, PerStream, Record, RunNo};

use super::frame::{Codec, FrameAt, FrameHeader, FrameKind};
use super::header::Salt;
use super::index::Event;
use super::layout::{ALIGN, frame};
use super::payload::encode_marks;

/// Frames that are encoded and not yet written.
pub(super) struct Batch<'a, 's> {
    scratch: &'s mut Vec<u8>,
    pieces: Vec<Piece<'a>>,
    pub(super) frames: Vec<Pending<'a>>,
    salt: Salt,
    end: u64,
}

/// A frame of a [`Batch`].
pub(super) struct Pending<'a> {
    pub(super) place: FrameAt,
    pub(super) header: FrameHeader,
    pub(super) event: Pend<'a>,
}

/// What the index wants to know of the frame.
#[derive(Clone, Copy)]
pub(super) enum Pend<'a> {
    /// A start frame made by the writer, no record of its own.
    Repeat(&'a JobStart),
    Start(&'a JobStart),
    Finish(&'a JobFinish),
    Other,
}

impl Pending<'_> {
    /// Where the frame ends.
    pub(super) fn end(&self) -> u64 {
        self.place.0 + self.header.stored_len()
    }
}

impl<'a> Pend<'a> {
    /// Whether a record of the caller's batch is stored with this frame.
    pub(super) fn is_record(self) -> bool {
        !matches!(self, Self::Repeat(_))
    }

    pub(super) fn event(self) -> Event<'a> {
        match self {
            Self::Repeat(start) | Self::Start(start) => Event::Start(start),
            Self::Finish(finish) => Event::Finish(finish),
            Self::Other => Event::Other,
        }
    }
}

enum Piece<'a> {
    Scratch(Range<usize>),
    Bytes(&'a [u8]),
}

/// What a batch was before something was added to it.
pub(super) struct Before {
    scratch: usize,
    pieces: usize,
    frames: usize,
    end: u64,
}

impl Before {
    /// Whether the batch ended at `offset`.
    pub(super) fn is_at(&self, offset: u64) -> bool {
        self.end == offset
    }
}

impl<'a, 's> Batch<'a, 's> {
    /// An empty batch for offset `end` of a segment with this salt.
    pub(super) fn new(scratch: &'s mut Vec<u8>, salt: Salt, end: u64) -> Self {
        scratch.clear();
        Self { scratch, pieces: Vec::new(), frames: Vec::new(), salt, end }
    }

    /// Where the batch will end in the file.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Whether a start frame of `run` is in the batch.
    pub(super) fn begins(&self, run: RunNo) -> bool {
        self.frames.iter().rev().any(|frame| {
            frame.header.run == run && matches!(frame.event, Pend::Start(_) | Pend::Repeat(_))
        })
    }

    /// The present state, to come back to.
    pub(super) fn before(&self) -> Before {
        Before {
            scratch: self.scratch.len(),
            pieces: self.pieces.len(),
            frames: self.frames.len(),
            end: self.end,
        }
    }

    /// Takes back what was added since `before`.
    pub(super) fn undo(&mut self, before: &Before) {
        self.scratch.truncate(before.scratch);
        self.pieces.truncate(before.pieces);
        if let Some(Piece::Scratch(last)) = self.pieces.last_mut() {
            last.end = last.end.min(before.scratch);
        }
        self.frames.truncate(before.frames);
        self.end = before.end;
    }

    /// Adds the record's frame, with a repeated start frame before it if `with_start`.
    ///
    /// # Errors
    /// The record is larger than a frame may be.
    pub(super) fn push(&mut self, record: &Record<'a>, with_start: bool) -> io::Result<()> {
        if with_start && !matches!(record.body, Body::Start) {
            self.push_start(record, Pend::Repeat(&record.run.start))?;
        }
        match record.body {
            Body::Start => self.push_start(record, Pend::Start(&record.run.start)),
            Body::Data { bytes, marks } => {
                self.add(record, FrameKind::Data, Pend::Other, |scratch| {
                    encode_marks(marks, scratch);
                    Ok((marks.len(), bytes))
                })
            }
            Body::Gap(gap) => {
                self.add(record, FrameKind::Gap, Pend::Other, |scratch| json(gap, scratch))
            }
            Body::Finish(finish) => {
                self.add(record, FrameKind::Finish, Pend::Finish(finish), |scratch| {
                    json(finish, scratch)
                })
            }
        }
    }

    fn push_start(&mut self, record: &Record<'a>, event: Pend<'a>) -> io::Result<()> {
        self.add(record, FrameKind::Start, event, |scratch| json(&record.run.start, scratch))
    }

    /// Adds a frame; `fill` writes the first part of its payload and returns marks and the rest.
    fn add(
        &mut self,
        record: &Record<'a>,
        kind: FrameKind,
        event: Pend<'a>,
        fill: impl FnOnce(&mut Vec<u8>) -> io::Result<(usize, &'a [u8])>,
    ) -> io::Result<()> {
        let first = self.scratch.len();
        self.scratch.resize(first + frame::LEN, 0);
        let (marks, bytes) = fill(self.scratch)?;
        let front = &self.scratch[first + frame::LEN..];
        let mut crc = crc32fast::Hasher::new();
        crc.update(front);
        crc.update(bytes);
        let (payload_len, raw_len) = lengths(front.len(), bytes.len(), marks)?;
        let still = PerStream::<Extent>::default();
        let header = FrameHeader {
            kind,
            codec: Codec::Raw,
            repeated: !event.is_record(),
            run: record.run.no,
            attempt: record.run.start.attempt,
            writer: record.writer,
            wall: record.wall,
            mono: record.mono,
            at: record.at,
            adds: if event.is_record() { record.adds } else { still },
            payload_len,
            mark_count: u32::try_from(marks).map_err(|_| too_large())?,
            raw_len,
            payload_crc: crc.finalize(),
        };
        let place = FrameAt(self.end);
        let encoded = header.encode(self.salt, place);
        self.scratch[first..first + frame::LEN].copy_from_slice(&encoded);
        self.refer(first..self.scratch.len());
        if !bytes.is_empty() {
            self.pieces.push(Piece::Bytes(bytes));
        }
        self.end += header.stored_len();
        self.pad(payload_len);
        self.frames.push(Pending { place, header, event });
        Ok(())
    }

    /// Adds the zeros between a payload and the next multiple of 8.
    fn pad(&mut self, payload_len: u32) {
        let first = self.scratch.len();
        let zeros = (frame::LEN as u64 + u64::from(payload_len)).wrapping_neg() % ALIGN;
        self.scratch.extend(std::iter::repeat_n(0, usize::try_from(zeros).unwrap_or(0)));
        self.refer(first..self.scratch.len());
    }

    /// Adds a range of the scratch buffer, as one piece with the range before it.
    fn refer(&mut self, range: Range<usize>) {
        match self.pieces.last_mut() {
            Some(Piece::Scratch(last)) if last.end == range.start => last.end = range.end,
            _ if range.is_empty() => {}
            _ => self.pieces.push(Piece::Scratch(range)),
        }
    }

    /// The batch's bytes in order.
    pub(super) fn slices(&self) -> Vec<IoSlice<'_>> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Scratch(range) => IoSlice::new(&self.scratch[range.clone()]),
                Piece::Bytes(bytes) => IoSlice::new(bytes),
            })
            .collect()
    }

    /// Forgets what was written and goes on at `end`.
    pub(super) fn restart(&mut self, salt: Salt, end: u64) {
        self.scratch.clear();
        self.pieces.clear();
        self.frames.clear();
        (self.salt, self.end) = (salt, end);
    }
}

fn json<'a>(value: &impl Serialize, scratch: &mut Vec<u8>) -> io::Result<(usize, &'a [u8])> {
    serde_json::to_writer(scratch, value)?;
    Ok((0, &[]))
}

/// Payload length and length of the bytes alone, within what a frame may hold.
fn lengths(front: usize, bytes: usize, marks: usize) -> io::Result<(u32, u32)> {
    let payload = u32::try_from(front + bytes).ok().filter(|len| *len <= frame::PAYLOAD_MAX);
    let raw = front - marks * frame::MARK_LEN + bytes;
    payload.zip(u32::try_from(raw).ok()).ok_or_else(too_large)
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "a record is larger than 64 MiB")
}

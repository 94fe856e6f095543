//! The walk over a segment's frames, for files without a footer and for checking.
//!
//! - Up to the committed length every frame is believed by its header's checksum.
//! - Behind it a frame counts only if header and payload both hold: a writer that died had not
//!   published it, though all of it may be there.
//! - Zeros, the end of the file or a frame that does not hold end the walk. Within the committed
//!   length that is damage.

use super::SegmentError;
use super::frame::{FrameAt, FrameHeader};
use super::header::{Salt, SegmentHeader};
use super::layout::{frame, get_u32};
use super::payload;
use super::source::Source;

/// Reads blocks of this size while frames are small.
const BLOCK: usize = 256 << 10;
/// Reads blocks of this size while frames are so large that their payloads are better skipped.
const SMALL_BLOCK: usize = 1 << 10;

/// Where and why a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Behind the last frame, where nothing or something unfinished is.
    Clean { at: u64 },
    /// At damage.
    Damaged { at: u64, what: &'static str },
}

/// A walk in progress.
pub(super) struct Scan<'a> {
    source: &'a Source,
    salt: Salt,
    file_len: u64,
    committed: u64,
    next: u64,
    block: Vec<u8>,
    block_at: u64,
    ahead: usize,
}

/// One step of a walk.
pub(super) enum Step {
    Frame { place: FrameAt, header: FrameHeader },
    End(End),
}

impl<'a> Scan<'a> {
    /// Walks the frames of `source` up to `limit` at most (the footer, or the end of the file).
    pub(super) fn new(source: &'a Source, salt: Salt, committed: u64, limit: u64) -> Self {
        let next = SegmentHeader::FRAMES_AT;
        let committed = committed.min(limit);
        let block = Vec::new();
        Self { source, salt, file_len: limit, committed, next, block, block_at: 0, ahead: BLOCK }
    }

    /// The next frame, or how the walk ends.
    pub(super) fn step(&mut self) -> Result<Step, SegmentError> {
        let place = FrameAt(self.next);
        let unproven = place.0 >= self.committed;
        match self.frame(place, unproven)? {
            Ok(header) => {
                self.next = place.0 + header.stored_len();
                let large = header.stored_len() > (BLOCK / 8) as u64;
                self.ahead = if large { SMALL_BLOCK } else { BLOCK };
                Ok(Step::Frame { place, header })
            }
            Err(_) if unproven => Ok(Step::End(End::Clean { at: place.0 })),
            Err(what) => Ok(Step::End(End::Damaged { at: place.0, what })),
        }
    }

    /// The payload of a frame that [`step`](Self::step) just gave, verified.
    pub(super) fn payload(
        &mut self,
        place: FrameAt,
        header: &FrameHeader,
    ) -> Result<Result<&[u8], &'static str>, SegmentError> {
        let len = usize::try_from(header.payload_len).unwrap_or(usize::MAX);
        let payload = self.bytes(place.0 + frame::LEN as u64, len)?;
        let Some(payload) = payload else { return Ok(Err("a frame is cut off")) };
        Ok(payload::check(header, payload).map(|()| payload))
    }

    fn frame(
        &mut self,
        place: FrameAt,
        unproven: bool,
    ) -> Result<Result<FrameHeader, &'static str>, SegmentError> {
        let salt = self.salt;
        let Some(bytes) = self.bytes(place.0, frame::LEN)? else {
            return Ok(Err("a frame header is cut off"));
        };
        if get_u32(bytes, frame::MAGIC_AT) == 0 {
            return Ok(Err("zeros where a frame should be"));
        }
        let bytes = bytes.try_into().expect("as long as was asked for");
        let header = match FrameHeader::decode(bytes, salt, place) {
            Ok(header) => header,
            Err(what) => return Ok(Err(what)),
        };
        let end = place.0 + header.stored_len();
        if end > self.file_len {
            return Ok(Err("a frame is cut off"));
        }
        if unproven || end > self.committed {
            return Ok(self.payload(place, &header)?.map(|_| header));
        }
        Ok(Ok(header))
    }

    /// `len` bytes at `at`, or `None` where the walk's limit cuts them off.
    fn bytes(&mut self, at: u64, len: usize) -> Result<Option<&[u8]>, SegmentError> {
        let Some(left) = self.file_len.checked_sub(at) else { return Ok(None) };
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        if left < len {
            return Ok(None);
        }
        let offset = at.checked_sub(self.block_at).and_then(|skip| usize::try_from(skip).ok());
        let cached = offset.filter(|skip| self.block.len().saturating_sub(*skip) >= len);
        let skip = match cached {
            Some(skip) => skip,
            None => {
                self.block.resize(len.max(self.ahead).min(left), 0);
                let got = self.source.read(at, &mut self.block)?;
                self.block.truncate(got);
                self.block_at = at;
                0
            }
        };
        Ok(self.block.get(skip..skip + len))
    }
}

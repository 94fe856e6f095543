//! The variable part of a frame: marks and bytes of output, or the description of an event.

use serde::de::DeserializeOwned;

use crate::job::{Gap, JobFinish, JobStart, Mark, Mono, Stream};

use super::frame::{FrameHeader, FrameKind};
use super::layout::{checksum_holds, frame as at, get_u32, get_u64, put};

/// A frame read back, its checksums verified.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its fixed part.
    pub header: FrameHeader,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// The marks, in order of `at`; none in a frame without output.
    pub fn marks(&self) -> impl Iterator<Item = Mark> + '_ {
        let (marks, _) = self.payload.split_at(self.header.marks_len().min(self.payload.len()));
        marks.chunks_exact(at::MARK_LEN).filter_map(decode_mark)
    }

    /// The output of a data frame, both streams in order of arrival; empty for other kinds.
    pub fn bytes(&self) -> &[u8] {
        match self.header.kind {
            FrameKind::Data => self.body(),
            FrameKind::Start | FrameKind::Gap | FrameKind::Finish => &[],
        }
    }

    /// Description of the attempt, if this is a start frame.
    pub fn start(&self) -> Option<JobStart> {
        self.event(FrameKind::Start)
    }

    /// What was lost here, if this is a gap frame.
    pub fn gap(&self) -> Option<Gap> {
        self.event(FrameKind::Gap)
    }

    /// How the attempt ended, if this is a finish frame.
    pub fn finish(&self) -> Option<JobFinish> {
        self.event(FrameKind::Finish)
    }

    fn event<T: DeserializeOwned>(&self, kind: FrameKind) -> Option<T> {
        (self.header.kind == kind).then(|| serde_json::from_slice(self.body()).ok()).flatten()
    }

    /// The payload without the marks.
    pub(super) fn body(&self) -> &[u8] {
        self.payload.get(self.header.marks_len()..).unwrap_or_default()
    }
}

/// Writes `marks` behind what `out` holds.
pub(super) fn encode_marks(marks: &[Mark], out: &mut Vec<u8>) {
    for mark in marks {
        let mut bytes = [0; at::MARK_LEN];
        put(&mut bytes, at::MARK_AT_AT, mark.at.to_le_bytes());
        put(&mut bytes, at::MARK_STREAM_AT, u32::from(mark.stream.number()).to_le_bytes());
        put(&mut bytes, at::MARK_TIME_AT, mark.time.0.to_le_bytes());
        out.extend_from_slice(&bytes);
    }
}

fn decode_mark(bytes: &[u8]) -> Option<Mark> {
    let stream = u8::try_from(get_u32(bytes, at::MARK_STREAM_AT)).ok()?;
    Some(Mark {
        at: get_u32(bytes, at::MARK_AT_AT),
        stream: Stream::from_number(stream)?,
        time: Mono(get_u64(bytes, at::MARK_TIME_AT)),
    })
}

/// Whether `payload` is what `header` was written for; the error says what does not hold.
///
/// Checks the checksum and, for output, what readers rely on: marks that begin at 0, ascend and
/// stay within the bytes.
pub(super) fn check(header: &FrameHeader, payload: &[u8]) -> Result<(), &'static str> {
    if !checksum_holds(header.payload_crc, crc32fast::hash(payload)) {
        return Err("the checksum of a frame's payload does not hold");
    }
    let (marks, bytes) = payload.split_at_checked(header.marks_len()).ok_or("marks are cut off")?;
    if header.kind != FrameKind::Data {
        return if marks.is_empty() { Ok(()) } else { Err("marks in a frame without output") };
    }
    let mut next = Some(0);
    for mark in marks.chunks_exact(at::MARK_LEN) {
        let mark = decode_mark(mark).ok_or("a mark names an unknown stream")?;
        let first_is_zero = next != Some(0) || mark.at == 0;
        let inside = usize::try_from(mark.at).is_ok_and(|at| at < bytes.len());
        if !first_is_zero || !inside || next.is_none_or(|next| mark.at < next) {
            return Err("the marks of a frame are out of order");
        }
        next = mark.at.checked_add(1);
    }
    if marks.is_empty() || usize::try_from(header.raw_len) != Ok(bytes.len()) {
        return Err("a frame of output without marks or of another length");
    }
    Ok(())
}

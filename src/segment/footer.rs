//! The index at the end of a sealed segment: entries sorted by id, ids, frame positions, trailer.
//!
//! - Pure: [`encode`] makes the bytes; [`Trailer`] says where the parts are; [`decode_entry`] reads
//!   one.
//! - An entry carries a checksum over itself and its id, and one over its frame positions, so that
//!   one job can be read alone and is still never read wrong.

use crate::job::{Attempt, JobId, PerStream, RunNo, Stream, Tally, Wall};

use super::entry::{Entry, FinishSummary, FrameRange};
use super::frame::{FrameAt, get_extents, put_extents};
use super::layout::{
    EXTENT_LEN, aligned, checksum_holds, entry as at, get, get_u16, get_u32, get_u64, put, trailer,
};

/// The footer and trailer of a segment whose frames end at `footer_at`.
pub(super) fn encode(entries: &[Entry], places: &[u32], footer_at: u64) -> Vec<u8> {
    let ids_len: usize = entries.iter().map(|entry| entry.id.as_str().len()).sum();
    let mut out = Vec::with_capacity(
        entries.len() * at::LEN + ids_len + places.len() * at::POSITION_LEN + trailer::LEN + 16,
    );
    let mut id_off = 0;
    for entry in entries {
        out.extend_from_slice(&encode_entry(entry, id_off));
        id_off += entry.id.as_str().len();
    }
    for entry in entries {
        out.extend_from_slice(entry.id.as_str().as_bytes());
    }
    pad(&mut out);
    for place in places {
        out.extend_from_slice(&place.to_le_bytes());
    }
    pad(&mut out);
    let trailer = Trailer {
        footer_at,
        entries: count(entries.len()),
        ids_len: count(ids_len),
        places: count(places.len()),
        footer_crc: crc32fast::hash(&out),
    };
    out.extend_from_slice(&trailer.encode());
    out
}

fn pad(out: &mut Vec<u8>) {
    let zeros = aligned(out.len() as u64) - out.len() as u64;
    out.extend((0..zeros).map(|_| 0));
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("a segment has fewer than 2^32 of anything")
}

fn encode_entry(entry: &Entry, id_off: usize) -> [u8; at::LEN] {
    let id = entry.id.as_str();
    let mut bytes = [0; at::LEN];
    put(&mut bytes, at::ID_OFF_AT, count(id_off).to_le_bytes());
    let id_len = u16::try_from(id.len()).expect("an id has at most 128 bytes");
    put(&mut bytes, at::ID_LEN_AT, id_len.to_le_bytes());
    put(&mut bytes, at::RUN_AT, entry.run.0.to_le_bytes());
    put(&mut bytes, at::ATTEMPT_AT, entry.attempt.0.to_le_bytes());
    put(&mut bytes, at::START_FRAME_AT, entry.start_frame.packed().to_le_bytes());
    let finish_frame = entry.finish_frame.map_or(0, FrameAt::packed);
    put(&mut bytes, at::FINISH_FRAME_AT, finish_frame.to_le_bytes());
    put(&mut bytes, at::FIRST_FRAME_AT, entry.frames.first.to_le_bytes());
    put(&mut bytes, at::FRAME_COUNT_AT, entry.frames.count.to_le_bytes());
    put(&mut bytes, at::STARTED_AT_AT, entry.started_at.0.to_le_bytes());
    put(&mut bytes, at::FIRST_WALL_AT, entry.first_wall.0.to_le_bytes());
    put(&mut bytes, at::LAST_WALL_AT, entry.last_wall.0.to_le_bytes());
    put_extents(&mut bytes, at::END_AT, &entry.end);
    put_extents(&mut bytes, at::LOST_AT, &entry.lost);
    put(&mut bytes, at::GAPS_AT, entry.gaps.stdout.to_le_bytes());
    put(&mut bytes, at::GAPS_AT + 8, entry.gaps.stderr.to_le_bytes());
    put(&mut bytes, at::FRAMES_CRC_AT, entry.frames.crc.to_le_bytes());
    if let Some(finish) = &entry.finish {
        put_finish(&mut bytes, finish);
    }
    let crc = entry_checksum(&bytes, id.as_bytes());
    put(&mut bytes, at::CRC_AT, crc.to_le_bytes());
    bytes
}

fn put_finish(bytes: &mut [u8; at::LEN], finish: &FinishSummary) {
    let flags = [
        (true, at::FLAG_FINISHED),
        (finish.exit_code.is_some(), at::FLAG_EXIT_CODE),
        (finish.signal.is_some(), at::FLAG_SIGNAL),
        (finish.timed_out, at::FLAG_TIMED_OUT),
        (finish.failed_to_start, at::FLAG_ERROR),
        (finish.detached_writer, at::FLAG_DETACHED_WRITER),
    ];
    let flags = flags.iter().filter(|(set, _)| *set).fold(0, |all, (_, flag)| all | flag);
    put(bytes, at::FLAGS_AT, flags.to_le_bytes());
    put(bytes, at::FINISHED_AT_AT, finish.finished_at.0.to_le_bytes());
    put(bytes, at::DURATION_AT, finish.duration_ms.to_le_bytes());
    put(bytes, at::EXIT_CODE_AT, finish.exit_code.unwrap_or(0).to_le_bytes());
    put(bytes, at::SIGNAL_AT, finish.signal.unwrap_or(0).to_le_bytes());
    for (index, stream) in Stream::BOTH.into_iter().enumerate() {
        let place = at::TALLIES_AT + index * at::TALLY_LEN;
        let tally = &finish.streams[stream];
        put_extents(bytes, place, &PerStream { stdout: tally.produced, stderr: tally.lost });
        put(bytes, place + 2 * EXTENT_LEN, tally.gaps.to_le_bytes());
    }
}

fn get_finish(bytes: &[u8; at::LEN]) -> Option<FinishSummary> {
    let flags = get_u16(bytes, at::FLAGS_AT);
    let is = |flag| flags & flag != 0;
    let tally = |index: usize| {
        let place = at::TALLIES_AT + index * at::TALLY_LEN;
        let PerStream { stdout: produced, stderr: lost } = get_extents(bytes, place);
        Tally { produced, lost, gaps: get_u64(bytes, place + 2 * EXTENT_LEN) }
    };
    is(at::FLAG_FINISHED).then(|| FinishSummary {
        exit_code: is(at::FLAG_EXIT_CODE).then(|| i32::from_le_bytes(get(bytes, at::EXIT_CODE_AT))),
        signal: is(at::FLAG_SIGNAL).then(|| i32::from_le_bytes(get(bytes, at::SIGNAL_AT))),
        timed_out: is(at::FLAG_TIMED_OUT),
        failed_to_start: is(at::FLAG_ERROR),
        detached_writer: is(at::FLAG_DETACHED_WRITER),
        finished_at: Wall(get_u64(bytes, at::FINISHED_AT_AT)),
        duration_ms: get_u64(bytes, at::DURATION_AT),
        streams: PerStream { stdout: tally(0), stderr: tally(1) },
    })
}

fn entry_checksum(bytes: &[u8; at::LEN], id: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&bytes[..at::CRC_AT]);
    crc.update(id);
    crc.finalize()
}

/// Where an entry's id is among the ids: offset and length.
pub(super) fn id_range(bytes: &[u8; at::LEN]) -> (u32, u16) {
    (get_u32(bytes, at::ID_OFF_AT), get_u16(bytes, at::ID_LEN_AT))
}

/// Reads an entry whose id is `id`; the error says what does not hold.
pub(super) fn decode_entry(bytes: &[u8; at::LEN], id: &[u8]) -> Result<Entry, &'static str> {
    if !checksum_holds(get_u32(bytes, at::CRC_AT), entry_checksum(bytes, id)) {
        return Err("the checksum of a footer entry does not hold");
    }
    let id = std::str::from_utf8(id).ok().and_then(|id| JobId::new(id).ok());
    let place = |packed| (packed != 0).then(|| FrameAt::unpacked(packed));
    Ok(Entry {
        id: id.ok_or("a footer entry has no valid id")?,
        attempt: Attempt(get_u32(bytes, at::ATTEMPT_AT)),
        run: RunNo(get_u32(bytes, at::RUN_AT)),
        started_at: Wall(get_u64(bytes, at::STARTED_AT_AT)),
        first_wall: Wall(get_u64(bytes, at::FIRST_WALL_AT)),
        last_wall: Wall(get_u64(bytes, at::LAST_WALL_AT)),
        finish: get_finish(bytes),
        end: get_extents(bytes, at::END_AT),
        lost: get_extents(bytes, at::LOST_AT),
        gaps: PerStream {
            stdout: get_u64(bytes, at::GAPS_AT),
            stderr: get_u64(bytes, at::GAPS_AT + 8),
        },
        start_frame: FrameAt::unpacked(get_u32(bytes, at::START_FRAME_AT)),
        finish_frame: place(get_u32(bytes, at::FINISH_FRAME_AT)),
        frames: FrameRange {
            first: get_u32(bytes, at::FIRST_FRAME_AT),
            count: get_u32(bytes, at::FRAME_COUNT_AT),
            crc: get_u32(bytes, at::FRAMES_CRC_AT),
        },
    })
}

/// The last bytes of a sealed segment: where the footer's parts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trailer {
    pub(super) footer_at: u64,
    pub(super) entries: u32,
    pub(super) ids_len: u32,
    pub(super) places: u32,
    pub(super) footer_crc: u32,
}

impl Trailer {
    fn encode(&self) -> [u8; trailer::LEN] {
        let mut bytes = [0; trailer::LEN];
        put(&mut bytes, trailer::MAGIC_AT, trailer::MAGIC);
        put(&mut bytes, trailer::FOOTER_AT_AT, self.footer_at.to_le_bytes());
        put(&mut bytes, trailer::ENTRIES_AT, self.entries.to_le_bytes());
        put(&mut bytes, trailer::IDS_LEN_AT, self.ids_len.to_le_bytes());
        put(&mut bytes, trailer::FRAMES_AT, self.places.to_le_bytes());
        put(&mut bytes, trailer::FOOTER_CRC_AT, self.footer_crc.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..trailer::CRC_AT]);
        put(&mut bytes, trailer::CRC_AT, crc.to_le_bytes());
        bytes
    }

    /// Reads the trailer of a file of `file_len` bytes; the error says what does not hold.
    pub(super) fn decode(bytes: &[u8; trailer::LEN], file_len: u64) -> Result<Self, &'static str> {
        if get::<8>(bytes, trailer::MAGIC_AT) != trailer::MAGIC {
            return Err("the file does not end with a trailer");
        }
        let crc = crc32fast::hash(&bytes[..trailer::CRC_AT]);
        if !checksum_holds(get_u32(bytes, trailer::CRC_AT), crc) {
            return Err("the checksum of the trailer does not hold");
        }
        let trailer = Self {
            footer_at: get_u64(bytes, trailer::FOOTER_AT_AT),
            entries: get_u32(bytes, trailer::ENTRIES_AT),
            ids_len: get_u32(bytes, trailer::IDS_LEN_AT),
            places: get_u32(bytes, trailer::FRAMES_AT),
            footer_crc: get_u32(bytes, trailer::FOOTER_CRC_AT),
        };
        let fits = trailer.footer_at < file_len
            && trailer.footer_at + trailer.len() + trailer::LEN as u64 == file_len;
        if !fits {
            return Err("the trailer does not fit the length of the file");
        }
        Ok(trailer)
    }

    /// Length of the footer, trailer excluded.
    pub(super) fn len(&self) -> u64 {
        self.places_at() - self.footer_at
            + aligned(u64::from(self.places) * at::POSITION_LEN as u64)
    }

    /// Where entry `index` is.
    pub(super) fn entry_at(&self, index: u32) -> u64 {
        self.footer_at + u64::from(index) * at::LEN as u64
    }

    /// Where the ids are.
    pub(super) fn ids_at(&self) -> u64 {
        self.entry_at(self.entries)
    }

    /// Where the frame positions are.
    pub(super) fn places_at(&self) -> u64 {
        self.ids_at() + aligned(u64::from(self.ids_len))
    }
}

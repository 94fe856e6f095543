//! Where every byte of a segment file is: format version 1, little-endian throughout.
//!
//! `docs/format.md` draws the same bytes. Each offset is the end of the field before it, so a field
//! cannot overlap its neighbour; the constants that the page promises are asserted at the bottom.

/// The format this build writes, and the newest it reads.
pub const FORMAT: u16 = 1;

/// Frames, footer and trailer begin at multiples of this.
pub(super) const ALIGN: u64 = 8;

/// The header page: immutable identity, then the live cache line.
pub(super) mod header {
    pub(crate) const LEN: usize = 4096;
    pub(crate) const MAGIC: [u8; 8] = *b"WEIRSEG\n";

    pub(crate) const MAGIC_AT: usize = 0;
    pub(crate) const VERSION_AT: usize = MAGIC_AT + 8;
    pub(crate) const RESERVED_AT: usize = VERSION_AT + 2;
    pub(crate) const LEN_AT: usize = RESERVED_AT + 2;
    pub(crate) const CHAIN_AT: usize = LEN_AT + 4;
    pub(crate) const SEQ_AT: usize = CHAIN_AT + 16;
    pub(crate) const CREATED_AT: usize = SEQ_AT + 8;
    pub(crate) const PID_AT: usize = CREATED_AT + 8;
    pub(crate) const NODE_LEN_AT: usize = PID_AT + 4;
    pub(crate) const NODE_AT: usize = NODE_LEN_AT + 4;
    pub(crate) const NODE_MAX: usize = 64;
    pub(crate) const CRC_AT: usize = NODE_AT + NODE_MAX;

    /// A cache line of its own: the writer stores here after every batch.
    pub(crate) const COMMITTED_AT: usize = 1024;
    pub(crate) const SEALED_AT: usize = COMMITTED_AT + 8;
    /// Reads the live line in one `pread`.
    pub(crate) const LIVE_LEN: usize = 16;
}

/// The fixed part of a frame; marks and bytes follow it.
pub(super) mod frame {
    pub(crate) const MAGIC: u32 = u32::from_le_bytes(*b"WFrm");

    pub(crate) const MAGIC_AT: usize = 0;
    pub(crate) const KIND_AT: usize = MAGIC_AT + 4;
    pub(crate) const CODEC_AT: usize = KIND_AT + 1;
    pub(crate) const FLAGS_AT: usize = CODEC_AT + 1;
    pub(crate) const RUN_AT: usize = FLAGS_AT + 2;
    pub(crate) const ATTEMPT_AT: usize = RUN_AT + 4;
    pub(crate) const PAYLOAD_LEN_AT: usize = ATTEMPT_AT + 4;
    pub(crate) const MARK_COUNT_AT: usize = PAYLOAD_LEN_AT + 4;
    pub(crate) const WRITER_AT: usize = MARK_COUNT_AT + 4;
    pub(crate) const RESERVED_AT: usize = WRITER_AT + 2;
    pub(crate) const PAYLOAD_CRC_AT: usize = RESERVED_AT + 2;
    pub(crate) const WALL_AT: usize = PAYLOAD_CRC_AT + 4;
    pub(crate) const MONO_AT: usize = WALL_AT + 8;
    /// Two extents: standard output, standard error.
    pub(crate) const AT_AT: usize = MONO_AT + 8;
    pub(crate) const ADDS_AT: usize = AT_AT + 2 * super::EXTENT_LEN;
    /// Length of the bytes once decoded; equals their stored length for codec 0.
    pub(crate) const RAW_LEN_AT: usize = ADDS_AT + 2 * super::EXTENT_LEN;
    pub(crate) const CRC_AT: usize = RAW_LEN_AT + 4;
    pub(crate) const LEN: usize = CRC_AT + 4;

    /// The start frame repeats one of an earlier segment of the chain.
    pub(crate) const FLAG_REPEATED: u16 = 1;

    pub(crate) const MARK_AT_AT: usize = 0;
    pub(crate) const MARK_STREAM_AT: usize = MARK_AT_AT + 4;
    pub(crate) const MARK_TIME_AT: usize = MARK_STREAM_AT + 4;
    pub(crate) const MARK_LEN: usize = MARK_TIME_AT + 8;

    /// No writer makes, and no reader believes, a longer payload.
    pub(crate) const PAYLOAD_MAX: u32 = 64 << 20;
}

/// One job of the footer.
pub(super) mod entry {
    pub(crate) const ID_OFF_AT: usize = 0;
    pub(crate) const ID_LEN_AT: usize = ID_OFF_AT + 4;
    pub(crate) const FLAGS_AT: usize = ID_LEN_AT + 2;
    pub(crate) const RUN_AT: usize = FLAGS_AT + 2;
    pub(crate) const ATTEMPT_AT: usize = RUN_AT + 4;
    /// Frame positions are stored as offset / 8; 0 is "none".
    pub(crate) const START_FRAME_AT: usize = ATTEMPT_AT + 4;
    pub(crate) const FINISH_FRAME_AT: usize = START_FRAME_AT + 4;
    pub(crate) const FIRST_FRAME_AT: usize = FINISH_FRAME_AT + 4;
    pub(crate) const FRAME_COUNT_AT: usize = FIRST_FRAME_AT + 4;
    pub(crate) const STARTED_AT_AT: usize = FRAME_COUNT_AT + 4;
    pub(crate) const FIRST_WALL_AT: usize = STARTED_AT_AT + 8;
    pub(crate) const LAST_WALL_AT: usize = FIRST_WALL_AT + 8;
    pub(crate) const FINISHED_AT_AT: usize = LAST_WALL_AT + 8;
    pub(crate) const DURATION_AT: usize = FINISHED_AT_AT + 8;
    pub(crate) const EXIT_CODE_AT: usize = DURATION_AT + 8;
    pub(crate) const SIGNAL_AT: usize = EXIT_CODE_AT + 4;
    pub(crate) const END_AT: usize = SIGNAL_AT + 4;
    pub(crate) const LOST_AT: usize = END_AT + 2 * super::EXTENT_LEN;
    pub(crate) const GAPS_AT: usize = LOST_AT + 2 * super::EXTENT_LEN;
    /// Two tallies of the finish frame: produced, lost, gaps.
    pub(crate) const TALLIES_AT: usize = GAPS_AT + 2 * 8;
    pub(crate) const TALLY_LEN: usize = 2 * super::EXTENT_LEN + 8;
    /// Over the job's own frame positions.
    pub(crate) const FRAMES_CRC_AT: usize = TALLIES_AT + 2 * TALLY_LEN;
    /// Over the fields before it and the id.
    pub(crate) const CRC_AT: usize = FRAMES_CRC_AT + 4;
    pub(crate) const LEN: usize = CRC_AT + 4;

    pub(crate) const FLAG_EXIT_CODE: u16 = 1;
    pub(crate) const FLAG_SIGNAL: u16 = 1 << 1;
    pub(crate) const FLAG_TIMED_OUT: u16 = 1 << 2;
    pub(crate) const FLAG_ERROR: u16 = 1 << 3;
    pub(crate) const FLAG_DETACHED_WRITER: u16 = 1 << 4;
    pub(crate) const FLAG_FINISHED: u16 = 1 << 5;

    /// One frame position in the list behind the ids.
    pub(crate) const POSITION_LEN: usize = 4;
}

/// The last bytes of a sealed segment.
pub(super) mod trailer {
    pub(crate) const MAGIC: [u8; 8] = *b"WEIREND\n";

    pub(crate) const MAGIC_AT: usize = 0;
    pub(crate) const FOOTER_AT_AT: usize = MAGIC_AT + 8;
    pub(crate) const ENTRIES_AT: usize = FOOTER_AT_AT + 8;
    pub(crate) const IDS_LEN_AT: usize = ENTRIES_AT + 4;
    pub(crate) const FRAMES_AT: usize = IDS_LEN_AT + 4;
    pub(crate) const FOOTER_CRC_AT: usize = FRAMES_AT + 4;
    pub(crate) const RESERVED_AT: usize = FOOTER_CRC_AT + 4;
    pub(crate) const CRC_AT: usize = RESERVED_AT + 12;
    pub(crate) const LEN: usize = CRC_AT + 4;
}

/// Bytes, then lines.
pub(super) const EXTENT_LEN: usize = 16;

/// Rounds `offset` up to [`ALIGN`].
pub(super) fn aligned(offset: u64) -> u64 {
    offset.next_multiple_of(ALIGN)
}

/// Whether a stored checksum is the computed one.
///
/// Fuzzing takes every checksum for right, or it would never get behind the first.
pub(super) fn checksum_holds(stored: u32, computed: u32) -> bool {
    stored == computed || cfg!(fuzzing)
}

/// Reads the `N` bytes at `at`, which the caller has bounded by a constant of this file.
pub(super) fn get<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a slice of N bytes is an array of N bytes")
}

/// Reads a `u16`; see [`get`].
pub(super) fn get_u16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(get(bytes, at))
}

/// Reads a `u32`; see [`get`].
pub(super) fn get_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(get(bytes, at))
}

/// Reads a `u64`; see [`get`].
pub(super) fn get_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(get(bytes, at))
}

/// Writes `field` at `at`, which the caller has bounded by a constant of this file.
pub(super) fn put<const N: usize>(bytes: &mut [u8], at: usize, field: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&field);
}

const _: () = assert!(frame::LEN == 120 && frame::MARK_LEN == 16);
const _: () = assert!(entry::LEN == 248 && trailer::LEN == 48);
const _: () = assert!(header::CRC_AT == 120 && header::COMMITTED_AT.is_multiple_of(64));
const _: () = assert!(frame::LEN.is_multiple_of(8) && header::LEN.is_multiple_of(8));

//! The fixed part of a frame: whose it is, what it is, where in the job's streams it stands.
//!
//! Pure: bytes in, values out. A header is believed only if its checksum, salted with the segment
//! and its own offset, holds; what it says of the payload is checked by [`super::Frame`].

use crate::job::{Attempt, Extent, Mono, PerStream, RunNo, Stream, Wall, WriterNo};

use super::header::Salt;
use super::layout::{
    EXTENT_LEN, aligned, checksum_holds, frame as at, get_u16, get_u32, get_u64, put,
};

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// The description of an attempt.
    Start,
    /// Output.
    Data,
    /// A declared loss.
    Gap,
    /// The end of an attempt.
    Finish,
}

impl FrameKind {
    fn number(self) -> u8 {
        match self {
            Self::Start => 0,
            Self::Data => 1,
            Self::Gap => 2,
            Self::Finish => 3,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        [Self::Start, Self::Data, Self::Gap, Self::Finish].get(usize::from(number)).copied()
    }
}

/// How the bytes of a data frame are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Codec {
    /// As they came.
    #[default]
    Raw,
}

impl Codec {
    fn number(self) -> u8 {
        match self {
            Self::Raw => 0,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        (number == 0).then_some(Self::Raw)
    }
}

/// Where a frame is in its segment: a multiple of 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameAt(pub(super) u64);

impl FrameAt {
    /// The byte offset in the file.
    pub fn offset(self) -> u64 {
        self.0
    }

    /// As stored in a footer: offset / 8, which is enough for 32 GiB.
    pub(super) fn packed(self) -> u32 {
        u32::try_from(self.0 / 8).unwrap_or(u32::MAX)
    }

    pub(super) fn unpacked(packed: u32) -> Self {
        Self(u64::from(packed) * 8)
    }
}

/// The fixed part of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// What the frame holds.
    pub kind: FrameKind,
    /// How its bytes are stored.
    pub codec: Codec,
    /// Whether it is a start frame that an earlier segment of the chain holds too.
    pub repeated: bool,
    /// The run of the chain that it belongs to.
    pub run: RunNo,
    /// That run's attempt.
    pub attempt: Attempt,
    /// Which of the run's writers wrote it.
    pub writer: WriterNo,
    /// Wall time of its first byte or event.
    pub wall: Wall,
    /// Monotonic time of the same instant.
    pub mono: Mono,
    /// Position of each stream before it, losses included.
    pub at: PerStream<Extent>,
    /// How far each stream moves by it, losses included.
    pub adds: PerStream<Extent>,
    /// Length of marks and bytes together.
    pub payload_len: u32,
    /// How many marks the payload begins with.
    pub mark_count: u32,
    /// Length of the bytes once decoded.
    pub raw_len: u32,
    /// Checksum of marks and bytes.
    pub(super) payload_crc: u32,
}

impl FrameHeader {
    /// Position of each stream behind the frame.
    pub fn end(&self) -> PerStream<Extent> {
        PerStream::from_fn(|stream| Extent {
            bytes: self.at[stream].bytes.wrapping_add(self.adds[stream].bytes),
            lines: self.at[stream].lines.wrapping_add(self.adds[stream].lines),
        })
    }

    /// Length of the whole frame in the file, padding included.
    pub(super) fn stored_len(&self) -> u64 {
        aligned(at::LEN as u64 + u64::from(self.payload_len))
    }

    /// Length of the marks.
    pub(super) fn marks_len(&self) -> usize {
        usize::try_from(self.mark_count).map_or(usize::MAX, |count| count * at::MARK_LEN)
    }

    /// The header as it is stored at `place`.
    pub(super) fn encode(&self, salt: Salt, place: FrameAt) -> [u8; at::LEN] {
        let mut bytes = [0; at::LEN];
        put(&mut bytes, at::MAGIC_AT, at::MAGIC.to_le_bytes());
        put(&mut bytes, at::KIND_AT, [self.kind.number()]);
        put(&mut bytes, at::CODEC_AT, [self.codec.number()]);
        let flags = if self.repeated { at::FLAG_REPEATED } else { 0 };
        put(&mut bytes, at::FLAGS_AT, flags.to_le_bytes());
        put(&mut bytes, at::RUN_AT, self.run.0.to_le_bytes());
        put(&mut bytes, at::ATTEMPT_AT, self.attempt.0.to_le_bytes());
        put(&mut bytes, at::PAYLOAD_LEN_AT, self.payload_len.to_le_bytes());
        put(&mut bytes, at::MARK_COUNT_AT, self.mark_count.to_le_bytes());
        put(&mut bytes, at::WRITER_AT, self.writer.0.to_le_bytes());
        put(&mut bytes, at::PAYLOAD_CRC_AT, self.payload_crc.to_le_bytes());
        put(&mut bytes, at::WALL_AT, self.wall.0.to_le_bytes());
        put(&mut bytes, at::MONO_AT, self.mono.0.to_le_bytes());
        put_extents(&mut bytes, at::AT_AT, &self.at);
        put_extents(&mut bytes, at::ADDS_AT, &self.adds);
        put(&mut bytes, at::RAW_LEN_AT, self.raw_len.to_le_bytes());
        let crc = salt.checksum(place.0, &bytes[..at::CRC_AT]);
        put(&mut bytes, at::CRC_AT, crc.to_le_bytes());
        bytes
    }

    /// Reads the header stored at `place`; the error says what does not hold.
    pub(super) fn decode(
        bytes: &[u8; at::LEN],
        salt: Salt,
        place: FrameAt,
    ) -> Result<Self, &'static str> {
        if get_u32(bytes, at::MAGIC_AT) != at::MAGIC {
            return Err("no frame begins here");
        }
        let crc = salt.checksum(place.0, &bytes[..at::CRC_AT]);
        if !checksum_holds(get_u32(bytes, at::CRC_AT), crc) {
            return Err("the checksum of a frame header does not hold");
        }
        let kind = FrameKind::from_number(bytes[at::KIND_AT]).ok_or("a frame of unknown kind")?;
        let codec = Codec::from_number(bytes[at::CODEC_AT]).ok_or("a frame of unknown codec")?;
        let header = Self {
            kind,
            codec,
            repeated: get_u16(bytes, at::FLAGS_AT) & at::FLAG_REPEATED != 0,
            run: RunNo(get_u32(bytes, at::RUN_AT)),
            attempt: Attempt(get_u32(bytes, at::ATTEMPT_AT)),
            writer: WriterNo(get_u16(bytes, at::WRITER_AT)),
            wall: Wall(get_u64(bytes, at::WALL_AT)),
            mono: Mono(get_u64(bytes, at::MONO_AT)),
            at: get_extents(bytes, at::AT_AT),
            adds: get_extents(bytes, at::ADDS_AT),
            payload_len: get_u32(bytes, at::PAYLOAD_LEN_AT),
            mark_count: get_u32(bytes, at::MARK_COUNT_AT),
            raw_len: get_u32(bytes, at::RAW_LEN_AT),
            payload_crc: get_u32(bytes, at::PAYLOAD_CRC_AT),
        };
        let marks_fit =
            u64::from(header.mark_count) * at::MARK_LEN as u64 <= u64::from(header.payload_len);
        if header.payload_len > at::PAYLOAD_MAX || !marks_fit {
            return Err("a frame header contradicts itself");
        }
        Ok(header)
    }
}

/// Writes both streams' extents at `place`.
pub(super) fn put_extents(bytes: &mut [u8], place: usize, extents: &PerStream<Extent>) {
    for (index, stream) in Stream::BOTH.into_iter().enumerate() {
        let place = place + index * EXTENT_LEN;
        put(bytes, place, extents[stream].bytes.to_le_bytes());
        put(bytes, place + 8, extents[stream].lines.to_le_bytes());
    }
}

/// Reads both streams' extents at `place`.
pub(super) fn get_extents(bytes: &[u8], place: usize) -> PerStream<Extent> {
    let extent = |place| Extent { bytes: get_u64(bytes, place), lines: get_u64(bytes, place + 8) };
    PerStream { stdout: extent(place), stderr: extent(place + EXTENT_LEN) }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use crate::segment::name::{Chain, Seq};

    use super::*;

    fn extents() -> impl Strategy<Value = PerStream<Extent>> {
        [any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>()].prop_map(|[a, b, c, d]| {
            PerStream {
                stdout: Extent { bytes: a, lines: b },
                stderr: Extent { bytes: c, lines: d },
            }
        })
    }

    prop_compose! {
        fn headers()(
            kind in 0_u8..4, repeated: bool, run: u32, attempt: u32, writer: u16,
            wall: u64, mono: u64, at in extents(), adds in extents(),
            marks in 0_u32..1000, bytes in 0_u32..1 << 20, crc: u32,
        ) -> FrameHeader {
            FrameHeader {
                kind: FrameKind::from_number(kind).unwrap(),
                codec: Codec::Raw,
                repeated,
                run: RunNo(run),
                attempt: Attempt(attempt),
                writer: WriterNo(writer),
                wall: Wall(wall),
                mono: Mono(mono),
                at,
                adds,
                payload_len: marks * 16 + bytes,
                mark_count: marks,
                raw_len: bytes,
                payload_crc: crc,
            }
        }
    }

    pub(in crate::segment) fn salt() -> Salt {
        Salt::new(Chain::from_bytes([7; 16]), Seq(1))
    }

    proptest! {
        #[test]
        fn a_frame_header_survives_its_bytes(header in headers(), place in 512_u64..1 << 30) {
            let place = FrameAt(place * 8);
            let bytes = header.encode(salt(), place);
            prop_assert_eq!(FrameHeader::decode(&bytes, salt(), place), Ok(header));
        }

        #[test]
        fn any_changed_byte_of_a_frame_header_is_noticed(
            header in headers(), index in 0..at::LEN, change in 1_u8..,
        ) {
            let mut bytes = header.encode(salt(), FrameAt(4096));
            bytes[index] ^= change;
            prop_assert!(FrameHeader::decode(&bytes, salt(), FrameAt(4096)).is_err());
        }

        #[test]
        fn a_frame_elsewhere_than_it_was_written_is_not_believed(header in headers()) {
            let bytes = header.encode(salt(), FrameAt(4096));
            let other = Salt::new(Chain::from_bytes([7; 16]), Seq(2));
            prop_assert!(FrameHeader::decode(&bytes, salt(), FrameAt(8192)).is_err());
            prop_assert!(FrameHeader::decode(&bytes, other, FrameAt(4096)).is_err());
        }
    }
}

//! Reads of a sealed segment's footer: all of it, or one job by binary search.

use crate::job::JobId;

use super::SegmentError;
use super::entry::Entry;
use super::footer::{self, Trailer};
use super::frame::FrameAt;
use super::header::SegmentHeader;
use super::index;
use super::layout::{checksum_holds, entry, get_u32, trailer};
use super::source::Source;

/// The footer of a sealed file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sealed {
    trailer: Trailer,
}

impl Sealed {
    /// Reads the trailer.
    pub(super) fn open(source: &Source, file_len: u64) -> Result<Self, SegmentError> {
        let at = file_len.saturating_sub(trailer::LEN as u64);
        let mut bytes = [0; trailer::LEN];
        source.fill(at, &mut bytes, "the trailer is cut off")?;
        let trailer = Trailer::decode(&bytes, file_len).map_err(|what| source.damaged(at, what))?;
        if trailer.footer_at < SegmentHeader::FRAMES_AT {
            return Err(source.damaged(at, "the trailer points into the header"));
        }
        Ok(Self { trailer })
    }

    /// Where the frames end.
    pub(super) fn frames_end(&self) -> u64 {
        self.trailer.footer_at
    }

    /// Reads all entries, after the checksum of the whole footer.
    pub(super) fn entries(&self, source: &Source) -> Result<Vec<Entry>, SegmentError> {
        let at = self.trailer.footer_at;
        let mut bytes = vec![0; usize::try_from(self.trailer.len()).unwrap_or(usize::MAX)];
        source.fill(at, &mut bytes, "the footer is cut off")?;
        if !checksum_holds(self.trailer.footer_crc, crc32fast::hash(&bytes)) {
            return Err(source.damaged(at, "the checksum of the footer does not hold"));
        }
        let (entries, rest) = bytes.split_at(self.trailer.entries as usize * entry::LEN);
        entries
            .chunks_exact(entry::LEN)
            .map(|bytes| {
                let bytes = bytes.try_into().expect("chunks are as long as asked for");
                let (off, len) = footer::id_range(bytes);
                let id = rest.get(off as usize..off as usize + usize::from(len));
                footer::decode_entry(bytes, id.unwrap_or_default())
            })
            .collect::<Result<_, _>>()
            .map_err(|what| source.damaged(at, what))
    }

    /// Reads the entries whose ids begin with `prefix`, about 2 log2(n) short reads away.
    pub(super) fn matching(
        &self,
        source: &Source,
        prefix: &str,
    ) -> Result<Vec<Entry>, SegmentError> {
        let (mut low, mut high) = (0, self.trailer.entries);
        let mut id = Vec::with_capacity(JobId::MAX_LEN);
        while low < high {
            let middle = low + (high - low) / 2;
            self.entry(source, middle, &mut id)?;
            if id.as_slice() < prefix.as_bytes() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut found = Vec::new();
        for index in low..self.trailer.entries {
            let bytes = self.entry(source, index, &mut id)?;
            if !id.starts_with(prefix.as_bytes()) {
                break;
            }
            let entry = footer::decode_entry(&bytes, &id)
                .map_err(|what| source.damaged(self.trailer.entry_at(index), what))?;
            found.push(entry);
        }
        Ok(found)
    }

    fn entry(
        &self,
        source: &Source,
        index: u32,
        id: &mut Vec<u8>,
    ) -> Result<[u8; entry::LEN], SegmentError> {
        let at = self.trailer.entry_at(index);
        let mut bytes = [0; entry::LEN];
        source.fill(at, &mut bytes, "the footer is cut off")?;
        let (off, len) = footer::id_range(&bytes);
        if usize::from(len) > JobId::MAX_LEN || off > self.trailer.ids_len {
            return Err(source.damaged(at, "a footer entry has no valid id"));
        }
        id.resize(usize::from(len), 0);
        source.fill(self.trailer.ids_at() + u64::from(off), id, "the ids are cut off")?;
        Ok(bytes)
    }

    /// Reads where the frames of `entry` are.
    pub(super) fn places(
        &self,
        source: &Source,
        entry: &Entry,
    ) -> Result<Vec<FrameAt>, SegmentError> {
        let range = entry.frames;
        let at = self.trailer.places_at() + u64::from(range.first) * entry::POSITION_LEN as u64;
        if range.first.checked_add(range.count).is_none_or(|end| end > self.trailer.places) {
            return Err(source.damaged(at, "a footer entry points outside the footer"));
        }
        let mut bytes = vec![0; range.count as usize * entry::POSITION_LEN];
        source.fill(at, &mut bytes, "the frame positions are cut off")?;
        let places: Vec<u32> =
            bytes.chunks_exact(entry::POSITION_LEN).map(|place| get_u32(place, 0)).collect();
        if !checksum_holds(range.crc, index::checksum(&places)) {
            return Err(source.damaged(at, "the checksum of a job's frame positions fails"));
        }
        Ok(places.into_iter().map(FrameAt::unpacked).collect())
    }
}

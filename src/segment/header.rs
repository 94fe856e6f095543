//! The first page of a segment: who wrote it, and how far it is whole.

use crate::job::Wall;

use super::layout::{self, checksum_holds, get, get_u16, get_u32, get_u64, header as at, put};
use super::name::{Chain, SegmentName, Seq};

/// Who wrote a segment, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The chain it belongs to.
    pub chain: Chain,
    /// Its place in the chain.
    pub seq: Seq,
    /// When it was begun.
    pub created: Wall,
    /// The process that wrote it, on its node.
    pub pid: u32,
    /// The node that wrote it; at most 64 bytes of its name.
    pub node: String,
}

/// Why a header page is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadHeader {
    Foreign(&'static str),
    Newer(u16),
}

impl SegmentHeader {
    /// The header of a segment that this process begins now.
    pub(super) fn new(name: SegmentName) -> Self {
        let pid = std::process::id();
        Self { chain: name.chain, seq: name.seq, created: Wall::now(), pid, node: this_node() }
    }

    /// The page as it is when no frame is written yet.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut page = vec![0; at::LEN];
        put(&mut page, at::MAGIC_AT, at::MAGIC);
        put(&mut page, at::VERSION_AT, layout::FORMAT.to_le_bytes());
        put(&mut page, at::LEN_AT, 4096_u32.to_le_bytes());
        put(&mut page, at::CHAIN_AT, *self.chain.as_bytes());
        put(&mut page, at::SEQ_AT, self.seq.0.to_le_bytes());
        put(&mut page, at::CREATED_AT, self.created.0.to_le_bytes());
        put(&mut page, at::PID_AT, self.pid.to_le_bytes());
        let node = &self.node.as_bytes()[..self.node.len().min(at::NODE_MAX)];
        let node_len = u32::try_from(node.len()).expect("at most 64");
        put(&mut page, at::NODE_LEN_AT, node_len.to_le_bytes());
        page[at::NODE_AT..at::NODE_AT + node.len()].copy_from_slice(node);
        let crc = crc32fast::hash(&page[..at::CRC_AT]);
        put(&mut page, at::CRC_AT, crc.to_le_bytes());
        put(&mut page, at::COMMITTED_AT, Self::FRAMES_AT.to_le_bytes());
        page
    }

    /// Where the first frame is.
    pub(super) const FRAMES_AT: u64 = 4096;

    /// Reads a header page.
    pub(super) fn decode(page: &[u8; at::LEN]) -> Result<Self, BadHeader> {
        if get::<8>(page, at::MAGIC_AT) != at::MAGIC {
            return Err(BadHeader::Foreign("it does not begin with the magic number"));
        }
        let version = get_u16(page, at::VERSION_AT);
        if version > layout::FORMAT {
            return Err(BadHeader::Newer(version));
        }
        let crc = crc32fast::hash(&page[..at::CRC_AT]);
        if !checksum_holds(get_u32(page, at::CRC_AT), crc) {
            return Err(BadHeader::Foreign("the checksum of its header does not hold"));
        }
        let node_len = usize::try_from(get_u32(page, at::NODE_LEN_AT)).unwrap_or(usize::MAX);
        let node = &page[at::NODE_AT..at::NODE_AT + node_len.min(at::NODE_MAX)];
        Ok(Self {
            chain: Chain::from_bytes(get(page, at::CHAIN_AT)),
            seq: Seq(get_u64(page, at::SEQ_AT)),
            created: Wall(get_u64(page, at::CREATED_AT)),
            pid: get_u32(page, at::PID_AT),
            node: String::from_utf8_lossy(node).into_owned(),
        })
    }

    /// What the checksums of this segment's frames begin with.
    pub(super) fn salt(&self) -> Salt {
        Salt::new(self.chain, self.seq)
    }
}

/// The name of this node, as headers have it.
pub(super) fn this_node() -> String {
    let mut node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    while node.len() > at::NODE_MAX {
        node.pop();
    }
    node
}

/// Ties a frame's header checksum to its segment.
///
/// A frame is believed only in the file and at the offset it was written for: a job that prints a
/// segment file, or a block that the file system recycled, cannot pass for frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Salt(u32);

impl Salt {
    /// The salt of one segment.
    pub(super) fn new(chain: Chain, seq: Seq) -> Self {
        let mut crc = crc32fast::Hasher::new();
        crc.update(chain.as_bytes());
        crc.update(&seq.0.to_le_bytes());
        Self(crc.finalize())
    }

    /// The checksum of `bytes` stored at `offset`.
    pub(super) fn checksum(self, offset: u64, bytes: &[u8]) -> u32 {
        let mut crc = crc32fast::Hasher::new_with_initial(self.0);
        crc.update(&offset.to_le_bytes());
        crc.update(bytes);
        crc.finalize()
    }
}

const _: () = assert!(SegmentHeader::FRAMES_AT == at::LEN as u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_its_page_and_every_damaged_bit_of_it_is_noticed() {
        let header = SegmentHeader::new(SegmentName { chain: Chain::new(), seq: Seq(3) });
        let page: [u8; at::LEN] = header.encode().try_into().unwrap();
        assert_eq!(SegmentHeader::decode(&page), Ok(header));
        for bit in 0..(at::CRC_AT + 4) * 8 {
            let mut bad = page;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let header = SegmentHeader::new(SegmentName { chain: Chain::new(), seq: Seq(3) });
        let mut page: [u8; at::LEN] = header.encode().try_into().unwrap();
        put(&mut page, at::VERSION_AT, 2_u16.to_le_bytes());
        assert_eq!(SegmentHeader::decode(&page), Err(BadHeader::Newer(2)));
    }
}

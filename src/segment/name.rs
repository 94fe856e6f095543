//! Who wrote a segment and what its file is called.

use std::fmt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// Names the segments of one appender, one drain of one process: a UUID version 7.
///
/// Chains sort by time of birth. No two writers share one, so none needs a lock against another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chain([u8; 16]);

impl Chain {
    /// Makes a chain that no other writer has.
    pub fn new() -> Self {
        Self(Uuid::now_v7().into_bytes())
    }

    /// The chain with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).simple().fmt(f)
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({self})")
    }
}

/// Numbers the segments of a chain, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

/// The name of a segment: chain and number, as in `0198...-00000003`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName {
    /// The chain it belongs to.
    pub chain: Chain,
    /// Its place in the chain.
    pub seq: Seq,
}

impl SegmentName {
    /// Extension of a segment that is being written, or whose writer died.
    pub const OPEN: &'static str = "open";
    /// Extension of a finished segment.
    pub const SEALED: &'static str = "seg";

    /// Reads the name from a path that ends in `.open` or `.seg`; other paths are no segments.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        if extension != Self::OPEN && extension != Self::SEALED {
            return None;
        }
        let (chain, seq) = path.file_stem()?.to_str()?.split_once('-')?;
        let plain = seq.len() >= 8 && seq.bytes().all(|b| b.is_ascii_digit());
        let name = Self {
            chain: Chain(Uuid::try_parse(chain).ok()?.into_bytes()),
            seq: Seq(seq.parse().ok().filter(|_| plain)?),
        };
        (name.file(extension) == path.file_name()?.to_str()?).then_some(name)
    }

    /// Where it is in `dir` while it is written.
    pub fn open_path(&self, dir: &Path) -> PathBuf {
        dir.join(self.file(Self::OPEN))
    }

    /// Where it is in `dir` once sealed.
    pub fn sealed_path(&self, dir: &Path) -> PathBuf {
        dir.join(self.file(Self::SEALED))
    }

    /// Where it is in `dir` until its header is whole; readers take no notice of it there.
    pub(super) fn unborn_path(&self, dir: &Path) -> PathBuf {
        dir.join(format!(".weir-{self}.new"))
    }

    fn file(&self, extension: &str) -> String {
        format!("{self}.{extension}")
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:08}", self.chain, self.seq.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_says_chain_seq_and_nothing_else_is_a_segment() {
        let name = SegmentName { chain: Chain::new(), seq: Seq(7) };
        let dir = Path::new("/d");
        assert_eq!(SegmentName::of(&name.open_path(dir)), Some(name));
        assert_eq!(SegmentName::of(&name.sealed_path(dir)), Some(name));
        assert_eq!(SegmentName::of(&name.unborn_path(dir)), None);
        let chain = name.chain;
        for other in ["weir-store", "a.seg", &format!("{chain}-7.seg"), &format!("{chain}.seg")] {
            assert_eq!(SegmentName::of(Path::new(other)), None, "{other}");
        }
    }
}

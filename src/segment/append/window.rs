//! Which part of a file is mapped for which offset, and how a part is made ready.

use std::fs::File;
use std::io;

use rustix::fs::FallocateFlags;

use super::map::Map;

/// The smallest window: what a run of a few lines costs on disk while it is open.
pub(super) const SMALLEST: u64 = 64 << 10;
/// The largest window: two of them are what a drain keeps mapped.
pub(super) const LARGEST: u64 = 16 << 20;

/// A part of a file: windows double with the offset, so that what is allocated ahead stays in
/// proportion to what is written, up to [`LARGEST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) len: u64,
}

impl Span {
    /// The window that holds `offset`, where none is smaller than `floor`, a power of two.
    pub(super) fn holding(offset: u64, floor: u64) -> Self {
        let below = if offset == 0 { 0 } else { 1 << offset.ilog2() };
        let len = below.clamp(floor, LARGEST);
        Self { start: offset / len * len, len }
    }

    /// Its end, the offset behind it.
    pub(super) fn end(&self) -> u64 {
        self.start + self.len
    }

    /// Whether `offset` is in it.
    pub(super) fn holds(&self, offset: u64) -> bool {
        (self.start..self.end()).contains(&offset)
    }
}

/// A mapped, allocated part of a file.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) span: Span,
    pub(super) map: Map,
}

impl Window {
    /// Allocates and maps `span` of `file`.
    pub(super) fn open(file: &File, span: Span) -> io::Result<Self> {
        rustix::fs::fallocate(file, FallocateFlags::empty(), span.start, span.len)?;
        let len = usize::try_from(span.len).map_err(|_| io::ErrorKind::InvalidInput)?;
        Ok(Self { span, map: Map::new(file, span.start, len)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_tile_a_file_and_double_up_to_the_largest() {
        for floor in [SMALLEST, LARGEST] {
            let mut at = 0;
            let mut last = 0;
            while at < 128 << 20 {
                let span = Span::holding(at, floor);
                assert_eq!(span.start, at);
                assert!(span.len >= floor.max(last) && span.len <= LARGEST);
                assert_eq!(Span::holding(span.end() - 1, floor), span);
                (at, last) = (span.end(), span.len);
            }
            assert_eq!(last, LARGEST);
        }
    }
}

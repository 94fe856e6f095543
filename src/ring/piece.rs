//! What a consumer sees: bytes of one chunk, and the marks that say where they came from.

use super::chunk::Reading;
use crate::job::Mark;

/// Some bytes of a lane, all of one chunk.
#[derive(Debug, Clone)]
pub struct Piece<'a> {
    /// The bytes, as they were written; never empty.
    pub bytes: &'a [u8],
    /// Where they came from.
    pub marks: Marks<'a>,
}

impl<'a> Piece<'a> {
    pub(super) fn new(chunk: &'a Reading) -> Self {
        Self { bytes: chunk.bytes(), marks: Marks { chunk, number: chunk.first_mark() } }
    }
}

/// The marks of a piece in order, the first at 0; `at` counts from the piece's start.
#[derive(Debug, Clone)]
pub struct Marks<'a> {
    chunk: &'a Reading,
    number: usize,
}

impl Iterator for Marks<'_> {
    type Item = Mark;

    fn next(&mut self) -> Option<Mark> {
        let mut mark = self.chunk.mark(self.number)?;
        let from = self.chunk.from();
        if mark.at as usize >= from + self.chunk.bytes().len() {
            return None;
        }
        self.number += 1;
        // The first one may have begun before the piece.
        mark.at = mark.at.saturating_sub(u32::try_from(from).expect("a chunk is at most 1 MiB"));
        Some(mark)
    }
}

//! How much.

use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// A count of bytes and of newline bytes among them; as a position, the count before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Extent {
    /// Bytes.
    pub bytes: u64,
    /// Newline bytes (`\n`) among them.
    pub lines: u64,
}

impl Add for Extent {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self { bytes: self.bytes + more.bytes, lines: self.lines + more.lines }
    }
}

impl AddAssign for Extent {
    fn add_assign(&mut self, more: Self) {
        *self = *self + more;
    }
}

/// The final account of one stream of one attempt: `produced = stored + lost`.
///
/// A last line without a newline counts as a line here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tally {
    /// What the job produced.
    pub produced: Extent,
    /// What of it was lost, in gaps.
    pub lost: Extent,
    /// How many gaps the stream has.
    pub gaps: u64,
}

impl Tally {
    /// What of the stream is stored.
    pub fn stored(&self) -> Extent {
        Extent {
            bytes: self.produced.bytes - self.lost.bytes,
            lines: self.produced.lines - self.lost.lines,
        }
    }
}

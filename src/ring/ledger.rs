//! Who may take a chunk: one word that cannot be over-committed.
//!
//! - `free`: chunks that no lane holds.
//! - `reserved`: open lanes that hold no chunk; each may take one at any time.
//! - `free >= reserved`, always: that is why a lane's first chunk is guaranteed.
//!
//! The ledger counts, the free list knows which: whoever has taken a count finds a chunk there.

use super::word::{high, low};
use crate::sync::atomic::{AtomicU64, Ordering::*};

const ONE_FREE: u64 = 1;
const ONE_RESERVED: u64 = 1 << 32;

/// The two counts in one word: `free` low, `reserved` high.
#[derive(Debug)]
pub(super) struct Ledger(AtomicU64);

/// One state of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Balance {
    /// Chunks that no lane holds.
    pub(super) free: u32,
    /// Open lanes that hold no chunk.
    pub(super) reserved: u32,
}

impl Balance {
    fn unpack(word: u64) -> Self {
        Self { free: low(word), reserved: high(word) }
    }

    /// Whether a chunk is free that is promised to nobody.
    pub(super) fn has_spare(self) -> bool {
        self.free > self.reserved
    }
}

impl Ledger {
    /// All `chunks` free, no lane open.
    pub(super) fn new(chunks: u32) -> Self {
        Self(AtomicU64::new(u64::from(chunks)))
    }

    /// The counts as they were a moment ago.
    pub(super) fn balance(&self) -> Balance {
        Balance::unpack(self.0.load(Relaxed))
    }

    /// Reserves a chunk for a new lane, if one is spare.
    pub(super) fn open(&self) -> bool {
        self.if_spare(|word| word + ONE_RESERVED).is_some()
    }

    /// Ends the reservation of an open lane that holds no chunk.
    pub(super) fn close(&self) {
        self.0.fetch_sub(ONE_RESERVED, Relaxed);
    }

    /// Takes the chunk reserved for a lane that holds none.
    pub(super) fn take_reserved(&self) -> Balance {
        // Acquire pairs with the Release of `give` and `give_reserved`: the chunk is on the free
        // list.
        let before = self.0.fetch_sub(ONE_FREE + ONE_RESERVED, Acquire);
        debug_assert!(Balance::unpack(before).free > 0 && Balance::unpack(before).reserved > 0);
        Balance::unpack(before - (ONE_FREE + ONE_RESERVED))
    }

    /// Takes a chunk that is promised to nobody, for a lane that holds one already.
    pub(super) fn take_spare(&self) -> Option<Balance> {
        self.if_spare(|word| word - ONE_FREE)
    }

    /// Gives back a chunk of a lane that keeps another one or is closed.
    pub(super) fn give(&self) {
        // Release pairs with the Acquire of `take_*`.
        self.0.fetch_add(ONE_FREE, Release);
    }

    /// Gives back the last chunk of an open lane, which stays reserved for it.
    pub(super) fn give_reserved(&self) {
        // Release pairs with the Acquire of `take_*`.
        self.0.fetch_add(ONE_FREE + ONE_RESERVED, Release);
    }

    fn if_spare(&self, change: impl Fn(u64) -> u64) -> Option<Balance> {
        let spare = |word| Balance::unpack(word).has_spare().then(|| change(word));
        // Acquire pairs with the Release of `give` and `give_reserved`.
        let before = self.0.fetch_update(Acquire, Relaxed, spare).ok()?;
        Some(Balance::unpack(change(before)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_opens_only_while_a_chunk_is_spare() {
        let ledger = Ledger::new(2);
        assert!(ledger.open() && ledger.open() && !ledger.open());
        ledger.close();
        assert!(ledger.open());
    }

    #[test]
    fn the_reserved_chunk_is_there_after_all_spare_ones_are_taken() {
        let ledger = Ledger::new(3);
        assert!(ledger.open() && ledger.open());
        ledger.take_reserved();
        assert_eq!(ledger.take_spare(), Some(Balance { free: 1, reserved: 1 }));
        assert_eq!(ledger.take_spare(), None);
        assert_eq!(ledger.take_reserved(), Balance { free: 0, reserved: 0 });
        ledger.give();
        ledger.give_reserved();
        assert_eq!(ledger.balance(), Balance { free: 2, reserved: 1 });
    }
}

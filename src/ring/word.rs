//! Two 32-bit numbers in one word that changes at once.

/// The word with these halves.
#[inline]
pub(super) fn pack(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// The low half.
#[inline]
pub(super) fn low(word: u64) -> u32 {
    (word & 0xffff_ffff) as u32
}

/// The high half.
#[inline]
pub(super) fn high(word: u64) -> u32 {
    (word >> 32) as u32
}

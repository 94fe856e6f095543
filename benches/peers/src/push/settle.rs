//! A point in the program that the processor does not work across.

#![expect(unsafe_code, reason = "the instruction for it is an intrinsic that Rust calls unsafe")]

/// Waits until all instructions before it have been done; stores may still be on their way, as they
/// may for whoever pushes.
#[inline]
pub(super) fn settle() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: LFENCE belongs to SSE2, which every x86-64 processor has; it touches no memory.
    unsafe {
        std::arch::x86_64::_mm_lfence();
    }
}

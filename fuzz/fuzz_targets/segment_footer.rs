//! A footer of any bytes is refused, or means the same when it is encoded again.
//!
//! `cargo +nightly fuzz run segment_footer fuzz/corpus/segment_footer fuzz/seeds/segment_footer`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| logweir::segment::fuzzing::footer(data));

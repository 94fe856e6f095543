//! A frame of any bytes is refused, or means the same when it is encoded again.
//!
//! `cargo +nightly fuzz run segment_frame fuzz/corpus/segment_frame fuzz/seeds/segment_frame`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| logweir::segment::fuzzing::frame(data));

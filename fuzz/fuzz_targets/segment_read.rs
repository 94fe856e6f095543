//! A segment of any bytes is read to an end within its own length, and never panics.
//!
//! `cargo +nightly fuzz run segment_read fuzz/corpus/segment_read fuzz/seeds/segment_read`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| logweir::segment::fuzzing::segment(data));

//! What must hold of any bytes; built for fuzzing only, where checksums are taken for right.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rustix::fs::MemfdFlags;

use super::footer;
use super::frame::{FrameAt, FrameHeader};
use super::header::Salt;
use super::layout::{entry, frame, header};
use super::name::{Chain, SegmentName, Seq};
use super::payload::{self, Frame};
use super::sealed::Sealed;
use super::source::Source;
use super::{SegmentHeader, SegmentReader};

/// A frame header that decodes survives encoding; a payload that passes has marks in order.
pub fn frame(data: &[u8]) {
    let Some((fixed, rest)) = data.split_first_chunk::<{ frame::LEN }>() else { return };
    let (salt, place) = (Salt::new(Chain::from_bytes([0; 16]), Seq(0)), FrameAt(4096));
    let Ok(decoded) = FrameHeader::decode(fixed, salt, place) else { return };
    assert_eq!(FrameHeader::decode(&decoded.encode(salt, place), salt, place), Ok(decoded));
    assert!(decoded.stored_len() >= frame::LEN as u64 && decoded.stored_len().is_multiple_of(8));
    if payload::check(&decoded, rest).is_ok() {
        let frame = Frame { header: decoded, payload: rest.to_vec() };
        let marks: Vec<_> = frame.marks().map(|mark| mark.at).collect();
        assert!(marks.is_sorted());
        assert!(marks.iter().all(|at| (*at as usize) < frame.bytes().len()));
        let _ = (frame.start(), frame.gap(), frame.finish());
    }
}

/// An entry that decodes survives encoding; a footer of any bytes is read within its own length.
pub fn footer(data: &[u8]) {
    if let Some((fixed, id)) = data.split_first_chunk::<{ entry::LEN }>()
        && let Ok(decoded) = footer::decode_entry(fixed, id)
    {
        let encoded = footer::encode(std::slice::from_ref(&decoded), &[], 4096);
        let (fixed, _) = encoded.split_first_chunk().expect("an entry is at the front");
        assert_eq!(footer::decode_entry(fixed, id), Ok(decoded));
    }
    let mut bytes = vec![0; header::LEN];
    bytes.extend_from_slice(data);
    let source = Source { file: in_memory(&bytes), path: PathBuf::from("footer") };
    let Ok(sealed) = Sealed::open(&source, bytes.len() as u64) else { return };
    if let Ok(entries) = sealed.entries(&source) {
        assert!(entries.len() <= data.len() / entry::LEN);
        for found in entries {
            let places = sealed.places(&source, &found).unwrap_or_default();
            assert!(places.len() <= data.len() / entry::POSITION_LEN);
        }
    }
    let _ = sealed.matching(&source, "a");
}

/// A file of any bytes behind a good header is read to an end, within its own length.
pub fn segment(data: &[u8]) {
    let name = SegmentName { chain: Chain::from_bytes([0; 16]), seq: Seq(0) };
    let mut bytes = SegmentHeader::new(name).encode();
    let (live, frames) = data.split_at(data.len().min(header::LIVE_LEN));
    bytes[header::COMMITTED_AT..header::COMMITTED_AT + live.len()].copy_from_slice(live);
    bytes.extend_from_slice(frames);
    let file = in_memory(&bytes);
    let path = PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file)));
    let Ok(reader) = SegmentReader::open(&path) else { return };
    for entry in reader.entries() {
        for at in reader.frames(entry).unwrap_or_default() {
            let Ok(frame) = reader.frame(at) else { continue };
            assert!(frame.bytes().len() <= data.len());
        }
        let found = SegmentReader::find(&path, entry.id.as_str()).expect("it opened before");
        assert!(reader.is_sealed() || found.entries().contains(entry));
    }
    let report = reader.verify().expect("a file in memory can be read");
    assert!(report.frames <= (data.len() / frame::LEN) as u64);
}

fn in_memory(bytes: &[u8]) -> File {
    let file = rustix::fs::memfd_create("fuzz", MemfdFlags::CLOEXEC).expect("memory for a file");
    let file = File::from(file);
    file.write_all_at(bytes, 0).expect("memory for a file");
    file
}

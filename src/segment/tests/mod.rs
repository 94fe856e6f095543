//! Segments written, damaged and read back.

use std::path::{Path, PathBuf};

use super::*;

mod damage;
mod faults;
mod jobs;
mod round_trip;

/// The segment files of `dir`, in order.
fn segments(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| SegmentName::of(path).is_some()).collect();
    paths.sort();
    paths
}

/// What a frame holds, apart from where it is.
type Content =
    (FrameKind, Vec<crate::job::Mark>, Vec<u8>, crate::job::PerStream<crate::job::Extent>);

/// The content of `frame`.
fn content(frame: &Frame) -> Content {
    (frame.header.kind, frame.marks().collect(), frame.body().to_vec(), frame.header.at)
}

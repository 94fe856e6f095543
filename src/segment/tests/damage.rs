//! A segment that is cut or changed is never read wrong.

use std::fs;

use super::jobs::{records, sample};
use super::round_trip::expected;
use super::*;

/// A directory with the sample in one segment, and that segment's bytes.
fn stored_sample(seal: bool) -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let dir = tempfile::tempdir_in("/dev/shm").unwrap();
    let config = SegmentConfig { append: AppendMode::Pwritev, segment_size: 1 << 20 };
    let mut writer = SegmentWriter::new(dir.path(), config);
    writer.append(&records(&sample())).unwrap();
    if seal {
        writer.seal().unwrap();
    }
    let path = segments(dir.path()).remove(0);
    let bytes = fs::read(&path).unwrap();
    (dir, path, bytes)
}

/// The frames that can be read, by job; `None` for one that is refused.
fn readable(reader: &SegmentReader) -> Vec<Vec<Option<Content>>> {
    let mut jobs = vec![Vec::new(); 2];
    for entry in reader.entries() {
        let frames = reader.frames(entry).unwrap_or_default();
        jobs[entry.run.0 as usize] =
            frames.into_iter().map(|at| reader.frame(at).ok().as_ref().map(content)).collect();
    }
    jobs
}

#[test]
fn any_cut_of_a_segment_reads_back_a_true_prefix_of_each_job() {
    for seal in [false, true] {
        let (_dir, path, bytes) = stored_sample(seal);
        let whole = SegmentReader::open(&path).unwrap();
        let ends: Vec<u64> = whole
            .entries()
            .iter()
            .flat_map(|entry| whole.frames(entry).unwrap())
            .map(|at| at.offset() + whole.frame_header(at).unwrap().stored_len())
            .collect();
        let expected = expected(&sample());
        for cut in 0..bytes.len() {
            fs::write(&path, &bytes[..cut]).unwrap();
            let Ok(reader) = SegmentReader::open(&path) else {
                assert!(cut < 4096, "refused a segment of {cut} bytes");
                continue;
            };
            let jobs = readable(&reader);
            for (got, expected) in jobs.iter().zip(&expected) {
                let got: Vec<_> = got.iter().map(|frame| frame.clone().unwrap()).collect();
                assert_eq!(got, expected[..got.len()], "cut at {cut}");
            }
            let whole_frames = ends.iter().filter(|end| **end <= cut as u64).count();
            assert_eq!(jobs.iter().map(Vec::len).sum::<usize>(), whole_frames, "cut at {cut}");
            let lost = whole_frames < ends.len() || seal;
            assert_eq!(reader.damage().is_some(), lost, "cut at {cut}");
        }
    }
}

#[test]
fn any_changed_byte_of_a_frame_is_noticed_and_nothing_is_read_wrong() {
    for seal in [false, true] {
        let (_dir, path, bytes) = stored_sample(seal);
        let whole = SegmentReader::open(&path).unwrap();
        let places = whole.entries().iter().flat_map(|entry| whole.frames(entry).unwrap());
        let expected = expected(&sample());
        for at in places {
            let header = whole.frame_header(at).unwrap();
            let first = usize::try_from(at.offset()).unwrap();
            for index in first..first + layout::frame::LEN + header.payload_len as usize {
                let mut bad = bytes.clone();
                bad[index] ^= 0x55;
                fs::write(&path, &bad).unwrap();
                let reader = SegmentReader::open(&path).unwrap();
                assert!(reader.verify().unwrap().damage.is_some(), "byte {index} was not noticed");
                for (got, expected) in readable(&reader).iter().zip(&expected) {
                    for (got, expected) in got.iter().zip(expected) {
                        assert!(got.is_none() || got.as_ref() == Some(expected), "byte {index}");
                    }
                }
            }
        }
    }
}

#[test]
fn any_changed_byte_of_a_footer_is_noticed_and_the_frames_are_served_all_the_same() {
    let (_dir, path, bytes) = stored_sample(true);
    let whole = SegmentReader::open(&path).unwrap();
    let entries = whole.entries().to_vec();
    let end = usize::try_from(whole.frames_end()).unwrap();
    for index in end..bytes.len() {
        let mut bad = bytes.clone();
        bad[index] ^= 0x55;
        fs::write(&path, &bad).unwrap();
        let reader = SegmentReader::open(&path).unwrap();
        assert!(reader.damage().is_some(), "byte {index} was not noticed");
        assert_eq!(reader.entries(), entries);
        if let Ok(found) = SegmentReader::find(&path, "alpha") {
            assert!(found.entries().iter().all(|entry| *entry == entries[0]), "byte {index}");
        }
    }
}

#[test]
fn frames_behind_the_committed_length_count_if_their_checksums_hold() {
    let (_dir, path, mut bytes) = stored_sample(false);
    let all = readable(&SegmentReader::open(&path).unwrap());
    let committed = layout::header::COMMITTED_AT;
    bytes[committed..committed + 8].copy_from_slice(&4096_u64.to_le_bytes());
    bytes.extend_from_slice(&[0; 5000]);
    fs::write(&path, &bytes).unwrap();
    let reader = SegmentReader::open(&path).unwrap();
    assert_eq!((readable(&reader), reader.damage()), (all, None));
    assert_eq!(reader.verify().unwrap().unfinished, None);
}

#[test]
fn a_frame_whose_writer_died_halfway_ends_the_segment_without_being_damage() {
    let (_dir, path, mut bytes) = stored_sample(false);
    let committed = layout::header::COMMITTED_AT;
    bytes[committed..committed + 8].copy_from_slice(&4096_u64.to_le_bytes());
    let end = bytes.len() as u64;
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let reader = SegmentReader::open(&path).unwrap();
    let report = reader.verify().unwrap();
    assert_eq!((report.frames, report.damage), (6, None));
    assert!(report.unfinished.is_some_and(|at| at < end));
}

#[test]
fn a_segment_of_another_kind_or_a_newer_format_is_refused_by_name() {
    let (_dir, path, mut bytes) = stored_sample(true);
    bytes[layout::header::VERSION_AT] = 2;
    fs::write(&path, &bytes).unwrap();
    let error = SegmentReader::open(&path).unwrap_err();
    assert!(matches!(error, SegmentError::Newer { found: 2, .. }), "{error}");
    fs::write(&path, "hello").unwrap();
    let error = SegmentReader::open(&path).unwrap_err();
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}

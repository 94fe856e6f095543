//! What goes in comes out.

use proptest::prelude::*;

use crate::job::{Extent, PerStream, Stream};

use super::jobs::{Job, Owned, records, sample};
use super::*;

fn config(append: AppendMode, segment_size: u64) -> SegmentConfig {
    SegmentConfig { append, segment_size }
}

fn check_sample(reader: &SegmentReader) {
    let ids: Vec<_> = reader.entries().iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["alpha", "beta"]);
    let alpha = &reader.entries()[0];
    let frames: Vec<_> =
        reader.frames(alpha).unwrap().into_iter().map(|at| reader.frame(at).unwrap()).collect();
    assert_eq!(frames.len(), 5);
    assert_eq!(frames[0].start().unwrap().labels["k"], "v");
    assert_eq!(frames[1].bytes(), b"one\noopstw");
    let marks: Vec<_> = frames[1].marks().map(|mark| (mark.at, mark.stream)).collect();
    assert_eq!(marks, [(0, Stream::Stdout), (4, Stream::Stderr), (8, Stream::Stdout)]);
    assert_eq!(frames[2].gap().unwrap().lost, Extent { bytes: 100, lines: 3 });
    assert_eq!(frames[3].header.at.stdout, Extent { bytes: 6, lines: 1 });
    assert_eq!(frames[4].finish().unwrap().exit.exit_code, Some(3));
    assert_eq!(alpha.finish.unwrap().exit_code, Some(3));
    assert_eq!(alpha.finish.unwrap().streams.stdout.produced, Extent { bytes: 8, lines: 2 });
    assert_eq!(alpha.end.stderr, Extent { bytes: 104, lines: 3 });
    assert_eq!(alpha.lost.stderr, Extent { bytes: 100, lines: 3 });
    assert_eq!(alpha.gaps, PerStream { stdout: 0, stderr: 1 });
    let beta = &reader.entries()[1];
    assert_eq!((beta.finish, beta.finish_frame), (None, None));
    let report = reader.verify().unwrap();
    assert_eq!((report.frames, report.bytes, report.damage), (7, 15, None));
}

#[test]
fn what_was_written_is_read_back_open_and_sealed_by_both_backends() {
    for append in [AppendMode::Mmap, AppendMode::Pwritev] {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = SegmentWriter::new(dir.path(), config(append, 1 << 20));
        let owned = sample();
        let records = records(&owned);
        writer.append(&records[..3]).unwrap();
        writer.append(&records[3..]).unwrap();
        let open = SegmentReader::open(&segments(dir.path())[0]).unwrap();
        assert!(!open.is_sealed());
        assert_eq!(open.writer(), WriterState::Alive);
        check_sample(&open);
        writer.seal().unwrap();
        let sealed = SegmentReader::open(&segments(dir.path())[0]).unwrap();
        assert!(sealed.is_sealed());
        check_sample(&sealed);
        let found = SegmentReader::find(sealed.path(), "bet").unwrap();
        assert_eq!(found.entries(), &sealed.entries()[1..]);
        assert_eq!(SegmentReader::find(sealed.path(), "gamma").unwrap().entries(), []);
        assert_eq!(sealed.path().metadata().unwrap().len() % 8, 0);
    }
}

/// What one step of a made-up run does: which job, and output of how many bytes; 0 is a gap.
type Step = (usize, usize);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..4_usize, prop_oneof![0..40_usize, 0..5000_usize]), 0..60)
}

/// The records of some jobs that start at their first step and finish after their last.
pub(super) fn play(steps: &[Step]) -> Vec<Owned> {
    let mut jobs: Vec<_> =
        (0..4).map(|no| (Job::new(no, &format!("job.{}", 3 - no)), false)).collect();
    let mut out = Vec::new();
    for (step, (job, len)) in steps.iter().enumerate() {
        let (job, started) = &mut jobs[*job];
        if !std::mem::replace(started, true) {
            out.push(job.start());
        }
        let bytes: Vec<u8> = (0..*len).map(|at| ((at * 7 + step) % 64).to_le_bytes()[0]).collect();
        let stream = Stream::BOTH[step % 2];
        out.push(match bytes.split_at_checked(5) {
            _ if bytes.is_empty() => job.gap(Extent { bytes: 9, lines: 1 }),
            Some((head, tail)) if !tail.is_empty() => {
                job.data(&[(Stream::Stdout, head), (stream, tail)])
            }
            _ => job.data(&[(stream, &bytes)]),
        });
    }
    out.extend(jobs.iter_mut().filter(|(_, started)| *started).map(|(job, _)| job.finish()));
    out
}

/// What each of the four jobs' records hold, as frames would.
pub(super) fn expected(owned: &[Owned]) -> Vec<Vec<Content>> {
    let mut jobs = vec![Vec::new(); 4];
    for record in records(owned) {
        jobs[record.run.no.0 as usize].push(super::jobs::content(&record));
    }
    jobs
}

/// What the frames of each of the four jobs hold, repeated start frames left out.
pub(super) fn stored(dir: &Path) -> Vec<Vec<Content>> {
    let mut jobs = vec![Vec::new(); 4];
    let mut ends = [PerStream::<Extent>::default(); 4];
    for path in segments(dir) {
        let reader = SegmentReader::open(&path).unwrap();
        assert_eq!(reader.damage(), None);
        assert_eq!(reader.verify().unwrap().damage, None);
        for entry in reader.entries() {
            let no = entry.run.0 as usize;
            for (index, at) in reader.frames(entry).unwrap().into_iter().enumerate() {
                let frame = reader.frame(at).unwrap();
                assert_eq!(frame.header, reader.frame_header(at).unwrap());
                assert_eq!(frame.header.at, ends[no], "a frame is missing before {at:?}");
                assert_eq!(index == 0, frame.header.kind == FrameKind::Start);
                ends[no] = frame.header.end();
                if !frame.header.repeated {
                    jobs[no].push(content(&frame));
                }
            }
            assert_eq!(entry.end, ends[no]);
        }
    }
    jobs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_batches_of_any_records_over_any_segments_come_back_the_same_from_both_backends(
        steps in steps(), batch in 1..40_usize, segment_size in 4096_u64..20_000, seal: bool,
    ) {
        let owned = play(&steps);
        let records = records(&owned);
        for append in [AppendMode::Mmap, AppendMode::Pwritev] {
            let dir = tempfile::tempdir_in("/dev/shm").unwrap();
            let mut writer = SegmentWriter::new(dir.path(), config(append, segment_size));
            for batch in records.chunks(batch) {
                writer.append(batch).unwrap();
            }
            if seal {
                writer.seal().unwrap();
            }
            prop_assert!(stored(dir.path()) == expected(&owned));
        }
    }
}

#[test]
fn a_frame_larger_than_a_segment_gets_a_segment_of_its_own() {
    for append in [AppendMode::Mmap, AppendMode::Pwritev] {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = SegmentWriter::new(dir.path(), config(append, 8192));
        let mut job = Job::new(0, "large");
        let large = vec![b'x'; 1 << 20];
        let owned = [job.start(), job.data(&[(Stream::Stdout, &large)]), job.finish()];
        writer.append(&records(&owned)).unwrap();
        writer.seal().unwrap();
        assert_eq!(stored(dir.path()), expected(&owned));
        assert_eq!(segments(dir.path()).len(), 3);
    }
}

#[test]
fn a_job_of_one_line_costs_no_more_than_64_kib_while_open_and_its_own_length_when_sealed() {
    for append in [AppendMode::Mmap, AppendMode::Pwritev] {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = SegmentWriter::new(dir.path(), config(append, 64 << 20));
        let mut job = Job::new(0, "small");
        let owned = [job.start(), job.data(&[(Stream::Stdout, b"hello\n")]), job.finish()];
        writer.append(&records(&owned)).unwrap();
        assert!(segments(dir.path())[0].metadata().unwrap().len() <= 64 << 10);
        writer.seal().unwrap();
        assert!(segments(dir.path())[0].metadata().unwrap().len() <= 8 << 10);
    }
}

#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::new(dir.path(), SegmentConfig::default());
    writer.append(&records(&sample())).unwrap();
    let mode = segments(dir.path())[0].metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

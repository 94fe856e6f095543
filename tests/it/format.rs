//! Stores that released versions wrote stay readable.
//!
//! `tests/fixtures/v1` was made by this build's [`write_store`]. For a new format, keep the old
//! directory and make one beside it: `WEIR_FIXTURE=tests/fixtures/v2 cargo test --test it format`.

use std::path::{Path, PathBuf};

use logweir::job::{
    Attempt, Body, Exit, Extent, Gap, GapCause, JobFinish, JobId, JobStart, Mark, Mono, PerStream,
    Record, Run, RunNo, Stream, Tally, Usage, Wall, WriterNo,
};
use logweir::segment::{AppendMode, FrameKind};
use logweir::store::{AttemptInfo, AttemptState, Catalog, LogStore, SegmentConfig, SegmentStore};

const MARKS: &[Mark] = &[
    Mark { at: 0, stream: Stream::Stdout, time: Mono(5_000) },
    Mark { at: 6, stream: Stream::Stderr, time: Mono(6_000) },
    Mark { at: 12, stream: Stream::Stdout, time: Mono(7_000) },
];

fn run(no: u32, id: &str, attempt: u32) -> Run {
    let start = JobStart {
        id: JobId::new(id).unwrap(),
        attempt: Attempt(attempt),
        command: vec!["sh".into(), "-c".into(), "echo hello".into()],
        cwd: Some("/tmp".into()),
        labels: [("class".into(), "small".into())].into(),
        node: "fixture".into(),
        started_at: Wall(1_790_000_000_000_000_000 + u64::from(no) * 1_000_000_000),
    };
    Run { no: RunNo(no), start }
}

fn extent(bytes: u64, lines: u64) -> Extent {
    Extent { bytes, lines }
}

fn record<'a>(run: &'a Run, at: PerStream<Extent>, body: Body<'a>) -> Record<'a> {
    let adds = match &body {
        Body::Start | Body::Finish(_) => PerStream::default(),
        Body::Data { .. } => PerStream { stdout: extent(10, 1), stderr: extent(6, 0) },
        Body::Gap(gap) => PerStream { stdout: extent(0, 0), stderr: gap.lost },
    };
    let wall = Wall(run.start.started_at.0 + at.stdout.bytes);
    Record { run, writer: WriterNo(0), wall, mono: Mono(4_000), at, adds, body }
}

fn gap() -> Gap {
    Gap { stream: Stream::Stderr, lost: extent(1000, 20), cause: GapCause::Shutdown }
}

fn finish(exit: Exit) -> JobFinish {
    let stderr = Tally { produced: extent(1006, 20), lost: extent(1000, 20), gaps: 1 };
    JobFinish {
        exit,
        finished_at: Wall(1_790_000_100_000_000_000),
        duration_ms: 1234,
        streams: PerStream {
            stdout: Tally { produced: extent(10, 1), ..Tally::default() },
            stderr,
        },
    }
}

/// Output of both streams with NUL, bytes that are no text, and no newline at the end of one.
const OUTPUT: &[u8] = b"hello oops\0\xff wd\n";

/// Two attempts of one job that ended and one job that goes on, over a sealed and an open segment.
fn write_store(dir: &Path) {
    let config = SegmentConfig { append: AppendMode::Pwritev, segment_size: 6000 };
    let store = SegmentStore::open(dir, config).unwrap();
    let mut appender = store.appender().unwrap();
    let runs = [run(0, "batch.1", 1), run(1, "batch.1", 2), run(2, "batch.10", 1)];
    let usage = Usage { max_rss_bytes: Some(1 << 20), user_ms: 3, sys_ms: 2 };
    let exits = [
        Some(Exit { signal: Some(9), timed_out: true, usage: Some(usage), ..Exit::default() }),
        Some(Exit { detached_writer: true, ..Exit::code(0) }),
        None,
    ];
    let zero = PerStream::default();
    let after_data = PerStream { stdout: extent(10, 1), stderr: extent(6, 0) };
    let after_gap = PerStream { stdout: extent(10, 1), stderr: extent(1006, 20) };
    for (run, exit) in runs.iter().zip(exits) {
        let gap = gap();
        let data = Body::Data { bytes: OUTPUT, marks: MARKS };
        appender.append(&[record(run, zero, Body::Start), record(run, zero, data)]).unwrap();
        appender.append(&[record(run, after_data, Body::Gap(&gap))]).unwrap();
        if let Some(exit) = exit {
            let finish = finish(exit);
            appender.append(&[record(run, after_gap, Body::Finish(&finish))]).unwrap();
        }
    }
    // A writer that died: its last segment stays open.
    std::mem::forget(appender);
}

/// All that frames of an attempt say, repeated start frames left out.
fn frames(catalog: &Catalog, attempt: &AttemptInfo) -> Vec<(FrameKind, String, Vec<Mark>)> {
    let mut out = Vec::new();
    for (segment, entry) in &attempt.segments {
        let reader = catalog.segment(*segment);
        for at in reader.frames(&reader.entries()[*entry]).unwrap() {
            let frame = reader.frame(at).unwrap();
            let events = (frame.start(), frame.gap(), frame.finish());
            let (header, bytes) = (&frame.header, frame.bytes());
            let place = (header.wall, header.mono, header.writer, header.at, header.adds);
            let text = format!("{place:?} {events:?} {bytes:?}");
            if !header.repeated {
                out.push((header.kind, text, frame.marks().collect()));
            }
        }
    }
    out
}

fn fixture(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(version)
}

#[test]
fn a_store_of_format_1_is_read_as_it_was_written() {
    let scratch = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("WEIR_FIXTURE").map(PathBuf::from);
    let dir = kept.unwrap_or_else(|| scratch.path().join("store"));
    write_store(&dir);
    let (old, new) = (Catalog::open(&fixture("v1")).unwrap(), Catalog::open(&dir).unwrap());
    assert_eq!(old.problems(), []);
    let segments: Vec<_> = std::fs::read_dir(fixture("v1"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().path().extension().map(|e| e.to_owned()))
        .collect();
    assert!(segments.iter().any(|e| e == "seg") && segments.iter().any(|e| e == "open"));
    assert_eq!((old.attempts().count(), new.attempts().count()), (3, 3));
    for (old_attempt, new_attempt) in old.attempts().zip(new.attempts()) {
        assert_eq!(frames(&old, old_attempt), frames(&new, new_attempt));
        assert_eq!(old_attempt.streams, new_attempt.streams);
        assert_eq!(old_attempt.finish(), new_attempt.finish());
    }
}

#[test]
fn a_store_of_format_1_says_what_its_jobs_said() {
    let catalog = Catalog::open(&fixture("v1")).unwrap();
    let attempts = catalog.find("batch.1").unwrap();
    assert_eq!(attempts.iter().map(|a| a.attempt.0).collect::<Vec<_>>(), [1, 2]);
    let AttemptState::Finished(finish) = attempts[0].state else { panic!("not finished") };
    assert_eq!((finish.exit_code, finish.signal, finish.timed_out), (None, Some(9), true));
    assert_eq!(finish.streams.stderr.lost, extent(1000, 20));
    let running = &catalog.find("batch.10").unwrap()[0];
    assert!(running.finish().is_none());
    assert_eq!(running.streams.stderr.lost, extent(1000, 20));
    let (segment, entry) = running.segments[0];
    let reader = catalog.segment(segment);
    let places = reader.frames(&reader.entries()[entry]).unwrap();
    let bytes: Vec<u8> =
        places.into_iter().flat_map(|at| reader.frame(at).unwrap().bytes().to_vec()).collect();
    assert_eq!(bytes, OUTPUT);
}

//! The segment store from its directory to its catalog.

use std::path::Path;

use crate::job::{
    Attempt, Body, Exit, Extent, JobFinish, JobId, JobStart, Mark, Mono, PerStream, Record, Run,
    RunNo, Stream, Tally, Wall, WriterNo,
};
use crate::segment::SegmentConfig;

use super::*;

fn run(no: u32, id: &str, attempt: u32) -> Run {
    let start = JobStart {
        id: JobId::new(id).unwrap(),
        attempt: Attempt(attempt),
        command: Vec::new(),
        cwd: None,
        labels: [].into(),
        node: "here".into(),
        started_at: Wall(u64::from(no)),
    };
    Run { no: RunNo(no), start }
}

fn record<'a>(run: &'a Run, at: u64, adds: u64, body: Body<'a>) -> Record<'a> {
    let extent =
        |bytes| PerStream { stdout: Extent { bytes, lines: bytes / 4 }, stderr: Extent::default() };
    Record {
        run,
        writer: WriterNo(0),
        wall: Wall(at),
        mono: Mono(at),
        at: extent(at),
        adds: extent(adds),
        body,
    }
}

const MARKS: &[Mark] = &[Mark { at: 0, stream: Stream::Stdout, time: Mono(0) }];

fn finish(bytes: u64) -> JobFinish {
    let produced = Extent { bytes, lines: bytes / 4 };
    let stdout = Tally { produced, ..Tally::default() };
    let streams = PerStream { stdout, stderr: Tally::default() };
    JobFinish { exit: Exit::code(0), finished_at: Wall(99), duration_ms: 1, streams }
}

/// Stores `pieces` pieces of 4 bytes of `run`, with a finish if `ends`.
fn store(appender: &mut dyn Appender, run: &Run, pieces: u64, ends: bool) {
    appender.append(&[record(run, 0, 0, Body::Start)]).unwrap();
    for piece in 0..pieces {
        let body = Body::Data { bytes: b"abc\n", marks: MARKS };
        appender.append(&[record(run, piece * 4, 4, body)]).unwrap();
    }
    if ends {
        let finish = finish(pieces * 4);
        appender.append(&[record(run, pieces * 4, 0, Body::Finish(&finish))]).unwrap();
    }
}

fn open(dir: &Path, segment_size: u64) -> SegmentStore {
    SegmentStore::open(dir, SegmentConfig { segment_size, ..SegmentConfig::default() }).unwrap()
}

fn output(catalog: &Catalog, attempt: &AttemptInfo) -> Vec<u8> {
    let mut out = Vec::new();
    for (segment, entry) in &attempt.segments {
        let reader = catalog.segment(*segment);
        for at in reader.frames(&reader.entries()[*entry]).unwrap() {
            out.extend_from_slice(reader.frame(at).unwrap().bytes());
        }
    }
    out
}

#[test]
fn an_attempt_over_many_segments_is_one_attempt_with_all_its_output_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let store_ = open(dir.path(), 6000);
    let mut appender = store_.appender().unwrap();
    let (a, b) = (run(0, "a", 1), run(1, "b", 1));
    store(&mut *appender, &a, 50, false);
    store(&mut *appender, &b, 20, true);
    let catalog = Catalog::open(dir.path()).unwrap();
    let states: Vec<_> = catalog.attempts().map(|attempt| attempt.state).collect();
    assert!(matches!(states[..], [AttemptState::Running, AttemptState::Finished(_)]));
    let a = &catalog.find("a").unwrap()[0];
    assert!(a.segments.len() > 3, "{} segments", a.segments.len());
    assert_eq!(output(&catalog, a), b"abc\n".repeat(50));
    assert_eq!(a.streams.stdout.produced, Extent { bytes: 200, lines: 50 });
    let lookup = Catalog::lookup(dir.path(), "b").unwrap();
    assert_eq!(output(&lookup, &lookup.find("b").unwrap()[0]), b"abc\n".repeat(20));
    assert!(lookup.find("a").is_err());
    drop(appender);
    let catalog = Catalog::open(dir.path()).unwrap();
    assert_eq!(catalog.find("a").unwrap()[0].state, AttemptState::Lost);
    assert_eq!(catalog.problems(), []);
}

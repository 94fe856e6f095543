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

#[test]
fn two_appenders_of_one_directory_keep_chains_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path(), 1 << 20), open(dir.path(), 1 << 20));
    let mut first = one.appender().unwrap();
    let mut second = two.appender().unwrap();
    let same = run(0, "job.1", 1);
    store(&mut *first, &same, 3, true);
    store(&mut *second, &same, 5, true);
    store(&mut *second, &run(1, "job.10", 1), 1, true);
    let catalog = Catalog::open(dir.path()).unwrap();
    let found = catalog.find("job.1").unwrap();
    assert_eq!(found.len(), 2, "the same attempt of two processes is two");
    assert_ne!(found[0].chain, found[1].chain);
    let numbers: Vec<_> = found.iter().map(|attempt| attempt.attempt.0).collect();
    assert_eq!(numbers, [1, 2], "each can be asked for");
    let lens: Vec<_> = found.iter().map(|attempt| output(&catalog, attempt).len()).collect();
    assert!(lens == [12, 20] || lens == [20, 12], "{lens:?}");
    assert_eq!(catalog.find("job.10").unwrap().len(), 1);
    assert_eq!(catalog.attempts().count(), 3);
}

#[test]
fn a_prefix_finds_the_only_job_that_begins_so_and_names_several() {
    let dir = tempfile::tempdir().unwrap();
    let store_ = open(dir.path(), 1 << 20);
    let mut appender = store_.appender().unwrap();
    for (no, id) in ["build", "build.2", "test-a", "test-b"].into_iter().enumerate() {
        store(&mut *appender, &run(u32::try_from(no).unwrap(), id, 1), 1, true);
    }
    store(&mut *appender, &run(9, "build", 2), 1, true);
    drop(appender);
    for catalog in [Catalog::open(dir.path()).unwrap(), Catalog::lookup(dir.path(), "").unwrap()] {
        let found = |prefix| {
            let found = catalog.find(prefix).map(<[_]>::to_vec)?;
            Ok::<_, FindError>(found.iter().map(|a| (a.id.to_string(), a.attempt.0)).collect())
        };
        let build: Vec<_> = vec![("build".to_owned(), 1), ("build".to_owned(), 2)];
        assert_eq!(found("build"), Ok(build), "an exact id wins over longer ones");
        assert_eq!(found("build."), Ok(vec![("build.2".to_owned(), 1)]));
        let Err(FindError::Ambiguous { ids, .. }) = found("test") else { panic!("not ambiguous") };
        assert_eq!(ids.iter().map(JobId::as_str).collect::<Vec<_>>(), ["test-a", "test-b"]);
        assert!(matches!(found("tests"), Err(FindError::Unknown { .. })));
        assert!(matches!(found("a/b"), Err(FindError::Invalid { .. })));
    }
}

#[test]
fn a_directory_that_is_not_ours_is_left_alone() {
    let config = SegmentConfig::default();
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    assert!(matches!(Catalog::open(&missing), Err(StoreError::Missing { .. })));
    assert_eq!(Catalog::open(dir.path()).unwrap().attempts().count(), 0);
    std::fs::write(dir.path().join("thesis.tex"), "x").unwrap();
    assert!(matches!(SegmentStore::open(dir.path(), config), Err(StoreError::Foreign { .. })));
    assert!(matches!(Catalog::open(dir.path()), Err(StoreError::Foreign { .. })));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    std::fs::write(dir.path().join("weir-store"), "weir store format 2\n").unwrap();
    let newer = SegmentStore::open(dir.path(), config);
    assert!(matches!(newer, Err(StoreError::Newer { found: 2, known: 1, .. })));
    assert!(matches!(Catalog::open(dir.path()), Err(StoreError::Newer { .. })));
    std::fs::write(dir.path().join("weir-store"), "").unwrap();
    let torn = Catalog::open(dir.path()).unwrap_err().to_string();
    assert!(torn.contains("weir-store is damaged") && torn.contains("format 1`"), "{torn}");
    let file = dir.path().join("thesis.tex");
    let error = SegmentStore::open(&file, config).unwrap_err();
    assert!(error.to_string().contains("thesis.tex"), "{error}");
}

#[test]
fn a_store_is_its_owners_alone_and_can_be_opened_again() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("a/store");
    drop(open(&dir, 1 << 20));
    drop(open(&dir, 1 << 20));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&dir.join("weir-store"))), (0o700, 0o600));
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1);
}

#[test]
fn a_segment_that_cannot_be_read_is_named_and_the_rest_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let store_ = open(dir.path(), 1 << 20);
    for (no, id) in ["a", "b", "c"].into_iter().enumerate() {
        let mut appender = store_.appender().unwrap();
        store(&mut *appender, &run(u32::try_from(no).unwrap(), id, 1), 4, true);
    }
    let paths: Vec<_> = dir::segments(dir.path()).unwrap();
    let (gone, cut) = (paths[0].path(dir.path()), paths[1].path(dir.path()));
    std::fs::write(&gone, "nothing of a segment").unwrap();
    let bytes = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() - 100]).unwrap();
    for catalog in [Catalog::open(dir.path()).unwrap(), Catalog::lookup(dir.path(), "").unwrap()] {
        let named: Vec<_> = catalog.problems().iter().map(|problem| &problem.path).collect();
        assert_eq!(named, [&gone, &cut]);
        assert!(catalog.find("a").is_err());
        for id in ["b", "c"] {
            assert_eq!(output(&catalog, &catalog.find(id).unwrap()[0]), b"abc\n".repeat(4));
        }
    }
}

#[test]
fn the_last_attempt_is_known_whoever_stored_it() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path(), 1 << 20), open(dir.path(), 1 << 20));
    let job = JobId::new("job").unwrap();
    assert_eq!(one.last_attempt(&job).unwrap(), None);
    let mut first = one.appender().unwrap();
    store(&mut *first, &run(0, "job", 1), 1, false);
    assert_eq!(one.last_attempt(&job).unwrap(), Some(Attempt(1)), "own, still open");
    assert_eq!(two.last_attempt(&job).unwrap(), Some(Attempt(1)), "another's, still open");
    let mut second = two.appender().unwrap();
    store(&mut *second, &run(0, "job", 2), 1, true);
    drop(second);
    assert_eq!(one.last_attempt(&job).unwrap(), Some(Attempt(2)), "another's, sealed");
    assert_eq!(two.last_attempt(&job).unwrap(), Some(Attempt(2)));
}

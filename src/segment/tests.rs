//! Segments written and read back.

use std::path::Path;

use crate::job::{
    Attempt, Body, Exit, Extent, Gap, GapCause, JobFinish, JobId, JobStart, Mark, Mono, PerStream,
    Record, Run, RunNo, Stream, Tally, Wall, WriterNo,
};

use super::*;

/// A job whose output is made here.
pub(super) struct Job {
    run: Run,
    at: PerStream<Extent>,
    clock: u64,
}

/// A record that owns what it refers to.
pub(super) struct Owned {
    run: Run,
    at: PerStream<Extent>,
    adds: PerStream<Extent>,
    clock: u64,
    body: OwnedBody,
}

enum OwnedBody {
    Start,
    Data(Vec<u8>, Vec<Mark>),
    Gap(Gap),
    Finish(JobFinish),
}

impl Owned {
    fn record(&self) -> Record<'_> {
        Record {
            run: &self.run,
            writer: WriterNo(0),
            wall: Wall(1_000_000 + self.clock),
            mono: Mono(self.clock),
            at: self.at,
            adds: self.adds,
            body: match &self.body {
                OwnedBody::Start => Body::Start,
                OwnedBody::Data(bytes, marks) => Body::Data { bytes, marks },
                OwnedBody::Gap(gap) => Body::Gap(gap),
                OwnedBody::Finish(finish) => Body::Finish(finish),
            },
        }
    }
}

impl Job {
    pub(super) fn new(no: u32, id: &str) -> Self {
        let start = JobStart {
            id: JobId::new(id).unwrap(),
            attempt: Attempt(1),
            command: vec!["echo".into(), "x".into()],
            cwd: None,
            labels: [("k".into(), "v".into())].into(),
            node: "here".into(),
            started_at: Wall(1_000_000 + u64::from(no)),
        };
        Self { run: Run { no: RunNo(no), start }, at: PerStream::default(), clock: u64::from(no) }
    }

    fn owned(&mut self, adds: PerStream<Extent>, body: OwnedBody) -> Owned {
        let at = self.at;
        for stream in Stream::BOTH {
            self.at[stream] += adds[stream];
        }
        self.clock += 10;
        Owned { run: self.run.clone(), at, adds, clock: self.clock, body }
    }

    pub(super) fn start(&mut self) -> Owned {
        self.owned(PerStream::default(), OwnedBody::Start)
    }

    pub(super) fn data(&mut self, pieces: &[(Stream, &[u8])]) -> Owned {
        let (mut bytes, mut marks) = (Vec::new(), Vec::new());
        let mut adds = PerStream::<Extent>::default();
        for (stream, piece) in pieces {
            let at = u32::try_from(bytes.len()).unwrap();
            marks.push(Mark { at, stream: *stream, time: Mono(self.clock) });
            bytes.extend_from_slice(piece);
            let lines = piece.iter().filter(|b| **b == b'\n').count() as u64;
            adds[*stream] += Extent { bytes: piece.len() as u64, lines };
        }
        self.owned(adds, OwnedBody::Data(bytes, marks))
    }

    pub(super) fn gap(&mut self, lost: Extent) -> Owned {
        let gap = Gap { stream: Stream::Stderr, lost, cause: GapCause::Shutdown };
        let adds = PerStream { stdout: Extent::default(), stderr: lost };
        self.owned(adds, OwnedBody::Gap(gap))
    }

    pub(super) fn finish(&mut self) -> Owned {
        let streams = self.at.map(|produced| Tally { produced, ..Tally::default() });
        let finished_at = Wall(2_000_000 + self.clock);
        let finish = JobFinish { exit: Exit::code(3), finished_at, duration_ms: 7, streams };
        self.owned(PerStream::default(), OwnedBody::Finish(finish))
    }
}

fn records(owned: &[Owned]) -> Vec<Record<'_>> {
    owned.iter().map(Owned::record).collect()
}

fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| SegmentName::of(path).is_some()).collect();
    paths.sort();
    paths
}

fn config(append: AppendMode, segment_size: u64) -> SegmentConfig {
    SegmentConfig { append, segment_size }
}

fn sample() -> Vec<Owned> {
    let (mut a, mut b) = (Job::new(0, "alpha"), Job::new(1, "beta"));
    vec![
        a.start(),
        b.start(),
        a.data(&[(Stream::Stdout, b"one\n"), (Stream::Stderr, b"oops"), (Stream::Stdout, b"tw")]),
        b.data(&[(Stream::Stderr, b"\0\xff\n")]),
        a.gap(Extent { bytes: 100, lines: 3 }),
        a.data(&[(Stream::Stdout, b"o\n")]),
        a.finish(),
    ]
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

//! Jobs whose records are made by hand.

use crate::job::{
    Attempt, Body, Exit, Extent, Gap, GapCause, JobFinish, JobId, JobStart, Mark, Mono, PerStream,
    Record, Run, RunNo, Stream, Tally, Wall, WriterNo,
};
use crate::segment::FrameKind;

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
    pub(super) fn record(&self) -> Record<'_> {
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

pub(super) fn records(owned: &[Owned]) -> Vec<Record<'_>> {
    owned.iter().map(Owned::record).collect()
}

/// Two jobs: one with output on both streams, a gap and a finish; one that goes on.
pub(super) fn sample() -> Vec<Owned> {
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

/// What the frame of `record` holds.
pub(super) fn content(record: &Record<'_>) -> super::Content {
    let json = |value: Result<Vec<u8>, _>| -> Vec<u8> { value.unwrap() };
    let (kind, marks, bytes) = match record.body {
        Body::Start => (FrameKind::Start, &[][..], json(serde_json::to_vec(&record.run.start))),
        Body::Gap(gap) => (FrameKind::Gap, &[][..], json(serde_json::to_vec(gap))),
        Body::Finish(finish) => (FrameKind::Finish, &[][..], json(serde_json::to_vec(finish))),
        Body::Data { bytes, marks } => (FrameKind::Data, marks, bytes.to_vec()),
    };
    (kind, marks.to_vec(), bytes, record.at)
}

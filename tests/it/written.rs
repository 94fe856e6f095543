//! A store written record by record, as an engine would, so that a test decides every cut.

use std::path::Path;

use assert_cmd::Command;
use logweir::job::{
    Attempt, Body, Exit, Extent, Gap, GapCause, JobFinish, JobId, JobStart, Mark, Mono, PerStream,
    Record, Run, RunNo, Stream, Tally, Wall, WriterNo,
};
use logweir::segment::SegmentConfig;
use logweir::store::{Appender, LogStore, SegmentStore};
use tempfile::TempDir;

/// When the first record is written: 2026-09-21T14:13:20Z.
pub(crate) const BEGIN: u64 = 1_790_000_000;

/// A store and its one appender.
pub(crate) struct Written {
    dir: TempDir,
    out: Option<Box<dyn Appender>>,
    runs: u32,
    /// Seconds since [`BEGIN`].
    pub(crate) clock: u64,
}

/// One attempt that is being written.
pub(crate) struct Job {
    run: Run,
    at: PerStream<Extent>,
    lost: PerStream<Extent>,
    gaps: PerStream<u64>,
    /// Whether the last byte of each stream is in an unfinished line.
    open: PerStream<bool>,
    started: u64,
}

impl Written {
    /// An empty store whose segments end after `segment_size` bytes.
    pub(crate) fn with_segments_of(segment_size: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = SegmentConfig { segment_size, ..SegmentConfig::default() };
        let store = SegmentStore::open(dir.path(), config).unwrap();
        Self { out: Some(store.appender().unwrap()), dir, runs: 0, clock: 0 }
    }

    pub(crate) fn new() -> Self {
        Self::with_segments_of(1 << 20)
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// `weir` with this directory and no other influence from outside.
    pub(crate) fn weir(&self, words: &[&str]) -> Command {
        let mut weir = weir();
        weir.arg("--dir").arg(self.dir()).args(words);
        weir
    }

    pub(crate) fn start(&mut self, id: &str) -> Job {
        self.start_attempt(id, 1)
    }

    pub(crate) fn start_attempt(&mut self, id: &str, attempt: u32) -> Job {
        self.clock += 1;
        let start = JobStart {
            id: JobId::new(id).unwrap(),
            attempt: Attempt(attempt),
            command: vec!["sh".into(), "-c".into(), "echo \u{1b}[31mhi".into()],
            cwd: Some("/tmp".into()),
            labels: [("class".to_string(), "small".to_string())].into(),
            node: "n1".into(),
            started_at: self.wall(),
        };
        let job = Job {
            run: Run { no: RunNo(self.runs), start },
            at: PerStream::default(),
            lost: PerStream::default(),
            gaps: PerStream::default(),
            open: PerStream::default(),
            started: self.clock,
        };
        self.runs += 1;
        self.append(&job, 0, PerStream::default(), Body::Start);
        job
    }

    /// One record with several reads, each a second after the one before it.
    pub(crate) fn data(&mut self, job: &mut Job, writer: u16, reads: &[(Stream, &[u8])]) {
        self.clock += 1;
        let (mut bytes, mut marks) = (Vec::new(), Vec::new());
        let mut adds = PerStream::<Extent>::default();
        for (nth, (stream, read)) in reads.iter().enumerate() {
            let time = Mono((self.clock + nth as u64) * 1_000_000_000);
            marks.push(Mark { at: u32::try_from(bytes.len()).unwrap(), stream: *stream, time });
            bytes.extend_from_slice(read);
            let lines = read.iter().filter(|byte| **byte == b'\n').count() as u64;
            adds[*stream] += Extent { bytes: read.len() as u64, lines };
            job.open[*stream] = read.last() != Some(&b'\n');
        }
        self.append(job, writer, adds, Body::Data { bytes: &bytes, marks: &marks });
        self.clock += reads.len() as u64 - 1;
        job.move_on(adds);
    }

    pub(crate) fn gap(&mut self, job: &mut Job, stream: Stream, bytes: u64, lines: u64) {
        self.clock += 1;
        let lost = Extent { bytes, lines };
        let gap = Gap { stream, lost, cause: GapCause::Shutdown };
        let mut adds = PerStream::<Extent>::default();
        adds[stream] = lost;
        self.append(job, 0, adds, Body::Gap(&gap));
        job.move_on(adds);
        job.lost[stream] += lost;
        job.gaps[stream] += 1;
    }

    pub(crate) fn finish(&mut self, job: &Job, exit: Exit) {
        self.clock += 1;
        let streams = PerStream::from_fn(|stream| {
            let mut produced = job.at[stream];
            produced.lines += u64::from(job.open[stream]);
            Tally { produced, lost: job.lost[stream], gaps: job.gaps[stream] }
        });
        let duration_ms = (self.clock - job.started) * 1000;
        let finish = JobFinish { exit, finished_at: self.wall(), duration_ms, streams };
        self.append(job, 0, PerStream::default(), Body::Finish(&finish));
    }

    /// A finished job that wrote `stdout`.
    pub(crate) fn job(&mut self, id: &str, stdout: &[u8], exit: Exit) {
        let mut job = self.start(id);
        if !stdout.is_empty() {
            self.data(&mut job, 0, &[(Stream::Stdout, stdout)]);
        }
        self.finish(&job, exit);
    }

    /// Seals what is written; nothing can be written behind it.
    pub(crate) fn seal(&mut self) {
        self.out.take().unwrap().seal().unwrap();
    }

    /// The segment files, by name.
    pub(crate) fn segments(&self) -> Vec<std::path::PathBuf> {
        let files = std::fs::read_dir(self.dir()).unwrap().map(|entry| entry.unwrap().path());
        let is_segment = |path: &std::path::PathBuf| {
            path.extension().is_some_and(|end| end == "seg" || end == "open")
        };
        let mut segments: Vec<_> = files.filter(is_segment).collect();
        segments.sort();
        segments
    }

    fn wall(&self) -> Wall {
        Wall((BEGIN + self.clock) * 1_000_000_000)
    }

    fn append(&mut self, job: &Job, writer: u16, adds: PerStream<Extent>, body: Body<'_>) {
        let record = Record {
            run: &job.run,
            writer: WriterNo(writer),
            wall: self.wall(),
            mono: Mono(self.clock * 1_000_000_000),
            at: job.at,
            adds,
            body,
        };
        self.out.as_mut().unwrap().append(&[record]).unwrap();
    }
}

impl Job {
    fn move_on(&mut self, adds: PerStream<Extent>) {
        for stream in Stream::BOTH {
            self.at[stream] += adds[stream];
        }
    }
}

/// The command, without any setting from the environment.
pub(crate) fn weir() -> Command {
    let mut weir = Command::cargo_bin("weir").unwrap();
    for name in ["WEIR_DIR", "WEIR_CONFIG", "WEIR_BUDGET", "WEIR_APPEND", "WEIR_COLOR", "NO_COLOR"]
    {
        weir.env_remove(name);
    }
    weir.env("TZ", "UTC");
    weir
}

/// What a run of the command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the command to its end.
pub(crate) fn ran(mut weir: Command) -> Ran {
    let output = weir.output().unwrap();
    Ran {
        code: output.status.code().expect("no signal"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

//! Speed of the segment floor: appending by both backends, opening, finding one job.
//!
//! Files go where `TMPDIR` points, so `TMPDIR=/scratch cargo bench --bench segment` measures that
//! file system. Each append benchmark writes to one chain and removes sealed segments as it goes.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logweir::job::{
    Attempt, Body, Exit, Extent, JobFinish, JobId, JobStart, Mark, Mono, PerStream, Record, Run,
    RunNo, Stream, Wall, WriterNo,
};
use logweir::segment::{AppendMode, SegmentConfig, SegmentReader, SegmentWriter};
use logweir::store::Catalog;
use logweir::store::SegmentStore;

const SEGMENT: u64 = 64 << 20;
const MARKS: &[Mark] = &[Mark { at: 0, stream: Stream::Stdout, time: Mono(0) }];

fn run(no: u32) -> Run {
    let start = JobStart {
        id: JobId::new(&format!("batch.{no}")).expect("a valid id"),
        attempt: Attempt::FIRST,
        command: vec!["true".into()],
        cwd: None,
        labels: [].into(),
        node: "bench".into(),
        started_at: Wall(u64::from(no)),
    };
    Run { no: RunNo(no), start }
}

fn record<'a>(run: &'a Run, adds: usize, body: Body<'a>) -> Record<'a> {
    let stdout = Extent { bytes: adds as u64, lines: 0 };
    let adds = PerStream { stdout, stderr: Extent::default() };
    let (wall, mono) = (Wall(0), Mono(0));
    Record { run, writer: WriterNo(0), wall, mono, at: PerStream::default(), adds, body }
}

fn data<'a>(run: &'a Run, bytes: &'a [u8]) -> Record<'a> {
    record(run, bytes.len(), Body::Data { bytes, marks: MARKS })
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("the directory was made here");
    entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some()).collect()
}

fn remove_sealed(dir: &Path) {
    for path in segments(dir) {
        if path.extension().is_some_and(|extension| extension == "seg") {
            std::fs::remove_file(path).expect("it was listed");
        }
    }
}

fn append(c: &mut Criterion) {
    let runs: Vec<Run> = (0..64).map(run).collect();
    // Larger than the processor's caches, as the arena of a busy engine is.
    let source: Vec<u8> = (0..64_usize << 20).map(|at| (at % 251).to_le_bytes()[0]).collect();
    for (name, len) in [("2KiB", 2 << 10), ("64KiB", 64 << 10)] {
        let mut group = c.benchmark_group(format!("segment/append/{name}"));
        let batch: Vec<Record<'_>> = source
            .chunks_exact(len)
            .zip(runs.iter().cycle())
            .map(|(bytes, run)| data(run, bytes))
            .collect();
        let per_append = (1 << 20) / len;
        group.throughput(Throughput::Bytes(source.len() as u64));
        group.sample_size(20);
        for mode in [AppendMode::Mmap, AppendMode::Pwritev] {
            let dir = tempfile::tempdir().expect("a temporary directory");
            let config = SegmentConfig { append: mode, segment_size: SEGMENT };
            let mut writer = SegmentWriter::new(dir.path(), config);
            let name = format!("{mode:?}").to_lowercase();
            group.bench_function(name, |b| {
                b.iter_custom(|times| {
                    let mut spent = Duration::ZERO;
                    for _ in 0..times {
                        let begin = Instant::now();
                        for records in batch.chunks(per_append) {
                            writer.append(records).expect("room for a few segments");
                        }
                        spent += begin.elapsed();
                        remove_sealed(dir.path());
                    }
                    spent
                });
            });
        }
        group.finish();
    }
}

/// A store of `jobs` finished jobs with `len` bytes of output each.
fn filled(dir: &Path, jobs: u32, len: usize) {
    let config = SegmentConfig { append: AppendMode::Auto, segment_size: SEGMENT };
    let store = SegmentStore::open(dir, config).expect("an empty directory");
    let mut appender = logweir::store::LogStore::appender(&store).expect("a store");
    let bytes = vec![b'x'; len];
    let streams = PerStream::default();
    let finish = JobFinish { exit: Exit::code(0), finished_at: Wall(1), duration_ms: 1, streams };
    for run in (0..jobs).map(run) {
        let mut batch = vec![record(&run, 0, Body::Start)];
        batch.extend(bytes.chunks(64 << 10).map(|bytes| data(&run, bytes)));
        batch.push(record(&run, 0, Body::Finish(&finish)));
        appender.append(&batch).expect("room for the store");
    }
}

fn read(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    filled(dir.path(), 10_000, 100 << 10);
    let mut group = c.benchmark_group("segment/read");
    group.sample_size(20);
    let sealed = segments(dir.path());
    group.throughput(Throughput::Bytes(SEGMENT));
    group.bench_function("verify", |b| {
        let reader = SegmentReader::open(&sealed[0]).expect("a sealed segment");
        b.iter(|| black_box(reader.verify().expect("readable")));
    });
    drop(group);
    let mut group = c.benchmark_group("segment/catalog");
    group.sample_size(20);
    group.bench_function("open 10,000 jobs in 1 GiB", |b| {
        b.iter(|| black_box(Catalog::open(dir.path()).expect("a store").attempts().count()));
    });
    group.bench_function("lookup of one of them", |b| {
        b.iter(|| {
            let catalog = Catalog::lookup(dir.path(), "batch.7777").expect("a store");
            black_box(catalog.find("batch.7777").expect("a job").len())
        });
    });
    group.finish();
}

criterion_group!(benches, append, read);
criterion_main!(benches);

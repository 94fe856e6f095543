//! The engine from a writer's side: what a push costs, what a job costs, how long a flush takes.
//!
//! `cargo bench --bench engine`. Segments go to a temporary directory; its file system matters.

use std::io::Write;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use logweir::engine::{Engine, JobSpec};
use logweir::job::{Exit, Stream};

const LINE: [u8; 100] = {
    let mut line = [b'x'; 100];
    line[99] = b'\n';
    line
};

fn open(dir: &tempfile::TempDir) -> Engine {
    Engine::builder().dir(dir.path().join("logs")).open().expect("the directory is writable")
}

fn push(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let engine = open(&dir);
    let job = engine.job(JobSpec::random()).expect("the engine is open");
    let mut out = job.writer(Stream::Stdout).expect("the budget has room");
    let mut group = c.benchmark_group("engine");
    group.throughput(Throughput::Bytes(LINE.len() as u64));
    group.bench_function("push 100 B, drain storing", |b| {
        b.iter(|| out.write_all(&LINE).expect("the engine is open"));
    });
    group.finish();
}

fn flush(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let engine = open(&dir);
    let job = engine.job(JobSpec::random()).expect("the engine is open");
    let mut out = job.writer(Stream::Stdout).expect("the budget has room");
    c.bench_function("engine/one line and a flush", |b| {
        b.iter(|| {
            out.write_all(&LINE).expect("the engine is open");
            assert!(engine.flush(Duration::from_secs(10)).complete);
        });
    });
}

fn job(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let engine = open(&dir);
    c.bench_function("engine/a job of one line, begun and finished", |b| {
        b.iter_batched(
            JobSpec::random,
            |spec| {
                let job = engine.job(spec).expect("the engine is open");
                let mut out = job.writer(Stream::Stdout).expect("the budget has room");
                out.write_all(&LINE).expect("the engine is open");
                drop(out);
                job.finish(Exit::code(0));
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, push, flush, job);
criterion_main!(benches);

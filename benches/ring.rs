//! The ring floor: a push while chunks are free, a push with a consumer that keeps up, and the slow
//! paths that are paid once a chunk or once a burst.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use logweir::job::{Mono, Stream};
use logweir::ring::{Consumer, Pool, PoolConfig, Producer, ReadyList, lane, retire};

const LINE: [u8; 100] = [b'x'; 100];
/// Lines of one measured batch: 20 MB, so that chunks are entered and left.
const LINES: usize = 200_000;

fn pool(budget: usize) -> Arc<Pool> {
    let config = PoolConfig { budget, ..PoolConfig::default() };
    Pool::new(config).expect("the address space is there")
}

fn push(producer: &mut Producer<()>) -> usize {
    producer.write(Stream::Stdout, black_box(&LINE), Mono::now)
}

/// Reads and forgets; says how much.
fn discard(lanes: &mut [Consumer<()>]) -> usize {
    let read = |lane: &mut Consumer<()>| {
        let bytes = lane.refresh(usize::MAX);
        lane.release(bytes);
        bytes
    };
    lanes.iter_mut().map(read).sum()
}

/// Opens a lane whose chunks have all been used before.
fn warm_lane(pool: &Arc<Pool>) -> (Producer<()>, Vec<Consumer<()>>) {
    let ready = ReadyList::new();
    let mut producer = lane(pool, &ready, (), None).expect("a chunk is there");
    while push(&mut producer) == LINE.len() {}
    let mut lanes = Vec::new();
    ready.take(&mut lanes);
    discard(&mut lanes);
    (producer, lanes)
}

fn push_into_free_chunks(c: &mut Criterion) {
    let pool = pool(32 << 20);
    let (mut producer, mut lanes) = warm_lane(&pool);
    let mut group = c.benchmark_group("push");
    group.throughput(Throughput::Elements(LINES as u64));
    group.bench_function("100 B into free chunks", |b| {
        b.iter_batched(
            || discard(&mut lanes),
            |_| {
                for _ in 0..LINES {
                    push(&mut producer);
                }
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn push_hot(c: &mut Criterion) {
    let pool = pool(4 << 20);
    let (mut producer, mut lanes) = warm_lane(&pool);
    c.bench_function("push/100 B, discarded after each 500", |b| {
        b.iter(|| {
            for _ in 0..500 {
                push(&mut producer);
            }
            discard(&mut lanes)
        });
    });
}

fn push_saturated(c: &mut Criterion) {
    let pool = pool(1 << 30);
    let ready = ReadyList::new();
    let mut producer = lane(&pool, &ready, (), None).expect("a chunk is there");
    let stop = Arc::new(AtomicBool::new(false));
    let (list, stopped) = (Arc::clone(&ready), Arc::clone(&stop));
    let drain = std::thread::spawn(move || {
        let mut lanes = Vec::new();
        while !stopped.load(Relaxed) {
            list.take(&mut lanes);
            if discard(&mut lanes) == 0 {
                list.doze(Duration::from_millis(1));
            }
            retire(&mut lanes, |_| false);
        }
    });
    let mut group = c.benchmark_group("push");
    group.throughput(Throughput::Elements(LINES as u64));
    group.bench_function("100 B, a thread discards", |b| {
        b.iter(|| {
            for _ in 0..LINES {
                while push(&mut producer) < LINE.len() {
                    producer.wait_for_room(None);
                }
            }
        });
    });
    group.finish();
    stop.store(true, Relaxed);
    ready.request();
    drain.join().expect("it only reads");
}

fn slow_paths(c: &mut Criterion) {
    let pool = pool(4 << 20);
    let ready = ReadyList::new();
    let mut producer = lane(&pool, &ready, (), None).expect("a chunk is there");
    c.bench_function("lease and return", |b| b.iter(|| drop(producer.reserve(1))));
    let mut lanes = Vec::new();
    c.bench_function("activate, read and retire", |b| {
        b.iter(|| {
            push(&mut producer);
            ready.take(&mut lanes);
            discard(&mut lanes);
            retire(&mut lanes, |_| true);
        });
    });
}

criterion_group!(ring, push_hot, push_into_free_chunks, push_saturated, slow_paths);
criterion_main!(ring);

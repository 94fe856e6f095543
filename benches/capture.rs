//! Capturing processes, against letting each write to a file of its own.
//!
//! `cargo bench --bench capture`. `WEIR_BENCH_PROCESSES` sets how many run at once (200 unless
//! told; 1000 is the figure of `docs/bench.md`). Everything goes to a temporary directory; its file
//! system matters. The processes are this program itself.

use std::fs::File;
use std::hint::black_box;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use logweir::engine::Engine;
use logweir::harness::{Batch, Halt, Harness, Task, Timing, raise_open_files};
use logweir::job::JobId;

#[path = "../examples/generate.rs"]
mod generate;

/// The word that makes this program a generator of lines.
const GENERATE: &str = "generate-lines";
/// A job of the main figure: so many lines of so many bytes.
const LINES: usize = 5000;
const BYTES: usize = 100;

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    if let [_, word, lines, bytes] = &words[..]
        && word == GENERATE
    {
        let number = |text: &str| text.parse().expect("we wrote this number ourselves");
        return generate::print(number(lines), number(bytes));
    }
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    burst(&mut criterion);
    silent(&mut criterion);
    criterion.final_summary();
    Ok(())
}

fn processes() -> usize {
    let told = std::env::var("WEIR_BENCH_PROCESSES").ok();
    told.and_then(|text| text.parse().ok()).unwrap_or(200)
}

fn command(lines: usize) -> Vec<String> {
    let program = std::env::current_exe().expect("our own path");
    let program = program.to_str().expect("a path in UTF-8").to_owned();
    vec![program, GENERATE.into(), lines.to_string(), BYTES.to_string()]
}

/// All at once, each printing as fast as it can.
fn burst(c: &mut Criterion) {
    let processes = processes();
    let mut group = c.benchmark_group("capture burst");
    group.throughput(Throughput::Elements((processes * LINES) as u64));
    compare(&mut group, processes, LINES);
    group.finish();
}

/// Processes that print nothing: what a job costs.
fn silent(c: &mut Criterion) {
    let processes = processes();
    let mut group = c.benchmark_group("capture silent");
    group.throughput(Throughput::Elements(processes as u64));
    compare(&mut group, processes, 0);
    group.finish();
}

fn compare(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    processes: usize,
    lines: usize,
) {
    raise_open_files(processes).expect("a limit of open files that is high enough");
    let command = command(lines);
    let fresh = || tempfile::tempdir().expect("a temporary directory");
    type Run = fn(&Path, &[String], usize);
    let runs: [(&str, Run); 2] = [("each to its own file", to_files), ("weir", captured)];
    for (name, run) in runs {
        group.bench_function(BenchmarkId::new(name, processes), |b| {
            let once = |dir: tempfile::TempDir| {
                run(dir.path(), &command, processes);
                dir
            };
            b.iter_batched(fresh, once, BatchSize::PerIteration);
        });
    }
}

fn to_files(dir: &Path, command: &[String], processes: usize) {
    let start = |n: usize| {
        let path: PathBuf = dir.join(n.to_string());
        let file = File::create(path).expect("the directory is writable");
        let mut start = Command::new(&command[0]);
        start.args(&command[1..]).process_group(0).stdin(Stdio::null()).stdout(file);
        start.spawn().expect("our own program can be started")
    };
    let children: Vec<_> = (0..processes).map(start).collect();
    for mut child in children {
        black_box(child.wait().expect("our own child"));
    }
}

fn captured(dir: &Path, command: &[String], processes: usize) {
    let engine = Engine::builder().dir(dir.join("logs")).max_jobs(processes).open();
    let engine = engine.expect("the directory is writable");
    let harness = Harness::start(Timing::default()).expect("threads can be started");
    let tasks = (0..processes).map(|n| {
        let id = JobId::new(&format!("bench.{n}")).expect("letters, a dot and digits");
        Task::new(id, command.iter().cloned())
    });
    let batch = Batch { jobs: processes, retries: 0, halt: Halt::Never };
    let report = batch.run(&engine, &harness, tasks, |_| {}).expect("the engine is open");
    assert_eq!(report.failed, 0);
    assert!(engine.shutdown(Duration::from_secs(60)).complete);
}

//! What ten thousand jobs leave behind, counted in a process of its own: nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene fails, and says where")]

use std::time::{Duration, Instant};

use logweir::engine::Engine;
use logweir::harness::{Batch, Halt, Harness, Task, Timing};
use logweir::job::JobId;
use logweir::store::Catalog;

const JOBS: usize = 10_000;

fn count(dir: &str) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

/// The count once it is `expected`, or what it still is after a while: the kernel lists a thread
/// for a moment after it was joined.
fn settled(dir: &str, expected: usize) -> usize {
    let since = Instant::now();
    while count(dir) != expected && since.elapsed() < Duration::from_secs(10) {
        std::thread::yield_now();
    }
    count(dir)
}

/// Processes whose parent we are, dead or alive.
fn children() -> usize {
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").unwrap();
    let stats = processes
        .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path().join("stat")).ok());
    // The name in brackets may hold anything; state and parent follow the last bracket.
    let parent =
        |stat: String| stat.rsplit(')').next()?.split_whitespace().nth(1).map(String::from);
    stats.filter_map(parent).filter(|parent| *parent == own).count()
}

#[test]
fn ten_thousand_jobs_leave_no_descriptor_thread_zombie_and_few_files() {
    let dir = tempfile::tempdir().unwrap();
    let (descriptors, threads) = (count("/proc/self/fd"), count("/proc/self/task"));
    let engine = Engine::builder().dir(dir.path()).budget(16 << 20).max_jobs(64).open().unwrap();
    let harness = Harness::start(Timing::default()).unwrap();
    let tasks = (1..=JOBS).map(|n| {
        let id = JobId::new(&format!("leak.{n}")).unwrap();
        // Every hundredth cannot be started, which must leave nothing either.
        let program = if n % 100 == 0 { "/nonexistent" } else { "/bin/true" };
        Task::new(id, [program])
    });
    let batch = Batch { jobs: 64, retries: 0, halt: Halt::Never };
    let report = batch.run(&engine, &harness, tasks, |_| {}).unwrap();
    assert_eq!((report.succeeded, report.failed), (9_900, 100));
    assert_eq!(children(), 0);

    drop(harness);
    assert!(engine.shutdown(Duration::from_secs(60)).complete);
    drop(engine);
    assert_eq!(settled("/proc/self/task", threads), threads);
    assert_eq!(settled("/proc/self/fd", descriptors), descriptors);
    let files = std::fs::read_dir(dir.path()).unwrap().count();
    assert!(files <= 40, "{files} files");
    let catalog = Catalog::open(dir.path()).unwrap();
    assert_eq!(catalog.attempts().filter(|info| info.finish().is_some()).count(), JOBS);
}

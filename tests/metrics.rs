//! What the engine publishes through the `metrics` facade. A binary of its own, for the recorder is
//! one for the whole process.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use logweir::engine::{Engine, JobSpec};
use logweir::job::{Exit, JobId, Stream};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// Every counter and gauge by its name and labels, as an integer's or a float's bits.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>);

impl Seen {
    fn cells(&self) -> MutexGuard<'_, BTreeMap<String, Arc<AtomicU64>>> {
        self.0.lock().expect("nobody panics with the lock")
    }

    fn cell(&self, key: &Key) -> Arc<AtomicU64> {
        let labels = key.labels().map(|label| format!(" {}={}", label.key(), label.value()));
        let name = key.name().to_owned() + &labels.collect::<String>();
        Arc::clone(self.cells().entry(name).or_default())
    }

    fn counter(&self, name: &str) -> u64 {
        self.cells().get(name).map_or(0, |cell| cell.load(Relaxed))
    }

    fn gauge(&self, name: &str) -> f64 {
        f64::from_bits(self.counter(name))
    }
}

impl Recorder for Seen {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn counters_of_the_whole_and_of_a_job_are_published() {
    let seen = Seen::default();
    metrics::set_global_recorder(seen.clone()).ok().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::builder()
        .dir(dir.path().join("logs"))
        .budget(1 << 20)
        .drains(2)
        .job_metrics(true)
        .open()
        .unwrap();
    let finished = engine.job(JobSpec::new(JobId::new("a").unwrap())).unwrap();
    finished.writer(Stream::Stdout).unwrap().write_all(b"one\ntwo\n").unwrap();
    finished.writer(Stream::Stderr).unwrap().write_all(b"three\n").unwrap();
    finished.finish(Exit::code(0));
    let open = engine.job(JobSpec::new(JobId::new("b").unwrap())).unwrap();
    open.writer(Stream::Stdout).unwrap().write_all(b"four\n").unwrap();
    assert!(engine.shutdown(Duration::from_secs(60)).complete);

    assert_eq!(seen.counter("weir_stored_bytes_total stream=stdout"), 13);
    assert_eq!(seen.counter("weir_stored_lines_total stream=stdout"), 3);
    assert_eq!(seen.counter("weir_stored_bytes_total stream=stderr"), 6);
    assert_eq!(seen.counter("weir_jobs_finished_total"), 1);
    assert!(seen.counter("weir_batches_total") >= 2, "each drain stored something");
    assert_eq!(seen.counter("weir_store_refusals_total"), 0);
    assert_eq!(seen.counter("weir_job_bytes_total job=a stream=stdout"), 8);
    assert_eq!(seen.counter("weir_job_lines_total job=a stream=stderr"), 1);
    assert!((seen.gauge("weir_budget_bytes") - f64::from(1 << 20)).abs() < 0.5);
    assert!((seen.gauge("weir_budget_used_bytes")).abs() < 0.5);
    drop(open);
}

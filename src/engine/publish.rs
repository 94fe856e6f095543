//! Publishes counters through the `metrics` facade: at most once a second while the drain works,
//! and before it sleeps; never per line.

use std::time::Duration;

use metrics::{counter, gauge};

use crate::job::{Extent, Mono, PerStream, Stream};

use super::control::DrainPort;
use super::finish::Ending;
use super::handle::Shared;
use super::status::SinkState;

/// How often counters are published while the drain works.
const EVERY: Duration = Duration::from_secs(1);

/// What of one drain's counters is published already.
pub(super) struct Publisher {
    last: Mono,
    stored: PerStream<Extent>,
    batches: u64,
    refusals: u64,
    finished: u64,
    jobs: bool,
}

impl Publisher {
    pub(super) fn new(jobs: bool) -> Self {
        let stored = PerStream::default();
        Self { last: Mono::default(), stored, batches: 0, refusals: 0, finished: 0, jobs }
    }

    /// Publishes if the last time is long enough ago.
    pub(super) fn publish_at_times(&mut self, shared: &Shared, port: &DrainPort) {
        if Mono::now().since(self.last) >= EVERY {
            self.publish(shared, port);
        }
    }

    /// Publishes what has moved since the last time.
    pub(super) fn publish(&mut self, shared: &Shared, port: &DrainPort) {
        self.last = Mono::now();
        for stream in Stream::BOTH {
            let now = port.counters.stored[stream].get();
            let before = std::mem::replace(&mut self.stored[stream], now);
            counter!("weir_stored_bytes_total", "stream" => stream.name())
                .increment(now.bytes - before.bytes);
            counter!("weir_stored_lines_total", "stream" => stream.name())
                .increment(now.lines - before.lines);
        }
        let moved = |name: &'static str, last: &mut u64, now: u64| {
            counter!(name).increment(now - std::mem::replace(last, now));
        };
        moved("weir_batches_total", &mut self.batches, port.counters.batches.get());
        moved("weir_store_refusals_total", &mut self.refusals, port.counters.refusals.get());
        moved("weir_jobs_finished_total", &mut self.finished, port.counters.finished.get());
        publish_shared(shared);
    }

    /// Publishes the account of a job that ended.
    pub(super) fn job_ended(&self, ending: &Ending) {
        if !self.jobs {
            return;
        }
        for stream in Stream::BOTH {
            let job = ending.job().run.start.id.to_string();
            let extent = ending.job().at[stream].get();
            counter!("weir_job_bytes_total", "job" => job.clone(), "stream" => stream.name())
                .increment(extent.bytes);
            counter!("weir_job_lines_total", "job" => job, "stream" => stream.name())
                .increment(extent.lines);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are f64; 2^53 bytes is enough")]
fn publish_shared(shared: &Shared) {
    let status = shared.status();
    gauge!("weir_jobs_open").set(status.jobs_open as f64);
    gauge!("weir_budget_bytes").set(status.budget as f64);
    gauge!("weir_budget_used_bytes").set(status.budget_used as f64);
    gauge!("weir_store_failing").set(f64::from(u8::from(status.sink != SinkState::Ok)));
    counter!("weir_writers_blocked_total").absolute(status.blocked);
}

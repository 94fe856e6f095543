//! Times every push.

use std::time::Duration;

use anyhow::ensure;
use hdrhistogram::Histogram;
use logweir_peers::NumberedLine;

use super::ROOM;
use super::clock::Clock;
use crate::loggers::{Logger, Setup};
use crate::report::Spread;

/// What is pushed.
pub(super) struct Bursts {
    pub(super) bursts: usize,
    pub(super) lines: usize,
    pub(super) line_len: usize,
    pub(super) pause: Duration,
}

/// What one logger's pushes cost in one round.
pub(super) struct Latency {
    /// In steps of the clock, its cost included.
    spans: Histogram<u64>,
    refused_percent: f64,
}

impl Bursts {
    /// How many bursts go ahead that are not counted: as many as fill every queue once, so that
    /// none is seen touching its memory for the first time.
    fn warm_up(&self) -> usize {
        ROOM.div_ceil((self.lines * self.line_len).max(1))
    }
}

pub(super) fn run<L: Logger>(
    setup: &Setup,
    plan: &Bursts,
    clock: &Clock,
) -> anyhow::Result<Latency> {
    let mut logger = L::open(setup)?;
    let mut line = NumberedLine::new(plan.line_len);
    let mut spans = vec![0; plan.lines];
    let mut histogram = Histogram::new(3)?;
    let warm_up = plan.warm_up();
    for burst in 0..warm_up + plan.bursts {
        for span in &mut spans {
            let line = line.advance();
            let from = clock.ticks();
            logger.push(line);
            *span = clock.ticks() - from;
        }
        if burst >= warm_up {
            spans.iter().try_for_each(|ticks| histogram.record(clock.steps(*ticks)))?;
        }
        if !plan.pause.is_zero() {
            std::thread::sleep(plan.pause);
        }
    }
    let pushed = ((warm_up + plan.bursts) * plan.lines) as u64;
    let refused = logger.refused();
    let stored = logger.finish()?;
    let accepted = (pushed - refused) * plan.line_len as u64;
    ensure!(stored == accepted, "{accepted} bytes were accepted, {stored} are stored");
    Ok(Latency { spans: histogram, refused_percent: refused as f64 * 100.0 / pushed as f64 })
}

/// Quantiles in nanoseconds over rounds, and where all pushes lie.
pub(super) struct Rounds {
    all: Histogram<u64>,
    pub(super) p50: Spread,
    pub(super) p99: Spread,
    pub(super) p999: Spread,
    pub(super) max: Spread,
    pub(super) refused_percent: Spread,
}

impl Rounds {
    pub(super) fn new() -> anyhow::Result<Self> {
        let [p50, p99, p999, max, refused_percent] = Default::default();
        Ok(Self { all: Histogram::new(3)?, p50, p99, p999, max, refused_percent })
    }

    pub(super) fn add(&mut self, round: &Latency, clock: &Clock) -> anyhow::Result<()> {
        let ns = |quantile| clock.net_ns(&round.spans, quantile);
        self.p50.add(ns(0.5));
        self.p99.add(ns(0.99));
        self.p999.add(ns(0.999));
        self.max.add(ns(1.0));
        self.refused_percent.add(round.refused_percent);
        Ok(self.all.add(&round.spans)?)
    }

    /// How many in a hundred pushes took, net of the clock, less than each of `limits` in
    /// nanoseconds but not less than the one before; the last share is what took longer.
    pub(super) fn shares<const N: usize>(&self, limits: [u64; N], clock: &Clock) -> Vec<f64> {
        let mut shares = vec![0.0; N + 1];
        for step in self.all.iter_recorded() {
            let ns = clock.net_of_step(step.value_iterated_to());
            let at = limits.iter().position(|limit| ns < *limit as f64).unwrap_or(N);
            shares[at] += step.count_at_value() as f64 * 100.0 / self.all.len() as f64;
        }
        shares
    }
}

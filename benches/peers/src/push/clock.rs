//! A clock fine enough for one push, how coarse it is, and what reading it costs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::settle::settle;

/// The processor's time stamp counter where it can be trusted, else the monotonic clock.
///
/// On some processors the counter moves in steps that are longer than a push (26 ticks, 10 ns).
/// Spans are therefore counted in steps, and quantiles are interpolated within a step as statistics
/// does with grouped data: a push of 12 ns is seen as one step four times of five, as two the fifth
/// time.
pub(super) struct Clock {
    clock: quanta::Clock,
    ticks_per_step: u64,
    ns_per_step: f64,
    cost: f64,
}

impl Clock {
    const READINGS: usize = 1_000_000;
    const CALIBRATION: Duration = Duration::from_millis(100);

    /// Measures the length of a tick, the step, and the cost of a reading.
    pub(super) fn calibrate() -> anyhow::Result<Self> {
        let clock = quanta::Clock::new();
        let (since, from) = (Instant::now(), clock.raw());
        std::thread::sleep(Self::CALIBRATION);
        let (elapsed, to) = (since.elapsed(), clock.raw());
        let ns_per_tick = elapsed.as_secs_f64() * 1e9 / (to - from).max(1) as f64;
        let mut readings = vec![0; Self::READINGS];
        readings.iter_mut().for_each(|reading| *reading = clock.raw());
        let ticks_per_step = step(&readings);
        let ns_per_step = ns_per_tick * ticks_per_step as f64;
        let mut clock = Self { clock, ticks_per_step, ns_per_step, cost: 0.0 };
        clock.cost = clock.median_of_nothing()?;
        Ok(clock)
    }

    /// Now, in ticks: what stands before it in the program has been done, what follows has not
    /// begun. Without that order a processor reads the clock while it still works on the push.
    #[inline]
    pub(super) fn ticks(&self) -> u64 {
        settle();
        let ticks = self.clock.raw();
        settle();
        ticks
    }

    /// A span of ticks in steps, rounded.
    pub(super) fn steps(&self, ticks: u64) -> u64 {
        (ticks + self.ticks_per_step / 2) / self.ticks_per_step
    }

    /// The quantile of spans that were recorded in steps, in nanoseconds, without the cost of the
    /// clock; 0 if nothing is left.
    pub(super) fn net_ns(&self, spans: &Histogram<u64>, q: f64) -> f64 {
        ((quantile(spans, q) - self.cost) * self.ns_per_step).max(0.0)
    }

    /// What a span of so many steps is in nanoseconds, net of the clock.
    pub(super) fn net_of_step(&self, steps: u64) -> f64 {
        ((steps as f64 - self.cost) * self.ns_per_step).max(0.0)
    }

    /// What two readings with nothing between them lie apart, in nanoseconds.
    pub(super) fn cost_ns(&self) -> f64 {
        self.cost * self.ns_per_step
    }

    /// How far readings lie apart that differ, in nanoseconds.
    pub(super) fn step_ns(&self) -> f64 {
        self.ns_per_step
    }

    fn median_of_nothing(&self) -> anyhow::Result<f64> {
        let mut spans = vec![0; Self::READINGS];
        for span in &mut spans {
            let from = self.ticks();
            *span = self.ticks() - from;
        }
        let mut histogram = Histogram::new(3)?;
        spans.iter().try_for_each(|ticks| histogram.record(self.steps(*ticks)))?;
        Ok(quantile(&histogram, 0.5))
    }
}

/// The widest gap between differences of neighbouring readings that are not rare, in ticks: 1 or 2
/// of a fine clock, the step of a coarse one.
fn step(readings: &[u64]) -> u64 {
    let mut counts = BTreeMap::new();
    for pair in readings.windows(2) {
        *counts.entry(pair[1] - pair[0]).or_insert(0) += 1;
    }
    let often: Vec<u64> =
        counts.into_iter().filter(|(_, n)| *n > readings.len() / 200).map(|(gap, _)| gap).collect();
    often.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(1)
}

/// The quantile of values that each stand for half a unit below to half a unit above.
fn quantile(histogram: &Histogram<u64>, q: f64) -> f64 {
    let wanted = q * histogram.len() as f64;
    let mut below = 0.0;
    for value in histogram.iter_recorded() {
        let here = value.count_at_value() as f64;
        if below + here >= wanted {
            return value.value_iterated_to() as f64 - 0.5 + (wanted - below) / here;
        }
        below += here;
    }
    histogram.max() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_within_a_step_where_most_values_are_one_step() {
        let mut histogram = Histogram::new(3).unwrap();
        histogram.record_n(1, 80).unwrap();
        histogram.record_n(2, 20).unwrap();
        assert_eq!(quantile(&histogram, 0.5), 1.125);
        assert_eq!(quantile(&histogram, 0.9), 2.0);
    }

    #[test]
    fn the_step_of_a_coarse_clock_is_seen_and_rare_jumps_are_not() {
        let mut now = 0;
        let mut read = |add| {
            now += add;
            now
        };
        let mut readings: Vec<u64> = (0..1000).map(|at| read([26, 0, 26, 52][at % 4])).collect();
        readings.push(read(70_000));
        assert_eq!(step(&readings), 26);
    }
}

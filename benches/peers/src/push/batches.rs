//! Times many pushes as one, so that no clock stands between them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::ensure;
use logweir_peers::NumberedLine;

use crate::loggers::{Logger, Setup};
use crate::report::Spread;

/// What is pushed: `passes` times `batches` batches, without a pause within a pass.
pub(super) struct Batches {
    pub(super) batches: usize,
    pub(super) passes: usize,
    pub(super) line_len: usize,
}

/// Means of one logger in one round, in nanoseconds a push: the median over batches in which
/// nothing was refused.
pub(super) struct Means {
    first: Spread,
    later: Spread,
    whole_percent: f64,
}

impl Batches {
    /// Lines in a batch.
    pub(super) const LINES: usize = 10_000;
    /// The time to write what a pass left, for each of its batches: 1 MB at 250 MB/s.
    const REST: Duration = Duration::from_millis(4);
}

pub(super) fn run<L: Logger>(setup: &Setup, plan: &Batches) -> anyhow::Result<Means> {
    let mut logger = L::open(setup)?;
    let line = NumberedLine::text(1, plan.line_len);
    let (mut first, mut later) = (Spread::default(), Spread::default());
    for pass in 0..plan.passes {
        for _ in 0..plan.batches {
            let refused = logger.refused();
            let since = Instant::now();
            (0..Batches::LINES).for_each(|_| logger.push(black_box(&line)));
            let mean = since.elapsed().as_secs_f64() * 1e9 / Batches::LINES as f64;
            if logger.refused() == refused {
                if pass == 0 { first.add(mean) } else { later.add(mean) }
            }
        }
        std::thread::sleep(Batches::REST * u32::try_from(plan.batches)?);
    }
    let pushed = (plan.passes * plan.batches * Batches::LINES) as u64;
    let accepted = (pushed - logger.refused()) * plan.line_len as u64;
    let stored = logger.finish()?;
    ensure!(stored == accepted, "{accepted} bytes were accepted, {stored} are stored");
    let whole = (first.runs() + later.runs()) as f64;
    let whole_percent = whole * 100.0 / (plan.passes * plan.batches) as f64;
    Ok(Means { first, later, whole_percent })
}

/// Medians over rounds.
#[derive(Default)]
pub(super) struct Rounds {
    pub(super) first: Spread,
    pub(super) later: Spread,
    pub(super) whole_percent: Spread,
}

impl Rounds {
    pub(super) fn add(&mut self, round: &Means) {
        self.first.add(round.first.median());
        self.later.add(round.later.median());
        self.whole_percent.add(round.whole_percent);
    }
}

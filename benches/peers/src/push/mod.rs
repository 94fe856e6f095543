//! What a push costs the thread that pushes.
//!
//! Three questions, each a table:
//! - bursts with pauses, every push timed: the drain sleeps when a burst begins;
//! - no pauses, every push timed: the drain is saturated, and what finds no room is refused;
//! - no pauses, batches of pushes timed as one: the mean cost while there is room, without a clock
//!   between pushes.
//!
//! Loggers take turns within every round. Times of single pushes are net of the clock: what two
//! readings with nothing between them cost is subtracted, down to 0. Before anything counts, as
//! much is pushed as fills every queue once.

mod batches;
mod clock;
mod settle;
mod timed;

use clap::Args;
use tempfile::TempDir;

use crate::loggers::{Appender, Crossbeam, Logger, Ring, Setup, StdChannel, Weir};
use crate::report::{Table, print_heading};
use crate::scratch::Place;
use batches::Batches;
use clock::Clock;
use timed::{Bursts, Latency};

/// What every logger may hold, in bytes.
const ROOM: usize = 16 << 20;
/// What weir may hold by default, in bytes.
const DEFAULT_BUDGET: usize = 1 << 30;

#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// How often every logger has its turn
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Length of a line with its newline
    #[arg(long, default_value_t = 100)]
    bytes: usize,
    /// Bursts in a round
    #[arg(long, default_value_t = 300)]
    bursts: usize,
    /// Lines in a burst
    #[arg(long, default_value_t = 2000)]
    burst: usize,
    /// Pause between bursts, in milliseconds
    #[arg(long, default_value_t = 2)]
    pause: u64,
    /// Batches of 10,000 lines in a pass, without a pause
    #[arg(long, default_value_t = 50)]
    batches: usize,
    /// Passes in a round; between them all that was pushed is written
    #[arg(long, default_value_t = 5)]
    passes: usize,
}

/// One logger with its room, and how each question is put to it.
struct Contender {
    name: &'static str,
    room: usize,
    timed: fn(&Setup, &Bursts, &Clock) -> anyhow::Result<Latency>,
    batches: fn(&Setup, &Batches) -> anyhow::Result<batches::Means>,
}

impl Contender {
    fn new<L: Logger>(name: &'static str, room: usize) -> Self {
        Self { name, room, timed: timed::run::<L>, batches: batches::run::<L> }
    }

    /// weir first, and beside the rivals' best known: they are compared with the second.
    fn all() -> [Self; 6] {
        [
            Self::new::<Weir>("weir, 1 GiB", DEFAULT_BUDGET),
            Self::new::<Appender>("tracing-appender", ROOM),
            Self::new::<Weir>("weir, 16 MiB", ROOM),
            Self::new::<Crossbeam>("crossbeam-channel", ROOM),
            Self::new::<StdChannel>("std sync_channel", ROOM),
            Self::new::<Ring>("rtrb bytes", ROOM),
        ]
    }

    fn setup(&self, dir: &TempDir) -> Setup {
        Setup { dir: dir.path().into(), room: self.room, lossy: true }
    }
}

/// Asks all three questions.
pub(crate) fn run(args: &PushArgs, place: &Place) -> anyhow::Result<()> {
    let clock = Clock::calibrate()?;
    print_heading("In-process push", place.scratch()?.path());
    let (cost, step) = (clock.cost_ns(), clock.step_ns());
    println!("Clock: {cost:.1} ns a reading, subtracted from single pushes; step {step:.1} ns.\n");
    let mut bursts = Bursts {
        bursts: args.bursts,
        lines: args.burst,
        line_len: args.bytes,
        pause: std::time::Duration::from_millis(args.pause),
    };
    println!("Bursts of {} x {} B, {} ms pauses, lossy:\n", args.burst, args.bytes, args.pause);
    print_timed(&bursts, args.rounds, &clock, place)?;
    bursts.pause = std::time::Duration::ZERO;
    println!("The same without pauses (saturated), lossy:\n");
    print_timed(&bursts, args.rounds, &clock, place)?;
    println!("Saturated, batches of {} timed as one, while there is room:\n", Batches::LINES);
    println!("{}", batches_table(args, place)?);
    Ok(())
}

/// Prints quantiles, and below them the histogram of all pushes.
fn print_timed(bursts: &Bursts, rounds: u32, clock: &Clock, place: &Place) -> anyhow::Result<()> {
    let contenders = Contender::all();
    let mut results = Vec::new();
    for _ in &contenders {
        results.push(timed::Rounds::new()?);
    }
    for _ in 0..rounds {
        for (contender, result) in contenders.iter().zip(&mut results) {
            let dir = place.scratch()?;
            result.add(&(contender.timed)(&contender.setup(&dir), bursts, clock)?, clock)?;
        }
    }
    println!("{}", quantiles(&contenders, &results));
    println!("Of a hundred pushes so many took, in ns net of the clock:\n");
    println!("{}", histogram(&contenders, &results, clock));
    Ok(())
}

fn histogram(contenders: &[Contender], results: &[timed::Rounds], clock: &Clock) -> Table {
    const LIMITS: [u64; 7] = [10, 20, 50, 100, 1_000, 10_000, 100_000];
    let mut table = Table::new([
        "",
        "< 10",
        "< 20",
        "< 50",
        "< 100",
        "< 1,000",
        "< 10,000",
        "< 100,000",
        "more",
    ]);
    for (contender, result) in contenders.iter().zip(results) {
        let mut shares =
            result.shares(LIMITS, clock).into_iter().map(|share| format!("{share:.4}"));
        let mut next = || shares.next().unwrap_or_default();
        let name = contender.name.to_owned();
        table.row([name, next(), next(), next(), next(), next(), next(), next(), next()]);
    }
    table
}

fn quantiles(contenders: &[Contender], results: &[timed::Rounds]) -> Table {
    let mut table = Table::new([
        "net ns a push",
        "p50",
        "p99",
        "p99.9",
        "max",
        "refused",
        "p50 to t-a",
        "p99.9 to t-a",
        "rounds",
    ]);
    let rival = &results[1];
    for (contender, result) in contenders.iter().zip(results) {
        table.row([
            contender.name.into(),
            format!("{:.1}", result.p50),
            format!("{:.0}", result.p99),
            format!("{:.0}", result.p999),
            format!("{:.0}", result.max),
            format!("{:.1} %", result.refused_percent.median()),
            result.p50.ratio_to(&rival.p50),
            result.p999.ratio_to(&rival.p999),
            result.p50.runs().to_string(),
        ]);
    }
    table
}

fn batches_table(args: &PushArgs, place: &Place) -> anyhow::Result<Table> {
    let plan = Batches { batches: args.batches, passes: args.passes, line_len: args.bytes };
    let contenders = Contender::all();
    let mut results = contenders.each_ref().map(|_| batches::Rounds::default());
    for _ in 0..args.rounds {
        for (contender, result) in contenders.iter().zip(&mut results) {
            let dir = place.scratch()?;
            result.add(&(contender.batches)(&contender.setup(&dir), &plan)?);
        }
    }
    let mut table = Table::new([
        "ns a push",
        "first pass",
        "later passes",
        "batches without a refusal",
        "rounds",
    ]);
    for (contender, result) in contenders.iter().zip(&results) {
        table.row([
            contender.name.into(),
            format!("{:.1}", result.first),
            format!("{:.1}", result.later),
            format!("{:.0} %", result.whole_percent.median()),
            result.first.runs().to_string(),
        ]);
    }
    Ok(table)
}

//! How many lines a second reach a file from one producer when none may be lost.
//!
//! The time runs from the first push until the last line is in the file and all threads have ended.

use std::time::Instant;

use anyhow::ensure;
use clap::Args;
use logweir_peers::NumberedLine;

use crate::loggers::{Appender, Crossbeam, Logger, Ring, Setup, StdChannel, Weir};
use crate::report::{Spread, Table, print_heading};
use crate::scratch::Place;

#[derive(Debug, Args)]
pub(crate) struct LosslessArgs {
    /// How often every logger has its turn
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Lines in a round
    #[arg(long, default_value_t = 5_000_000)]
    lines: u64,
    /// Length of a line with its newline
    #[arg(long, default_value_t = 100)]
    bytes: usize,
}

/// A logger's name, what it may hold in bytes, and its round.
type Contender = (&'static str, usize, fn(&Setup, &LosslessArgs) -> anyhow::Result<f64>);

const CONTENDERS: [Contender; 6] = [
    ("weir, 1 GiB", 1 << 30, round::<Weir>),
    ("weir, 16 MiB", 16 << 20, round::<Weir>),
    ("tracing-appender", 16 << 20, round::<Appender>),
    ("crossbeam-channel", 16 << 20, round::<Crossbeam>),
    ("std sync_channel", 16 << 20, round::<StdChannel>),
    ("rtrb bytes", 16 << 20, round::<Ring>),
];

/// Measures all loggers in turns.
pub(crate) fn run(args: &LosslessArgs, place: &Place) -> anyhow::Result<()> {
    print_heading("Lossless lines through a file, one producer", place.scratch()?.path());
    println!("{} lines of {} B, the final flush included:\n", args.lines, args.bytes);
    let mut rates = CONTENDERS.map(|_| Spread::default());
    for _ in 0..args.rounds {
        for ((_, room, round), rate) in CONTENDERS.iter().zip(&mut rates) {
            let dir = place.scratch()?;
            let setup = Setup { dir: dir.path().into(), room: *room, lossy: false };
            rate.add(round(&setup, args)? / 1e6);
        }
    }
    let mut table = Table::new(["logger", "M lines/s", "weir is faster by", "rounds"]);
    for ((name, ..), rate) in CONTENDERS.iter().zip(&rates) {
        let runs = rate.runs().to_string();
        table.row([(*name).into(), format!("{rate:.2}"), rates[0].ratio_to(rate), runs]);
    }
    println!("{table}");
    Ok(())
}

fn round<L: Logger>(setup: &Setup, args: &LosslessArgs) -> anyhow::Result<f64> {
    let mut logger = L::open(setup)?;
    let mut line = NumberedLine::new(args.bytes);
    let since = Instant::now();
    (0..args.lines).for_each(|_| logger.push(line.advance()));
    let refused = logger.refused();
    let stored = logger.finish()?;
    let elapsed = since.elapsed();
    let pushed = args.lines * args.bytes as u64;
    ensure!(refused == 0 && stored == pushed, "{pushed} bytes were pushed, {stored} are stored");
    Ok(args.lines as f64 / elapsed.as_secs_f64())
}

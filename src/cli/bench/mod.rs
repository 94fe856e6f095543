//! `weir bench`: what this machine and this directory can do.
//!
//! Measures in a scratch directory on the file system of `--dir` and removes it. One run says
//! little: rounds are interleaved, and medians and spread are printed.

mod drain;
mod io;
mod push;
mod scratch;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::output;
use super::settings::Settings;
use super::size::Size;

const EXAMPLES: &str = "\
io      writes segments by mmap and by pwritev; says which `--append auto` takes here, and why
push    what writing a line of 100 B costs a program: bursts with pauses, and without any
drain   how many lines a second 1000 jobs on two threads bring into files

Examples:
  weir bench io
  weir bench io --dir /scratch/me/logs
  weir bench push --budget 64MiB
  weir bench drain --size 2GiB";

/// Measure this machine and this directory
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct BenchArgs {
    /// What to measure
    #[arg(value_name = "WHAT", value_enum)]
    what: What,
    /// How much to write in each round [default: 256MiB, push: 20MB]
    #[arg(long, value_name = "SIZE")]
    size: Option<Size>,
    /// How many rounds
    #[arg(long, value_name = "N", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Appending to segments
    Io,
    /// Writing a line
    Push,
    /// From many writers into files
    Drain,
}

pub(super) fn run(args: BenchArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let scratch = scratch::Scratch::beside(&settings.dir)?;
    let size = args.size.map(|size| size.0);
    let mut out = output::stdout()?;
    match args.what {
        What::Io => io::measure(&mut out, &scratch, size.unwrap_or(256 << 20), args.rounds)?,
        What::Push => {
            push::measure(&mut out, &scratch, settings, size.unwrap_or(20_000_000), args.rounds)?;
        }
        What::Drain => {
            drain::measure(&mut out, &scratch, settings, size.unwrap_or(256 << 20), args.rounds)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Median, least and greatest of some measurements; there is at least one.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    median: f64,
    least: f64,
    greatest: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        Self {
            median: at(sorted.len() / 2),
            least: at(0),
            greatest: at(sorted.len().saturating_sub(1)),
        }
    }
}

/// `bytes` in `time`, as bytes a second.
#[expect(clippy::cast_precision_loss, reason = "a rate is shown with three digits")]
fn rate(amount: u64, time: std::time::Duration) -> f64 {
    amount as f64 / time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_median_and_extremes() {
        let spread = Spread::of(&[3.0, 1.0, 2.0]);
        assert_eq!(spread, Spread { median: 2.0, least: 1.0, greatest: 3.0 });
    }
}

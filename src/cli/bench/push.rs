//! `weir bench push`: what writing a line costs the program that writes it.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::engine::{Engine, JobSpec};
use crate::job::{Exit, Stream};

use super::super::settings::Settings;
use super::scratch::Scratch;
use super::{drain, rate};

/// Lines of a burst, and the pause behind it.
const BURST: usize = 2000;
const PAUSE: Duration = Duration::from_millis(2);

/// Measures and prints percentiles, net of the clock.
pub(super) fn measure(
    out: &mut impl Write,
    scratch: &Scratch,
    settings: &Settings,
    size: u64,
    rounds: u32,
) -> anyhow::Result<()> {
    let lines = usize::try_from(size)? / drain::LINE.len();
    let clock = clock_cost();
    writeln!(
        out,
        "{:<22}  {:>6}  {:>6}  {:>8}  {:>10}  {:>10}",
        "100 B a line, ns each", "p50", "p99", "p99.9", "max", "lines/s"
    )?;
    for (name, pause) in [("bursts of 2000, 2 ms", PAUSE), ("without a pause", Duration::ZERO)] {
        let mut nanos = Vec::with_capacity(lines * rounds as usize);
        let mut busy = Duration::ZERO;
        for _ in 0..rounds {
            busy += round(scratch, settings, lines, pause, &mut nanos)?;
        }
        nanos.sort_unstable();
        let of = |per_mille: usize| {
            let last = nanos.len().saturating_sub(1);
            let nanos = nanos.get(last * per_mille / 1000).copied().unwrap_or(0);
            nanos.saturating_sub(clock)
        };
        writeln!(
            out,
            "{name:<22}  {:>6}  {:>6}  {:>8}  {:>10}  {:>10.0}",
            of(500),
            of(990),
            of(999),
            of(1000),
            rate(nanos.len() as u64, busy)
        )?;
    }
    writeln!(out, "net of a clock of {clock} ns; lines/s is the time spent writing alone")?;
    Ok(())
}

/// One engine, one writer, `lines` lines; adds what each took. Returns the time without pauses.
fn round(
    scratch: &Scratch,
    settings: &Settings,
    lines: usize,
    pause: Duration,
    nanos: &mut Vec<u64>,
) -> anyhow::Result<Duration> {
    let dir = scratch.round("push")?;
    let budget = usize::try_from(settings.budget.0).unwrap_or(usize::MAX);
    let engine = Engine::builder().dir(dir).budget(budget).append(settings.append.into()).open()?;
    let job = engine.job(JobSpec::random())?;
    let mut writer = job.writer(Stream::Stdout)?;
    let mut busy = Duration::ZERO;
    let mut left = lines;
    while left > 0 {
        let burst = left.min(BURST);
        let begin = Instant::now();
        let mut before = begin;
        for _ in 0..burst {
            writer.write_all(drain::LINE)?;
            let after = Instant::now();
            nanos.push(u64::try_from((after - before).as_nanos()).unwrap_or(u64::MAX));
            before = after;
        }
        busy += before - begin;
        left -= burst;
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
    drop(writer);
    job.finish(Exit::code(0));
    drain::end(&engine)?;
    Ok(busy)
}

/// What reading the clock costs, in nanoseconds.
fn clock_cost() -> u64 {
    let mut costs: Vec<u64> = (0..10_000)
        .map(|_| {
            let begin = Instant::now();
            u64::try_from((Instant::now() - begin).as_nanos()).unwrap_or(u64::MAX)
        })
        .collect();
    costs.sort_unstable();
    costs[costs.len() / 2]
}

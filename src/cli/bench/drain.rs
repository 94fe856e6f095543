//! `weir bench drain`: many jobs, two threads, lossless, until the last line is in a file.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::engine::{Engine, JobSpec, JobWriter};
use crate::job::{JobId, Stream};

use super::super::settings::Settings;
use super::super::size::Size;
use super::scratch::Scratch;
use super::{Spread, rate};

/// One line of 100 bytes.
pub(super) const LINE: &[u8; 100] =
    b"2026-09-21T14:13:20.123456Z  INFO worker{id=17}: step finished loss=0.123 grad=4.56 lr=3e-4 \
      wait=10\n";
const JOBS: usize = 1000;
const THREADS: usize = 2;
/// Lines that a job writes before the next one has its turn.
const TURN: usize = 16;
/// How long the store may take behind the last line.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures and prints lines a second.
pub(super) fn measure(
    out: &mut impl Write,
    scratch: &Scratch,
    settings: &Settings,
    size: u64,
    rounds: u32,
) -> anyhow::Result<()> {
    let lines = usize::try_from(size)? / LINE.len();
    let mut rates = Vec::new();
    let mut peak = 0;
    let mut blocked = 0;
    for _ in 0..rounds {
        let dir = scratch.round("drain")?;
        let budget = usize::try_from(settings.budget.0).unwrap_or(usize::MAX);
        let engine = Engine::builder()
            .dir(dir)
            .budget(budget)
            .append(settings.append.into())
            .max_jobs(JOBS)
            .open()?;
        rates.push(round(&engine, lines)?);
        let status = engine.status();
        peak = peak.max(status.budget_peak);
        blocked += status.blocked;
        end(&engine)?;
    }
    let Spread { median, least, greatest } = Spread::of(&rates);
    writeln!(out, "{JOBS} jobs on {THREADS} threads, lines of {} B into files:", LINE.len())?;
    writeln!(
        out,
        "{median:.0} lines/s ({:.0} MB/s), from {least:.0} to {greatest:.0} in {rounds} rounds",
        median * 1e-4
    )?;
    writeln!(out, "{} of the budget used at most; {blocked} writes waited for room", Size(peak))?;
    Ok(())
}

/// Writes `lines` lines from all jobs in turn; lines a second until all are stored.
fn round(engine: &Engine, lines: usize) -> anyhow::Result<f64> {
    let writers = |thread: usize| -> anyhow::Result<Vec<(crate::engine::Job, JobWriter)>> {
        let jobs = (thread..JOBS).step_by(THREADS).map(|number| {
            let job = engine.job(JobSpec::new(JobId::new(&format!("bench.{number}"))?))?;
            let writer = job.writer(Stream::Stdout)?;
            Ok((job, writer))
        });
        jobs.collect()
    };
    let sets = (0..THREADS).map(writers).collect::<anyhow::Result<Vec<_>>>()?;
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = sets
            .into_iter()
            .map(|mut jobs| scope.spawn(move || push(&mut jobs, lines / THREADS).map(|()| jobs)))
            .collect();
        for thread in threads {
            // Writers close when their set is dropped here.
            drop(thread.join().ok().context("a writer panicked")??);
        }
        anyhow::Ok(())
    })?;
    ensure!(engine.flush(PATIENCE).complete, "the store did not take all lines in a minute");
    Ok(rate((lines / THREADS * THREADS) as u64, begin.elapsed()))
}

fn push(jobs: &mut [(crate::engine::Job, JobWriter)], lines: usize) -> std::io::Result<()> {
    let mut left = lines;
    while left > 0 {
        for (_, writer) in jobs.iter_mut() {
            for _ in 0..TURN.min(left) {
                writer.write_all(LINE)?;
            }
            left = left.saturating_sub(TURN);
        }
    }
    Ok(())
}

/// Ends an engine whose lines are all written.
pub(super) fn end(engine: &Engine) -> anyhow::Result<()> {
    ensure!(engine.shutdown(PATIENCE).complete, "the store did not take all lines in a minute");
    Ok(())
}

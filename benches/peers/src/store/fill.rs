//! Fills a store with jobs that ran at once.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use logweir::engine::{Engine, Job, JobSpec, JobWriter};
use logweir::job::{Attempt, Exit, JobId, Stream};
use logweir_peers::NumberedLine;

/// Length of a line with its newline, in bytes.
pub(super) const LINE: usize = 100;
/// Jobs that run at once.
const WAVE: u32 = 1000;
/// Lines of a job before the next job's.
const TURN: u64 = 50;

/// The id of a job by its number.
pub(super) fn name(number: u32) -> String {
    format!("job.{number:05}")
}

/// Stores `jobs` finished jobs of `lines` lines each.
pub(super) fn fill(dir: &Path, jobs: u32, lines: u64) -> anyhow::Result<()> {
    let engine = Engine::builder().dir(dir).budget(1 << 30).open()?;
    let mut from = 0;
    while from < jobs {
        let to = jobs.min(from + WAVE);
        wave(&engine, from..to, lines)?;
        from = to;
    }
    let report = engine.shutdown(Duration::from_secs(120));
    let stored = report.stored_bytes;
    let written = u64::from(jobs) * lines * LINE as u64;
    ensure!(report.complete && stored == written, "{written} bytes written, {stored} stored");
    Ok(())
}

fn wave(engine: &Engine, numbers: std::ops::Range<u32>, lines: u64) -> anyhow::Result<()> {
    let mut open: Vec<(Job, JobWriter, NumberedLine)> = numbers
        .map(|number| {
            let spec = JobSpec::new(JobId::new(&name(number))?).attempt(Attempt::FIRST);
            let job = engine.job(spec)?;
            let writer = job.writer(Stream::Stdout)?;
            anyhow::Ok((job, writer, NumberedLine::new(LINE)))
        })
        .collect::<Result<_, _>>()?;
    let mut left = lines;
    while left > 0 {
        let turn = TURN.min(left);
        for (_, writer, line) in &mut open {
            (0..turn).try_for_each(|_| writer.write_all(line.advance()))?;
        }
        left -= turn;
    }
    for (job, writer, _) in open {
        drop(writer);
        job.finish(Exit::code(0));
    }
    Ok(())
}

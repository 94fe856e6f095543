//! Processor time of an engine that has nothing to do.

use std::time::{Duration, Instant};

use anyhow::ensure;
use logweir::engine::Engine;

use super::usage::processor_time;
use super::{JobsArgs, open_jobs};
use crate::report::{Spread, Table, print_heading};
use crate::scratch::Place;

const JOBS: usize = 1000;

pub(super) fn run(args: &JobsArgs, place: &Place) -> anyhow::Result<()> {
    print_heading("Idle engine, 1000 open jobs", place.scratch()?.path());
    println!("Every job wrote one line before; {} s in each round:\n", args.idle);
    let dir = place.scratch()?;
    let engine = Engine::builder().dir(dir.path()).budget(1 << 30).max_jobs(JOBS).open()?;
    let (jobs, mut writers) = open_jobs(&engine, JOBS)?;
    for writer in &mut writers {
        std::io::Write::write_all(writer, b"ready\n")?;
    }
    let flushed = engine.flush(Duration::from_secs(30));
    ensure!(flushed.complete, "the engine does not come to rest: {flushed:?}");
    let mut share = Spread::default();
    for _ in 0..args.rounds {
        let (since, before) = (Instant::now(), processor_time()?);
        std::thread::sleep(Duration::from_secs(args.idle));
        let used = processor_time()? - before;
        share.add(used.as_secs_f64() * 100.0 / since.elapsed().as_secs_f64());
    }
    drop((jobs, writers));
    let mut table = Table::new(["open jobs", "% of a core", "rounds"]);
    table.row([JOBS.to_string(), format!("{share:.3}"), share.runs().to_string()]);
    println!("{table}");
    Ok(())
}

//! Memory of open jobs that print nothing.

use std::time::Duration;

use anyhow::ensure;
use logweir::engine::Engine;

use super::usage::anonymous_kib;
use super::{JobsArgs, open_jobs};
use crate::report::{Spread, Table, print_heading};
use crate::scratch::Place;

const JOBS: usize = 10_000;

pub(super) fn run(args: &JobsArgs, place: &Place) -> anyhow::Result<()> {
    print_heading("10,000 open silent jobs", place.scratch()?.path());
    println!("Memory that is not a file's (RssAnon and RssShmem), budget 1 GiB, a writer a job:\n");
    let (mut before, mut open) = (Spread::default(), Spread::default());
    for _ in 0..args.rounds {
        let dir = place.scratch()?;
        before.add(mib(anonymous_kib()?));
        let engine = Engine::builder().dir(dir.path()).budget(1 << 30).max_jobs(JOBS).open()?;
        let jobs = open_jobs(&engine, JOBS)?;
        let flushed = engine.flush(Duration::from_secs(30));
        ensure!(flushed.complete, "the starts of the jobs are not stored: {flushed:?}");
        open.add(mib(anonymous_kib()?));
        drop(jobs);
        drop(engine);
    }
    let mut table = Table::new(["when", "MiB", "rounds"]);
    let runs = open.runs().to_string();
    table.row(["before the engine".into(), before.to_string(), runs.clone()]);
    table.row(["10,000 jobs open".into(), open.to_string(), runs]);
    println!("{table}");
    Ok(())
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

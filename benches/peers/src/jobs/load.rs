//! Lines a second, and processor time a line, of many jobs that write at once.

use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::ensure;
use logweir::engine::{Engine, JobWriter};
use logweir::job::Exit;
use logweir_peers::NumberedLine;

use super::usage::processor_time;
use super::{JobsArgs, open_jobs};
use crate::report::{Spread, Table, print_heading};
use crate::scratch::Place;

/// Threads that write; each serves its share of the jobs in turns.
const THREADS: usize = 2;

/// One load: so many lines by so many jobs, `turn` lines of a job before the next job's.
struct Load {
    jobs: usize,
    lines: u64,
    line_len: usize,
    turn: u64,
}

/// What a load took, from the first push until all is stored and the engine has ended.
struct Took {
    wall: Duration,
    processor: Duration,
}

/// 1000 jobs on 2 threads.
pub(super) fn many(args: &JobsArgs, place: &Place) -> anyhow::Result<()> {
    print_heading("1000 jobs on 2 threads, lossless", place.scratch()?.path());
    println!("{} lines of {} B, budget 1 GiB:\n", args.lines, args.bytes);
    let loads = [1, 10, 100].map(|turn| args.load(1000, turn));
    let mut rates = loads.each_ref().map(|_| Spread::default());
    for _ in 0..args.rounds {
        for (load, rate) in loads.iter().zip(&mut rates) {
            let took = load.run(place.scratch()?.path())?;
            rate.add(load.lines as f64 / 1e6 / took.wall.as_secs_f64());
        }
    }
    let mut table = Table::new(["lines of a job before the next", "M lines/s", "rounds"]);
    for (load, rate) in loads.iter().zip(&rates) {
        table.row([load.turn.to_string(), rate.to_string(), rate.runs().to_string()]);
    }
    println!("{table}");
    Ok(())
}

/// 4000 jobs against 10, the same total.
pub(super) fn cpu(args: &JobsArgs, place: &Place) -> anyhow::Result<()> {
    print_heading("Processor time a line, 4000 jobs against 10", place.scratch()?.path());
    println!("{} lines of {} B, 10 of a job before the next's:\n", args.lines, args.bytes);
    let loads = [10, 4000].map(|jobs| args.load(jobs, 10));
    let mut costs = loads.each_ref().map(|_| Spread::default());
    for _ in 0..args.rounds {
        for (load, cost) in loads.iter().zip(&mut costs) {
            let took = load.run(place.scratch()?.path())?;
            cost.add(took.processor.as_secs_f64() * 1e9 / load.lines as f64);
        }
    }
    let mut table = Table::new(["jobs", "ns of processor a line", "to 10 jobs", "rounds"]);
    for (load, cost) in loads.iter().zip(&costs) {
        let ratio = cost.ratio_to(&costs[0]);
        table.row([load.jobs.to_string(), format!("{cost:.0}"), ratio, cost.runs().to_string()]);
    }
    println!("{table}");
    Ok(())
}

impl JobsArgs {
    fn load(&self, jobs: usize, turn: u64) -> Load {
        Load {
            jobs,
            lines: self.lines / THREADS as u64 * THREADS as u64,
            line_len: self.bytes,
            turn,
        }
    }
}

impl Load {
    fn run(&self, dir: &Path) -> anyhow::Result<Took> {
        let engine = Engine::builder().dir(dir).budget(1 << 30).max_jobs(self.jobs).open()?;
        let (jobs, mut writers) = open_jobs(&engine, self.jobs)?;
        let start = Barrier::new(THREADS + 1);
        let (since, processor) = std::thread::scope(|scope| {
            let share = self.jobs / THREADS;
            for _ in 0..THREADS {
                let (writers, start) = (writers.split_off(writers.len() - share), &start);
                scope.spawn(move || {
                    start.wait();
                    self.write(writers);
                });
            }
            let before = (Instant::now(), processor_time());
            start.wait();
            before
        });
        let processor = processor?;
        jobs.into_iter().for_each(|job| job.finish(Exit::code(0)));
        let report = engine.shutdown(Duration::from_secs(120));
        let took = Took { wall: since.elapsed(), processor: processor_time()? - processor };
        let stored = report.stored_bytes;
        ensure!(
            report.complete && stored == self.lines * self.line_len as u64,
            "{stored} bytes are stored of {} lines: {report:?}",
            self.lines
        );
        Ok(took)
    }

    /// One thread's share of the lines.
    fn write(&self, mut writers: Vec<JobWriter>) {
        use std::io::Write;
        let mut line = NumberedLine::new(self.line_len);
        let mut left = self.lines / THREADS as u64;
        while left > 0 {
            for writer in &mut writers {
                let turn = self.turn.min(left);
                for _ in 0..turn {
                    writer.write_all(line.advance()).expect("the engine runs");
                }
                left -= turn;
            }
        }
    }
}

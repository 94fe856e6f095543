//! A harness that logs from its own threads: a job a task, a writer a thread and stream.
//!
//! ```text
//! cargo run --example embed -- /tmp/embedded && weir --dir /tmp/embedded ls
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use logweir::engine::{Engine, Job, JobSpec};
use logweir::job::{Exit, JobId, Stream};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).unwrap_or_else(|| "weir-embedded".into());
    let engine = Engine::builder().dir(&dir).budget(64 << 20).open()?;
    let mut tasks = Vec::new();
    for number in 0..4 {
        let job = engine.job(JobSpec::new(JobId::new(&format!("task-{number}"))?))?;
        tasks.push(std::thread::spawn(move || task(number, job).map_err(|e| e.to_string())));
    }
    for task in tasks {
        task.join().map_err(|_| "a task panicked")??;
    }
    let report = engine.shutdown(Duration::from_secs(10));
    println!("{} bytes in {dir}, complete: {}", report.stored_bytes, report.complete);
    Ok(())
}

/// One task: it writes to both of its streams and says how it ended.
fn task(number: usize, job: Job) -> Result<(), Box<dyn Error>> {
    let mut out = job.writer(Stream::Stdout)?;
    let mut err = job.writer(Stream::Stderr)?;
    let mut work = || -> io::Result<()> {
        for step in 0..1000 {
            writeln!(out, "task {number} step {step}")?;
        }
        writeln!(err, "task {number} is done")
    };
    let code = if work().is_ok() { 0 } else { 1 };
    job.finish(Exit::code(code));
    Ok(())
}

//! Many jobs in one process: throughput, processor time, memory, and what idling costs.
//!
//! Each part runs in a process of its own, so that none sees another's memory.

mod idle;
mod load;
mod silent;
mod usage;

use std::process::Command;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use logweir::engine::{Engine, Job, JobSpec, JobWriter};
use logweir::job::{Attempt, JobId, Stream};

use crate::scratch::Place;

#[derive(Debug, Args)]
pub(crate) struct JobsArgs {
    /// Which part to measure [default: all, each in a process of its own]
    part: Option<Part>,
    /// How often each is measured
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Lines in a round of `many` and `cpu`
    #[arg(long, default_value_t = 10_000_000)]
    lines: u64,
    /// Length of a line with its newline
    #[arg(long, default_value_t = 100)]
    bytes: usize,
    /// How long `idle` looks, in seconds
    #[arg(long, default_value_t = 5)]
    idle: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Part {
    /// Lines a second of 1000 jobs on 2 threads
    Many,
    /// Processor time a line at 4000 jobs and at 10
    Cpu,
    /// Memory of 10,000 open silent jobs
    Silent,
    /// Processor time of an idle engine with 1000 open jobs
    Idle,
}

/// Measures one part, or all.
pub(crate) fn run(args: &JobsArgs, place: &Place) -> anyhow::Result<()> {
    match args.part {
        Some(Part::Many) => load::many(args, place),
        Some(Part::Cpu) => load::cpu(args, place),
        Some(Part::Silent) => silent::run(args, place),
        Some(Part::Idle) => idle::run(args, place),
        None => Part::value_variants().iter().try_for_each(|part| each_alone(*part, args, place)),
    }
}

fn each_alone(part: Part, args: &JobsArgs, place: &Place) -> anyhow::Result<()> {
    let name = part.to_possible_value().context("every part has a name")?;
    let status = Command::new(std::env::current_exe()?)
        .args(["jobs", name.get_name()])
        .args(["--rounds".into(), args.rounds.to_string()])
        .args(["--lines".into(), args.lines.to_string()])
        .args(["--bytes".into(), args.bytes.to_string()])
        .args(["--idle".into(), args.idle.to_string()])
        .args(place.words())
        .status()?;
    ensure!(status.success(), "`jobs {}` failed: {status}", name.get_name());
    Ok(())
}

/// Opens `count` jobs with one writer each.
fn open_jobs(engine: &Engine, count: usize) -> anyhow::Result<(Vec<Job>, Vec<JobWriter>)> {
    let open = |number: usize| {
        let spec = JobSpec::new(JobId::new(&format!("job.{number}"))?).attempt(Attempt::FIRST);
        let job = engine.job(spec)?;
        let writer = job.writer(Stream::Stdout)?;
        anyhow::Ok((job, writer))
    };
    (0..count).map(open).collect()
}

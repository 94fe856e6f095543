//! `weir batch`: capture many commands, so many at once.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use crate::harness::{Array, Batch, BatchReport, Ended, Event, Halt, JobLog};
use crate::job::{Attempt, Extent, JobId};
use crate::store::{Catalog, StoreError};

use super::args::When;
use super::duration::{parse_timeout, show_duration};
use super::elements::{Elements, id};
use super::exit::{OWN_FAILURE, complain};
use super::failure;
use super::job_name::id_here;
use super::output::thousands;
use super::progress::Progress;
use super::rig::Rig;
use super::settings::Settings;
use super::size::Size;

const EXAMPLES: &str = "\
Examples:
  weir batch -j 64 jobs.txt                      one shell command a line, 64 at a time
  generate-jobs | weir batch --retries 2 -       the same from standard input
  weir batch --array 1-1000 -- ./simulate {}     one command for every number
  weir batch --id night --resume jobs.txt        only what has not succeeded yet

A job's id is the batch's and the element's, the line's number or the array's: night.17. Empty \
lines and lines that begin with # are no elements. A job sees WEIR_JOB_ID, WEIR_ATTEMPT and, for \
the element, WEIR_TASK. Its standard input is empty.

Exit codes:
  0 all succeeded (also where there was none); else how many failed or were not started, 101 for
  more than 100; 125 weir itself failed";

/// How many failed jobs are told of in full.
const FAILURES_TOLD: usize = 3;

/// Capture many commands, so many at once
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct BatchArgs {
    /// The batch's id, which begins its jobs' ids [default: Slurm's, or a new one]
    #[arg(long, value_name = "ID")]
    id: Option<JobId>,
    /// How many run at once [default: the number of processors]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    /// Run CMD once for every number: 1-100, 0-30:5, 1,4,9-12
    #[arg(long, value_name = "A-B[:S]", requires = "command", conflicts_with = "file")]
    array: Option<Array>,
    /// Run a failed job again up to so many times, each as a further attempt
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: u32,
    /// End a job after this time: SIGTERM, and SIGKILL 5 s later
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout)]
    timeout: Option<Duration>,
    /// What a failure does to the others: nothing, start no more, end the running ones too
    #[arg(long, value_name = "WHEN", default_value = "never")]
    halt: HaltArg,
    /// Leave out jobs that the store knows to have succeeded; an element is its number: that the
    /// line behind it has changed is not noticed
    #[arg(long)]
    resume: bool,
    /// Append a line for every ended job to this file, in the columns of GNU parallel
    #[arg(long, value_name = "FILE")]
    joblog: Option<PathBuf>,
    /// When to show progress [default: auto]
    #[arg(long, value_name = "WHEN")]
    progress: Option<When>,
    /// One shell command a line; - for standard input
    #[arg(value_name = "FILE", conflicts_with = "command")]
    file: Option<PathBuf>,
    /// With --array: the command and its arguments, in which {} is the number
    #[arg(last = true, value_name = "CMD", requires = "array")]
    command: Vec<OsString>,
}

/// What a failure does to the others.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum HaltArg {
    /// Nothing
    Never,
    /// No further job is started
    Soon,
    /// No further job is started, and the running ones get SIGTERM
    Now,
}

/// What was typed, checked and complete.
struct Plan {
    batch_id: JobId,
    elements: Elements,
    batch: Batch,
    timeout: Option<Duration>,
    joblog: Option<JobLog>,
    /// Jobs that need not run again.
    done: HashSet<JobId>,
}

pub(super) fn run(args: BatchArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let source = args.file.clone().map_or("the array".into(), |file| file.display().to_string());
    let progress = args.progress.unwrap_or(When::Auto);
    let plan = plan(args, settings)?;
    let jobs = plan.elements.len();
    if jobs == 0 {
        complain(&format!("no jobs in {source}"));
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    let at_once = plan.batch.jobs.min(usize::try_from(jobs).unwrap_or(usize::MAX)).max(1);
    let rig = Rig::start(settings, at_once)?;
    let batch_id = plan.batch_id.clone();
    let skipped = u64::try_from(plan.done.len()).unwrap_or(u64::MAX);
    let progress = Progress::start(&rig.engine, jobs - skipped, progress, settings);
    let (report, failures) = work(plan, &rig, &progress)?;
    progress.end();
    let engine = std::sync::Arc::clone(&rig.engine);
    let stored = rig.finish();
    for ended in failures.iter().filter(|_| !settings.quiet) {
        failure::tell(ended, false, settings);
    }
    if !settings.quiet {
        let stored = engine.status().stored;
        let extent = stored.stdout + stored.stderr;
        complain(&summary(&batch_id, &report, skipped, extent, started.elapsed()));
    }
    Ok(ExitCode::from(if stored { report.exit_code() } else { OWN_FAILURE }))
}

fn plan(args: BatchArgs, settings: &Settings) -> anyhow::Result<Plan> {
    let jobs = match args.jobs {
        Some(0) => bail!("-j 0 would run nothing; choose 1 or more jobs at once"),
        Some(jobs) => jobs,
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    if args.resume && args.id.is_none() {
        bail!("--resume goes on with a batch that is stored: name it with --id");
    }
    if args.command.first().is_some_and(|program| program.is_empty()) {
        bail!("the command is empty; give a program behind --");
    }
    let batch_id = args.id.map_or_else(id_here, Ok)?;
    let elements = match (args.array, args.file) {
        (Some(array), _) => Elements::Array(array, args.command),
        (None, Some(file)) => Elements::read(&file)?,
        (None, None) => bail!("give a FILE of commands, or --array A-B -- CMD"),
    };
    if let Some(last) = elements.numbers().max() {
        id(&batch_id, last).with_context(|| format!("the batch id {batch_id} is too long"))?;
    }
    let joblog = args.joblog.map(|path| {
        JobLog::open(&path).with_context(|| format!("cannot write {}", path.display()))
    });
    let halt = match args.halt {
        HaltArg::Never => Halt::Never,
        HaltArg::Soon => Halt::Soon,
        HaltArg::Now => Halt::Now,
    };
    Ok(Plan {
        done: if args.resume { succeeded(&batch_id, &elements, settings)? } else { HashSet::new() },
        batch_id,
        elements,
        batch: Batch { jobs, retries: args.retries, halt },
        timeout: args.timeout,
        joblog: joblog.transpose()?,
    })
}

/// Runs the batch; also gives the first jobs that failed.
fn work(
    mut plan: Plan,
    rig: &Rig,
    progress: &Progress,
) -> anyhow::Result<(BatchReport, Vec<Ended>)> {
    let mut failures = Vec::new();
    let mut waiting_told = false;
    let tasks = plan.elements.tasks(&plan.batch_id, |id| !plan.done.contains(id));
    let tasks = tasks.map(|task| match plan.timeout {
        Some(timeout) => task.timeout(timeout),
        None => task,
    });
    let report = plan.batch.run(&rig.engine, &rig.harness, tasks, |event| match event {
        Event::Started { .. } => progress.started(),
        Event::Waiting { reason } => {
            if !std::mem::replace(&mut waiting_told, true) {
                progress.say(&format!("waiting for room: {reason}"));
            }
        }
        Event::Ended { seq, task, ended, again } => {
            progress.ended(ended.exit.success(), again);
            if again {
                return;
            }
            if !ended.exit.success() && failures.len() < FAILURES_TOLD {
                failures.push(ended.clone());
            }
            let logged = plan.joblog.as_mut().map_or(Ok(()), |log| log.append(seq, task, ended));
            if let Err(error) = logged {
                plan.joblog = None;
                progress.say(&format!("the job log ends here: {error}"));
            }
        }
    })?;
    Ok((report, failures))
}

/// The jobs of the batch whose latest attempt succeeded.
fn succeeded(
    batch: &JobId,
    elements: &Elements,
    settings: &Settings,
) -> anyhow::Result<HashSet<JobId>> {
    let mut latest: HashMap<JobId, (Attempt, bool)> = HashMap::new();
    let catalog = match Catalog::open(&settings.dir) {
        Err(StoreError::Missing { .. }) => return Ok(HashSet::new()),
        other => other?,
    };
    for info in catalog.attempts() {
        let success = info.finish().is_some_and(|finish| finish.success());
        let known = latest.entry(info.id.clone()).or_insert((info.attempt, success));
        if info.attempt >= known.0 {
            *known = (info.attempt, success);
        }
    }
    let succeeded = |id: &JobId| latest.get(id).is_some_and(|(_, success)| *success);
    Ok(elements.numbers().filter_map(|n| id(batch, n).ok()).filter(succeeded).collect())
}

fn summary(
    batch: &JobId,
    report: &BatchReport,
    skipped: u64,
    stored: Extent,
    took: Duration,
) -> String {
    let BatchReport { succeeded, failed, retried, not_started, stopped } = *report;
    let mut parts = vec![format!("{} jobs", thousands(succeeded + failed))];
    let mut add = |count: u64, what: &str| {
        if count > 0 {
            parts.push(format!("{} {what}", thousands(count)));
        }
    };
    add(failed, "failed");
    add(retried, "retries");
    add(not_started, "not started");
    add(skipped, "had succeeded before");
    let seconds = took.as_secs_f64().max(0.001);
    #[expect(clippy::cast_possible_truncation, reason = "a rate for people; it saturates")]
    #[expect(clippy::cast_sign_loss, reason = "neither count nor time is negative")]
    let rate = (stored.lines as f64 / seconds) as u64;
    let (lines, bytes) = (thousands(stored.lines), Size(stored.bytes));
    parts.push(format!("{lines} lines, {bytes} in {}", show_duration(took)));
    parts.push(format!("{} lines/s", thousands(rate)));
    let end = if stopped { "stopped" } else { "done" };
    let look = if failed > 0 { "weir ls --failed" } else { "weir ls" };
    format!("batch {batch} {end}: {}; see {look}, weir logs {batch}.N", parts.join(", "))
}

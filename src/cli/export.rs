//! `weir export`: jobs as plain files.

use std::collections::HashSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{ArgGroup, Args, ValueEnum};

use super::line_json::{GapJson, LineJson};
use super::logs::until_error;
use super::notice::Notices;
use super::output::{self, counted};
use super::settings::Settings;
use super::size::Size;
use super::{open, outcome};
use crate::job::{JobId, PerStream};
use crate::read::{Item, JobLog, Metadata, Query, Raw};
use crate::store::{AttemptInfo, Catalog};

const EXAMPLES: &str = "\
Each job becomes a directory:
  DIR/JOB/stdout.log, stderr.log     the very bytes (--format files)
  DIR/JOB/log.jsonl                  both streams, one object a line (--format jsonl)
  DIR/JOB/metadata.json              command, outcome, times, counts
  DIR/JOB/attempt-N/...              the same for each attempt before the latest
Files that are already there are replaced. New files and directories are for you alone.

Examples:
  weir export sim.17 --to out
  weir export --all --to archive --format jsonl

Exit codes:
  0 done   2 bad usage, unknown job, cannot write   3 a segment is damaged, the rest was exported";

/// Write jobs out as plain files
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
#[command(group = ArgGroup::new("which").required(true))]
pub(super) struct ExportArgs {
    /// The jobs: ids, or unique beginnings of them
    #[arg(value_name = "JOB", group = "which")]
    jobs: Vec<String>,
    /// Every job
    #[arg(long, group = "which")]
    all: bool,
    /// Where to write; made if it does not exist
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// What to write
    #[arg(long, value_enum, default_value = "files")]
    format: Format,
}

/// What an export consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// stdout.log and stderr.log, byte for byte
    Files,
    /// log.jsonl, both streams in order
    Jsonl,
}

pub(super) fn run(args: ExportArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut notices = Notices::default();
    let catalog = open::all(settings, &mut notices)?;
    let attempts = open::chosen(&catalog, &args.jobs)?;
    let jobs = attempts.len();
    let mut places = Places::new(&args.to);
    // Newest first: the latest attempt takes the job's own directory.
    let mut newest_first = attempts;
    newest_first.sort_by_key(|info| std::cmp::Reverse((info.attempt, info.started_at)));
    for attempt in newest_first {
        let dir = places.take(attempt);
        one(&catalog, attempt, &dir, args.format, &mut notices)
            .with_context(|| format!("cannot export {} to {}", attempt.id, dir.display()))?;
    }
    if !settings.quiet {
        eprintln!("{} exported to {}", counted(jobs as u64, "attempt"), args.to.display());
    }
    Ok(notices.code(0))
}

/// Which directory each attempt gets.
struct Places<'a> {
    base: &'a Path,
    /// Jobs whose own directory their latest attempt has.
    taken: HashSet<JobId>,
}

impl<'a> Places<'a> {
    fn new(base: &'a Path) -> Self {
        Self { base, taken: HashSet::new() }
    }

    /// The job's directory, or one below it where a later attempt has that.
    fn take(&mut self, attempt: &AttemptInfo) -> PathBuf {
        let job = self.base.join(attempt.id.as_str());
        let earlier = job.join(format!("attempt-{}", attempt.attempt));
        if self.taken.insert(attempt.id.clone()) { job } else { earlier }
    }
}

fn one(
    catalog: &Catalog,
    attempt: &AttemptInfo,
    dir: &Path,
    format: Format,
    notices: &mut Notices,
) -> anyhow::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let log = JobLog::open(catalog, attempt);
    match format {
        Format::Files => files(&log, dir, notices)?,
        Format::Jsonl => jsonl(&log, attempt, dir, notices)?,
    }
    let mut file = create(dir, "metadata.json")?;
    serde_json::to_writer_pretty(&mut file, &Metadata::read(catalog, attempt))?;
    file.write_all(b"\n")?;
    file.flush()?;
    let total = outcome::total(attempt);
    if total.gaps > 0 {
        let (lines, size) = (counted(total.lost.lines, "line"), Size(total.lost.bytes));
        eprintln!("~~ {}: {lines} ({size}) lost, see metadata.json ~~", attempt.id);
    }
    Ok(())
}

fn files(log: &JobLog<'_>, dir: &Path, notices: &mut Notices) -> io::Result<()> {
    let (stdout, stderr) = (create(dir, "stdout.log")?, create(dir, "stderr.log")?);
    let mut files = PerStream { stdout, stderr };
    let flow = log.raw(None, |raw| match raw {
        Raw::Bytes(stream, bytes) => until_error(files[stream].write_all(bytes)),
        Raw::Gap(_) => ControlFlow::Continue(()),
        Raw::Damage(damage) => {
            notices.of(damage);
            ControlFlow::Continue(())
        }
    });
    if let ControlFlow::Break(error) = flow {
        return Err(error);
    }
    files.stdout.flush()?;
    files.stderr.flush()
}

fn jsonl(
    log: &JobLog<'_>,
    attempt: &AttemptInfo,
    dir: &Path,
    notices: &mut Notices,
) -> io::Result<()> {
    let mut file = create(dir, "log.jsonl")?;
    let (id, number) = (&attempt.id, attempt.attempt);
    let flow = log.lines(&Query::default(), |item| match item {
        Item::Line(line) => {
            until_error(output::json_line(&mut file, &LineJson::new(id, number, &line)))
        }
        Item::Gap(loss) => {
            until_error(output::json_line(&mut file, &GapJson::new(id, number, &loss)))
        }
        Item::Damage(damage) => {
            notices.of(damage);
            ControlFlow::Continue(())
        }
    });
    if let ControlFlow::Break(error) = flow {
        return Err(error);
    }
    file.flush()
}

fn create(dir: &Path, name: &str) -> io::Result<BufWriter<File>> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(dir.join(name))?;
    Ok(BufWriter::with_capacity(64 << 10, file))
}

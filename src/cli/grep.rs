//! `weir grep`: searches what jobs wrote.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use clap::Args;

use super::exit;
use super::line_json::LineJson;
use super::logs::only;
use super::notice::Notices;
use super::settings::Settings;
use super::when::parse_time;
use super::{open, output, parallel};
use crate::job::{Attempt, Wall};
use crate::read::{Bound, Item, JobLog, Line, Pattern, Query};
use crate::store::{AttemptInfo, Catalog};

const EXAMPLES: &str = "\
Searches every attempt of the named jobs, or of all jobs, and prints `job:line:text`, oldest job
first; attempts after the first are named `job@2`. A regular expression matches within one line, as
the Rust crate `regex` writes them.

Examples:
  weir grep -i 'out of memory'           everywhere
  weir grep -l 'exit status [1-9]'       the ids of the jobs that said so
  weir grep -c warning sim.17 sim.18     how many lines each
  weir grep --stderr --since 1h panicked
  weir grep --json Traceback | jq -r .job

Exit codes:
  0 found   1 not found   2 bad usage, unknown job   3 a segment is damaged, the rest was searched";

/// Search what jobs wrote
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct GrepArgs {
    /// What to look for, a regular expression
    #[arg(value_name = "RE")]
    pattern: String,
    /// Only these jobs: ids, or unique beginnings of them
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,
    /// Upper and lower case are the same
    #[arg(short, long)]
    ignore_case: bool,
    /// Print how many lines each job has, where it has any
    #[arg(short, long, conflicts_with_all = ["list", "json"])]
    count: bool,
    /// Print only which jobs have such lines
    #[arg(short, long, conflicts_with = "json")]
    list: bool,
    /// Only lines from this time on
    #[arg(long, value_name = "T", value_parser = parse_time)]
    since: Option<Wall>,
    /// Only standard output
    #[arg(long, conflicts_with = "stderr")]
    stdout: bool,
    /// Only standard error
    #[arg(long)]
    stderr: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// How hits are shown.
#[derive(Debug, Clone, Copy)]
enum Form {
    Lines { color: bool },
    Json,
    Count,
    List,
}

pub(super) fn run(args: GrepArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let pattern = Pattern::new(&args.pattern, args.ignore_case)?;
    let form = match (args.json, args.count, args.list) {
        (true, _, _) => Form::Json,
        (_, true, _) => Form::Count,
        (_, _, true) => Form::List,
        _ => Form::Lines { color: settings.color.stdout },
    };
    let since = args.since.map(Bound::Time);
    let query = Query { stream: only(args.stdout, args.stderr), since, ..Query::default() };
    let mut notices = Notices::default();
    let catalog = open::all(settings, &mut notices)?;
    let attempts = open::chosen(&catalog, &args.jobs)?;
    let search = Search {
        catalog: &catalog,
        query,
        pattern,
        form,
        notices: Mutex::new(notices),
        found: AtomicBool::new(false),
    };
    let mut out = output::stdout()?;
    let workers = std::thread::available_parallelism().map_or(1, Into::into);
    parallel::in_order(attempts.len(), workers, &mut out, |nth, out| {
        search.attempt(attempts[nth], out)
    })?;
    out.flush()?;
    let code = if search.found.into_inner() { 0 } else { exit::NOTHING_FOUND };
    Ok(search.notices.into_inner().unwrap_or_else(PoisonError::into_inner).code(code))
}

/// One search, shared by its workers.
struct Search<'a> {
    catalog: &'a Catalog,
    query: Query,
    pattern: Pattern,
    form: Form,
    notices: Mutex<Notices>,
    found: AtomicBool,
}

impl Search<'_> {
    fn attempt(&self, attempt: &AttemptInfo, out: &mut impl Write) -> io::Result<()> {
        let mut hits = 0_u64;
        let log = JobLog::open(self.catalog, attempt);
        let flow = log.search(&self.query, &self.pattern, |item| {
            let line = match &item {
                Item::Line(line) => line,
                Item::Damage(damage) => {
                    self.notices.lock().unwrap_or_else(PoisonError::into_inner).of(damage);
                    return ControlFlow::Continue(());
                }
                Item::Gap(_) => return ControlFlow::Continue(()),
            };
            hits += 1;
            match self.hit(attempt, line, out) {
                Err(error) => ControlFlow::Break(Err(error)),
                Ok(()) if matches!(self.form, Form::List) => ControlFlow::Break(Ok(())),
                Ok(()) => ControlFlow::Continue(()),
            }
        });
        if let ControlFlow::Break(result) = flow {
            result?;
        }
        if hits > 0 {
            self.found.store(true, Relaxed);
            match self.form {
                Form::Count => writeln!(out, "{}:{hits}", Name(attempt))?,
                Form::List => writeln!(out, "{}", Name(attempt))?,
                Form::Lines { .. } | Form::Json => {}
            }
        }
        Ok(())
    }

    fn hit(&self, attempt: &AttemptInfo, line: &Line<'_>, out: &mut impl Write) -> io::Result<()> {
        match self.form {
            Form::Json => {
                output::json_line(out, &LineJson::new(&attempt.id, attempt.attempt, line))
            }
            Form::Lines { color: false } => {
                write!(out, "{}:{}:", Name(attempt), line.number)?;
                out.write_all(line.bytes)?;
                out.write_all(b"\n")
            }
            Form::Lines { color: true } => {
                let name = Name(attempt);
                write!(out, "\x1b[35m{name}\x1b[0m:\x1b[32m{}\x1b[0m:", line.number)?;
                self.highlighted(line.bytes, out)
            }
            Form::Count | Form::List => Ok(()),
        }
    }

    /// Writes a line with its matches in bold red.
    fn highlighted(&self, line: &[u8], out: &mut impl Write) -> io::Result<()> {
        let mut from = 0;
        for found in self.pattern.find_iter(line).filter(|found| !found.is_empty()) {
            out.write_all(&line[from..found.start()])?;
            out.write_all(b"\x1b[1;31m")?;
            out.write_all(found.as_bytes())?;
            out.write_all(b"\x1b[0m")?;
            from = found.end();
        }
        out.write_all(&line[from..])?;
        out.write_all(b"\n")
    }
}

/// An attempt's name: the job's id, and which attempt where it is not the first.
struct Name<'a>(&'a AttemptInfo);

impl std::fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.attempt {
            Attempt::FIRST => write!(f, "{}", self.0.id),
            attempt => write!(f, "{}@{attempt}", self.0.id),
        }
    }
}

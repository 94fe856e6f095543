//! `weir show`: all that is known of one job.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::duration::show_duration;
use super::notice::Notices;
use super::outcome;
use super::output::{self, counted, printable};
use super::settings::Settings;
use super::size::Size;
use super::{open, when};
use crate::harness::shell_words;
use crate::job::Attempt;
use crate::read::{Account, Metadata};

const EXAMPLES: &str = "\
Examples:
  weir show sim.17                   how the latest attempt went
  weir show sim.17 --attempt 1       the first one
  weir show sim.17 --json | jq .exit_code

Exit codes:
  0 done   2 bad usage, unknown job   3 a segment is damaged, the rest was shown";

/// Show one job: command, outcome, times, what it used, what it wrote
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ShowArgs {
    /// The job: its id, or the beginning of it that no other job has
    #[arg(value_name = "JOB")]
    job: String,
    /// Which attempt [default: the latest]
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: ShowArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut notices = Notices::default();
    let found = open::one(settings, &args.job, args.attempt.map(Attempt), &mut notices)?;
    let metadata = Metadata::read(found.catalog(), found.attempt());
    let mut out = output::stdout()?;
    if args.json {
        output::json_line(&mut out, &metadata)?;
    } else {
        text(&mut out, &metadata, found.attempts())?;
    }
    out.flush()?;
    Ok(notices.code(0))
}

fn text(out: &mut impl Write, job: &Metadata, attempts: usize) -> io::Result<()> {
    let mut field = |name: &str, value: String| {
        if value.is_empty() { Ok(()) } else { writeln!(out, "{name:<9} {}", printable(&value)) }
    };
    field("job", job.id.to_string())?;
    field("attempt", format!("{} of {attempts}", job.attempt))?;
    field("state", outcome(job))?;
    field("command", shell_words(&job.command))?;
    field("cwd", job.cwd.clone().unwrap_or_default())?;
    for (key, value) in &job.labels {
        field("label", format!("{key}={value}"))?;
    }
    field("node", job.node.clone().unwrap_or_default())?;
    field("started", when::show_local(job.started_at))?;
    field("finished", job.finished_at.map(when::show_local).unwrap_or_default())?;
    let took = job.duration_ms.map(|millis| show_duration(Duration::from_millis(millis)));
    field("took", took.unwrap_or_default())?;
    field("used", used(job))?;
    field("stdout", account(&job.stdout))?;
    field("stderr", account(&job.stderr))
}

fn outcome(job: &Metadata) -> String {
    let mut words = vec![outcome::word(job.state).to_string()];
    words.extend(job.timed_out.then(|| "its time was up".into()));
    words.extend(job.error.clone());
    words.extend(job.exit_code.map(|code| format!("exit code {code}")));
    words.extend(job.signal.map(outcome::signal_name));
    words.extend(job.detached_writer.then(|| "a process it left behind held its output".into()));
    words.join(", ")
}

fn used(job: &Metadata) -> String {
    let time = |millis: Option<u64>, what: &str| {
        millis.map(|millis| format!("{} {what}", show_duration(Duration::from_millis(millis))))
    };
    let memory = job.max_rss_bytes.map(|bytes| format!("{} resident at most", Size(bytes)));
    let parts = [time(job.user_ms, "user"), time(job.sys_ms, "system"), memory];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn account(account: &Account) -> String {
    let mut text = format!("{}, {}", counted(account.lines, "line"), Size(account.bytes));
    if account.gaps > 0 {
        let (lines, size) = (counted(account.lost_lines, "line"), Size(account.lost_bytes));
        text += &format!("; {lines} ({size}) lost in {}", counted(account.gaps, "place"));
    }
    text
}

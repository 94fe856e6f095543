//! `weir ls`: the jobs, newest last.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::duration::show_duration;
use super::notice::Notices;
use super::output::thousands;
use super::settings::Settings;
use super::size::Size;
use super::when::show_local;
use super::{open, outcome, output};
use crate::job::Wall;
use crate::read::{Metadata, State};
use crate::store::{AttemptInfo, AttemptState};

const EXAMPLES: &str = "\
One line an attempt, newest last. `lost` in the column STATE means that the capture ended before the
job did; the column LOST counts lines that are missing from the log.

Examples:
  weir ls                            everything
  weir ls --failed                   what needs a look
  weir ls --running
  weir ls --json | jq -r 'select(.exit_code != 0) | .id'

Exit codes:
  0 done   2 bad usage, no such directory   3 a segment is damaged, the rest was listed";

/// List jobs
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct LsArgs {
    /// Only jobs that run
    #[arg(long)]
    running: bool,
    /// Only jobs that failed, or whose capture ended before they did
    #[arg(long)]
    failed: bool,
    /// Only jobs that ended, well or not
    #[arg(long)]
    done: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl LsArgs {
    fn wants(&self, state: State) -> bool {
        let any = !(self.running || self.failed || self.done);
        any || match state {
            State::Running => self.running,
            State::Done => self.done,
            State::Failed | State::Lost => self.failed || self.done,
        }
    }
}

pub(super) fn run(args: LsArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut notices = Notices::default();
    let catalog = open::all(settings, &mut notices)?;
    let attempts = catalog.attempts().filter(|attempt| args.wants(State::of(attempt)));
    let mut out = output::stdout()?;
    if args.json {
        for attempt in attempts {
            output::json_line(&mut out, &Metadata::read(&catalog, attempt))?;
        }
    } else {
        let rows: Vec<[String; COLUMNS.len()]> = attempts.map(row).collect();
        let colors: Vec<State> =
            catalog.attempts().map(State::of).filter(|state| args.wants(*state)).collect();
        table(&mut out, &rows, settings.color.stdout.then_some(&colors))?;
    }
    out.flush()?;
    Ok(notices.code(0))
}

const COLUMNS: [&str; 9] =
    ["JOB", "TRY", "STATE", "EXIT", "STARTED", "TIME", "LINES", "SIZE", "LOST"];
/// Columns that are aligned to the right.
const NUMBERS: [bool; 9] = [false, true, false, true, false, true, true, true, true];
/// The column that is coloured.
const STATE: usize = 2;

fn row(attempt: &AttemptInfo) -> [String; COLUMNS.len()] {
    let total = outcome::total(attempt);
    let duration = match &attempt.state {
        AttemptState::Finished(finish) => Some(Duration::from_millis(finish.duration_ms)),
        AttemptState::Running => {
            Some(Duration::from_nanos(Wall::now().0.saturating_sub(attempt.started_at.0)))
        }
        AttemptState::Lost => None,
    };
    [
        attempt.id.to_string(),
        attempt.attempt.to_string(),
        outcome::word(State::of(attempt)).into(),
        outcome::exit(attempt),
        show_local(attempt.started_at),
        duration.map_or("-".into(), show_duration),
        thousands(total.produced.lines),
        Size(total.produced.bytes).to_string(),
        if total.gaps == 0 { "-".into() } else { thousands(total.lost.lines) },
    ]
}

/// Prints rows as wide as their widest cell.
fn table<const N: usize>(
    out: &mut impl Write,
    rows: &[[String; N]],
    states: Option<&Vec<State>>,
) -> std::io::Result<()>
where
{
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.chain([COLUMNS[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut line = |cells: [&str; N], state: Option<State>| {
        for (column, cell) in cells.iter().enumerate() {
            let width = if column + 1 == N && !NUMBERS[column] { 0 } else { widths[column] };
            let cell = match NUMBERS[column] {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            };
            let gap = if column == 0 { "" } else { "  " };
            match state {
                Some(state) if column == STATE => {
                    write!(out, "{gap}\x1b[{}m{cell}\x1b[0m", outcome::color(state))?;
                }
                _ => write!(out, "{gap}{cell}")?,
            }
        }
        out.write_all(b"\n")
    };
    line(std::array::from_fn(|column| COLUMNS[column]), None)?;
    for (nth, row) in rows.iter().enumerate() {
        let state = states.and_then(|states| states.get(nth)).copied();
        line(std::array::from_fn(|column| row[column].as_str()), state)?;
    }
    Ok(())
}

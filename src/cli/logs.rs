//! `weir logs`: what one job wrote.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::Args;

use super::line_json::{GapJson, LineJson};
use super::notice::{self, Notices};
use super::open;
use super::output;
use super::settings::Settings;
use super::when::parse_bound;
use crate::job::{Attempt, JobId, Stream};
use crate::read::{Bound, Item, JobLog, Level, Line, LineEnd, Loss, Query, Raw};

const EXAMPLES: &str = "\
Both streams go to standard output, in the order in which lines were complete; with colours, lines
of the job's stderr are red. What is missing is said on stderr where it is missing.

A time is 10m (ago), 14:05, 2026-09-21, '2026-09-21 14:05' (local) or RFC 3339; a line is #120, as
the job counted it on each stream.

Examples:
  weir logs build                        all of the latest attempt
  weir logs sim.17 -n 20                 its last 20 lines
  weir logs sim.17 --stderr --since 10m  what it complained about in the last ten minutes
  weir logs sim.17 --since '#120' --until '#140'
  weir logs sim.17 --level warn -t       warnings and worse, with times
  weir logs sim.17 --stdout --raw > out  the very bytes
  weir logs sim.17 --json | jq .text

Exit codes:
  0 done   2 bad usage, unknown job   3 a segment is damaged, the rest was shown";

/// Print what a job wrote
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct LogsArgs {
    /// The job: its id, or the beginning of it that no other job has
    #[arg(value_name = "JOB")]
    job: String,
    /// Which attempt [default: the latest]
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
    /// Only standard output
    #[arg(long, conflicts_with = "stderr")]
    stdout: bool,
    /// Only standard error
    #[arg(long)]
    stderr: bool,
    /// Only the last N lines
    #[arg(short = 'n', long = "lines", value_name = "N")]
    last: Option<u64>,
    /// Only from this time or line on
    #[arg(long, value_name = "T|#LINE", value_parser = parse_bound)]
    since: Option<Bound>,
    /// Only up to this time or line
    #[arg(long, value_name = "T|#LINE", value_parser = parse_bound)]
    until: Option<Bound>,
    /// Put the time before each line, in UTC (ls, show and --since have local time)
    #[arg(short, long)]
    timestamps: bool,
    /// One JSON object a line
    #[arg(long, conflicts_with_all = ["raw", "timestamps"])]
    json: bool,
    /// The bytes exactly as the job wrote them
    #[arg(long, conflicts_with = "timestamps")]
    raw: bool,
    /// Only lines at least this severe: trace, debug, info, warn, error, fatal; a line that names
    /// no level has that of the line before on its stream, and lines
    /// before the first level are left out
    #[arg(long, value_name = "LEVEL")]
    level: Option<Level>,
}

pub(super) fn run(args: LogsArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let query = Query {
        stream: only(args.stdout, args.stderr),
        since: args.since,
        until: args.until,
        last: args.last,
        level: args.level,
    };
    let mut notices = Notices::default();
    let found = open::one(settings, &args.job, args.attempt.map(Attempt), &mut notices)?;
    let log = JobLog::open(found.catalog(), found.attempt());
    let out = output::stdout()?;
    let mut show = Show {
        out,
        notices,
        job: &found.attempt().id,
        attempt: found.attempt().attempt,
        color: settings.color.stdout,
        color_notices: settings.color.stderr,
        tidy: io::stdout().is_terminal() || args.timestamps,
        timestamps: args.timestamps,
        unended: None,
    };
    let shown = if args.raw && query.is_whole() {
        log.raw(query.stream, |raw| until_error(show.raw(&raw)))
    } else if args.raw {
        log.lines(&query, |item| until_error(show.raw_item(&item)))
    } else if args.json {
        log.lines(&query, |item| until_error(show.json(&item)))
    } else {
        log.lines(&query, |item| until_error(show.text(&item)))
    };
    if let ControlFlow::Break(error) = shown {
        return Err(error.into());
    }
    show.end()?;
    Ok(show.notices.code(0))
}

/// The stream that two flags choose.
pub(super) fn only(stdout: bool, stderr: bool) -> Option<Stream> {
    match (stdout, stderr) {
        (true, _) => Some(Stream::Stdout),
        (_, true) => Some(Stream::Stderr),
        _ => None,
    }
}

/// Goes on until writing fails.
pub(super) fn until_error(result: io::Result<()>) -> ControlFlow<io::Error> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}

/// Shows items one after the other.
struct Show<'a> {
    out: output::Stdout,
    notices: Notices,
    job: &'a JobId,
    attempt: Attempt,
    color: bool,
    color_notices: bool,
    /// Whether a last line without a newline gets one.
    tidy: bool,
    timestamps: bool,
    /// The stream of a line that was shown without its newline.
    unended: Option<Stream>,
}

impl Show<'_> {
    fn text(&mut self, item: &Item<'_>) -> io::Result<()> {
        match item {
            Item::Line(line) => self.text_line(line),
            other => self.missing(other),
        }
    }

    fn text_line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let goes_on = !line.begins && self.unended == Some(line.stream);
        if !goes_on {
            self.break_line()?;
            if self.timestamps {
                write!(self.out, "{:.6} ", line.time.timestamp())?;
            }
        }
        if self.color && line.stream == Stream::Stderr {
            self.out.write_all(b"\x1b[31m")?;
            self.out.write_all(line.bytes)?;
            self.out.write_all(b"\x1b[0m")?;
        } else {
            self.out.write_all(line.bytes)?;
        }
        match line.end {
            LineEnd::Newline => {
                self.unended = None;
                self.out.write_all(b"\n")
            }
            LineEnd::Open | LineEnd::Continued => {
                self.unended = Some(line.stream);
                Ok(())
            }
        }
    }

    fn json(&mut self, item: &Item<'_>) -> io::Result<()> {
        match item {
            Item::Line(line) => {
                output::json_line(&mut self.out, &LineJson::new(self.job, self.attempt, line))
            }
            Item::Gap(loss) => {
                output::json_line(&mut self.out, &GapJson::new(self.job, self.attempt, loss))?;
                self.missing(item)
            }
            Item::Damage(_) => self.missing(item),
        }
    }

    fn raw_item(&mut self, item: &Item<'_>) -> io::Result<()> {
        match item {
            Item::Line(line) => {
                self.out.write_all(line.bytes)?;
                if line.end == LineEnd::Newline { self.out.write_all(b"\n") } else { Ok(()) }
            }
            other => self.missing(other),
        }
    }

    fn raw(&mut self, raw: &Raw<'_>) -> io::Result<()> {
        match raw {
            Raw::Bytes(_, bytes) => self.out.write_all(bytes),
            Raw::Gap(loss) => self.lost(loss),
            Raw::Damage(damage) => self.missing(&Item::Damage(damage)),
        }
    }

    /// Says what is missing here, behind what was shown so far.
    fn missing(&mut self, item: &Item<'_>) -> io::Result<()> {
        match item {
            Item::Line(_) => Ok(()),
            Item::Gap(loss) => self.lost(loss),
            Item::Damage(damage) => {
                self.out.flush()?;
                self.notices.of(damage);
                Ok(())
            }
        }
    }

    fn lost(&mut self, loss: &Loss<'_>) -> io::Result<()> {
        if self.tidy {
            self.break_line()?;
        }
        self.out.flush()?;
        notice::gap(loss, self.color_notices);
        Ok(())
    }

    /// Ends a line that was shown without its newline.
    fn break_line(&mut self) -> io::Result<()> {
        match self.unended.take() {
            Some(_) => self.out.write_all(b"\n"),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.tidy {
            self.break_line()?;
        }
        self.out.flush()
    }
}

//! `weir verify`: reads every segment to its end and checks every checksum.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::exit;
use super::output::{self, counted};
use super::settings::Settings;
use super::size::Size;
use crate::segment::{SegmentError, SegmentName, SegmentReader, VerifyReport};
use crate::store::Catalog;

const EXAMPLES: &str = "\
Reads all that is stored and checks every checksum. Changes nothing. A segment that is being
written, or whose writer was killed, may end in an unfinished frame: nothing in it was ever reported
as stored.

Examples:
  weir verify                        one line for each damaged file, and a sum
  weir verify -v                     one line for every file

Exit codes:
  0 all is whole   2 bad usage, no such directory   3 something is damaged";

/// Check everything that is stored
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct VerifyArgs {}

pub(super) fn run(_args: VerifyArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    // Refuses a directory that is missing, foreign or newer, in the words that all commands use.
    drop(Catalog::open(&settings.dir)?);
    let mut out = output::stdout()?;
    let mut sum = VerifyReport::default();
    let (mut segments, mut damaged) = (0_u64, 0_u64);
    for path in segment_files(settings)? {
        segments += 1;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match SegmentReader::open(&path).and_then(|segment| segment.verify()) {
            Ok(report) => {
                sum.frames += report.frames;
                sum.bytes += report.bytes;
                damaged += u64::from(report.damage.is_some());
                if let Some(text) = judge(&report, settings.verbose) {
                    writeln!(out, "{name}: {text}")?;
                }
            }
            Err(error) => {
                damaged += 1;
                writeln!(out, "{name}: {}", unreadable(&error, &path))?;
            }
        }
    }
    let (frames, bytes) = (counted(sum.frames, "frame"), Size(sum.bytes));
    let segments = counted(segments, "segment");
    let verdict = match damaged {
        0 => "all whole".to_string(),
        1 => "1 damaged; what else is readable is served".into(),
        more => format!("{more} damaged; what else is readable is served"),
    };
    writeln!(out, "{segments}, {frames}, {bytes} of output: {verdict}")?;
    out.flush()?;
    Ok(ExitCode::from(if damaged == 0 { 0 } else { exit::DAMAGED }))
}

/// The segment files of the directory, by name.
fn segment_files(settings: &Settings) -> anyhow::Result<Vec<PathBuf>> {
    let dir = &settings.dir;
    let listed =
        std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    let mut files = Vec::new();
    for entry in listed {
        let path = entry.with_context(|| format!("cannot list {}", dir.display()))?.path();
        if SegmentName::of(&path).is_some() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What to say of one segment; `None` where there is nothing to say.
fn judge(report: &VerifyReport, verbose: bool) -> Option<String> {
    let whole =
        || format!("whole, {}, {} of output", counted(report.frames, "frame"), Size(report.bytes));
    match (report.damage, report.unfinished) {
        (Some(damage), _) => Some(format!(
            "damaged at byte {}: {}; {} can be read",
            damage.at,
            damage.what,
            counted(report.frames, "frame")
        )),
        (None, Some(at)) => {
            verbose.then(|| format!("{}; an unfinished frame at byte {at}", whole()))
        }
        (None, None) => verbose.then(whole),
    }
}

/// The error without the path, which the line begins with.
fn unreadable(error: &SegmentError, path: &Path) -> String {
    match error {
        SegmentError::Io { action, source, .. } => format!("cannot {action} it: {source}"),
        other => {
            let text = other.to_string();
            let behind = text.strip_prefix(&path.display().to_string()).unwrap_or(&text).trim();
            behind.strip_prefix("is ").unwrap_or(behind).into()
        }
    }
}

//! `weir logs`.

use std::process::ExitCode;

use clap::Args;

use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  weir logs JOB";

/// Print what a job wrote
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct LogsArgs {}

pub(super) fn run(_args: LogsArgs, _settings: &Settings) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`weir logs` is not part of this build")
}

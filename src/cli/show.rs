//! `weir show`.

use std::process::ExitCode;

use clap::Args;

use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  weir show JOB";

/// Show one job
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ShowArgs {}

pub(super) fn run(_args: ShowArgs, _settings: &Settings) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`weir show` is not part of this build")
}

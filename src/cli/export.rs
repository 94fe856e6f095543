//! `weir export`.

use std::process::ExitCode;

use clap::Args;

use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  weir export --all --to DIR";

/// Write jobs out as files
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ExportArgs {}

pub(super) fn run(_args: ExportArgs, _settings: &Settings) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`weir export` is not part of this build")
}

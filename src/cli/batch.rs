//! `weir batch`.

use std::process::ExitCode;

use clap::Args;

use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  weir batch -j 64 jobs.txt";

/// Capture many commands
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct BatchArgs {}

pub(super) fn run(_args: BatchArgs, _settings: &Settings) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`weir batch` is not part of this build")
}

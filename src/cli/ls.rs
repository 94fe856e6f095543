//! `weir ls`.

use std::process::ExitCode;

use clap::Args;

use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  weir ls --failed";

/// List jobs
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct LsArgs {}

pub(super) fn run(_args: LsArgs, _settings: &Settings) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`weir ls` is not part of this build")
}

//! `weir verify`.

use std::process::ExitCode;

use clap::Args;

use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  weir verify";

/// Check every segment
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct VerifyArgs {}

pub(super) fn run(_args: VerifyArgs, _settings: &Settings) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`weir verify` is not part of this build")
}

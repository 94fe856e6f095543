//! `weir run`.

use std::process::ExitCode;

use clap::Args;

use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  weir run -- make -j8";

/// Capture one command
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct RunArgs {}

pub(super) fn run(_args: RunArgs, _settings: &Settings) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`weir run` is not part of this build")
}

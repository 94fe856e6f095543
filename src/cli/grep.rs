//! `weir grep`.

use std::process::ExitCode;

use clap::Args;

use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  weir grep error";

/// Search what jobs wrote
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct GrepArgs {}

pub(super) fn run(_args: GrepArgs, _settings: &Settings) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`weir grep` is not part of this build")
}

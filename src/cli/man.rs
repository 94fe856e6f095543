//! `weir man`: the manual pages.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, CommandFactory};

use super::args::Cli;
use super::output;

const EXAMPLES: &str = "\
Examples:
  weir man | man -l -                read the main page
  weir man logs | man -l -           read the page of one command
  weir man > ~/.local/share/man/man1/weir.1";

/// Print the manual page of weir or of one command
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ManArgs {
    /// The command; without it the main page
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub(super) fn run(args: ManArgs) -> anyhow::Result<ExitCode> {
    let mut root = Cli::command();
    root.build();
    let page = match &args.command {
        None => root,
        Some(name) => root
            .find_subcommand(name)
            .with_context(|| format!("there is no command `{name}`; see `weir --help`"))?
            .clone(),
    };
    let mut out = output::stdout()?;
    clap_mangen::Man::new(page).render(&mut out)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

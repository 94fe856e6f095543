//! What may be typed. Nothing below this file and [`settings`](super::settings) sees a raw flag.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

use super::size::Size;
use super::{batch, bench, completions, export, grep, logs, ls, man, run, show, verify};
use crate::segment::AppendMode;

const LONG_ABOUT: &str = "\
Captures what thousands of concurrent jobs print, without making a job wait for a disk.

Every job writes into its own lock-free ring under one byte budget; a drain packs all of them into \
a few append files in one directory. Any number of weir processes may write to and read from the \
same directory at the same time.";

const EXAMPLES: &str = "\
Examples:
  weir run -- make -j8               capture one command
  weir batch -j 64 jobs.txt          one shell command a line, 64 at a time
  weir ls --failed                   which jobs failed
  weir logs train.17 -n 20           the last 20 lines of one job
  weir grep -i 'out of memory'       search everything that was captured

Where settings come from, first wins:
  a flag, a WEIR_* variable, the file named by --config or WEIR_CONFIG (TOML), the default

Exit codes:
  0 done   1 grep found nothing   2 bad usage, unknown job   3 done, but a segment is damaged
  125 run and batch: weir itself failed
  Else run gives the code of its command, and batch counts the jobs that failed.";

/// Captures what thousands of concurrent jobs print
#[derive(Debug, Parser)]
#[command(name = "weir", version, long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
#[command(max_term_width = 100, disable_help_subcommand = true, infer_subcommands = false)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) globals: Globals,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Globals {
    /// Where the logs are kept [default: $XDG_STATE_HOME/weir or ~/.local/state/weir]
    #[arg(long, global = true, env = "WEIR_DIR", hide_env = true, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// Read settings from this TOML file
    #[arg(long, global = true, env = "WEIR_CONFIG", hide_env = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Memory for output that is not stored yet, all jobs together [default: 1GiB]
    #[arg(long, global = true, env = "WEIR_BUDGET", hide_env = true, value_name = "SIZE")]
    pub(super) budget: Option<Size>,
    /// How segments are written [default: auto]
    #[arg(long, global = true, env = "WEIR_APPEND", hide_env = true, value_name = "HOW")]
    pub(super) append: Option<Append>,
    /// When to use colours [default: auto]
    #[arg(long, global = true, env = "WEIR_COLOR", hide_env = true, value_name = "WHEN")]
    pub(super) color: Option<When>,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Say what is used and why (directory, append mode, memory)
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(super) verbose: bool,
}

/// How segments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Append {
    /// The one that was measured to cost less: pwritev
    Auto,
    /// Through mapped windows, on ext4, xfs and tmpfs where a probe passes
    Mmap,
    /// Through gathered writes
    Pwritev,
}

impl From<Append> for AppendMode {
    fn from(append: Append) -> Self {
        match append {
            Append::Auto => Self::Auto,
            Append::Mmap => Self::Mmap,
            Append::Pwritev => Self::Pwritev,
        }
    }
}

/// When to do something that depends on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum When {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands, one file each.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(run::RunArgs),
    Batch(batch::BatchArgs),
    Logs(logs::LogsArgs),
    Ls(ls::LsArgs),
    Show(show::ShowArgs),
    Grep(grep::GrepArgs),
    Export(export::ExportArgs),
    Verify(verify::VerifyArgs),
    Bench(bench::BenchArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flag_table_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            let name = command.get_name();
            assert!(help.contains(&format!("weir {name}")), "`weir {name} --help` has no example");
        }
    }
}

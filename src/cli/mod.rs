//! The command line: what was typed, what it means, one file a command.
//!
//! - `args` is what may be typed, `settings` what it adds up to; no command sees a raw flag.
//! - Standard output carries data only; everything else goes to stderr.
//! - A closed standard output ends a command quietly; every other error is one line `weir: ...` and
//!   an exit code of `exit`.

mod args;
mod batch;
mod bench;
mod completions;
mod config;
mod duration;
mod elements;
mod exit;
mod export;
mod failure;
mod grep;
mod job_name;
mod label;
mod line_json;
mod logs;
mod ls;
mod man;
mod notice;
mod open;
mod outcome;
mod output;
mod parallel;
mod progress;
mod rig;
mod run;
mod settings;
mod show;
mod size;
mod typed;
mod verify;
mod watch;
mod when;

use std::process::ExitCode;

use args::Command;
use settings::Settings;

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = match typed::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let on_failure = match &cli.command {
        Command::Run(_) | Command::Batch(_) => exit::OWN_FAILURE,
        _ => exit::FAILED,
    };
    let result =
        Settings::resolve(&cli.globals).and_then(|settings| dispatch(cli.command, &settings));
    exit::conclude(result, on_failure)
}

fn dispatch(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(args) => run::run(args, settings),
        Command::Batch(args) => batch::run(args, settings),
        Command::Logs(args) => logs::run(args, settings),
        Command::Ls(args) => ls::run(args, settings),
        Command::Show(args) => show::run(args, settings),
        Command::Grep(args) => grep::run(args, settings),
        Command::Export(args) => export::run(args, settings),
        Command::Verify(args) => verify::run(args, settings),
        Command::Bench(args) => bench::run(args, settings),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}

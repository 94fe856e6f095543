//! `weir run`: capture one command.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::Args;

use crate::harness::{Ended, Task, Tee};
use crate::job::{JobId, Stream};

use super::duration::parse_timeout;
use super::exit::{OWN_FAILURE, complain};
use super::failure;
use super::job_name::id_here;
use super::label::{Label, parse_label};
use super::rig::Rig;
use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  weir run -- make -j8
  weir run --id train.17 --label model=resnet --timeout 2h -- python train.py
  weir run --tee -- ./build.sh       copy the output through as it comes
  weir run -- sh -c 'sort < names'   with an input; without, a command's standard input is empty

Exit codes:
  the command's own; 128 and the signal's number where a signal ended it; 124 where its time was up;
  126 not executable, 127 not found; 125 weir itself failed";

/// Capture one command
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct RunArgs {
    /// The job's id; the same id again is a new attempt [default: Slurm's, or a new one]
    #[arg(long, value_name = "ID")]
    id: Option<JobId>,
    /// Label the job; may be given several times
    #[arg(long, value_name = "K=V", value_parser = parse_label)]
    label: Vec<Label>,
    /// End the command after this time: SIGTERM, and SIGKILL 5 s later
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout)]
    timeout: Option<Duration>,
    /// Copy its output to ours as it comes; the command then waits for our readers
    #[arg(long)]
    tee: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

pub(super) fn run(args: RunArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    if args.command.first().is_some_and(|program| program.is_empty()) {
        bail!("the command is empty; give a program behind --");
    }
    let id = args.id.clone().map_or_else(id_here, Ok)?;
    let rig = Rig::start(settings, 1)?;
    let ended = capture(&rig, id, &args)?;
    let stored = rig.finish();
    if !ended.exit.success() && !settings.quiet {
        failure::tell(&ended, args.tee, settings);
    }
    Ok(ExitCode::from(if stored { ended.shell_code() } else { OWN_FAILURE }))
}

fn capture(rig: &Rig, id: JobId, args: &RunArgs) -> anyhow::Result<Ended> {
    let mut task = Task::new(id, args.command.iter().cloned());
    for Label { key, value } in &args.label {
        task = task.label(key, value);
    }
    if let Some(timeout) = args.timeout {
        task = task.timeout(timeout);
    }
    if !args.tee {
        return Ok(rig.harness.run(&rig.engine, task, None)?);
    }
    let (tee, feed) = Tee::start(io::stdout(), io::stderr())?;
    let ended = rig.harness.run(&rig.engine, task, Some(feed))?;
    let failed = tee.join();
    for stream in Stream::BOTH {
        // A reader that went away has seen what it wanted.
        if let Some(error) = &failed[stream]
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            complain(&format!("the copy to {stream} broke off: {error}; what is stored is whole"));
        }
    }
    Ok(ended)
}

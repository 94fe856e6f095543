//! `peers`: measures weir beside other ways to keep what programs print.
//!
//! Every subcommand prints markdown: the command that was typed, the machine, and tables of medians
//! with the least and the most of the rounds. What is compared takes turns within every round.

mod capture;
mod jobs;
mod loggers;
mod lossless;
mod program;
mod push;
mod report;
mod scratch;
mod store;

use clap::{Parser, Subcommand};

use scratch::Place;

/// Measures weir beside other ways to keep what programs print
#[derive(Debug, Parser)]
#[command(name = "peers", max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What a push costs the thread that pushes, in process
    Push(push::PushArgs),
    /// Lines a second through a file when none may be lost
    Lossless(lossless::LosslessArgs),
    /// Many jobs in one process: throughput, processor time, memory, idling
    Jobs(jobs::JobsArgs),
    /// A thousand processes at once
    Capture(capture::CaptureArgs),
    /// Files and reading times of a store of many jobs
    Store(store::StoreArgs),
    /// Run a command with the pipes of a less lucky user
    #[command(hide = true)]
    Confine(capture::ConfineArgs),
}

fn main() -> anyhow::Result<()> {
    let Cli { place, command } = Cli::parse();
    match command {
        Command::Push(args) => push::run(&args, &place),
        Command::Lossless(args) => lossless::run(&args, &place),
        Command::Jobs(args) => jobs::run(&args, &place),
        Command::Capture(args) => capture::run(&args, &place),
        Command::Store(args) => store::run(&args, &place),
        Command::Confine(args) => capture::run_confined(&args),
    }
}

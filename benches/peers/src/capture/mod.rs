//! Whole processes, a thousand at once, whose output is kept: what it costs until all have ended
//! and all is stored.
//!
//! Invariants:
//! - Every peer starts the same program, `generate`, as often; none is helped by a faster producer.
//! - Peers take turns within every round. The last one's data is removed and the file system synced
//!   before the next starts, so that nobody writes back another's pages.
//! - The time runs from the start of the peer's first process until its last has ended.
//! - A run that stores one byte less than was printed is an error, not a time.
//! - A run that takes longer than `--limit` is killed and is an error.

mod condition;
mod confine;
mod load;
mod peer;
mod weir;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::program;
use crate::report::{Spread, Table, print_heading};
use crate::scratch::Place;
use condition::Condition;
pub(crate) use confine::{ConfineArgs, run as run_confined};
use peer::{Peer, Plan};

#[derive(Debug, Args)]
pub(crate) struct CaptureArgs {
    /// How often every peer has its turn
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Processes at once
    #[arg(long, default_value_t = 1000)]
    jobs: u32,
    /// Under which conditions [default: standard]
    #[arg(long = "condition", value_enum, value_name = "NAME")]
    conditions: Vec<Condition>,
    /// Under all conditions
    #[arg(long, conflicts_with = "conditions")]
    all: bool,
    /// Only these peers
    #[arg(long = "peer", value_enum, value_name = "NAME")]
    peers: Vec<Peer>,
    /// Percent of the lines that a job prints by default
    #[arg(long, default_value_t = 100, value_name = "PERCENT")]
    scale: u32,
    /// How long one run may take, in seconds
    #[arg(long, default_value_t = 180)]
    limit: u64,
    /// The command `weir`
    #[arg(long, value_name = "FILE", default_value = program::WEIR)]
    weir: PathBuf,
}

/// What one peer's runs took.
#[derive(Default)]
struct Took {
    seconds: Spread,
    processor: Spread,
}

/// Measures all peers in turns, one condition after the other.
pub(crate) fn run(args: &CaptureArgs, place: &Place) -> anyhow::Result<()> {
    allow_many_files()?;
    let weir = program::weir(&args.weir)?;
    let conditions = match (args.all, args.conditions.as_slice()) {
        (true, _) => Condition::ALL.to_vec(),
        (false, []) => vec![Condition::Standard],
        (false, some) => some.to_vec(),
    };
    print_heading("Whole processes", place.scratch()?.path());
    let peers = present(&args.peers);
    for condition in conditions {
        let shape = condition.shape(args.scale);
        let plan = Plan {
            jobs: args.jobs,
            shape,
            generate: program::beside_this("generate")?,
            weir: weir.clone(),
            dir: PathBuf::new(),
        };
        println!("{}: {} processes at once, {shape}:\n", condition.name(), args.jobs);
        let took = rounds(args, condition, &plan, &peers, place)?;
        println!("{}", table(&peers, &took, &plan));
    }
    Ok(())
}

/// The peers that are asked for and can be run here; says which cannot.
fn present(asked: &[Peer]) -> Vec<Peer> {
    let asked = if asked.is_empty() { &Peer::ALL } else { asked };
    let (present, missing): (Vec<Peer>, Vec<Peer>) =
        asked.iter().copied().partition(|peer| peer.is_installed());
    for peer in missing {
        println!(
            "Skipped: {} is not in PATH (`apt-get install {}`).\n",
            peer.name(),
            peer.package()
        );
    }
    present
}

fn rounds(
    args: &CaptureArgs,
    condition: Condition,
    plan: &Plan,
    peers: &[Peer],
    place: &Place,
) -> anyhow::Result<Vec<Took>> {
    let limit = Duration::from_secs(args.limit);
    let _environment = condition.prepare()?;
    let mut took: Vec<Took> = peers.iter().map(|_| Took::default()).collect();
    for _ in 0..args.rounds {
        for (peer, took) in peers.iter().zip(&mut took) {
            let dir = place.scratch()?;
            let plan = Plan { dir: dir.path().into(), ..plan.clone() };
            let run = one_run(*peer, condition, &plan, limit)
                .with_context(|| format!("{} under {}", peer.name(), condition.name()))?;
            took.seconds.add(run.wall.as_secs_f64());
            took.processor.add(run.processor.as_secs_f64());
        }
    }
    Ok(took)
}

fn one_run(
    peer: Peer,
    condition: Condition,
    plan: &Plan,
    limit: Duration,
) -> anyhow::Result<load::Run> {
    peer.prepare(plan)?;
    let command = condition.confine(peer.command(plan))?;
    nix::unistd::sync();
    let run = load::run(command, limit)?;
    peer.check(plan)?;
    Ok(run)
}

fn table(peers: &[Peer], took: &[Took], plan: &Plan) -> Table {
    let of = |peer: Peer| peers.iter().position(|other| *other == peer).map(|at| &took[at]);
    let nothing = Spread::default();
    let files = of(Peer::File).map_or(&nothing, |took| &took.seconds);
    let weir = of(Peer::Weir).map_or(&nothing, |took| &took.seconds);
    let mut table = Table::new([
        "peer",
        "s",
        "processor s",
        "to files",
        "to weir",
        "k lines/s",
        "MiB stored",
        "runs",
    ]);
    for (peer, took) in peers.iter().zip(took) {
        let lines = f64::from(plan.jobs) * plan.shape.lines as f64 / 1e3;
        let stored = if *peer == Peer::DevNull { 0.0 } else { plan.bytes() as f64 / 1048576.0 };
        table.row([
            peer.name().into(),
            took.seconds.to_string(),
            took.processor.to_string(),
            took.seconds.ratio_to(files),
            took.seconds.ratio_to(weir),
            format!("{:.0}", lines / took.seconds.median()),
            format!("{stored:.0}"),
            took.seconds.runs().to_string(),
        ]);
    }
    table
}

/// Raises the soft limit of open files to the hard one, for all that is started here.
fn allow_many_files() -> anyhow::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(())
}

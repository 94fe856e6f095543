//! What a store of many finished jobs costs: files, and the time to see the end of one log.

mod fill;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::Args;
use logweir_peers::NumberedLine;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

use crate::program;
use crate::report::{Spread, Table, print_heading};
use crate::scratch::{Place, files};

#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Finished jobs
    #[arg(long, default_value_t = 10_000)]
    jobs: u32,
    /// Output of all jobs together in the large store, in MiB
    #[arg(long, default_value_t = 1024, value_name = "MIB")]
    size: u64,
    /// How often the end of a log is read, each time another job's
    #[arg(long, default_value_t = 20)]
    runs: u32,
    /// The command `weir`
    #[arg(long, value_name = "FILE", default_value = program::WEIR)]
    weir: PathBuf,
}

/// Counts the files of tiny jobs, then reads from a large store.
pub(crate) fn run(args: &StoreArgs, place: &Place) -> anyhow::Result<()> {
    let weir = program::weir(&args.weir)?;
    print_heading("A store of many finished jobs", place.scratch()?.path());
    count_files(args, &weir, place)?;
    read_ends(args, &weir, place)
}

fn count_files(args: &StoreArgs, weir: &Path, place: &Place) -> anyhow::Result<()> {
    let dir = place.scratch()?;
    let jobs = dir.path().join("jobs.txt");
    let store = dir.path().join("store");
    let tiny = format!("{} 1 20\n", program::beside_this("generate")?.display());
    std::fs::write(&jobs, tiny.repeat(usize::try_from(args.jobs)?))?;
    let since = Instant::now();
    let batch = ["--quiet", "batch", "--id", "tiny", "--progress", "never", "-j", "64"];
    let status = Command::new(weir).arg("--dir").arg(&store).args(batch).arg(&jobs).status()?;
    let took = since.elapsed();
    ensure!(status.success(), "`weir batch` failed: {status}");
    let files = files(&store)?;
    let bytes: u64 = files.iter().map(|(_, size)| size).sum();
    println!("`weir batch -j 64` of {} jobs that print one line of 20 B:\n", args.jobs);
    let mut table = Table::new(["files", "KiB in them", "s", "runs"]);
    let took = format!("{:.2}", took.as_secs_f64());
    table.row([files.len().to_string(), (bytes >> 10).to_string(), took, "1".into()]);
    println!("{table}");
    Ok(())
}

fn read_ends(args: &StoreArgs, weir: &Path, place: &Place) -> anyhow::Result<()> {
    let dir = place.scratch()?;
    let lines = (args.size << 20) / fill::LINE as u64 / u64::from(args.jobs);
    fill::fill(dir.path(), args.jobs, lines)?;
    let text = NumberedLine::text(lines, fill::LINE);
    let tail = &text[text.len().saturating_sub(10 * fill::LINE)..];
    println!(
        "`weir logs -n 10` of one of {} jobs with {lines} lines of {} B each ({} MiB in all):\n",
        args.jobs,
        fill::LINE,
        (u64::from(args.jobs) * lines * fill::LINE as u64) >> 20
    );
    let (mut warm, mut cold) = (Spread::default(), Spread::default());
    for run in 0..args.runs {
        // Spread over the store, so over all its segments.
        let job = fill::name(run * (args.jobs / args.runs.max(1)));
        forget(dir.path())?;
        cold.add(read_end(weir, dir.path(), &job, tail)?);
        warm.add(read_end(weir, dir.path(), &job, tail)?);
    }
    let mut table = Table::new(["new process", "ms", "runs"]);
    table.row(["store in the page cache".into(), format!("{warm:.1}"), warm.runs().to_string()]);
    table.row(["store not in memory".into(), format!("{cold:.1}"), cold.runs().to_string()]);
    println!("{table}");
    Ok(())
}

/// Reads the last lines of a job in a new process; returns milliseconds.
fn read_end(weir: &Path, store: &Path, job: &str, tail: &[u8]) -> anyhow::Result<f64> {
    let since = Instant::now();
    let mut command = Command::new(weir);
    let output = command.arg("--dir").arg(store).args(["logs", "-n", "10", job]).output()?;
    let took = since.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`weir logs` failed: {}", said.trim());
    ensure!(output.stdout == tail, "`weir logs -n 10 {job}` is not the end of what it wrote");
    Ok(took.as_secs_f64() * 1e3)
}

/// Drops the store's files from the page cache.
fn forget(store: &Path) -> anyhow::Result<()> {
    nix::unistd::sync();
    for (path, _) in files(store)? {
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
    }
    Ok(())
}

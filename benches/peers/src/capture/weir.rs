//! weir as a peer: its jobs file, its command, and what its store says it holds.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use logweir_peers::NumberedLine;
use serde_json::Value;

use super::peer::Plan;

fn jobs_file(plan: &Plan) -> PathBuf {
    plan.dir.join("jobs.txt")
}

fn store(plan: &Plan) -> PathBuf {
    plan.dir.join("store")
}

/// Writes the jobs file, a command a line.
pub(super) fn prepare(plan: &Plan) -> anyhow::Result<()> {
    let line = plan.words().join(" ") + "\n";
    let jobs = line.repeat(usize::try_from(plan.jobs)?);
    std::fs::write(jobs_file(plan), jobs).context("cannot write the jobs file")
}

pub(super) fn command(plan: &Plan) -> Command {
    let mut command = Command::new(&plan.weir);
    command.arg("--dir").arg(store(plan)).args(["--quiet", "batch", "--id", "bench"]);
    command.args(["--progress", "never", "-j"]).arg(plan.jobs.to_string()).arg(jobs_file(plan));
    command
}

/// What the store says is stored, in bytes. All segments are verified and one job is read back, so
/// that it is more than a claim.
pub(super) fn stored(plan: &Plan) -> anyhow::Result<u64> {
    read(plan, &["verify"])?;
    let list = read(plan, &["ls", "--json"])?;
    let mut sum = 0;
    let mut last = String::new();
    for job in serde_json::Deserializer::from_slice(&list).into_iter::<Value>() {
        let job = job.context("`weir ls --json` printed something else than JSON")?;
        let bytes = job["stdout"]["stored_bytes"].as_u64();
        sum += bytes.with_context(|| format!("no stdout.stored_bytes in {job}"))?;
        last = job["id"].as_str().context("a job without an id")?.into();
    }
    let text = read(plan, &["logs", "--raw", &last])?;
    let line_len = usize::try_from(plan.shape.line_len)?;
    let printed = NumberedLine::text(plan.shape.lines, line_len);
    ensure!(text == printed, "what `weir logs --raw {last}` prints is not what the job printed");
    Ok(sum)
}

fn read(plan: &Plan, words: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = Command::new(&plan.weir).arg("--dir").arg(store(plan)).args(words).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`weir {}` failed: {}", words.join(" "), said.trim());
    Ok(output.stdout)
}

//! Runs one peer and sees how long it takes.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::time::TimeVal;
use nix::unistd::Pid;

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// From its first process to the end of its last.
    pub(super) wall: Duration,
    /// Processor time of all its processes.
    pub(super) processor: Duration,
}

/// Runs `command` to its end; kills it and all it started when `limit` is over.
pub(super) fn run(mut command: Command, limit: Duration) -> anyhow::Result<Run> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
    let (since, before) = (Instant::now(), of_children()?);
    let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
    let group = Pid::from_raw(i32::try_from(child.id())?);
    let (status, in_time) = std::thread::scope(|scope| {
        let (ends, ended) = channel::<()>();
        let watch = scope.spawn(move || {
            let in_time = ended.recv_timeout(limit) != Err(RecvTimeoutError::Timeout);
            if !in_time {
                end_group(group, || {
                    let _ = ended.recv_timeout(GRACE);
                });
            }
            in_time
        });
        let status = child.wait();
        drop(ends);
        (status, watch.join().expect("the watch does not panic"))
    });
    let (wall, processor) = (since.elapsed(), of_children()? - before);
    let status = status?;
    ensure!(in_time, "it took longer than {} s and was killed", limit.as_secs());
    ensure!(status.success(), "it failed: {status}");
    Ok(Run { wall, processor })
}

/// How long a peer may take to end its jobs before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// Asks the group to end, waits until its leader has or has had time to, and kills what is left.
fn end_group(group: Pid, wait: impl FnOnce()) {
    // A group that is gone by now is what is wanted.
    let _ = killpg(group, Signal::SIGTERM);
    wait();
    let _ = killpg(group, Signal::SIGKILL);
}

/// Processor time of all children that were waited for, and of theirs.
fn of_children() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let duration = |time: TimeVal| {
        let micros = u64::try_from(time.tv_sec()).unwrap_or(0) * 1_000_000
            + u64::try_from(time.tv_usec()).unwrap_or(0);
        Duration::from_micros(micros)
    };
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}

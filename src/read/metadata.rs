//! All that is known of an attempt, under the names that every interface uses.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::job::{Attempt, JobId, PerStream, Tally, Wall};
use crate::store::{AttemptInfo, AttemptState, Catalog};

use super::job_log::JobLog;

/// One attempt: `metadata.json`, `ls --json`, `show --json`. Times are RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// The job.
    pub id: JobId,
    /// Which run of it.
    pub attempt: Attempt,
    /// Whether it runs, and how it ended if not.
    pub state: State,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// The working directory.
    pub cwd: Option<String>,
    /// The user's labels.
    pub labels: BTreeMap<String, String>,
    /// When it started.
    pub started_at: Wall,
    /// When it ended.
    pub finished_at: Option<Wall>,
    /// How long it ran.
    pub duration_ms: Option<u64>,
    /// Its exit code, where it exited.
    pub exit_code: Option<i32>,
    /// The signal that ended it, where one did.
    pub signal: Option<i32>,
    /// Whether it was ended because its time was up.
    pub timed_out: bool,
    /// Why it could not be started.
    pub error: Option<String>,
    /// The account of its standard output.
    pub stdout: Account,
    /// The account of its standard error.
    pub stderr: Account,
    /// The largest resident set.
    pub max_rss_bytes: Option<u64>,
    /// Processor time in user mode.
    pub user_ms: Option<u64>,
    /// Processor time in the kernel.
    pub sys_ms: Option<u64>,
    /// The host it ran on.
    pub node: Option<String>,
    /// Whether a process it left behind still held a pipe when capture ended.
    pub detached_writer: bool,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It runs, as far as is known.
    Running,
    /// It ended well.
    Done,
    /// It ended otherwise.
    Failed,
    /// Its capture ended before it did: how it ended is not known.
    Lost,
}

/// The account of one stream: `bytes = stored_bytes + lost_bytes`, the same for lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Bytes that the job wrote.
    pub bytes: u64,
    /// Lines that it wrote; a last line without a newline counts.
    pub lines: u64,
    /// Bytes that are stored.
    pub stored_bytes: u64,
    /// Lines that are stored.
    pub stored_lines: u64,
    /// Bytes that were lost.
    pub lost_bytes: u64,
    /// Lines that were lost.
    pub lost_lines: u64,
    /// In how many places.
    pub gaps: u64,
}

impl From<Tally> for Account {
    fn from(tally: Tally) -> Self {
        let stored = tally.stored();
        Self {
            bytes: tally.produced.bytes,
            lines: tally.produced.lines,
            stored_bytes: stored.bytes,
            stored_lines: stored.lines,
            lost_bytes: tally.lost.bytes,
            lost_lines: tally.lost.lines,
            gaps: tally.gaps,
        }
    }
}

impl State {
    /// What became of `attempt`.
    pub fn of(attempt: &AttemptInfo) -> Self {
        match &attempt.state {
            AttemptState::Running => Self::Running,
            AttemptState::Finished(finish) if finish.success() => Self::Done,
            AttemptState::Finished(_) => Self::Failed,
            AttemptState::Lost => Self::Lost,
        }
    }
}

impl Metadata {
    /// Reads what is known of `attempt`. Where its description cannot be read the catalog's words
    /// stand alone.
    pub fn read(catalog: &Catalog, attempt: &AttemptInfo) -> Self {
        let log = JobLog::open(catalog, attempt);
        let start = log.start();
        let finish = log.finish();
        let exit = finish.as_ref().map(|finish| finish.exit.clone()).unwrap_or_default();
        let streams: PerStream<Account> = attempt.streams.map(Account::from);
        let (command, cwd, labels, node) = match start {
            Some(start) => (start.command, start.cwd, start.labels, Some(start.node)),
            None => Default::default(),
        };
        Self {
            id: attempt.id.clone(),
            attempt: attempt.attempt,
            state: State::of(attempt),
            command,
            cwd,
            labels,
            started_at: attempt.started_at,
            finished_at: finish.as_ref().map(|finish| finish.finished_at),
            duration_ms: finish.as_ref().map(|finish| finish.duration_ms),
            exit_code: exit.exit_code,
            signal: exit.signal,
            timed_out: exit.timed_out,
            error: exit.error,
            stdout: streams.stdout,
            stderr: streams.stderr,
            max_rss_bytes: exit.usage.and_then(|usage| usage.max_rss_bytes),
            user_ms: exit.usage.map(|usage| usage.user_ms),
            sys_ms: exit.usage.map(|usage| usage.sys_ms),
            node,
            detached_writer: exit.detached_writer,
        }
    }
}

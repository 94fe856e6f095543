//! How a job ends.

use serde::{Deserialize, Serialize};

use super::{PerStream, Tally, Wall};

/// How an attempt ended, as far as its owner knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The exit code, where it exited; 126 or 127 where it could not be started.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// The signal that ended it, where one did.
    #[serde(default)]
    pub signal: Option<i32>,
    /// Whether it was ended because its time was up.
    #[serde(default)]
    pub timed_out: bool,
    /// Why it could not be started, where it could not.
    #[serde(default)]
    pub error: Option<String>,
    /// What it used, where that is known.
    #[serde(default, flatten)]
    pub usage: Option<Usage>,
    /// Whether a process it left behind still held a pipe when capture ended.
    #[serde(default)]
    pub detached_writer: bool,
}

impl Exit {
    /// An attempt that exited by itself with `code`.
    pub fn code(code: i32) -> Self {
        Self { exit_code: Some(code), ..Self::default() }
    }

    /// Whether the attempt succeeded: no signal, no time-out, no error, exit code 0 or none.
    pub fn success(&self) -> bool {
        self.exit_code.unwrap_or(0) == 0
            && self.signal.is_none()
            && !self.timed_out
            && self.error.is_none()
    }
}

/// What an attempt used, from `wait4(2)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The largest resident set, in bytes. Unknown where it was no larger than that of the process
    /// that started it, whose peak Linux counts as the child's own until the child exceeds it.
    #[serde(default)]
    pub max_rss_bytes: Option<u64>,
    /// Processor time in user mode, in milliseconds.
    pub user_ms: u64,
    /// Processor time in the kernel, in milliseconds.
    pub sys_ms: u64,
}

/// The end of an attempt; the payload of its finish frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFinish {
    /// How it ended.
    #[serde(flatten)]
    pub exit: Exit,
    /// When it ended.
    pub finished_at: Wall,
    /// How long it ran, in milliseconds, by the monotonic clock.
    pub duration_ms: u64,
    /// The final account of each stream.
    pub streams: PerStream<Tally>,
}

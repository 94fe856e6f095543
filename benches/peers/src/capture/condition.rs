//! Under what conditions output is captured: what jobs print, and what is in the way.

use std::fmt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use clap::ValueEnum;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use super::confine::{self, Held, Pipes};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Condition {
    /// 100 B lines through a 4 KiB stdio buffer
    Standard,
    /// Lines of 10 B
    Lines10b,
    /// Lines of 1 KiB
    Lines1k,
    /// Lines of 64 KiB
    Lines64k,
    /// A write(2) for every line
    FlushEachLine,
    /// Another program spins on core 0
    LoadedCore,
    /// Pipes hold 64 KiB and cannot be made larger
    Pipes64k,
    /// Pipes hold 8 KiB, as those of a user who has too many
    Pipes8k,
}

/// What every job prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) lines: u64,
    pub(super) line_len: u64,
    pub(super) flush: bool,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines of {} B each", self.lines, self.line_len)?;
        f.write_str(if self.flush { ", every line flushed" } else { ", 4 KiB stdio buffer" })
    }
}

/// What a condition needs for as long as it is measured; ends when dropped.
pub(super) enum Environment {
    Free,
    Spinning(#[expect(dead_code, reason = "held until it is dropped")] Spinner),
    PipesHeld(#[expect(dead_code, reason = "held until it is dropped")] Held),
}

impl Condition {
    pub(super) const ALL: [Self; 8] = [
        Self::Standard,
        Self::Lines10b,
        Self::Lines1k,
        Self::Lines64k,
        Self::FlushEachLine,
        Self::LoadedCore,
        Self::Pipes64k,
        Self::Pipes8k,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Lines10b => "Lines of 10 B",
            Self::Lines1k => "Lines of 1 KiB",
            Self::Lines64k => "Lines of 64 KiB",
            Self::FlushEachLine => "Every line flushed",
            Self::LoadedCore => "One core loaded by another program",
            Self::Pipes64k => "Pipes of 64 KiB",
            Self::Pipes8k => "Pipes of 8 KiB",
        }
    }

    /// About 500 kB a job, so that conditions compare, times `percent`.
    pub(super) fn shape(self, percent: u32) -> Shape {
        let (lines, line_len) = match self {
            Self::Lines10b => (50_000, 10),
            Self::Lines1k => (500, 1 << 10),
            Self::Lines64k => (8, 64 << 10),
            _ => (5000, 100),
        };
        let lines = (lines * u64::from(percent) / 100).max(1);
        Shape { lines, line_len, flush: self == Self::FlushEachLine }
    }

    /// Sets up what must run beside the peers.
    pub(super) fn prepare(self) -> anyhow::Result<Environment> {
        Ok(match self {
            Self::LoadedCore => Environment::Spinning(Spinner::start()),
            Self::Pipes8k => Environment::PipesHeld(Held::all()?),
            _ => Environment::Free,
        })
    }

    /// What `command` must be run as.
    pub(super) fn confine(self, command: Command) -> anyhow::Result<Command> {
        match self {
            Self::Pipes64k => confine::confine(&command, Pipes::NotGrown),
            Self::Pipes8k => confine::confine(&command, Pipes::Unprivileged),
            _ => Ok(command),
        }
    }
}

/// A thread that keeps core 0 busy. Peers run in other processes, so to them it is another program.
pub(super) struct Spinner {
    stop: Arc<AtomicBool>,
}

impl Spinner {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let spinner = Self { stop: Arc::clone(&stop) };
        std::thread::spawn(move || {
            let mut core = CpuSet::new();
            let pinned = core.set(0).and_then(|()| sched_setaffinity(Pid::from_raw(0), &core));
            if let Err(error) = pinned {
                eprintln!("peers: the spinning thread may move, core 0 is not ours: {error}");
            }
            while !stop.load(Relaxed) {
                std::hint::spin_loop();
            }
        });
        spinner
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}

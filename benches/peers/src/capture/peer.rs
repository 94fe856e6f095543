//! What keeps the output of processes: how each is started, and what it stored.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::ValueEnum;

use super::condition::Shape;
use super::weir;
use crate::scratch::files;

/// One way to keep what processes print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Peer {
    /// Nothing is kept: what the generators alone cost
    DevNull,
    /// A file each
    File,
    /// One `weir batch`
    Weir,
    /// An s6-log each
    S6Log,
    /// An svlogd each
    Svlogd,
    /// One GNU parallel with --results
    Parallel,
}

/// What a peer has to do.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) jobs: u32,
    pub(super) shape: Shape,
    pub(super) generate: PathBuf,
    pub(super) weir: PathBuf,
    /// An empty directory.
    pub(super) dir: PathBuf,
}

impl Plan {
    /// What all jobs print, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.jobs) * self.shape.lines * self.shape.line_len
    }

    /// The words of one job's command, its program first.
    pub(super) fn words(&self) -> [String; 4] {
        let mode = if self.shape.flush { "flush" } else { "buffered" };
        let program = self.generate.display().to_string();
        [program, self.shape.lines.to_string(), self.shape.line_len.to_string(), mode.into()]
    }

    /// `script` run by sh, with the directory as `$1`, the number of jobs as `$2` and a job's
    /// command as the words from `$3` on.
    fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(&self.dir).arg(self.jobs.to_string());
        command.args(self.words());
        command
    }

    /// Starts `job`, a line of sh that sees its number as `$i`, once for each job, and waits for
    /// all.
    fn each(&self, job: &str) -> Command {
        self.shell(&format!(
            "dir=$1 jobs=$2; shift 2; i=0; \
             while [ $i -lt $jobs ]; do i=$((i+1)); {job} & done; wait"
        ))
    }
}

impl Peer {
    pub(super) const ALL: [Self; 6] =
        [Self::DevNull, Self::File, Self::Weir, Self::S6Log, Self::Svlogd, Self::Parallel];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DevNull => "> /dev/null",
            Self::File => "> its own file",
            Self::Weir => "weir batch",
            Self::S6Log => "s6-log each",
            Self::Svlogd => "svlogd each",
            Self::Parallel => "GNU parallel --results",
        }
    }

    /// The program that must be in PATH, and Debian's package of it.
    fn program(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::DevNull | Self::File | Self::Weir => None,
            Self::S6Log => Some(("s6-log", "s6")),
            Self::Svlogd => Some(("svlogd", "runit")),
            Self::Parallel => Some(("parallel", "parallel")),
        }
    }

    pub(super) fn package(self) -> &'static str {
        self.program().map_or("", |(_, package)| package)
    }

    pub(super) fn is_installed(&self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        self.program().is_none_or(|(program, _)| {
            std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
        })
    }

    /// Makes what must be there before the peer starts.
    pub(super) fn prepare(self, plan: &Plan) -> anyhow::Result<()> {
        match self {
            Self::Weir => weir::prepare(plan),
            Self::Svlogd => (1..=plan.jobs).try_for_each(|job| {
                let dir = plan.dir.join(job.to_string());
                fs::create_dir(&dir)?;
                // No rotation: rotated files would be removed, and output with them.
                fs::write(dir.join("config"), "s0\n")?;
                Ok(())
            }),
            _ => Ok(()),
        }
    }

    /// What starts the peer with all its jobs. Loggers get the options with which they were fastest
    /// here, and none that makes them cut a line or forget an old file.
    pub(super) fn command(self, plan: &Plan) -> Command {
        match self {
            Self::DevNull => plan.each("\"$@\" > /dev/null"),
            Self::File => plan.each("\"$@\" > \"$dir/$i\""),
            Self::Weir => weir::command(plan),
            Self::S6Log => plan.each("\"$@\" | s6-log -b -l 0 n5 s16777215 \"$dir/$i\""),
            Self::Svlogd => plan.each("\"$@\" | svlogd -b 65536 \"$dir/$i\""),
            Self::Parallel => plan.shell(
                "dir=$1 jobs=$2; shift 2; \
                 seq $jobs | parallel --will-cite -j $jobs --results \"$dir/results\" \"$*\"",
            ),
        }
    }

    /// Fails unless all that was printed is stored.
    pub(super) fn check(self, plan: &Plan) -> anyhow::Result<()> {
        let stored = match self {
            Self::DevNull => return Ok(()),
            Self::Weir => weir::stored(plan)?,
            Self::File => bytes_in(&plan.dir, |_| true)?,
            Self::S6Log | Self::Svlogd => bytes_in(&plan.dir, |name| {
                name == "current" || name.to_string_lossy().starts_with('@')
            })?,
            Self::Parallel => bytes_in(&plan.dir, |name| name == "stdout")?,
        };
        let printed = plan.bytes();
        ensure!(stored == printed, "{printed} bytes were printed, {stored} are stored");
        Ok(())
    }
}

/// The sizes of the files in `dir` whose name `counts`.
fn bytes_in(dir: &Path, counts: impl Fn(&OsStr) -> bool) -> anyhow::Result<u64> {
    let all = files(dir).context("cannot see what is stored")?;
    let counted = all.iter().filter(|(path, _)| path.file_name().is_some_and(&counts));
    Ok(counted.map(|(_, size)| size).sum())
}

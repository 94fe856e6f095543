//! Starting a process with both its streams in pipes.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::io::ioctl_fionbio;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, pidfd_open, prlimit};

use crate::engine::EngineError;
use crate::job::{Attempt, Exit, PerStream};

use super::Task;

/// A process that was just started.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: Pid,
    pub(super) pidfd: OwnedFd,
    pub(super) pipes: PerStream<OwnedFd>,
}

/// Why a program could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// There is no such program.
    #[error("{program}: command not found")]
    NotFound {
        /// The program.
        program: String,
    },
    /// There is, but it cannot be executed.
    #[error("{program}: cannot execute: {source}")]
    NotExecutable {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The system has no room for another process or its pipes now.
    #[error("cannot start another process: {source}")]
    NoRoom {
        /// What the system said.
        source: io::Error,
    },
    /// The batch ended while the job waited for room.
    #[error("not started: the batch was stopped")]
    Stopped,
    /// The budget is still taken up by the output of jobs that have ended.
    #[error("no job can be started: {source}")]
    NoBudget {
        /// What the engine said.
        source: EngineError,
    },
}

/// Why a task was not launched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The harness was told to stop.
    #[error("stopped: no further job is started")]
    Stopping,
    /// The engine refused the job.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The capture thread is gone.
    #[error("the capture thread has ended")]
    Dead,
}

impl SpawnError {
    fn new(program: String, source: io::Error) -> Self {
        match source.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR) => Self::NotFound { program },
            Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE) => {
                Self::NoRoom { source }
            }
            _ => Self::NotExecutable { program, source },
        }
    }

    /// Whether it may work once other jobs have ended.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::NoRoom { .. } | Self::NoBudget { .. })
    }

    /// The end of a job whose process could not be started, with a shell's exit code.
    pub(super) fn exit(&self) -> Exit {
        let code = if matches!(self, Self::NotFound { .. }) { 127 } else { 126 };
        Exit { error: Some(self.to_string()), ..Exit::code(code) }
    }
}

/// Starts `task`; `open_files` is the soft limit that it gets, where that is not ours.
pub(super) fn spawn(
    task: &Task,
    attempt: Attempt,
    open_files: Option<u64>,
) -> Result<Process, SpawnError> {
    let program = task.argv.first().cloned().unwrap_or_default();
    let no_room = |source: rustix::io::Errno| SpawnError::NoRoom { source: source.into() };
    let (stdout, its_stdout) = pipe_with(PipeFlags::CLOEXEC).map_err(no_room)?;
    let (stderr, its_stderr) = pipe_with(PipeFlags::CLOEXEC).map_err(no_room)?;
    let pipes = PerStream { stdout, stderr };
    // Our ends only: the job's ends block, as programs expect.
    ioctl_fionbio(&pipes.stdout, true).map_err(no_room)?;
    ioctl_fionbio(&pipes.stderr, true).map_err(no_room)?;
    let mut command = command(&program, task, attempt);
    command.stdin(Stdio::null()).stdout(its_stdout).stderr(its_stderr);
    let child = match command.spawn() {
        Ok(child) => child,
        // Executable, but no program: a script without its first line, which shells run all the
        // same.
        Err(error) if error.raw_os_error() == Some(libc::ENOEXEC) && task.names_a_path() => {
            return spawn(&task.clone().into_script(), attempt, open_files);
        }
        Err(error) => return Err(SpawnError::new(program.to_string_lossy().into_owned(), error)),
    };
    let pid = Pid::from_child(&child);
    if let Some(current) = open_files {
        lower_open_files(pid, current);
    }
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(pidfd) => Ok(Process { pid, pidfd, pipes }),
        Err(error) => {
            abandon(child);
            Err(no_room(error))
        }
    }
}

/// Only `process_group`, no `pre_exec`: so the standard library takes posix_spawn, which does not
/// copy page tables. It also gives the child default SIGPIPE, which Rust programs ignore.
fn command(program: &OsString, task: &Task, attempt: Attempt) -> Command {
    let mut command = Command::new(program);
    command.args(task.argv.get(1..).unwrap_or_default()).process_group(0);
    command.envs(task.env.iter().map(|(name, value)| (name, value)));
    command.env("WEIR_JOB_ID", task.id.as_str()).env("WEIR_ATTEMPT", attempt.to_string());
    if let Some(dir) = &task.cwd {
        command.current_dir(dir);
    }
    command
}

/// Best effort: a program that asks in its first microseconds may still see our limit.
fn lower_open_files(pid: Pid, current: u64) {
    let maximum = rustix::process::getrlimit(Resource::Nofile).maximum;
    let _ = prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(current), maximum });
}

/// Ends a process that cannot be watched, so that it is started again later rather than twice.
fn abandon(mut child: std::process::Child) {
    // Both fail only where the process is gone already.
    let _ = child.kill();
    let _ = child.wait();
}

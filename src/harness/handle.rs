//! The handle: starts processes and gives them to the capture thread.

use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::engine::{Engine, EngineError, Job};
use crate::job::{Mono, Wall};

use super::inbox::{Order, Stopper, inbox};
use super::live::Launched;
use super::reactor::Reactor;
use super::spawn::{LaunchError, SpawnError, spawn};
use super::task::{Ended, Task};
use super::tee::Feed;

/// How long a harness waits before it does the next thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long the pipes of a process that is gone must be silent before their capture ends
    /// although somebody still holds them; 500 ms.
    pub drain_grace: Duration,
    /// From SIGTERM to SIGKILL for a job whose time is up; 5 s.
    pub kill_grace: Duration,
    /// From a forwarded SIGTERM to SIGKILL; 20 s, so that logs are finished within the 30 s that
    /// Slurm gives.
    pub term_grace: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            drain_grace: Duration::from_millis(500),
            kill_grace: Duration::from_secs(5),
            term_grace: Duration::from_secs(20),
        }
    }
}

/// Starts processes and captures them. Dropping it waits for those that still run.
#[derive(Debug)]
pub struct Harness {
    orders: Stopper,
    thread: Option<JoinHandle<()>>,
    child_open_files: Option<u64>,
    here: Option<String>,
}

/// A job that the engine knows and whose process is not started yet.
pub(super) struct Pending {
    job: Job,
    task: Task,
    tee: Option<Feed>,
}

/// What became of a job that was to be started.
pub(super) enum Launch {
    /// It runs, or could never run and has ended.
    Done,
    /// There is no room for it now.
    Deferred(Box<Pending>, SpawnError),
}

impl Harness {
    /// Starts the capture thread.
    ///
    /// # Errors
    /// Where the system gives no thread, epoll or eventfd.
    pub fn start(timing: Timing) -> io::Result<Self> {
        let (orders, inbox) = inbox()?;
        let reactor = Reactor::new(inbox, timing)?;
        let thread =
            std::thread::Builder::new().name("weir-capture".into()).spawn(move || reactor.run())?;
        let here = std::env::current_dir().ok().map(|dir| dir.to_string_lossy().into_owned());
        Ok(Self { orders, thread: Some(thread), child_open_files: None, here })
    }

    /// Gives processes this soft limit of open files instead of ours, best effort: what
    /// [`raise_open_files`](super::raise_open_files) returned.
    #[must_use]
    pub fn child_open_files(mut self, limit: Option<u64>) -> Self {
        self.child_open_files = limit;
        self
    }

    /// A handle that stops the jobs, for signal handling threads.
    pub fn stopper(&self) -> Stopper {
        self.orders.clone()
    }

    /// Starts a task as a job of `engine`; how it ends is sent to `report`. A program that cannot
    /// be started is a job that ends with 127 or 126.
    ///
    /// # Errors
    /// Where the harness was stopped or the engine refuses the job.
    pub fn launch(
        &self,
        engine: &Engine,
        task: Task,
        report: &Sender<Ended>,
    ) -> Result<(), LaunchError> {
        let pending = self.announce(engine, task)?;
        self.start_or_fail(pending, report)
    }

    /// Runs one task to its end, and gives `tee` a copy of what it prints.
    ///
    /// # Errors
    /// As [`launch`](Self::launch).
    pub fn run(
        &self,
        engine: &Engine,
        task: Task,
        tee: Option<Feed>,
    ) -> Result<Ended, LaunchError> {
        let (report, ended) = mpsc::channel();
        let pending = Pending { tee, ..self.announce(engine, task)? };
        self.start_or_fail(pending, &report)?;
        drop(report);
        ended.recv().map_err(|_| LaunchError::Dead)
    }

    /// Whether the capture thread runs.
    pub(super) fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Tells the engine of a job.
    pub(super) fn announce(&self, engine: &Engine, task: Task) -> Result<Pending, LaunchError> {
        if self.orders.is_stopping() {
            return Err(LaunchError::Stopping);
        }
        let job = engine.job(task.spec(self.here.as_deref()))?;
        Ok(Pending { job, task, tee: None })
    }

    /// Starts the process of a job that the engine knows.
    pub(super) fn start_process(
        &self,
        new: Pending,
        report: &Sender<Ended>,
    ) -> Result<Launch, LaunchError> {
        let capture = match new.job.capture() {
            Ok(capture) => capture,
            Err(source @ EngineError::TooManyWriters { .. }) => {
                return Ok(Launch::Deferred(Box::new(new), SpawnError::NoBudget { source }));
            }
            Err(error) => return Err(error.into()),
        };
        let (started_at, started) = (Wall::now(), Mono::now());
        let process = match spawn(&new.task, new.job.attempt(), self.child_open_files) {
            Ok(process) => process,
            Err(error) if error.is_temporary() => {
                return Ok(Launch::Deferred(Box::new(new), error));
            }
            Err(error) => {
                fail(new, &error, report);
                return Ok(Launch::Done);
            }
        };
        let launched = Launched {
            job: new.job,
            capture,
            process,
            tee: new.tee,
            timeout: new.task.timeout,
            started_at,
            started,
            report: report.clone(),
        };
        match self.orders.send(Order::Capture(Box::new(launched))) {
            Ok(()) => Ok(Launch::Done),
            Err(_) => Err(LaunchError::Dead),
        }
    }

    fn start_or_fail(&self, new: Pending, report: &Sender<Ended>) -> Result<(), LaunchError> {
        if let Launch::Deferred(pending, error) = self.start_process(new, report)? {
            fail(*pending, &error, report);
        }
        Ok(())
    }
}

/// Ends a job whose process cannot be started.
pub(super) fn fail(new: Pending, error: &SpawnError, report: &Sender<Ended>) {
    let ended = Ended {
        id: new.job.id().clone(),
        attempt: new.job.attempt(),
        exit: error.exit(),
        started_at: Wall::now(),
        duration: Duration::ZERO,
        bytes: 0,
    };
    new.job.finish(ended.exit.clone());
    // Whoever launched it may have stopped listening.
    let _ = report.send(ended);
}

impl Drop for Harness {
    fn drop(&mut self) {
        if self.orders.send(Order::Close).is_ok()
            && let Some(thread) = self.thread.take()
        {
            // A capture thread that panicked has said so on stderr.
            let _ = thread.join();
        }
    }
}

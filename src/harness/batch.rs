//! Many tasks, so many at once.

use std::collections::HashMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use crate::engine::Engine;
use crate::job::JobId;

use super::handle::{Harness, Launch, Pending, fail};
use super::inbox::Stop;
use super::spawn::{LaunchError, SpawnError};
use super::task::{Ended, Task};

/// How soon a task for which there was no room is tried again.
const RETRY_START: Duration = Duration::from_millis(10);
/// How soon the end of the capture thread is noticed.
const LOOK_ALIVE: Duration = Duration::from_secs(1);

/// Runs many tasks, at most so many at once, failed ones again.
///
/// It runs on its caller's thread, which starts the processes; reading never waits for it.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// How many run at once, at least 1.
    pub jobs: usize,
    /// How often a failed task is run again, as a further attempt of its job.
    pub retries: u32,
    /// What a failure does to the others.
    pub halt: Halt,
}

/// What the final failure of a task does to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// Nothing.
    Never,
    /// No further one is started.
    Soon,
    /// No further one is started, and the running ones get SIGTERM.
    Now,
}

/// What happens in a batch.
#[derive(Debug)]
pub enum Event<'a> {
    /// A task was started, or its job ended because it cannot be.
    Started {
        /// The job.
        id: &'a JobId,
    },
    /// A task ended.
    Ended {
        /// Counts tasks in the order of their first start, from 1.
        seq: u64,
        /// The task.
        task: &'a Task,
        /// How it ended.
        ended: &'a Ended,
        /// Whether it is run again.
        again: bool,
    },
    /// There is no room to start a task; it is tried again.
    Waiting {
        /// Why.
        reason: &'a SpawnError,
    },
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchReport {
    /// Tasks that ended in success.
    pub succeeded: u64,
    /// Tasks that failed in their last attempt.
    pub failed: u64,
    /// Attempts that were followed by another.
    pub retried: u64,
    /// Tasks that were not started because the batch was halted or stopped.
    pub not_started: u64,
    /// Whether the harness was stopped from outside.
    pub stopped: bool,
}

impl BatchReport {
    /// What a batch exits with: how many tasks failed or were not started, 101 for more than 100.
    pub fn exit_code(&self) -> u8 {
        u8::try_from(self.failed + self.not_started).unwrap_or(u8::MAX).min(101)
    }
}

/// A task that runs.
struct Running {
    seq: u64,
    task: Task,
    attempts: u32,
}

/// A batch while it runs.
struct Course<'a, E> {
    batch: Batch,
    engine: &'a Engine,
    harness: &'a Harness,
    on_event: E,
    running: HashMap<JobId, Running>,
    /// Tasks to run again.
    again: Vec<Running>,
    /// A job whose process found no room.
    deferred: Option<Box<Pending>>,
    started: u64,
    halted: bool,
    report: BatchReport,
}

impl Batch {
    /// Runs `tasks`, whose ids all differ, and tells `on_event` about each. Returns when all have
    /// ended that were started.
    ///
    /// # Errors
    /// Where the engine refuses a job, or the capture thread is gone.
    pub fn run(
        self,
        engine: &Engine,
        harness: &Harness,
        tasks: impl IntoIterator<Item = Task>,
        on_event: impl FnMut(Event<'_>),
    ) -> Result<BatchReport, LaunchError> {
        let course = Course {
            batch: self,
            engine,
            harness,
            on_event,
            running: HashMap::new(),
            again: Vec::new(),
            deferred: None,
            started: 0,
            halted: false,
            report: BatchReport::default(),
        };
        course.run(tasks.into_iter())
    }
}

impl<E: FnMut(Event<'_>)> Course<'_, E> {
    fn run(mut self, mut tasks: impl Iterator<Item = Task>) -> Result<BatchReport, LaunchError> {
        let (report, ends) = mpsc::channel();
        let result = loop {
            if let Err(error) = self.start_some(&mut tasks, &report) {
                break Err(error);
            }
            if self.running.is_empty() {
                break Ok(());
            }
            if let Err(error) = self.wait(&ends, &report) {
                break Err(error);
            }
        };
        if let Err(error) = result {
            self.harness.stopper().stop(Stop::Forward(libc::SIGTERM));
            return Err(error);
        }
        let rest = if self.halted || self.is_stopping() { tasks.count() } else { 0 };
        self.report.not_started = u64::try_from(rest + self.again.len()).unwrap_or(u64::MAX);
        self.report.stopped = self.is_stopping() && !self.halted;
        Ok(self.report)
    }

    fn is_stopping(&self) -> bool {
        self.harness.stopper().is_stopping()
    }

    /// Starts tasks until as many run as may, or none is left.
    fn start_some(
        &mut self,
        tasks: &mut impl Iterator<Item = Task>,
        report: &Sender<Ended>,
    ) -> Result<(), LaunchError> {
        while self.deferred.is_none() && self.running.len() < self.batch.jobs.max(1) {
            if self.halted || self.is_stopping() {
                break;
            }
            let Some(next) = self.next(tasks) else { break };
            let pending = match self.harness.announce(self.engine, next.task.clone()) {
                Err(LaunchError::Stopping) => {
                    self.again.push(next);
                    break;
                }
                other => other?,
            };
            let id = next.task.id.clone();
            self.running.insert(id.clone(), next);
            self.start(pending, report)?;
            (self.on_event)(Event::Started { id: &id });
        }
        Ok(())
    }

    fn next(&mut self, tasks: &mut impl Iterator<Item = Task>) -> Option<Running> {
        if let Some(failed) = self.again.pop() {
            return Some(failed);
        }
        let task = tasks.next()?;
        self.started += 1;
        Some(Running { seq: self.started, task, attempts: 0 })
    }

    fn start(&mut self, pending: Pending, report: &Sender<Ended>) -> Result<(), LaunchError> {
        if let Launch::Deferred(pending, reason) = self.harness.start_process(pending, report)? {
            let alone = self.running.len() == 1;
            match reason {
                // Nothing of ours will make room.
                SpawnError::NoRoom { .. } if alone => fail(*pending, &reason, report),
                _ => {
                    (self.on_event)(Event::Waiting { reason: &reason });
                    self.deferred = Some(pending);
                }
            }
        }
        Ok(())
    }

    /// Waits for a task to end, and for room where one waits for that.
    fn wait(&mut self, ends: &Receiver<Ended>, report: &Sender<Ended>) -> Result<(), LaunchError> {
        let patience = if self.deferred.is_some() { RETRY_START } else { LOOK_ALIVE };
        match ends.recv_timeout(patience) {
            Ok(ended) => self.ended(&ended),
            Err(RecvTimeoutError::Timeout) if self.harness.is_alive() => {}
            Err(_) => return Err(LaunchError::Dead),
        }
        match self.deferred.take() {
            Some(pending) if self.halted || self.is_stopping() => {
                fail(*pending, &SpawnError::Stopped, report);
                Ok(())
            }
            Some(pending) => self.start(*pending, report),
            None => Ok(()),
        }
    }

    fn ended(&mut self, ended: &Ended) {
        let Some(mut run) = self.running.remove(&ended.id) else { return };
        run.attempts += 1;
        let success = ended.exit.success();
        let stop = self.halted || self.is_stopping();
        let again = !success && !stop && run.attempts <= self.batch.retries;
        let (seq, task) = (run.seq, &run.task);
        (self.on_event)(Event::Ended { seq, task, ended, again });
        match (success, again) {
            (true, _) => self.report.succeeded += 1,
            (false, true) => {
                self.report.retried += 1;
                run.task = run.task.attempt(ended.attempt.next());
                self.again.push(run);
            }
            (false, false) => {
                self.report.failed += 1;
                self.halt();
            }
        }
    }

    fn halt(&mut self) {
        if self.batch.halt != Halt::Never && !self.is_stopping() {
            self.halted = true;
            if self.batch.halt == Halt::Now {
                self.harness.stopper().stop(Stop::Forward(libc::SIGTERM));
            }
        }
    }
}

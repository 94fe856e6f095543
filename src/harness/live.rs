//! One job under capture: its process, its pipes, its deadlines.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::Sender;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, pidfd_send_signal};

use crate::engine::{Capture, Fill, Job};
use crate::job::{Exit, Mono, PerStream, Stream, Wall};

use super::handle::Timing;
use super::pace::Round;
use super::pipe::{Pipe, Plumbing};
use super::reap::reap;
use super::spawn::Process;
use super::table::{Key, Source};
use super::task::Ended;
use super::tee::Feed;

/// The most that is read from one pipe in one round, so that all get their turn.
const TURN: usize = 256 << 10;

/// A job under capture.
pub(super) struct Live {
    job: Job,
    capture: Capture,
    tee: Option<Feed>,
    report: Sender<Ended>,
    pid: Pid,
    pidfd: OwnedFd,
    pipes: PerStream<Option<Pipe>>,
    bytes: u64,
    started_at: Wall,
    started: Mono,
    /// When the last byte came, or could not be taken for want of room.
    last_byte: Mono,
    /// Whether a byte waits that could not be taken for want of room.
    starved: bool,
    exited: Option<Mono>,
    /// When its time is up.
    timeout_at: Option<Mono>,
    /// When its group is killed.
    kill_at: Option<Mono>,
    stage: Stage,
    timed_out: bool,
    /// Capture ended before its pipes did.
    detached: bool,
    /// Why capture broke off.
    error: Option<String>,
}

/// How far the job was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    Asked,
    Killed(Mono),
}

/// What a launched job brings along.
pub(super) struct Launched {
    pub(super) job: Job,
    pub(super) capture: Capture,
    pub(super) process: Process,
    pub(super) tee: Option<Feed>,
    pub(super) timeout: Option<Duration>,
    pub(super) started_at: Wall,
    pub(super) started: Mono,
    pub(super) report: Sender<Ended>,
}

impl Live {
    pub(super) fn new(new: Launched) -> Self {
        let Process { pid, pidfd, pipes } = new.process;
        Self {
            job: new.job,
            capture: new.capture,
            tee: new.tee,
            report: new.report,
            pid,
            pidfd,
            pipes: pipes.map(|fd| Some(Pipe::new(fd, new.started))),
            bytes: 0,
            started_at: new.started_at,
            started: new.started,
            last_byte: new.started,
            starved: false,
            exited: None,
            timeout_at: new.timeout.map(|timeout| new.started.after(timeout)),
            kill_at: None,
            stage: Stage::Running,
            timed_out: false,
            detached: false,
            error: None,
        }
    }

    /// Has its pipes and its end reported under `key`.
    pub(super) fn watch(&self, key: Key, plumbing: &Plumbing) -> rustix::io::Result<()> {
        plumbing.watch(self.pidfd.as_fd(), Source::Exit.token(key))?;
        for stream in Stream::BOTH {
            if let Some(pipe) = &self.pipes[stream] {
                plumbing.watch(pipe.fd(), Source::Pipe(stream).token(key))?;
            }
        }
        Ok(())
    }

    /// Reads what is waiting in one pipe straight into the job's ring.
    pub(super) fn read(&mut self, stream: Stream, round: &mut Round, plumbing: &mut Plumbing) {
        let mut total = 0;
        let mut eof = false;
        while let (Some(pipe), false) = (&self.pipes[stream], eof || total >= TURN) {
            if self.tee.as_mut().is_some_and(|tee| !tee.has_room()) {
                round.starved = true;
                break;
            }
            let mut room_len = 0;
            let fill = self.capture.fill(stream, round.at, |room| {
                room_len = room.len();
                let len = rustix::io::read(pipe.fd(), &mut *room)?;
                if let (Some(tee), true) = (&mut self.tee, len > 0) {
                    tee.give(stream, &room[..len]);
                }
                Ok(len)
            });
            match fill {
                Ok(Fill::Data(len)) => {
                    total += len;
                    if len < room_len {
                        break;
                    }
                }
                Ok(Fill::WouldBlock) => break,
                Ok(Fill::Full) => {
                    round.starved = true;
                    self.starved = true;
                    self.last_byte = round.at;
                    break;
                }
                Ok(Fill::Eof) => eof = true,
                Err(error) => {
                    self.error.get_or_insert_with(|| format!("capture broke off: {error}"));
                    eof = true;
                }
            }
        }
        self.took(stream, total, round, plumbing);
        if eof {
            self.close(stream, plumbing);
        }
    }

    fn took(&mut self, stream: Stream, len: usize, round: &mut Round, plumbing: &mut Plumbing) {
        if len == 0 {
            return;
        }
        self.starved = false;
        self.last_byte = round.at;
        self.bytes += len as u64;
        if let Some(pipe) = &mut self.pipes[stream] {
            round.was_read(len, pipe.was_read(len, round.at, plumbing));
        }
    }

    /// The pipe is at its end.
    pub(super) fn close(&mut self, stream: Stream, plumbing: &mut Plumbing) {
        if let Some(pipe) = self.pipes[stream].take() {
            plumbing.close(pipe);
        }
    }

    /// The process is gone; it is not reaped yet, so that its group can still be signalled.
    pub(super) fn has_exited(&mut self, now: Mono, plumbing: &Plumbing) {
        self.exited.get_or_insert(now);
        // A pidfd stays readable.
        plumbing.unwatch(self.pidfd.as_fd());
    }

    /// Whether there is nothing more to capture.
    pub(super) fn is_over(&self) -> bool {
        let at_end = self.pipes.stdout.is_none() && self.pipes.stderr.is_none();
        self.exited.is_some() && (at_end || self.detached)
    }

    /// Passes a signal on to the job's group.
    pub(super) fn forward(&mut self, signal: Signal, kill_at: Option<Mono>) {
        self.stage = self.stage.max(Stage::Asked);
        self.kill_at = earlier(self.kill_at, kill_at);
        self.signal(signal);
        // A stopped process takes no signal before it runs again.
        self.signal(Signal::CONT);
    }

    /// Captures no more of it, for a reason of our own; it is killed, for nobody would
    /// read it, and counts as gone.
    pub(super) fn give_up(&mut self, why: &str, now: Mono, plumbing: &mut Plumbing) {
        self.error = Some(format!("capture broke off: {why}"));
        Stream::BOTH.into_iter().for_each(|stream| self.close(stream, plumbing));
        self.kill(now);
        self.has_exited(now, plumbing);
    }

    /// Kills the job's group.
    pub(super) fn kill(&mut self, now: Mono) {
        if self.stage < Stage::Killed(Mono(0)) {
            self.stage = Stage::Killed(now);
        }
        self.kill_at = None;
        self.signal(Signal::KILL);
    }

    /// Does what the clock asks for; returns when to look again.
    pub(super) fn on_time(&mut self, now: Mono, timing: &Timing) -> Option<Mono> {
        if self.timeout_at.take_if(|at| *at <= now).is_some() {
            self.timed_out = self.exited.is_none();
            self.forward(Signal::TERM, Some(now.after(timing.kill_grace)));
        }
        if self.kill_at.take_if(|at| *at <= now).is_some() {
            self.kill(now);
        }
        if self.silent_at(timing).is_some_and(|at| at <= now) {
            self.detached = true;
            if self.starved {
                let why =
                    "its last output was not taken: the budget stayed full until it was killed";
                self.error.get_or_insert_with(|| why.into());
            }
        }
        self.next_deadline(timing)
    }

    /// When the clock next asks for something, as far as is known now.
    pub(super) fn next_deadline(&self, timing: &Timing) -> Option<Mono> {
        if self.is_over() {
            return None;
        }
        earlier(earlier(self.timeout_at, self.kill_at), self.silent_at(timing))
    }

    /// When a gone process's pipes count as held by somebody who has nothing to say. One that was
    /// asked to end gets longer, for what it left behind may be ending in good order; after a kill
    /// nobody is waited for.
    fn silent_at(&self, timing: &Timing) -> Option<Mono> {
        let exited = self.exited?;
        let since = self.last_byte.max(exited);
        Some(match self.stage {
            Stage::Running => since.after(timing.drain_grace),
            Stage::Asked => since.after(timing.kill_grace.max(timing.drain_grace)),
            Stage::Killed(at) => exited.max(at).after(timing.drain_grace),
        })
    }

    /// Ends the job: closes its writer, reaps the process, tells the engine and whoever launched
    /// it.
    pub(super) fn finish(mut self, now: Mono, plumbing: &mut Plumbing) {
        if self.stage > Stage::Running {
            self.signal(Signal::KILL);
        }
        Stream::BOTH.into_iter().for_each(|stream| self.close(stream, plumbing));
        self.capture.close();
        let exit = reap(self.pid);
        let exit = Exit {
            timed_out: self.timed_out,
            detached_writer: self.detached,
            error: self.error.or(exit.error),
            ..exit
        };
        let ended = Ended {
            id: self.job.id().clone(),
            attempt: self.job.attempt(),
            exit: exit.clone(),
            started_at: self.started_at,
            duration: now.since(self.started),
            bytes: self.bytes,
        };
        self.job.finish(exit);
        // Whoever launched it may have stopped listening.
        let _ = self.report.send(ended);
        // Last, for it may wait for whoever reads the copy.
        drop(self.tee);
    }

    /// Signals the group, or the process alone where it left its group. The process is not reaped,
    /// so both are still its own.
    pub(super) fn signal(&self, signal: Signal) {
        if kill_process_group(self.pid, signal).is_err() {
            // Fails only where the process is gone.
            let _ = pidfd_send_signal(&self.pidfd, signal);
        }
    }
}

fn earlier(a: Option<Mono>, b: Option<Mono>) -> Option<Mono> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

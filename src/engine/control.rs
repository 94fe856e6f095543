//! What handles and drains share: the control queue, flush tickets and the state of the sink.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::job::Mono;
use crate::ring::ReadyList;

use super::counters::DrainCounters;
use super::job::{JobState, Lane};
use super::status::SinkState;

/// Something that happened to a job besides output.
pub(super) enum Event {
    /// The job was begun.
    Start(Arc<JobState>),
    /// The job was finished; its writers may still hold unread output.
    Finish(Arc<JobState>),
}

/// One drain as its handles see it.
pub(super) struct DrainPort {
    /// Lanes with output that the drain does not look at yet.
    pub(super) ready: Arc<ReadyList<Lane>>,
    /// Written by the drain alone.
    pub(super) counters: DrainCounters,
    /// Job events in order; the lock covers a push or a swap of the vector, nothing else.
    events: Mutex<Vec<Event>>,
    /// The latest flush that was asked for; Release here pairs with the drain's Acquire.
    asked: AtomicU64,
    /// The latest flush that is done, and how the drain ended.
    progress: Mutex<Progress>,
    moved: Condvar,
    /// No new output is accepted; the drain empties the rings and ends.
    stopping: AtomicBool,
    /// The drain has looked at the ready list for the last time, or is about to.
    closed: AtomicBool,
}

/// How far a drain is.
#[derive(Debug, Default)]
struct Progress {
    flushed: u64,
    ended: Option<Ended>,
    failing: Option<(String, Mono)>,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Everything is stored and sealed.
    Complete,
    /// It was told to give up, or it panicked.
    Incomplete,
}

impl DrainPort {
    pub(super) fn new() -> Self {
        Self {
            ready: ReadyList::new(),
            counters: DrainCounters::default(),
            events: Mutex::default(),
            asked: AtomicU64::new(0),
            progress: Mutex::default(),
            moved: Condvar::new(),
            stopping: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    /// Tells the drain of a job's start or finish.
    pub(super) fn post(&self, event: Event) {
        locked(&self.events).push(event);
        self.ready.notify();
    }

    /// Whether an event waits to be taken.
    pub(super) fn has_events(&self) -> bool {
        !locked(&self.events).is_empty()
    }

    /// Takes all events into `into`, which must be empty.
    pub(super) fn take_events(&self, into: &mut Vec<Event>) {
        debug_assert!(into.is_empty(), "events of the last round are dealt with");
        std::mem::swap(&mut *locked(&self.events), into);
    }

    /// Asks for a flush and returns its ticket.
    pub(super) fn ask_flush(&self) -> u64 {
        let ticket = self.asked.fetch_add(1, Release) + 1; // pairs with the Acquire in `asked`
        self.ready.request();
        ticket
    }

    /// The latest flush asked for.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Acquire) // pairs with the Release in `ask_flush`
    }

    /// Says that all flushes up to `ticket` are done.
    pub(super) fn flushed(&self, ticket: u64) {
        locked(&self.progress).flushed = ticket;
        self.moved.notify_all();
    }

    /// Waits until flush `ticket` is done; false where `deadline` came first or the drain ended.
    pub(super) fn wait_flushed(&self, ticket: u64, deadline: Instant) -> bool {
        let progress = self.wait(deadline, |p| p.flushed >= ticket || p.ended.is_some());
        progress.flushed >= ticket || progress.ended == Some(Ended::Complete)
    }

    /// Tells the drain to store what there is and to end.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Release); // pairs with the Acquire in `is_stopping`
        self.ready.request();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Acquire) // pairs with the Release in `stop`
    }

    /// As [`is_stopping`](Self::is_stopping) for the hot path: it may say `false` a moment too
    /// long, which is harmless because the drain stores whatever was accepted.
    pub(super) fn seems_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    /// Says that the next take from the ready list may be the last.
    pub(super) fn close(&self) {
        self.closed.store(true, Relaxed);
        // Pairs with the fence at the end of `ReadyList::push`: either the take that follows sees
        // the lane that was pushed, or its writer sees us closed.
        fence(SeqCst);
    }

    /// Whether a write that has just returned may have come too late to be seen.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    /// Says how the drain ended; the first word counts.
    pub(super) fn ended(&self, how: Ended) {
        locked(&self.progress).ended.get_or_insert(how);
        self.moved.notify_all();
    }

    /// Waits for the drain's end; `None` where `deadline` came first.
    pub(super) fn wait_ended(&self, deadline: Instant) -> Option<Ended> {
        self.wait(deadline, |p| p.ended.is_some()).ended
    }

    /// Remembers that the store refused a batch, or that it took one again.
    pub(super) fn set_failing(&self, error: Option<String>) {
        let mut progress = locked(&self.progress);
        progress.failing = error.map(|error| {
            let since = progress.failing.as_ref().map_or_else(Mono::now, |(_, since)| *since);
            (error, since)
        });
    }

    pub(super) fn sink(&self) -> SinkState {
        let progress = locked(&self.progress);
        match (&progress.failing, progress.ended) {
            (_, Some(Ended::Incomplete)) => SinkState::Dead,
            (Some((error, since)), _) => {
                SinkState::Failing { error: error.clone(), since: Mono::now().since(*since) }
            }
            (None, _) => SinkState::Ok,
        }
    }

    fn wait(
        &self,
        deadline: Instant,
        done: impl Fn(&Progress) -> bool,
    ) -> MutexGuard<'_, Progress> {
        let mut progress = locked(&self.progress);
        while !done(&progress) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                break;
            }
            let waited = self.moved.wait_timeout(progress, left);
            progress = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        progress
    }
}

impl Drop for DrainPort {
    fn drop(&mut self) {
        // A writer that outlived the drain listed its lane; list and lane keep each other alive.
        self.ready.take(&mut Vec::new());
    }
}

/// Locks, also after a panic: each critical section here leaves the data whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Deadlines of jobs, the earliest first.
//!
//! A deadline is never taken back: it fires, and the job looks at the clock whether it is still
//! meant. So a byte that puts a deadline off costs nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::job::Mono;

use super::table::Key;

/// The deadlines of all jobs.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Mono, Key)>>,
}

impl Timers {
    /// Wakes `key` at `at`.
    pub(super) fn arm(&mut self, at: Mono, key: Key) {
        self.heap.push(Reverse((at, key)));
    }

    /// Takes one key whose time has come.
    pub(super) fn expired(&mut self, now: Mono) -> Option<Key> {
        let Reverse((at, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, key))| key)
    }

    /// How long until the next one fires; `None` where none is armed.
    pub(super) fn until_next(&self, now: Mono) -> Option<Duration> {
        self.heap.peek().map(|Reverse((at, _))| at.since(now))
    }
}

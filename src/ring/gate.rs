//! Where writers wait for room in the budget.
//!
//! Off the hot path on both sides: a returned chunk costs one fence and one load while nobody
//! waits.

use std::time::{Duration, Instant};

use crate::sync::atomic::{AtomicU32, Ordering::*, fence};
use crate::sync::{Condvar, Mutex, lock, wait};

/// A condition that others make true and then [`open`](Gate::open).
#[derive(Debug)]
pub(super) struct Gate {
    waiters: AtomicU32,
    lock: Mutex<()>,
    bell: Condvar,
}

impl Gate {
    /// Nobody waits.
    pub(super) fn new() -> Self {
        Self { waiters: AtomicU32::new(0), lock: Mutex::new(()), bell: Condvar::new() }
    }

    /// Wakes all who wait, to look again. Call it after the change that they wait for.
    pub(super) fn open(&self) {
        // Pairs with the fence in `wait`: either we see the waiter or it sees our change.
        fence(SeqCst);
        if self.waiters.load(Relaxed) > 0 {
            // A waiter that looked before our change holds the lock until it waits.
            drop(lock(&self.lock));
            self.bell.notify_all();
        }
    }

    /// Waits until `passable`, for `at_most` that long; says whether it is.
    pub(super) fn wait(&self, at_most: Option<Duration>, passable: impl Fn() -> bool) -> bool {
        let end = at_most.and_then(|time| Instant::now().checked_add(time));
        self.waiters.fetch_add(1, Relaxed);
        // Pairs with the fence in `open`.
        fence(SeqCst);
        let mut guard = lock(&self.lock);
        let passed = loop {
            if passable() {
                break true;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                break false;
            }
            guard = wait(&self.bell, guard, left);
        };
        drop(guard);
        self.waiters.fetch_sub(1, Relaxed);
        passed
    }
}

//! How the drain sleeps and is woken, without a wake-up for one who is awake.
//!
//! - `ready` is said after something was put where the sleeper looks; it costs a fence and a load
//!   unless the sleeper is fast asleep.
//! - `call` is said for things that cannot wait for the end of a doze; it is never lost.

use std::time::Duration;

use crate::sync::atomic::{AtomicU32, Ordering::*, fence};
use crate::sync::{Condvar, Mutex, lock, wait};

/// The sleeper is up, and will look before it sleeps.
const AWAKE: u32 = 0;
/// The sleeper will be up at a time it chose; only a call wakes it before.
const DOZING: u32 = 1;
/// The sleeper sleeps until it is woken.
const ASLEEP: u32 = 2;
/// Somebody called; the next sleep returns at once.
const CALLED: u32 = 3;

/// Where one thread sleeps.
#[derive(Debug)]
pub(super) struct Parker {
    state: AtomicU32,
    lock: Mutex<()>,
    bell: Condvar,
}

impl Parker {
    /// The sleeper is awake.
    pub(super) fn new() -> Self {
        Self { state: AtomicU32::new(AWAKE), lock: Mutex::new(()), bell: Condvar::new() }
    }

    /// Wakes the sleeper if it is fast asleep.
    pub(super) fn ready(&self) {
        // Pairs with the fence in `park`: either we see it asleep or it sees what we put there.
        fence(SeqCst);
        let asleep = self.state.load(Relaxed) == ASLEEP;
        if asleep && self.state.compare_exchange(ASLEEP, AWAKE, Relaxed, Relaxed).is_ok() {
            self.ring();
        }
    }

    /// Wakes the sleeper from any sleep, or keeps it from the next.
    pub(super) fn call(&self) {
        // Release pairs with the Acquire at the end of `park`: what the call is about.
        if matches!(self.state.swap(CALLED, Release), DOZING | ASLEEP) {
            self.ring();
        }
    }

    fn ring(&self) {
        // A sleeper that has not seen the new state holds the lock until it waits.
        drop(lock(&self.lock));
        self.bell.notify_one();
    }

    /// Sleeps until woken, or for a doze of `at_most`; not at all if called since the last time, or
    /// unless `nothing_to_do`.
    pub(super) fn park(&self, at_most: Option<Duration>, nothing_to_do: impl Fn() -> bool) {
        let rest = if at_most.is_some() { DOZING } else { ASLEEP };
        if self.state.compare_exchange(AWAKE, rest, Relaxed, Relaxed).is_ok() {
            // Pairs with the fence in `ready`.
            fence(SeqCst);
            if nothing_to_do() {
                self.rest(rest, at_most);
            }
        }
        // Acquire pairs with the Release in `call`.
        self.state.swap(AWAKE, Acquire);
    }

    fn rest(&self, rest: u32, at_most: Option<Duration>) {
        let mut guard = lock(&self.lock);
        while self.state.load(Relaxed) == rest {
            guard = wait(&self.bell, guard, at_most);
            if at_most.is_some() {
                return;
            }
        }
    }
}

//! The primitives of a normal build: std's, and the asymmetric fence of the kernel.

use std::sync::PoisonError;
use std::sync::atomic::{Ordering::SeqCst, compiler_fence, fence};
use std::time::Duration;

use rustix::thread::{MembarrierCommand, MembarrierQuery, membarrier, membarrier_query};

pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, atomic};

/// The two sides of a store-load barrier between a thread that crosses it all the time and one that
/// crosses it rarely.
///
/// Where the kernel offers `membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)`, the light side only
/// keeps the compiler from reordering and the heavy side makes every running thread of the process
/// execute a full barrier. Elsewhere both are `fence(SeqCst)`. The technique: folly's
/// `AsymmetricMemoryBarrier`.
#[derive(Debug, Clone)]
pub(crate) struct Fences {
    asymmetric: bool,
}

impl Fences {
    /// Registers the process with the kernel where that is possible.
    pub(crate) fn probe() -> Self {
        let asymmetric = membarrier_query().contains(MembarrierQuery::PRIVATE_EXPEDITED)
            && membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
            && membarrier(MembarrierCommand::PrivateExpedited).is_ok();
        Self { asymmetric }
    }

    /// The side of the thread that crosses it with every push.
    #[inline]
    pub(crate) fn light(&self) {
        if self.asymmetric {
            compiler_fence(SeqCst);
        } else {
            fence(SeqCst);
        }
    }

    /// The side of the thread that crosses it rarely.
    pub(crate) fn heavy(&self) {
        fence(SeqCst);
        if self.asymmetric {
            membarrier(MembarrierCommand::PrivateExpedited)
                .expect("the kernel took this command when the process registered");
        }
    }
}

/// Waits for a notification, at most `at_most`; may wake without one.
pub(crate) fn wait<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    at_most: Option<Duration>,
) -> MutexGuard<'a, T> {
    match at_most {
        None => condvar.wait(guard).unwrap_or_else(PoisonError::into_inner),
        Some(time) => condvar.wait_timeout(guard, time).unwrap_or_else(PoisonError::into_inner).0,
    }
}

/// Passes the time of a few instructions of another thread.
pub(crate) fn pause() {
    std::thread::yield_now();
}

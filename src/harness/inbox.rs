//! How other threads reach the capture thread.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{EventfdFlags, eventfd};
use rustix::process::Signal;

use super::live::Launched;

/// What the capture thread is told.
pub(super) enum Order {
    /// Capture this job.
    Capture(Box<Launched>),
    /// End the jobs.
    Stop(Stop),
    /// Pass this signal on to the jobs, which go on.
    Signal(Signal),
    /// No more orders come; end when the last job has.
    Close,
}

/// How running jobs are asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Every job's group gets this signal, by number; no further job is started. After SIGTERM,
    /// which is followed by SIGKILL where Slurm sends it, what is left after [`Timing::term_grace`]
    /// is killed.
    ///
    /// [`Timing::term_grace`]: super::Timing::term_grace
    Forward(i32),
    /// Every job's group is killed; no further job is started.
    Kill,
}

/// Stops the jobs of a [`Harness`](super::Harness) from another thread. What they printed is still
/// captured to its end.
#[derive(Debug, Clone)]
pub struct Stopper {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    orders: Sender<Order>,
    bell: OwnedFd,
    stopping: Mutex<bool>,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Capture(_) => "Capture",
            Self::Stop(_) => "Stop",
            Self::Signal(_) => "Signal",
            Self::Close => "Close",
        })
    }
}

/// The capture thread's end.
pub(super) struct Inbox {
    orders: Receiver<Order>,
    shared: Arc<Shared>,
}

/// Makes both ends.
pub(super) fn inbox() -> rustix::io::Result<(Stopper, Inbox)> {
    let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let (to, orders) = mpsc::channel();
    let shared = Arc::new(Shared { orders: to, bell, stopping: Mutex::new(false) });
    Ok((Stopper { shared: Arc::clone(&shared) }, Inbox { orders, shared }))
}

impl Stopper {
    /// Asks all running jobs to end, and starts no further one. May be called again with a stronger
    /// demand. Returns at once.
    pub fn stop(&self, how: Stop) {
        *self.shared.stopping.lock().unwrap_or_else(PoisonError::into_inner) = true;
        // Where the capture thread is gone, so are its jobs.
        let _ = self.send(Order::Stop(how));
    }

    /// Passes a signal that does not ask them to end on to all running jobs' groups, by number;
    /// what is no signal's number goes nowhere. Returns at once.
    pub fn signal(&self, number: i32) {
        if let Some(signal) = Signal::from_named_raw(number) {
            // Where the capture thread is gone, so are its jobs.
            let _ = self.send(Order::Signal(signal));
        }
    }

    /// Whether the harness was asked to stop.
    pub fn is_stopping(&self) -> bool {
        *self.shared.stopping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn send(&self, order: Order) -> Result<(), Order> {
        self.shared.orders.send(order).map_err(|refused| refused.0)?;
        // It can only fail by being full, and then it rings already.
        let _ = rustix::io::write(&self.shared.bell, &1_u64.to_ne_bytes());
        Ok(())
    }
}

impl Inbox {
    /// Readable while orders wait.
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.shared.bell.as_fd()
    }

    /// Stills the bell; every order sent before is then in [`next`](Self::next).
    pub(super) fn answer(&self) {
        let mut count = [0; 8];
        // It can only fail by being empty.
        let _ = rustix::io::read(&self.shared.bell, &mut count);
    }

    pub(super) fn next(&self) -> Option<Order> {
        self.orders.try_recv().ok()
    }
}

//! The lanes that became active since the drain last looked.
//!
//! A stack that pushes one and takes all: nothing is ever popped singly, so that no address can
//! come back under a slow exchange, the lanes themselves are the links, and it is never full.
#![expect(unsafe_code, reason = "the links are lanes, counted by Arc")]

use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use super::consumer::Consumer;
use super::lane::Lane;
use super::parker::Parker;
use crate::sync::atomic::{AtomicPtr, Ordering::*};

/// Where the lanes of one drain announce themselves, and where that drain sleeps.
///
/// A lane keeps its list alive and a listed lane is kept alive by it: a drain that ends takes until
/// the list is empty.
#[derive(Debug)]
pub struct ReadyList<T> {
    /// The lane pushed last. Each lane on the list is owned by it: an `Arc` turned into a pointer.
    top: AtomicPtr<Lane<T>>,
    parker: Parker,
    lanes: PhantomData<Arc<Lane<T>>>,
}

impl<T> ReadyList<T> {
    /// Makes an empty list.
    pub fn new() -> Arc<Self> {
        let top = AtomicPtr::new(ptr::null_mut());
        Arc::new(Self { top, parker: Parker::new(), lanes: PhantomData })
    }

    /// Adds a lane that is on no list, and wakes the drain if it is fast asleep.
    pub(super) fn push(&self, lane: Arc<Lane<T>>) {
        let lane = Arc::into_raw(lane).cast_mut();
        // Most often it is empty; else the exchange says what is there.
        let mut top = ptr::null_mut();
        loop {
            // SAFETY: the pointer came from an `Arc` that is still counted, and is not listed yet.
            unsafe { &*lane }.below.store(top, Relaxed);
            // Release pairs with the Acquire in `take`: the link, and the lane's state and bytes.
            match self.top.compare_exchange_weak(top, lane, Release, Relaxed) {
                Ok(_) => break,
                Err(now) => top = now,
            }
        }
        self.parker.ready();
    }

    /// Appends a consumer for each listed lane to `into`, in the order in which they became active;
    /// says how many.
    pub fn take(&self, into: &mut Vec<Consumer<T>>) -> usize {
        let start = into.len();
        if !self.is_empty() {
            self.take_lanes(|lane| into.push(Consumer::new(lane)));
            into[start..].reverse();
        }
        into.len() - start
    }

    /// Hands over every listed lane, the one pushed last first.
    fn take_lanes(&self, mut each: impl FnMut(Arc<Lane<T>>)) {
        // Acquire pairs with the Release in `push`.
        let mut top = self.top.swap(ptr::null_mut(), Acquire);
        while !top.is_null() {
            // SAFETY: `push` turned an `Arc` into this pointer, and the swap gave it to us alone.
            let lane = unsafe { Arc::from_raw(top) };
            top = lane.below.load(Relaxed);
            each(lane);
        }
    }

    fn is_empty(&self) -> bool {
        self.top.load(Relaxed).is_null()
    }

    /// Wakes the drain for something other than a lane, from any sleep; while it is awake, its next
    /// sleep returns at once. What was stored before is seen after that sleep.
    pub fn request(&self) {
        self.parker.call();
    }

    /// Tells the drain of something other than a lane that can wait for the end of a doze: wakes it
    /// if it is fast asleep.
    pub fn notify(&self) {
        self.parker.ready();
    }

    /// Lets the drain, the one thread that takes, sleep until a lane becomes active or somebody
    /// notifies or requests.
    ///
    /// Returns at once while the list is not empty or `idle` says no, or after a request since the
    /// last sleep. `idle` must see what was stored before a notification.
    pub fn sleep(&self, idle: impl Fn() -> bool) {
        self.parker.park(None, || self.is_empty() && idle());
    }

    /// Lets the drain sleep for `time`, whatever becomes active; only a request ends it before.
    pub fn doze(&self, time: Duration) {
        self.parker.park(Some(time), || true);
    }
}

impl<T> Drop for ReadyList<T> {
    fn drop(&mut self) {
        self.take_lanes(drop);
    }
}

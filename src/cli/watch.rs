//! Says when the store stops taking output, and when it takes output again.
//!
//! A thread of its own looks: whoever waits for jobs is not to wait for the store.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::engine::{Engine, SinkState};

use super::duration::show_duration;
use super::exit::complain;
use super::output::printable;

/// How often the store's state is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Looks at the store of an engine until it is ended.
pub(super) struct Watch {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

impl Watch {
    /// Starts to look. Where no thread can be had, nobody does.
    pub(super) fn start(engine: &Arc<Engine>) -> Option<Self> {
        let (end, ended) = mpsc::channel();
        let engine = Arc::clone(engine);
        let look = move || {
            let mut failing_since = None;
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if let Some(news) = news(&mut failing_since, &engine.status().sink) {
                    complain(&news);
                }
            }
        };
        let thread = std::thread::Builder::new().name("weir-watch".into()).spawn(look).ok()?;
        Some(Self { end, thread })
    }

    /// Looks no more.
    pub(super) fn end(self) {
        drop(self.end);
        // A thread that panicked has said so.
        let _ = self.thread.join();
    }
}

/// What is to be said of `sink`, where that was not said before.
fn news(failing_since: &mut Option<Instant>, sink: &SinkState) -> Option<String> {
    match (sink, *failing_since) {
        (SinkState::Failing { error, since }, None) => {
            *failing_since = Instant::now().checked_sub(*since).or_else(|| Some(Instant::now()));
            let error = printable(error);
            Some(format!("the store fails: {error}; jobs wait once the budget is full"))
        }
        (SinkState::Ok, Some(since)) => {
            *failing_since = None;
            let lasted = show_duration(since.elapsed());
            Some(format!("the store takes output again, after {lasted}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_and_its_end_are_told_once_each() {
        let failing = SinkState::Failing { error: "full\u{1b}[2J".into(), since: Duration::ZERO };
        let mut state = None;
        assert_eq!(news(&mut state, &SinkState::Ok), None);
        let told = news(&mut state, &failing).unwrap();
        assert!(told.starts_with("the store fails: full\\u{1b}[2J;"), "{told}");
        assert_eq!(news(&mut state, &failing), None);
        assert!(news(&mut state, &SinkState::Ok).unwrap().contains("again"));
        assert_eq!(news(&mut state, &SinkState::Ok), None);
    }
}

//! The helper thread that makes the next window ready while the drain fills the current one.
//!
//! It is asked for at most one window at a time, so a drain has two mapped at most. Its thread
//! starts with the first request, since a small run never makes one, and ends with its
//! [`Preparer`].

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::window::{Span, Window};

struct Request {
    file: Arc<File>,
    span: Span,
}

/// Makes windows ready, one at a time.
#[derive(Default)]
pub(super) struct Preparer {
    thread: Option<(SyncSender<Request>, Receiver<io::Result<Window>>)>,
    asked: Option<Span>,
}

impl Preparer {
    /// Whether a window is being prepared or ready.
    pub(super) fn is_busy(&self) -> bool {
        self.asked.is_some()
    }

    /// Begins to prepare `span` of `file`. Where no thread can be had, nothing happens.
    pub(super) fn ask(&mut self, file: &Arc<File>, span: Span) {
        if self.thread.is_none() {
            self.thread = start();
        }
        if let Some((requests, _)) = &self.thread {
            let request = Request { file: Arc::clone(file), span };
            self.asked = requests.send(request).ok().map(|()| span);
        }
    }

    /// The window that holds `offset`, if that is the one asked for; waits until it is ready.
    ///
    /// A failure is not told: the caller tries by itself and meets it there, or not any more.
    pub(super) fn take(&mut self, offset: u64) -> Option<Window> {
        let right = self.asked?.holds(offset);
        self.finish().filter(|_| right)
    }

    /// Waits until nothing is being prepared; the result is dropped or returned.
    pub(super) fn finish(&mut self) -> Option<Window> {
        self.asked.take()?;
        let (_, windows) = self.thread.as_ref()?;
        windows.recv().ok()?.ok()
    }
}

fn start() -> Option<(SyncSender<Request>, Receiver<io::Result<Window>>)> {
    let (requests, inbox) = sync_channel::<Request>(1);
    let (outbox, windows) = sync_channel(1);
    let work = move || {
        for Request { file, span } in inbox {
            let window = Window::open(&file, span).inspect(|window| window.map.populate());
            drop(file);
            if outbox.send(window).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("weir-window".into()).spawn(work).ok()?;
    Some((requests, windows))
}

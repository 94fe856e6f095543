//! How far a batch is, on stderr.
//!
//! A thread of its own draws, so that a stuck terminal holds up neither starting nor capture.

use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::{Engine, SinkState, Status};

use super::args::When;
use super::duration::show_duration;
use super::exit::complain;
use super::output::{printable, thousands};
use super::settings::Settings;
use super::size::Size;

/// How often a terminal is drawn.
const DRAW: Duration = Duration::from_millis(200);
/// How often a line is written where stderr is no terminal.
const WRITE: Duration = Duration::from_secs(5);

/// Shows how far a batch is, until it is ended.
pub(super) struct Progress {
    counts: Arc<Mutex<Counts>>,
    bar: Option<ProgressBar>,
    shown: Option<(Sender<()>, JoinHandle<()>)>,
}

/// What the batch reported.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    total: u64,
    running: u64,
    done: u64,
    failed: u64,
}

/// What was stored when it was last shown, for rates.
struct Before {
    at: Instant,
    lines: u64,
    bytes: u64,
}

impl Progress {
    /// Shows the progress of `total` jobs of `engine`, as `when` says.
    pub(super) fn start(engine: &Arc<Engine>, total: u64, when: When, settings: &Settings) -> Self {
        let counts = Arc::new(Mutex::new(Counts { total, ..Counts::default() }));
        let terminal = std::io::stderr().is_terminal();
        let show = match when {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !settings.quiet,
        };
        let bar = (show && terminal).then(|| bar(total));
        let shown = show.then(|| show_from_thread(engine, &counts, bar.clone())).flatten();
        Self { counts, bar, shown }
    }

    /// A job was started.
    pub(super) fn started(&self) {
        lock(&self.counts).running += 1;
    }

    /// A job ended, perhaps to be run again.
    pub(super) fn ended(&self, success: bool, again: bool) {
        let mut counts = lock(&self.counts);
        counts.running = counts.running.saturating_sub(1);
        if !again {
            counts.done += 1;
            counts.failed += u64::from(!success);
        }
    }

    /// Says one line without breaking the one that is drawn.
    pub(super) fn say(&self, message: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| complain(message)),
            None => complain(message),
        }
    }

    /// Shows no more, and clears what was drawn.
    pub(super) fn end(self) {
        if let Some((end, thread)) = self.shown {
            drop(end);
            // A drawing thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{elapsed} [{bar:24}] {pos}/{len} {msg}");
    bar.set_style(style.expect("the template is a constant that parses").progress_chars("=> "));
    bar
}

/// Where no thread can be had, nothing is shown.
fn show_from_thread(
    engine: &Arc<Engine>,
    counts: &Arc<Mutex<Counts>>,
    bar: Option<ProgressBar>,
) -> Option<(Sender<()>, JoinHandle<()>)> {
    let (end, ended) = mpsc::channel::<()>();
    let (engine, counts) = (Arc::clone(engine), Arc::clone(counts));
    let every = if bar.is_some() { DRAW } else { WRITE };
    let draw = move || {
        let mut before = Before { at: Instant::now(), lines: 0, bytes: 0 };
        while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            let counts = *lock(&counts);
            let text = message(counts, &engine.status(), &mut before);
            match &bar {
                Some(bar) => {
                    bar.set_position(counts.done);
                    bar.set_message(text);
                }
                None => complain(&format!("{}/{} {text}", counts.done, counts.total)),
            }
        }
        bar.inspect(ProgressBar::finish_and_clear);
    };
    let thread = std::thread::Builder::new().name("weir-progress".into()).spawn(draw).ok()?;
    Some((end, thread))
}

fn message(counts: Counts, status: &Status, before: &mut Before) -> String {
    let stored = status.stored.stdout + status.stored.stderr;
    let seconds = before.at.elapsed().as_secs_f64().max(0.001);
    let lines = rate(stored.lines - before.lines, seconds);
    let bytes = Size(rate(stored.bytes - before.bytes, seconds));
    *before = Before { at: Instant::now(), lines: stored.lines, bytes: stored.bytes };
    let percent = status.budget_used * 100 / status.budget.max(1);
    let mut text = format!("done, {} running", thousands(counts.running));
    if counts.failed > 0 {
        text += &format!(", {} failed", thousands(counts.failed));
    }
    text += &format!(", {} lines/s, {bytes}/s, budget {percent}% used", thousands(lines));
    if status.blocked > 0 {
        text += &format!(", {} waits for it", thousands(status.blocked));
    }
    match &status.sink {
        SinkState::Ok => {}
        SinkState::Failing { error, since } => {
            text += &format!(", STORE FAILING for {}: {}", show_duration(*since), printable(error));
        }
        SinkState::Dead => text += ", NOTHING MORE IS STORED",
    }
    text
}

#[expect(clippy::cast_possible_truncation, reason = "a rate for people; the cast saturates")]
#[expect(clippy::cast_sign_loss, reason = "neither count nor time is negative")]
fn rate(count: u64, seconds: f64) -> u64 {
    (count as f64 / seconds) as u64
}

#[cfg(test)]
mod tests {
    use crate::job::{Extent, PerStream};

    use super::*;

    fn status(sink: SinkState) -> Status {
        let stored =
            PerStream { stdout: Extent { bytes: 1000, lines: 10 }, ..PerStream::default() };
        Status {
            jobs_open: 2,
            jobs_finished: 1,
            stored,
            budget: 1000,
            budget_used: 250,
            budget_peak: 250,
            blocked: 0,
            blocked_for: Duration::ZERO,
            sink,
        }
    }

    fn text(counts: Counts, status: &Status) -> String {
        message(counts, status, &mut Before { at: Instant::now(), lines: 0, bytes: 0 })
    }

    #[test]
    fn what_goes_wrong_is_in_the_line_and_what_does_not_is_not() {
        let counts = Counts { total: 9, running: 2, done: 3, failed: 0 };
        let good = text(counts, &status(SinkState::Ok));
        assert!(
            good.starts_with("done, 2 running, ") && good.ends_with("budget 25% used"),
            "{good}"
        );
        assert!(!good.contains("failed"), "{good}");
        let since = Duration::from_secs(3);
        let full = SinkState::Failing { error: "no space\u{1b}[2J".into(), since };
        let bad = Status { blocked: 4, ..status(full) };
        let bad = text(Counts { failed: 1, ..counts }, &bad);
        assert!(bad.contains("1 failed") && bad.contains("4 waits"), "{bad}");
        assert!(bad.ends_with("STORE FAILING for 3.0 s: no space\\u{1b}[2J"), "{bad}");
    }
}

//! When to read again: at once while little comes, after a nap while much does.
//!
//! A writer that finds its reader asleep in `epoll_wait` wakes it for every few lines, and many small
//! reads cost several times the processor time of few large ones. So under load the reader sleeps on
//! a timer, which no writer can cut short, while pipes fill.
//!
//! - No nap is longer than [`GATHER`].
//! - No nap is so long that a pipe which was just read would fill by more than half meanwhile, by the
//!   rate it had: a single fast job is read without a break.
//! - There is no nap before [`BURST`] rounds with data followed each other within [`GATHER`], and none
//!   after a round in which a job ended, for the scheduler may be waiting for that.

use std::time::Duration;

use crate::job::Mono;

/// The longest nap.
pub(super) const GATHER: Duration = Duration::from_millis(1);
/// Rounds in quick succession that count as load.
const BURST: u32 = 4;
/// A shorter nap is not worth its two context switches.
const SHORTEST: Duration = Duration::from_micros(100);

/// What one round of the capture thread did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    /// When it began.
    pub(super) at: Mono,
    /// Whether any byte was read.
    pub(super) data: bool,
    /// Whether a pipe was left unread because there was no room.
    pub(super) starved: bool,
    /// Whether a job ended.
    pub(super) ended: bool,
    /// When the fastest pipe that was read will be half full.
    pub(super) half_full: Duration,
}

impl Round {
    pub(super) fn new(at: Mono) -> Self {
        Self { at, data: false, starved: false, ended: false, half_full: Duration::MAX }
    }
}

/// Decides about naps.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Mono,
    burst: u32,
}

impl Pace {
    /// How long to sleep after `round` before looking at the pipes again.
    pub(super) fn nap_after(&mut self, round: &Round) -> Option<Duration> {
        let quick = round.at.since(self.last) < GATHER * 2;
        self.last = round.at;
        if round.starved {
            return Some(GATHER);
        }
        self.burst = match (round.data && quick, round.ended) {
            (true, false) => self.burst.saturating_add(1),
            _ => 0,
        };
        let nap = round.half_full.min(GATHER);
        (self.burst >= BURST && nap >= SHORTEST).then_some(nap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The naps after rounds with data that follow each other after `gap`.
    fn naps(rounds: u64, gap: Duration, change: impl Fn(&mut Round)) -> Vec<Option<Duration>> {
        let mut pace = Pace::default();
        let start = 1_000_000_000;
        let gap = u64::try_from(gap.as_nanos()).unwrap();
        let nap = |n| {
            let mut round = Round { data: true, ..Round::new(Mono(start + n * gap)) };
            change(&mut round);
            pace.nap_after(&round)
        };
        (0..rounds).map(nap).collect()
    }

    #[test]
    fn sparse_output_is_read_at_once() {
        assert_eq!(naps(9, Duration::from_millis(5), |_| ()), [None; 9]);
    }

    #[test]
    fn load_is_gathered_after_a_few_rounds() {
        let naps = naps(9, Duration::from_micros(200), |_| ());
        assert_eq!(naps.first(), Some(&None));
        assert_eq!(naps.last(), Some(&Some(GATHER)));
    }

    #[test]
    fn a_pipe_that_fills_fast_shortens_the_nap() {
        let half = Duration::from_micros(300);
        let fast = naps(9, Duration::from_micros(200), |round| round.half_full = half);
        assert_eq!(fast.last(), Some(&Some(half)));
        let half = Duration::from_micros(20);
        let faster = naps(9, Duration::from_micros(200), |round| round.half_full = half);
        assert_eq!(faster.last(), Some(&None));
    }

    #[test]
    fn ends_are_seen_at_once() {
        assert_eq!(naps(9, Duration::from_micros(200), |round| round.ended = true), [None; 9]);
    }

    #[test]
    fn a_full_budget_is_looked_at_again_after_a_nap() {
        let naps = naps(1, Duration::from_secs(1), |round| round.starved = true);
        assert_eq!(naps, [Some(GATHER)]);
    }
}

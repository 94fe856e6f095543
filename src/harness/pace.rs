//! When to read again: at once while little comes, after a nap while much does.
//!
//! A writer that finds its reader asleep in `epoll_wait` wakes it for every few lines, and many
//! small reads cost several times the processor time of few large ones. So under load the reader
//! sleeps on a timer, which no writer can cut short, while pipes fill.
//!
//! - No nap is longer than [`GATHER`], but where the budget stays full.
//! - No nap is so long that a pipe which was just read would fill by more than half meanwhile, by
//!   the rate it had: a single fast job is read without a break.
//! - There is no nap before reads that together count [`LOAD`] came within [`GATHER`], and none
//!   after a round in which a job ended, for the scheduler may be waiting for that.

use std::time::Duration;

use crate::job::Mono;

/// The longest nap.
pub(super) const GATHER: Duration = Duration::from_millis(1);
/// What counts as load within [`GATHER`]: so many small reads, or one of a few pages.
const LOAD: usize = 6;
/// A read counts one, and one more for so many bytes.
const BYTES_COUNT: usize = 2048;
/// Rounds without room after which naps grow by one [`GATHER`], again and again.
const PATIENT_AFTER: u32 = 16;
/// The longest nap while there is no room, in [`GATHER`]s: a disk that stays full costs no
/// processor, and one that has room again is noticed at once by human measure.
const LONGEST_WAIT: u32 = 20;
/// A shorter nap is not worth its two context switches.
const SHORTEST: Duration = Duration::from_micros(100);

/// What one round of the capture thread did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    /// When it began.
    pub(super) at: Mono,
    /// What its reads count.
    pub(super) load: usize,
    /// Whether a pipe was left unread because there was no room.
    pub(super) starved: bool,
    /// Whether a job ended.
    pub(super) ended: bool,
    /// When the fastest pipe that was read will be half full.
    pub(super) half_full: Duration,
}

impl Round {
    pub(super) fn new(at: Mono) -> Self {
        Self { at, load: 0, starved: false, ended: false, half_full: Duration::MAX }
    }

    /// One pipe gave `len` bytes and will be half full in `half_full`.
    pub(super) fn was_read(&mut self, len: usize, half_full: Duration) {
        self.load += 1 + len / BYTES_COUNT;
        self.half_full = self.half_full.min(half_full);
    }
}

/// Decides about naps.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When counting began.
    since: Mono,
    /// What reads counted since then.
    load: usize,
    /// Rounds in a row that found no room.
    starved: u32,
}

impl Pace {
    /// How long to sleep after `round` before looking at the pipes again.
    pub(super) fn nap_after(&mut self, round: &Round) -> Option<Duration> {
        if round.starved {
            self.starved = self.starved.saturating_add(1);
            return Some(GATHER * (self.starved / PATIENT_AFTER).clamp(1, LONGEST_WAIT));
        }
        self.starved = 0;
        if round.at.since(self.since) > GATHER {
            (self.since, self.load) = (round.at, 0);
        }
        self.load += round.load;
        let nap = round.half_full.min(GATHER);
        let worth = self.load >= LOAD && round.load > 0 && !round.ended && nap >= SHORTEST;
        worth.then_some(nap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The naps after rounds that follow each other after `gap`, each with one read of `len` bytes.
    fn naps(gap: Duration, len: usize, change: impl Fn(&mut Round)) -> Vec<Option<Duration>> {
        let mut pace = Pace::default();
        let nap = |n: u32| {
            let mut round = Round::new(Mono(1_000_000_000).after(gap * n));
            round.was_read(len, Duration::MAX);
            change(&mut round);
            pace.nap_after(&round)
        };
        (0..9).map(nap).collect()
    }

    const OFTEN: Duration = Duration::from_micros(50);

    #[test]
    fn sparse_output_is_read_at_once() {
        assert_eq!(naps(Duration::from_millis(5), 100, |_| ()), [None; 9]);
        assert_eq!(naps(Duration::from_micros(500), 100, |_| ()), [None; 9]);
    }

    #[test]
    fn many_small_reads_are_gathered() {
        let naps = naps(OFTEN, 100, |_| ());
        assert_eq!((naps.first(), naps.last()), (Some(&None), Some(&Some(GATHER))));
    }

    #[test]
    fn large_reads_are_load_however_long_the_nap_before() {
        assert_eq!(naps(GATHER * 2, 16 << 10, |_| ()), [Some(GATHER); 9]);
    }

    #[test]
    fn a_pipe_that_fills_fast_shortens_the_nap() {
        let half = Duration::from_micros(300);
        let fast = naps(OFTEN, 64 << 10, |round| round.half_full = half);
        assert_eq!(fast, [Some(half); 9]);
        let faster = naps(OFTEN, 64 << 10, |round| round.half_full = half / 10);
        assert_eq!(faster, [None; 9]);
    }

    #[test]
    fn ends_are_seen_at_once() {
        assert_eq!(naps(OFTEN, 64 << 10, |round| round.ended = true), [None; 9]);
    }

    #[test]
    fn a_full_budget_is_looked_at_again_after_a_nap_that_grows() {
        let mut pace = Pace::default();
        let round = Round { starved: true, ..Round::new(Mono(1_000_000_000)) };
        let naps: Vec<_> = (0..1000).map(|_| pace.nap_after(&round)).collect();
        assert_eq!(naps.first(), Some(&Some(GATHER)));
        assert_eq!(naps.last(), Some(&Some(GATHER * LONGEST_WAIT)));
        assert!(naps.is_sorted());
    }
}

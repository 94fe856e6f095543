//! Work on many jobs at once whose output comes out in the jobs' order.
//!
//! Invariants:
//! - What job `n` wrote stands, whole and in one piece, behind all that jobs before it wrote.
//! - Held back output is at most [`HOLD`] bytes for each worker: one that has more waits for its
//!   turn and then writes straight through.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes of output that a worker holds back before it waits for its turn.
const HOLD: usize = 1 << 20;

/// Does `work` for each of `count` jobs on `workers` threads; ends at the first error.
///
/// # Errors
/// The first one, of the work or of `out`.
pub(super) fn in_order<W: Write + Send>(
    count: usize,
    workers: usize,
    out: &mut W,
    work: impl Fn(usize, &mut Turn<'_, '_, W>) -> io::Result<()> + Sync,
) -> io::Result<()> {
    let gate =
        Gate { state: Mutex::new(State { turn: 0, out, error: None }), changed: Condvar::new() };
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, count.max(1)) {
            scope.spawn(|| {
                let mut held = Vec::new();
                loop {
                    let job = next.fetch_add(1, Relaxed);
                    if job >= count {
                        return;
                    }
                    let mut turn = Turn { gate: &gate, job, held: std::mem::take(&mut held) };
                    let result = work(job, &mut turn).and_then(|()| turn.pass());
                    if let Err(error) = result {
                        return gate.fail(error);
                    }
                    held = std::mem::take(&mut turn.held);
                }
            });
        }
    });
    let state = gate.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    state.error.map_or(Ok(()), Err)
}

/// Lets one job after the other write.
struct Gate<'o, W> {
    state: Mutex<State<'o, W>>,
    changed: Condvar,
}

struct State<'o, W> {
    /// The job whose turn it is.
    turn: usize,
    out: &'o mut W,
    error: Option<io::Error>,
}

impl<W> Gate<'_, W> {
    fn fail(&self, error: io::Error) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.error.get_or_insert(error);
        drop(state);
        self.changed.notify_all();
    }
}

/// What one job writes to.
pub(super) struct Turn<'g, 'o, W> {
    gate: &'g Gate<'o, W>,
    job: usize,
    held: Vec<u8>,
}

impl<'g, 'o, W: Write> Turn<'g, 'o, W> {
    /// Writes what is held back, when it is this job's turn.
    fn release(&mut self) -> io::Result<MutexGuard<'g, State<'o, W>>> {
        let gate = self.gate;
        let state = gate.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |state: &mut State<'_, W>| state.turn != self.job && state.error.is_none();
        let mut state =
            gate.changed.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner);
        if state.error.is_some() {
            return Err(io::Error::other("another job's search failed"));
        }
        state.out.write_all(&self.held)?;
        self.held.clear();
        Ok(state)
    }

    /// Gives the turn to the next job.
    fn pass(&mut self) -> io::Result<()> {
        self.release()?.turn += 1;
        self.gate.changed.notify_all();
        Ok(())
    }
}

impl<W: Write> Write for Turn<'_, '_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= HOLD {
            drop(self.release()?);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_keeps_the_order_of_jobs_however_long_each_is() {
        let line =
            |job: usize| format!("{job}\n").repeat(if job.is_multiple_of(3) { 400_000 } else { 1 });
        let mut out = Vec::new();
        in_order(12, 4, &mut out, |job, out| out.write_all(line(job).as_bytes())).unwrap();
        let expected: String = (0..12).map(line).collect();
        assert!(out == expected.into_bytes());
    }

    #[test]
    fn the_first_error_ends_all_workers() {
        let mut out = Vec::new();
        let result = in_order(1000, 4, &mut out, |job, _| match job {
            5 => Err(io::Error::from(io::ErrorKind::BrokenPipe)),
            _ => Ok(()),
        });
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn no_job_is_no_output() {
        let mut out = Vec::new();
        in_order(0, 4, &mut out, |_, _| unreachable!()).unwrap();
        assert!(out.is_empty());
    }
}

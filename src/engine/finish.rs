//! The records that open and close a job.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::job::{Body, Extent, JobFinish, Mono, PerStream, Record, Tally, Wall, WriterNo};

use super::job::JobState;

/// The record that a job begins.
pub(super) fn start_record(job: &JobState) -> Record<'_> {
    Record {
        run: &job.run,
        writer: WriterNo(0),
        wall: job.run.start.started_at,
        mono: job.started,
        at: PerStream::default(),
        adds: PerStream::default(),
        body: Body::Start,
    }
}

/// A job whose output is stored and whose end is not yet.
pub(super) struct Ending {
    job: Arc<JobState>,
    at: PerStream<Extent>,
    mono: Mono,
    wall: Wall,
    finish: JobFinish,
}

impl Ending {
    /// Draws up the final account of a job that was finished and is read out.
    pub(super) fn new(job: Arc<JobState>) -> Self {
        let at = PerStream::from_fn(|stream| job.at[stream].get());
        let (exit, wall, mono) = match job.finish.get() {
            Some(finish) => (finish.exit.clone(), finish.wall, finish.mono),
            None => Default::default(),
        };
        let streams = PerStream::from_fn(|stream| {
            let last_line = u64::from(job.unterminated[stream].load(Relaxed));
            let produced = at[stream] + Extent { bytes: 0, lines: last_line };
            Tally { produced, ..Tally::default() }
        });
        let ran = mono.since(job.started);
        let duration_ms = u64::try_from(ran.as_millis()).unwrap_or(u64::MAX);
        let finish = JobFinish { exit, finished_at: wall, duration_ms, streams };
        Self { job, at, mono, wall, finish }
    }

    pub(super) fn record(&self) -> Record<'_> {
        Record {
            run: &self.job.run,
            writer: WriterNo(0),
            wall: self.wall,
            mono: self.mono,
            at: self.at,
            adds: PerStream::default(),
            body: Body::Finish(&self.finish),
        }
    }

    pub(super) fn job(&self) -> &JobState {
        &self.job
    }

    pub(super) fn into_job(self) -> Arc<JobState> {
        self.job
    }
}

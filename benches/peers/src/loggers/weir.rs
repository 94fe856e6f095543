//! weir itself: an engine with one job and one writer.

use std::io::Write;
use std::time::Duration;

use anyhow::ensure;
use logweir::engine::{Engine, Job, JobSpec, JobWriter};
use logweir::job::{Exit, Stream};

use super::{Logger, Setup};

/// Lines through `logweir::engine::JobWriter`.
pub(crate) struct Weir {
    engine: Engine,
    job: Job,
    writer: JobWriter,
    lossy: bool,
    refused: u64,
}

impl Logger for Weir {
    fn open(setup: &Setup) -> anyhow::Result<Self> {
        let engine = Engine::builder().dir(&setup.dir).budget(setup.room).max_jobs(1).open()?;
        let job = engine.job(JobSpec::random())?;
        let writer = job.writer(Stream::Stdout)?;
        Ok(Self { engine, job, writer, lossy: setup.lossy, refused: 0 })
    }

    #[inline]
    fn push(&mut self, line: &[u8]) {
        if self.lossy {
            self.offer(line);
        } else {
            self.write_all(line);
        }
    }

    fn refused(&self) -> u64 {
        self.refused
    }

    fn finish(self) -> anyhow::Result<u64> {
        drop(self.writer);
        self.job.finish(Exit::code(0));
        let report = self.engine.shutdown(Duration::from_secs(60));
        ensure!(report.complete, "the engine did not store everything: {report:?}");
        Ok(report.stored_bytes)
    }
}

impl Weir {
    /// Refuses the line where there is no room. One that fits only in part is written to its end,
    /// for nobody should read half a line.
    #[inline]
    fn offer(&mut self, line: &[u8]) {
        match self.writer.try_write(line).expect("the engine runs until it is shut down") {
            0 => self.refused += 1,
            taken if taken < line.len() => self.write_all(&line[taken..]),
            _ => {}
        }
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).expect("the engine runs until it is shut down");
    }
}

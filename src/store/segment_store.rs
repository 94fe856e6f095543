//! The store that weir uses: a directory of segments.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::job::{Attempt, Body, JobId, Record};
use crate::segment::{AppendChoice, SegmentConfig, SegmentWriter};

use super::known::Known;
use super::{AppendError, Appender, LogStore, StoreError, dir};

/// A directory of segments, one chain for each appender.
#[derive(Debug)]
pub struct SegmentStore {
    dir: PathBuf,
    config: SegmentConfig,
    choice: AppendChoice,
    known: Arc<Known>,
}

impl SegmentStore {
    /// Opens the store in `dir`; makes the directory and the store where there is none.
    ///
    /// # Errors
    /// `dir` cannot be made or written, holds something else, or is of a newer format.
    pub fn open(dir: &Path, config: SegmentConfig) -> Result<Self, StoreError> {
        dir::prepare(dir)?;
        let choice = AppendChoice::of(dir, config.append);
        Ok(Self { dir: dir.to_path_buf(), config, choice, known: Arc::default() })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// How bytes get into the segments here, and why so.
    pub fn append_choice(&self) -> &AppendChoice {
        &self.choice
    }
}

impl LogStore for SegmentStore {
    fn appender(&self) -> Result<Box<dyn Appender>, StoreError> {
        let size = self.config.segment_size;
        let writer = SegmentWriter::with_backend(&self.dir, size, self.choice.backend);
        self.known.own(writer.chain());
        Ok(Box::new(SegmentAppender { writer, known: Arc::clone(&self.known) }))
    }

    fn last_attempt(&self, job: &JobId) -> Result<Option<Attempt>, StoreError> {
        self.known.latest(&self.dir, job)
    }
}

struct SegmentAppender {
    writer: SegmentWriter,
    known: Arc<Known>,
}

impl SegmentAppender {
    fn note(&self, stored: &[Record<'_>]) {
        for record in stored {
            if matches!(record.body, Body::Start) {
                self.known.note(&record.run.start.id, record.run.start.attempt);
            }
        }
    }
}

impl Appender for SegmentAppender {
    fn append(&mut self, batch: &[Record<'_>]) -> Result<(), AppendError> {
        let result = self.writer.append(batch);
        let stored = result.as_ref().map_or_else(|error| error.stored, |()| batch.len());
        self.note(batch.get(..stored).unwrap_or(batch));
        result.map_err(|error| AppendError { stored, source: error.source.into() })
    }

    fn seal(&mut self) -> Result<(), StoreError> {
        Ok(self.writer.seal()?)
    }
}

impl Drop for SegmentAppender {
    fn drop(&mut self) {
        // Without a footer the segment is as good, only slower to open.
        let _ = self.writer.seal();
    }
}

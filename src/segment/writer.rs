//! Writes the segments of one chain.
//!
//! - A batch is stored when [`SegmentWriter::append`] returns: any process can read it, and it
//!   survives the death of this one.
//! - A segment begins each attempt it knows with a start frame, so it can be read alone.
//! - A frame is in one segment. A segment grows to the configured size, or to one frame more than
//!   nothing where that frame is larger.
//! - A failure is not the end: what was committed stays, the next call goes on behind it. A record
//!   that was refused may be readable where only its padding did not fit; offered again, it is
//!   written to the same place.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::job::Record;

use super::append::{Append, AppendChoice, AppendMode, Backend};
use super::batch::Batch;
use super::header::SegmentHeader;
use super::name::{Chain, SegmentName, Seq};
use super::open::OpenSegment;
use super::{SegmentError, WriteError};

/// How segments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentConfig {
    /// How bytes get into files.
    pub append: AppendMode,
    /// Where a segment ends and the next begins, in bytes; 4 KiB to 4 GiB are sensible.
    pub segment_size: u64,
}

impl Default for SegmentConfig {
    fn default() -> Self {
        Self { append: AppendMode::Auto, segment_size: 64 << 20 }
    }
}

/// Writes the segments of one chain in one directory.
pub struct SegmentWriter {
    dir: PathBuf,
    chain: Chain,
    next: u64,
    segment_size: u64,
    append: Box<dyn Append>,
    current: Option<OpenSegment>,
    scratch: Vec<u8>,
}

impl SegmentWriter {
    /// A writer with a chain of its own in `dir`, which exists. Creates no file yet.
    pub fn new(dir: &Path, config: SegmentConfig) -> Self {
        let backend = AppendChoice::of(dir, config.append).backend;
        Self::with_backend(dir, config.segment_size, backend)
    }

    /// A writer by a backend that was chosen before.
    pub fn with_backend(dir: &Path, segment_size: u64, backend: Backend) -> Self {
        Self::with_append(dir, segment_size, backend.make(segment_size))
    }

    /// A writer that moves its bytes by `append`.
    pub fn with_append(dir: &Path, segment_size: u64, append: Box<dyn Append>) -> Self {
        Self {
            dir: dir.to_path_buf(),
            chain: Chain::new(),
            next: 0,
            segment_size: segment_size.min(SIZE_MAX),
            append,
            current: None,
            scratch: Vec::new(),
        }
    }

    /// The chain that it writes.
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// Stores `batch` in order.
    ///
    /// # Errors
    /// A file cannot be created, extended or written. [`WriteError::stored`] records are stored all
    /// the same; the caller offers the others again.
    pub fn append(&mut self, batch: &[Record<'_>]) -> Result<(), WriteError> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut stored = 0;
        let result = self.append_all(batch, &mut scratch, &mut stored);
        self.scratch = scratch;
        result.map_err(|source| WriteError { stored, source })
    }

    fn append_all(
        &mut self,
        records: &[Record<'_>],
        scratch: &mut Vec<u8>,
        stored: &mut usize,
    ) -> Result<(), SegmentError> {
        if records.is_empty() {
            return Ok(());
        }
        let current = self.current()?;
        let mut batch = Batch::new(scratch, current.salt, current.end);
        for record in records {
            if self.add(&mut batch, record)? == Fit::No {
                self.flush(&mut batch, stored)?;
                self.roll()?;
                let current = self.current()?;
                batch.restart(current.salt, current.end);
                self.add(&mut batch, record)?;
            }
            let gathered = batch.end() - self.current()?.end;
            if gathered >= self.append.gather() as u64 {
                self.flush(&mut batch, stored)?;
            }
        }
        self.flush(&mut batch, stored)
    }

    /// Adds `record` to `batch` unless the segment has something and would grow beyond its size.
    fn add<'a>(
        &mut self,
        batch: &mut Batch<'a, '_>,
        record: &Record<'a>,
    ) -> Result<Fit, SegmentError> {
        let segment_size = self.segment_size;
        let current = self.current()?;
        let before = batch.before();
        let run = record.run.no;
        let with_start = !current.index.knows(run) && !batch.begins(run);
        batch.push(record, with_start).map_err(SegmentError::io("write", &current.path))?;
        let first = before.is_at(SegmentHeader::FRAMES_AT);
        if batch.end() > segment_size && !first {
            batch.undo(&before);
            return Ok(Fit::No);
        }
        Ok(Fit::Yes)
    }

    /// Writes, publishes and indexes `batch`, and empties it.
    fn flush(&mut self, batch: &mut Batch<'_, '_>, stored: &mut usize) -> Result<(), SegmentError> {
        self.current()?;
        let Some(current) = &mut self.current else { return Ok(()) };
        if batch.frames.is_empty() {
            return Ok(());
        }
        let failure = self.append.write(current.end, &batch.slices()).err();
        let reached = failure.as_ref().map_or(u64::MAX, |short| current.end + short.written);
        let whole = batch.frames.iter().take_while(|frame| frame.end() <= reached).count();
        let end = batch.frames[..whole].last().map_or(current.end, |frame| frame.end());
        self.append.commit(end).map_err(SegmentError::io("commit to", &current.path))?;
        for frame in &batch.frames[..whole] {
            current.index.note(&frame.header, frame.place, frame.event.event());
            *stored += usize::from(frame.event.is_record());
        }
        current.end = end;
        batch.restart(current.salt, end);
        match failure {
            Some(short) => Err(SegmentError::io("extend", &current.path)(short.source)),
            None => Ok(()),
        }
    }

    /// The segment being written; created if there is none.
    fn current(&mut self) -> Result<&mut OpenSegment, SegmentError> {
        if self.current.is_none() {
            let segment = self.create()?;
            self.enter(segment);
        }
        Ok(self.current.as_mut().expect("entered above"))
    }

    fn create(&self) -> Result<OpenSegment, SegmentError> {
        let name = SegmentName { chain: self.chain, seq: Seq(self.next) };
        OpenSegment::create(&self.dir, name)
    }

    fn enter(&mut self, segment: OpenSegment) {
        self.next = segment.name.seq.0 + 1;
        self.append.begin(Arc::clone(&segment.file));
        self.current = Some(segment);
    }

    /// Goes on to the next segment. It exists before the full one is sealed, so that a reader sees
    /// at any time a segment that the chain's writer holds.
    fn roll(&mut self) -> Result<(), SegmentError> {
        let next = self.create()?;
        if let Err(error) = self.seal() {
            next.discard();
            return Err(error);
        }
        self.enter(next);
        Ok(())
    }

    /// Seals the segment being written, if there is one. The next batch begins another.
    ///
    /// # Errors
    /// The footer cannot be written. The segment stays open and readable; batches may follow, and
    /// sealing can be tried again.
    pub fn seal(&mut self) -> Result<(), SegmentError> {
        let Some(current) = self.current.take() else { return Ok(()) };
        self.append.release();
        match current.seal(&self.dir) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.enter(current);
                Err(error)
            }
        }
    }
}

/// Frame positions are stored as 32-bit multiples of 8; half of that leaves room for one large
/// frame.
const SIZE_MAX: u64 = 16 << 30;

/// Whether a record fits into the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
}

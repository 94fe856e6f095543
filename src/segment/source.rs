//! Reads of a segment file at any offset, with errors that name the file.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::SegmentError;

/// A segment file opened for reading. It stays readable when the file is renamed or removed.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, SegmentError> {
        // A pipe that somebody left under a segment's name must not hold us up until it is written.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)
            .map_err(SegmentError::io("open", path))?;
        Ok(Self { file, path: path.to_path_buf() })
    }

    /// Length of the file now.
    pub(super) fn len(&self) -> Result<u64, SegmentError> {
        let metadata = self.file.metadata().map_err(SegmentError::io("examine", &self.path))?;
        Ok(metadata.len())
    }

    /// Reads up to `into.len()` bytes, fewer only at the end of the file.
    pub(super) fn read(&self, at: u64, into: &mut [u8]) -> Result<usize, SegmentError> {
        let mut done = 0;
        while done < into.len() {
            match self.file.read_at(&mut into[done..], at.saturating_add(done as u64)) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(SegmentError::io("read", &self.path)(error)),
            }
        }
        Ok(done)
    }

    /// Fills `into`, or says that `what` is cut off.
    pub(super) fn fill(
        &self,
        at: u64,
        into: &mut [u8],
        what: &'static str,
    ) -> Result<(), SegmentError> {
        let whole = self.read(at, into)? == into.len();
        if whole { Ok(()) } else { Err(self.damaged(at, what)) }
    }

    /// The error for a part of the file that is not what was written.
    pub(super) fn damaged(&self, at: u64, what: &'static str) -> SegmentError {
        SegmentError::Damaged { path: self.path.clone(), at, what }
    }
}

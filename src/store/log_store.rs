//! The trait between the engine and whatever keeps its records.

use std::io;
use std::path::{Path, PathBuf};

use crate::job::{Attempt, JobId, Record};
use crate::segment::SegmentError;

/// Keeps what jobs print. Object-safe; one store serves all drains at once.
///
/// A store hands each drain an [`Appender`] of its own, so that drains share nothing and no lock is
/// held while one of them writes.
pub trait LogStore: Send + Sync {
    /// Opens an appender for one drain.
    ///
    /// # Errors
    /// Where the store cannot be written; the message names the place and what to do.
    fn appender(&self) -> Result<Box<dyn Appender>, StoreError>;

    /// The latest stored attempt of `job`, or `None` where the store does not know it.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn last_attempt(&self, job: &JobId) -> Result<Option<Attempt>, StoreError>;
}

/// Appends one drain's records. The drain owns it; nobody waits for it but that drain.
pub trait Appender: Send {
    /// Stores a batch in order. When it returns `Ok`, readers in any process can see all of it.
    ///
    /// # Errors
    /// [`AppendError::stored`] says how many records, from the first on, are stored all the same;
    /// the caller offers the others again. The failure is not final: a full disk may have room
    /// later.
    fn append(&mut self, batch: &[Record<'_>]) -> Result<(), AppendError>;

    /// Finishes what is written so far, so that it opens fast and needs no recovery. A later
    /// `append` begins anew. Idempotent; called at shutdown.
    ///
    /// # Errors
    /// As [`append`](Self::append); what was stored stays readable.
    fn seal(&mut self) -> Result<(), StoreError>;
}

/// A batch was stored in part or not at all.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct AppendError {
    /// How many records of the batch, from the first on, are stored.
    pub stored: usize,
    /// Why the next one is not.
    pub source: StoreError,
}

/// Why a store cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused an operation on a file of the store.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: "create", "extend".
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory, or one above it, is a file.
    #[error("{} is not a directory; choose another place with --dir", path.display())]
    NotADirectory {
        /// The file.
        path: PathBuf,
    },
    /// The directory holds something else.
    #[error(
        "{} is not a weir directory: it has files but no `weir-store` marker; choose an empty or \
         new directory with --dir",
        path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// The marker of the directory says something else than a marker says.
    #[error(
        "{} is damaged; if weir made this directory, write the line `weir store format 1` into it",
        path.display()
    )]
    BadMarker {
        /// The marker.
        path: PathBuf,
    },
    /// The directory was made by a newer weir.
    #[error(
        "{} has store format {found}, this weir knows up to {known}; upgrade weir",
        path.display()
    )]
    Newer {
        /// The directory.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format this build knows.
        known: u32,
    },
    /// The directory does not exist.
    #[error(
        "{} does not exist; run a job first or choose another directory with --dir",
        path.display()
    )]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// A segment is not what it should be.
    #[error(transparent)]
    Segment(SegmentError),
}

impl StoreError {
    /// Makes a closure for `map_err`: `action` on `path` failed.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}

impl From<SegmentError> for StoreError {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::Io { action, path, source } => Self::Io { action, path, source },
            error => Self::Segment(error),
        }
    }
}

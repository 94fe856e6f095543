//! What can be wrong with a segment.

use std::io;
use std::path::{Path, PathBuf};

use super::layout;

/// Why a segment cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The operating system refused an operation.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: "create", "extend".
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not begin as a segment does.
    #[error("{} is not a segment: {what}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What gives it away.
        what: &'static str,
    },
    /// The file has a format that this build does not know.
    #[error(
        "{} has segment format {found}, this weir knows up to {}; upgrade weir",
        path.display(),
        layout::FORMAT
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
    },
    /// A part of the file is not what was written.
    #[error("{} is damaged at byte {at}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        at: u64,
        /// What does not hold.
        what: &'static str,
    },
}

impl SegmentError {
    /// Makes a closure for `map_err`: `action` on `path` failed.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}

/// A batch was written in part or not at all; the writer stays usable.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct WriteError {
    /// How many records of the batch, from the first on, are stored.
    pub stored: usize,
    /// Why the next one is not.
    pub source: SegmentError,
}

//! The segment that is being written: its birth, its end.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, Mode};

use super::SegmentError;
use super::footer;
use super::header::{Salt, SegmentHeader};
use super::index::JobIndex;
use super::layout::header;
use super::name::SegmentName;

/// A segment that is being written.
///
/// Its file appears under its name only when the header is whole and the lock is held, so that no
/// reader meets a half-born one or takes it for orphaned.
pub(super) struct OpenSegment {
    pub(super) name: SegmentName,
    pub(super) file: Arc<File>,
    pub(super) path: PathBuf,
    pub(super) salt: Salt,
    /// Where the next frame goes; all before it is committed.
    pub(super) end: u64,
    pub(super) index: JobIndex,
}

impl OpenSegment {
    /// Creates the segment `name` in `dir`.
    pub(super) fn create(dir: &Path, name: SegmentName) -> Result<Self, SegmentError> {
        let unborn = name.unborn_path(dir);
        let path = name.open_path(dir);
        let header = SegmentHeader::new(name);
        let born = create_private(&unborn).and_then(|file| {
            rustix::fs::flock(&file, FlockOperation::LockExclusive).or_else(unsupported)?;
            file.write_all_at(&header.encode(), 0)?;
            std::fs::rename(&unborn, &path)?;
            Ok(Arc::new(file))
        });
        let file = born.map_err(|error| {
            let _ = std::fs::remove_file(&unborn);
            SegmentError::io("create", &path)(error)
        })?;
        let (salt, end, index) = (header.salt(), SegmentHeader::FRAMES_AT, JobIndex::default());
        Ok(Self { name, file, path, salt, end, index })
    }

    /// Writes the footer, cuts what was allocated ahead, marks and names the segment sealed.
    ///
    /// Nothing of it is mapped any more. After an error it is still an open segment, to which
    /// frames can be added and which can be sealed again.
    pub(super) fn seal(&self, dir: &Path) -> Result<(), SegmentError> {
        let (entries, places) = self.index.sorted();
        let footer = footer::encode(&entries, &places, self.end);
        let file = &self.file;
        file.write_all_at(&footer, self.end)
            .and_then(|()| file.set_len(self.end + footer.len() as u64))
            .and_then(|()| file.write_all_at(&1_u64.to_le_bytes(), header::SEALED_AT as u64))
            .and_then(|()| std::fs::rename(&self.path, self.name.sealed_path(dir)))
            .map_err(SegmentError::io("seal", &self.path))
    }

    /// Removes a segment to which nothing was written.
    pub(super) fn discard(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Creates a file that only its owner can read, whatever the umask is.
fn create_private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR)?;
    Ok(file)
}

/// A file system without locks is no obstacle: readers then cannot tell that the writer died.
fn unsupported(error: rustix::io::Errno) -> io::Result<()> {
    use rustix::io::Errno;
    match error {
        Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOLCK | Errno::INVAL => Ok(()),
        error => Err(error.into()),
    }
}

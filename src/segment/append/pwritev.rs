//! The backend for any file system: gathered writes straight from the batch.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::{Append, ShortWrite};
use crate::segment::layout::header;

/// What one `pwritev(2)` takes at most on Linux (`UIO_MAXIOV`).
const PARTS_MAX: usize = 1024;

/// Appends by `pwritev(2)`, without a copy; the committed length is an 8-byte `pwrite(2)` after it.
#[derive(Debug, Default)]
pub(in crate::segment) struct PwritevAppend {
    file: Option<Arc<File>>,
}

impl Append for PwritevAppend {
    fn begin(&mut self, file: Arc<File>) {
        self.file = Some(file);
    }

    fn write(&mut self, at: u64, parts: &[IoSlice<'_>]) -> Result<(), ShortWrite> {
        let file = self.file.as_deref().ok_or_else(not_begun)?;
        let mut written = 0;
        // The first part not yet written, and how much of it is.
        let (mut first, mut skip) = (0, 0);
        while let Some(part) = parts.get(first) {
            if skip == part.len() {
                (first, skip) = (first + 1, 0);
                continue;
            }
            let count = match write_some(file, at + written, &parts[first..], skip) {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result,
            };
            let mut count = count.map_err(|source| ShortWrite { written, source })?;
            written += count as u64;
            while count > 0 {
                let step = count.min(parts[first].len() - skip);
                (count, skip) = (count - step, skip + step);
                if skip == parts[first].len() {
                    (first, skip) = (first + 1, 0);
                }
            }
        }
        Ok(())
    }

    fn commit(&mut self, end: u64) -> io::Result<()> {
        let file = self.file.as_deref().ok_or(io::ErrorKind::InvalidInput)?;
        file.write_all_at(&end.to_le_bytes(), header::COMMITTED_AT as u64)
    }

    fn release(&mut self) {
        self.file = None;
    }

    fn gather(&self) -> usize {
        1 << 20
    }
}

/// One `pwritev(2)`; the rest of a part that was written in part goes alone.
fn write_some(file: &File, at: u64, parts: &[IoSlice<'_>], skip: usize) -> io::Result<usize> {
    if skip > 0 {
        return file.write_at(&parts[0][skip..], at);
    }
    let parts = &parts[..parts.len().min(PARTS_MAX)];
    Ok(rustix::io::pwritev(file, parts, at)?)
}

fn not_begun() -> ShortWrite {
    ShortWrite { written: 0, source: io::ErrorKind::InvalidInput.into() }
}

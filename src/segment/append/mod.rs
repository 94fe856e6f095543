//! How bytes get into a segment file: by mapped windows or by `pwritev(2)`.
//!
//! - A backend moves bytes and publishes the committed length; what a frame is, it does not know.
//! - It is told to [`begin`](Append::begin) a file and to [`release`](Append::release) it; between
//!   the two nobody else writes to the file, and nobody at all shortens it.
//! - After a failed [`write`](Append::write) the same place may be written again: everything a
//!   backend does for an offset can be done twice.

mod choice;
mod map;
mod mmap;
mod prepare;
mod pwritev;
mod window;

use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::Arc;

pub use choice::{AppendChoice, AppendMode, Backend, InvalidAppendMode};
pub(super) use mmap::MmapAppend;
pub(super) use pwritev::PwritevAppend;

/// Writes the bytes of one segment after another.
pub trait Append: Send {
    /// Turns to `file`, whose header page is written. Does nothing that can fail.
    fn begin(&mut self, file: Arc<File>);

    /// Puts `parts` one behind the other from offset `at` on.
    ///
    /// # Errors
    /// [`ShortWrite::written`] says how many bytes are there all the same.
    fn write(&mut self, at: u64, parts: &[IoSlice<'_>]) -> Result<(), ShortWrite>;

    /// Publishes that the file is whole up to `end`, after all bytes below it.
    ///
    /// # Errors
    /// The system refused; the length published before stays.
    fn commit(&mut self, end: u64) -> io::Result<()>;

    /// Lets go of the file: no mapping of it and no work on it is left.
    fn release(&mut self);

    /// How many bytes are best handed over in one [`write`](Self::write).
    fn gather(&self) -> usize;
}

/// Not all bytes could be written.
#[derive(Debug)]
pub struct ShortWrite {
    /// How many of them, from the first on, were.
    pub written: u64,
    /// Why the next one was not.
    pub source: io::Error,
}

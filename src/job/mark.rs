//! Where in a piece of output a read or write batch began.

use super::{Mono, Stream};

/// From byte `at` of a piece on, up to the next mark, bytes came from `stream` at `time`.
///
/// The marks of a piece are in order of `at`; the first has `at == 0`. One mark stands for one
/// `read(2)` of a captured process or one batch of in-process writes, never for one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Offset of its first byte in the piece.
    pub at: u32,
    /// The stream it came from.
    pub stream: Stream,
    /// When it came.
    pub time: Mono,
}

//! What both programs of this package share: the lines that they print and push.

mod line;

pub use line::NumberedLine;

//! What a reader of a job's output gets.

use std::path::PathBuf;

use crate::job::{Gap, Stream, Wall};

/// One thing in a job's output, in the order in which it was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A line, or a part of a very long one.
    Line(Line<'a>),
    /// A declared loss.
    Gap(Loss<'a>),
    /// A stored piece that cannot be read; what it held is missing here.
    Damage(&'a Damage),
}

/// One line of one stream of one writer, without its newline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The stream it was written to.
    pub stream: Stream,
    /// Its number on that stream, from 1, as the job produced it: lost lines are counted.
    pub number: u64,
    /// When its first byte was read from the job.
    pub time: Wall,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether it begins here; `false` for the second and later parts of a very long line.
    pub begins: bool,
    /// How it ends.
    pub end: LineEnd,
}

/// How a [`Line`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// With a newline.
    Newline,
    /// Without one: the stream ends here, or its next bytes are lost.
    Open,
    /// Not yet: it is longer than a reader buffers, and its next part follows.
    Continued,
}

/// A gap and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss<'a> {
    /// What was lost.
    pub gap: &'a Gap,
    /// The number of the first lost line on its stream.
    pub number: u64,
    /// When.
    pub time: Wall,
}

/// A stored piece that cannot be read. What it held is missing at this place, undeclared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The segment file.
    pub path: PathBuf,
    /// What is wrong with it, in words that name the file.
    pub what: String,
}

impl Item<'_> {
    /// The stream it belongs to; `None` where that cannot be known.
    pub fn stream(&self) -> Option<Stream> {
        match self {
            Self::Line(line) => Some(line.stream),
            Self::Gap(loss) => Some(loss.gap.stream),
            Self::Damage(_) => None,
        }
    }
}

//! What a drain hands to a store.

use super::{Extent, Gap, JobFinish, JobStart, Mark, Mono, PerStream, Wall};

/// Numbers the runs of one writing process, from 0; with the chain it names an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunNo(pub u32);

/// Numbers the writers of one attempt, from 0. A captured process has one writer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterNo(pub u16);

/// One attempt of one job, as a store must know it to describe it in every segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number in this process.
    pub no: RunNo,
    /// What is known of it.
    pub start: JobStart,
}

/// One thing to store: the beginning or end of an attempt, a piece of its output, or a gap.
///
/// Records of one attempt come in order, the start first, the finish last.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The attempt.
    pub run: &'a Run,
    /// Which of its writers wrote it; lines of different writers are never joined.
    pub writer: WriterNo,
    /// Wall time of the first byte (of the event, where there are no bytes).
    pub wall: Wall,
    /// Monotonic time of the same instant.
    pub mono: Mono,
    /// Position of each stream before this record, losses included.
    pub at: PerStream<Extent>,
    /// How far each stream moves by this record, losses included.
    pub adds: PerStream<Extent>,
    /// What it is.
    pub body: Body<'a>,
}

/// What a [`Record`] holds.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// The attempt begins; its description is `run.start`.
    Start,
    /// Output, both streams in order of arrival.
    Data {
        /// The bytes; never empty, at most 1 MiB.
        bytes: &'a [u8],
        /// Which came from where, when; never empty, `marks[0].at == 0`.
        marks: &'a [Mark],
    },
    /// Output that was lost here.
    Gap(&'a Gap),
    /// The attempt ends; nothing of it follows.
    Finish(&'a JobFinish),
}

//! What a segment knows of one attempt.

use crate::job::{
    Attempt, Extent, JobFinish, JobId, JobStart, PerStream, RunNo, Stream, Tally, Wall,
};

use super::frame::{FrameAt, FrameHeader, FrameKind};

/// One attempt's share of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The job.
    pub id: JobId,
    /// Which run of it.
    pub attempt: Attempt,
    /// Its number in the chain; the same in every segment of the chain.
    pub run: RunNo,
    /// When the attempt started.
    pub started_at: Wall,
    /// Wall time of its first frame here.
    pub first_wall: Wall,
    /// The latest wall time of its frames here.
    pub last_wall: Wall,
    /// How it ended, if its finish frame is here.
    pub finish: Option<FinishSummary>,
    /// Position of each stream behind its last frame here.
    pub end: PerStream<Extent>,
    /// What the gap frames here say was lost.
    pub lost: PerStream<Extent>,
    /// How many gap frames each stream has here.
    pub gaps: PerStream<u64>,
    /// Where its description is.
    pub start_frame: FrameAt,
    /// Where its finish frame is, if here.
    pub finish_frame: Option<FrameAt>,
    pub(super) frames: FrameRange,
}

impl Entry {
    /// How many frames it has here, its start frame included.
    pub fn frame_count(&self) -> usize {
        usize::try_from(self.frames.count).unwrap_or(usize::MAX)
    }

    /// The entry of an attempt whose first frame here is the start frame `header` at `place`.
    pub(super) fn begin(start: &JobStart, header: &FrameHeader, place: FrameAt) -> Self {
        Self {
            id: start.id.clone(),
            attempt: start.attempt,
            run: header.run,
            started_at: start.started_at,
            first_wall: header.wall,
            last_wall: header.wall,
            finish: None,
            end: header.at,
            lost: PerStream::default(),
            gaps: PerStream::default(),
            start_frame: place,
            finish_frame: None,
            frames: FrameRange::default(),
        }
    }

    /// Takes account of one more frame.
    pub(super) fn note(
        &mut self,
        header: &FrameHeader,
        place: FrameAt,
        finish: Option<&JobFinish>,
    ) {
        self.last_wall = self.last_wall.max(header.wall);
        self.end = header.end();
        if header.kind == FrameKind::Gap {
            for stream in Stream::BOTH {
                let lost = header.adds[stream];
                if lost != Extent::default() {
                    let all = &mut self.lost[stream];
                    all.bytes = all.bytes.saturating_add(lost.bytes);
                    all.lines = all.lines.saturating_add(lost.lines);
                    self.gaps[stream] += 1;
                }
            }
        }
        if let Some(finish) = finish {
            self.finish = Some(FinishSummary::of(finish));
            self.finish_frame = Some(place);
        }
    }
}

/// Which of the frame positions of a segment are an entry's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FrameRange {
    pub(super) first: u32,
    pub(super) count: u32,
    pub(super) crc: u32,
}

/// How an attempt ended, in short; the finish frame has all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinishSummary {
    /// The exit code, where it exited.
    pub exit_code: Option<i32>,
    /// The signal that ended it, where one did.
    pub signal: Option<i32>,
    /// Whether its time was up.
    pub timed_out: bool,
    /// Whether it could not be started.
    pub failed_to_start: bool,
    /// Whether a process it left behind still held a pipe.
    pub detached_writer: bool,
    /// When it ended.
    pub finished_at: Wall,
    /// How long it ran, in milliseconds.
    pub duration_ms: u64,
    /// The final account of each stream.
    pub streams: PerStream<Tally>,
}

impl FinishSummary {
    /// The summary of `finish`.
    pub fn of(finish: &JobFinish) -> Self {
        Self {
            exit_code: finish.exit.exit_code,
            signal: finish.exit.signal,
            timed_out: finish.exit.timed_out,
            failed_to_start: finish.exit.error.is_some(),
            detached_writer: finish.exit.detached_writer,
            finished_at: finish.finished_at,
            duration_ms: finish.duration_ms,
            streams: finish.streams,
        }
    }

    /// Whether the attempt succeeded; see [`crate::job::Exit::success`].
    pub fn success(&self) -> bool {
        self.exit_code.unwrap_or(0) == 0
            && self.signal.is_none()
            && !self.timed_out
            && !self.failed_to_start
    }
}

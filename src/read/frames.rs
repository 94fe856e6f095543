//! The stored frames of one attempt, in order, over all segments that hold some of them.

use crate::job::{Gap, JobFinish, JobStart};
use crate::segment::{Frame, FrameAt, FrameHeader, FrameKind, SegmentError, SegmentReader};
use crate::store::{AttemptInfo, Catalog};

use super::assemble::Place;
use super::line::Damage;

/// One attempt's frames.
pub(super) struct Frames<'c> {
    segments: Vec<&'c SegmentReader>,
    steps: Vec<Step>,
}

/// What comes next in an attempt.
enum Step {
    /// A frame of `segments[segment]`.
    Frame { segment: usize, at: FrameAt },
    /// A segment whose frames of this attempt cannot be found.
    Broken(Damage),
}

/// What a readable frame holds; see [`Frames::read`].
pub(super) enum Content<'a> {
    /// The attempt begins.
    Start(JobStart),
    /// Output; in `frame`.
    Data(&'a Frame),
    /// A loss.
    Gap(Gap),
    /// The attempt ends.
    Finish(JobFinish),
}

impl<'c> Frames<'c> {
    /// Finds the frames of `attempt`, without reading any.
    pub(super) fn of(catalog: &'c Catalog, attempt: &AttemptInfo) -> Self {
        let mut frames = Self { segments: Vec::new(), steps: Vec::new() };
        for &(segment, entry) in &attempt.segments {
            let reader = catalog.segment(segment);
            let found = reader.entries().get(entry).map_or(Ok(Vec::new()), |e| reader.frames(e));
            let segment = frames.segments.len();
            frames.segments.push(reader);
            match found {
                Ok(found) => {
                    let steps = found.into_iter().map(|at| Step::Frame { segment, at });
                    frames.steps.extend(steps);
                }
                Err(error) => frames.steps.push(Step::Broken(damage(reader, &error))),
            }
        }
        frames
    }

    /// How many frames there are.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// The fixed part of frame `index`; `None` where it cannot be read.
    pub(super) fn head(&self, index: usize) -> Option<FrameHeader> {
        match self.steps.get(index)? {
            Step::Frame { segment, at } => self.segments.get(*segment)?.frame_header(*at).ok(),
            Step::Broken(_) => None,
        }
    }

    /// Reads frame `index` into `buffer`; the error says which file is damaged and how.
    pub(super) fn read<'f>(
        &self,
        index: usize,
        buffer: &'f mut Option<Frame>,
    ) -> Result<(Place, Content<'f>), Damage> {
        let (segment, at) = match &self.steps[index] {
            Step::Frame { segment, at } => (self.segments[*segment], *at),
            Step::Broken(damage) => return Err(damage.clone()),
        };
        let frame = match buffer {
            Some(frame) => segment.frame_into(at, frame).map(|()| &*frame),
            None => segment.frame(at).map(|frame| &*buffer.insert(frame)),
        };
        let frame = frame.map_err(|error| damage(segment, &error))?;
        let content = match frame.header.kind {
            FrameKind::Data => Some(Content::Data(frame)),
            FrameKind::Start => frame.start().map(Content::Start),
            FrameKind::Gap => frame.gap().map(Content::Gap),
            FrameKind::Finish => frame.finish().map(Content::Finish),
        };
        let content = content.ok_or_else(|| {
            let path = segment.path();
            let at = at.offset();
            let what = format!("{}: the event at byte {at} is not understood", path.display());
            Damage { path: path.into(), what }
        })?;
        Ok((place(&frame.header), content))
    }
}

fn damage(segment: &SegmentReader, error: &SegmentError) -> Damage {
    Damage { path: segment.path().into(), what: error.to_string() }
}

fn place(header: &FrameHeader) -> Place {
    Place {
        writer: header.writer,
        wall: header.wall,
        mono: header.mono,
        at: header.at,
        adds: header.adds,
    }
}

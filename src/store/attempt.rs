//! One attempt of one job, over all segments it is in.

use crate::job::{Attempt, JobId, PerStream, RunNo, Stream, Tally, Wall};
use crate::segment::{Chain, Entry, FinishSummary};

/// What a store knows of one attempt.
#[derive(Debug, Clone)]
pub struct AttemptInfo {
    /// The job.
    pub id: JobId,
    /// Which run of it, no other run's number. Where processes ran the same job at once, none
    /// knowing of the others, the later run counts on from what it took itself for.
    pub attempt: Attempt,
    /// The chain of segments that it is in.
    pub chain: Chain,
    /// Its number in that chain.
    pub run: RunNo,
    /// When it started.
    pub started_at: Wall,
    /// Wall time of its latest frame.
    pub last_wall: Wall,
    /// Whether and how it ended.
    pub state: AttemptState,
    /// The account of each stream: final where it finished, else as far as it is stored.
    pub streams: PerStream<Tally>,
    /// Where it is: index of a segment of the catalog and index of its entry there, in order.
    pub segments: Vec<(usize, usize)>,
}

/// Whether and how an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptState {
    /// Its writer still holds its segment, or is on another node, where this one cannot tell.
    Running,
    /// Its finish is stored.
    Finished(FinishSummary),
    /// Its writer is gone and has left no finish: what is stored may not be all.
    Lost,
}

impl AttemptInfo {
    /// An attempt of which no segment is known yet.
    pub(super) fn new(entry: &Entry, chain: Chain) -> Self {
        Self {
            id: entry.id.clone(),
            attempt: entry.attempt,
            chain,
            run: entry.run,
            started_at: entry.started_at,
            last_wall: entry.last_wall,
            state: AttemptState::Lost,
            streams: PerStream::default(),
            segments: Vec::new(),
        }
    }

    /// Takes account of its share of the next segment.
    pub(super) fn extend(&mut self, entry: &Entry, place: (usize, usize)) {
        self.segments.push(place);
        self.last_wall = self.last_wall.max(entry.last_wall);
        for stream in Stream::BOTH {
            let tally = &mut self.streams[stream];
            tally.produced = entry.end[stream];
            tally.lost.bytes = tally.lost.bytes.saturating_add(entry.lost[stream].bytes);
            tally.lost.lines = tally.lost.lines.saturating_add(entry.lost[stream].lines);
            tally.gaps = tally.gaps.saturating_add(entry.gaps[stream]);
        }
        if let Some(finish) = entry.finish {
            self.state = AttemptState::Finished(finish);
            self.streams = finish.streams;
        }
    }

    /// The finish, if there is one.
    pub fn finish(&self) -> Option<&FinishSummary> {
        match &self.state {
            AttemptState::Finished(finish) => Some(finish),
            AttemptState::Running | AttemptState::Lost => None,
        }
    }
}

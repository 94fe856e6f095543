//! Which frames of a segment belong to which attempt: gathered while they are written or scanned.

use std::collections::HashMap;

use crate::job::{JobFinish, JobStart, RunNo};

use super::entry::{Entry, FrameRange};
use super::frame::{FrameAt, FrameHeader};

/// What of a frame's payload the index needs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event<'a> {
    Start(&'a JobStart),
    Finish(&'a JobFinish),
    /// Output or a gap: the header says all.
    Other,
}

/// The attempts of a segment and the places of their frames, in order of appearance.
///
/// Costs one vector push a frame and one hash look-up a frame, unless the frame before was of the
/// same run.
#[derive(Debug, Default)]
pub(super) struct JobIndex {
    entries: Vec<Entry>,
    by_run: HashMap<RunNo, usize>,
    last: Option<(RunNo, usize)>,
    places: Vec<(u32, u32)>,
}

impl JobIndex {
    /// Whether the run's start frame is in the segment.
    pub(super) fn knows(&self, run: RunNo) -> bool {
        self.last.is_some_and(|(last, _)| last == run) || self.by_run.contains_key(&run)
    }

    /// Takes account of a frame; `false` if no start frame of its run came before it.
    pub(super) fn note(&mut self, header: &FrameHeader, place: FrameAt, event: Event<'_>) -> bool {
        let Some(index) = self.entry_of(header, place, event) else { return false };
        self.last = Some((header.run, index));
        let finish = match event {
            Event::Finish(finish) => Some(finish),
            Event::Start(_) | Event::Other => None,
        };
        self.entries[index].note(header, place, finish);
        self.places.push((u32::try_from(index).unwrap_or(u32::MAX), place.packed()));
        true
    }

    fn entry_of(
        &mut self,
        header: &FrameHeader,
        place: FrameAt,
        event: Event<'_>,
    ) -> Option<usize> {
        if let Some((_, index)) = self.last.filter(|(run, _)| *run == header.run) {
            return Some(index);
        }
        if let Some(index) = self.by_run.get(&header.run) {
            return Some(*index);
        }
        let Event::Start(start) = event else { return None };
        self.entries.push(Entry::begin(start, header, place));
        self.by_run.insert(header.run, self.entries.len() - 1);
        Some(self.entries.len() - 1)
    }

    /// The entries sorted by id, attempt and run, and the places of all frames grouped by entry.
    pub(super) fn sorted(&self) -> (Vec<Entry>, Vec<u32>) {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|index| {
            let entry = &self.entries[*index];
            (&entry.id, entry.attempt, entry.run)
        });
        let mut counts = vec![0_u32; self.entries.len()];
        for (index, _) in &self.places {
            counts[*index as usize] += 1;
        }
        let mut next = vec![0_usize; self.entries.len()];
        let mut first = 0_u32;
        let mut entries = Vec::with_capacity(order.len());
        for index in order {
            let mut entry = self.entries[index].clone();
            entry.frames = FrameRange { first, count: counts[index], crc: 0 };
            entries.push(entry);
            next[index] = first as usize;
            first += counts[index];
        }
        let mut places = vec![0; self.places.len()];
        for (index, place) in &self.places {
            let slot = &mut next[*index as usize];
            places[*slot] = *place;
            *slot += 1;
        }
        for entry in &mut entries {
            let first = entry.frames.first as usize;
            let own = &places[first..first + entry.frame_count()];
            entry.frames.crc = checksum(own);
        }
        (entries, places)
    }
}

/// Checksum of one job's frame positions as they are stored.
pub(super) fn checksum(places: &[u32]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    for place in places {
        crc.update(&place.to_le_bytes());
    }
    crc.finalize()
}

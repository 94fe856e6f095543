//! Rebuilds the index of a segment that has no footer, from its frames.

use serde::de::DeserializeOwned;

use crate::job::{JobFinish, JobStart};

use super::SegmentError;
use super::frame::{FrameAt, FrameHeader, FrameKind};
use super::index::{Event, JobIndex};
use super::scan::{End, Scan, Step};

/// What the frames of a segment say.
pub(super) struct Recovered {
    pub(super) index: JobIndex,
    /// Where the believed frames end.
    pub(super) end: u64,
    /// Where and what is damaged, if anything is.
    pub(super) damage: Option<(u64, &'static str)>,
}

/// Walks `scan` to its end.
pub(super) fn rebuild(mut scan: Scan<'_>) -> Result<Recovered, SegmentError> {
    let mut index = JobIndex::default();
    let mut damage = None;
    loop {
        let (place, header) = match scan.step()? {
            Step::Frame { place, header } => (place, header),
            Step::End(End::Clean { at }) => return Ok(Recovered { index, end: at, damage }),
            Step::End(End::Damaged { at, what }) => {
                return Ok(Recovered { index, end: at, damage: Some((at, what)) });
            }
        };
        if let Err(what) = note(&mut index, &mut scan, place, &header)? {
            damage.get_or_insert((place.0, what));
        }
    }
}

fn note(
    index: &mut JobIndex,
    scan: &mut Scan<'_>,
    place: FrameAt,
    header: &FrameHeader,
) -> Result<Result<(), &'static str>, SegmentError> {
    let known = match header.kind {
        FrameKind::Start => match event::<JobStart>(scan, place, header)? {
            Ok(start) => index.note(header, place, Event::Start(&start)),
            Err(what) => return Ok(Err(what)),
        },
        FrameKind::Finish => match event::<JobFinish>(scan, place, header)? {
            Ok(finish) => index.note(header, place, Event::Finish(&finish)),
            Err(what) => return Ok(Err(what)),
        },
        FrameKind::Data | FrameKind::Gap => index.note(header, place, Event::Other),
    };
    Ok(if known { Ok(()) } else { Err("a frame of an attempt whose start frame is missing") })
}

fn event<T: DeserializeOwned>(
    scan: &mut Scan<'_>,
    place: FrameAt,
    header: &FrameHeader,
) -> Result<Result<T, &'static str>, SegmentError> {
    Ok(scan.payload(place, header)?.and_then(|payload| {
        let body = payload.get(header.marks_len()..).unwrap_or_default();
        serde_json::from_slice(body).map_err(|_| "a description that cannot be read")
    }))
}

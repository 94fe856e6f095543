//! Checks a whole segment.

use super::frame::FrameKind;
use super::layout::header;
use super::scan::{End, Step};
use super::{Damage, SegmentError, SegmentReader};

/// What [`SegmentReader::verify`] found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Frames whose checksums hold.
    pub frames: u64,
    /// Bytes of output in them.
    pub bytes: u64,
    /// The first damage.
    pub damage: Option<Damage>,
    /// Where an unsealed segment has something behind its last frame: a frame that its writer did
    /// not finish. It is no damage, nobody was told that it is stored.
    pub unfinished: Option<u64>,
}

impl SegmentReader {
    /// Checks everything: all headers, all payloads, the footer.
    ///
    /// # Errors
    /// The file cannot be read. Damage is no error but part of the report.
    pub fn verify(&self) -> Result<VerifyReport, SegmentError> {
        // A reader made by `find` has not read all of the footer.
        let whole = Self::open(self.path())?;
        let mut report = VerifyReport { damage: whole.damage(), ..VerifyReport::default() };
        let mut scan = whole.scan()?;
        loop {
            let (place, header) = match scan.step()? {
                Step::Frame { place, header } => (place, header),
                Step::End(End::Clean { at }) => {
                    report.unfinished = whole.unfinished(at)?;
                    return Ok(report);
                }
                Step::End(End::Damaged { at, what }) => {
                    report.damage.get_or_insert(Damage { at, what });
                    return Ok(report);
                }
            };
            match scan.payload(place, &header)? {
                Ok(_) => {
                    report.frames += 1;
                    if header.kind == FrameKind::Data {
                        report.bytes += u64::from(header.raw_len);
                    }
                }
                Err(what) => {
                    report.damage.get_or_insert(Damage { at: place.offset(), what });
                }
            }
        }
    }
}

const _: () = assert!(header::LIVE_LEN == 16);

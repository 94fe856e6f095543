//! Reads one segment, sealed, open or left behind by a crash.
//!
//! - Uses `pread` only and maps nothing: a file may be cut or fail under it and the answer is an
//!   error, never a signal. It takes no lock that a writer waits for.
//! - Nothing it returns is unverified: headers, payloads and footer carry checksums, and a file
//!   that contradicts itself costs an error or an earlier end, never memory beyond the length of
//!   the file.
//! - What it knows of an open segment is as of [`SegmentReader::open`].

use std::path::Path;

use rustix::fs::FlockOperation;

use super::SegmentError;
use super::entry::Entry;
use super::frame::{FrameAt, FrameHeader};
use super::header::{self, BadHeader, Salt, SegmentHeader};
use super::layout::{frame, get_u64, header as at};
use super::payload::{self, Frame};
use super::recovery::{self, Recovered};
use super::scan::Scan;
use super::sealed::Sealed;
use super::source::Source;

/// A segment opened for reading.
#[derive(Debug)]
pub struct SegmentReader {
    source: Source,
    header: SegmentHeader,
    salt: Salt,
    sealed: bool,
    committed: u64,
    frames_end: u64,
    entries: Vec<Entry>,
    places: Places,
    damage: Option<Damage>,
}

/// Where the frame positions are.
#[derive(Debug)]
enum Places {
    Footer(Sealed),
    Scanned(Vec<u32>),
}

/// The first place where a segment is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// Offset in the file.
    pub at: u64,
    /// What does not hold.
    pub what: &'static str,
}

/// Whether the writer of a segment may still add to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriterState {
    /// It holds its lock on the segment.
    Alive,
    /// It sealed the segment or died.
    Gone,
    /// It runs, or ran, on another node.
    Unknown,
}

impl SegmentReader {
    /// Opens the segment at `path` and reads its index: the footer, or else all frame headers.
    ///
    /// # Errors
    /// The file cannot be read, is no segment or is of a newer format. A damaged one opens as far
    /// as it holds; see [`damage`](Self::damage).
    pub fn open(path: &Path) -> Result<Self, SegmentError> {
        Self::open_with(path, |sealed, source| sealed.entries(source), |_| true)
    }

    /// Opens the segment at `path` for the jobs whose ids begin with `prefix`, maybe none.
    ///
    /// In a sealed segment this is a binary search that reads a few hundred bytes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn find(path: &Path, prefix: &str) -> Result<Self, SegmentError> {
        Self::open_with(
            path,
            |sealed, source| sealed.matching(source, prefix),
            |entry| entry.id.as_str().starts_with(prefix),
        )
    }

    fn open_with(
        path: &Path,
        from_footer: impl FnOnce(&Sealed, &Source) -> Result<Vec<Entry>, SegmentError>,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Self, SegmentError> {
        let source = Source::open(path)?;
        let header = read_header(&source)?;
        let mut live = [0; at::LIVE_LEN];
        source.fill(at::COMMITTED_AT as u64, &mut live, "the header is cut off")?;
        let (committed, sealed) = (get_u64(&live, 0), get_u64(&live, 8) != 0);
        let limit = source.len()?;
        let mut reader = Self {
            salt: header.salt(),
            source,
            header,
            sealed,
            committed,
            frames_end: limit,
            entries: Vec::new(),
            places: Places::Scanned(Vec::new()),
            damage: None,
        };
        if sealed {
            match reader.use_footer(limit, from_footer) {
                Ok(()) => return Ok(reader),
                Err(SegmentError::Damaged { at, what, .. }) => {
                    reader.damage = Some(Damage { at, what });
                }
                Err(error) => return Err(error),
            }
        }
        reader.use_scan(limit, wanted)?;
        Ok(reader)
    }

    fn use_footer(
        &mut self,
        file_len: u64,
        entries: impl FnOnce(&Sealed, &Source) -> Result<Vec<Entry>, SegmentError>,
    ) -> Result<(), SegmentError> {
        let sealed = Sealed::open(&self.source, file_len)?;
        self.entries = entries(&sealed, &self.source)?;
        self.frames_end = sealed.frames_end();
        self.places = Places::Footer(sealed);
        Ok(())
    }

    fn use_scan(
        &mut self,
        limit: u64,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<(), SegmentError> {
        let scan = Scan::new(&self.source, self.salt, self.committed, limit);
        let Recovered { index, end, damage } = recovery::rebuild(scan)?;
        let damage =
            damage.or_else(|| (end < self.committed).then_some((end, "the segment is cut off")));
        if let Some((at, what)) = damage {
            self.damage.get_or_insert(Damage { at, what });
        }
        let (entries, places) = index.sorted();
        self.entries = entries;
        self.entries.retain(wanted);
        self.places = Places::Scanned(places);
        self.frames_end = end;
        Ok(())
    }

    /// Where the segment was when it was opened; it may have been renamed since.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// Who wrote it.
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// Whether its writer has finished it.
    pub fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// What is damaged as far as opening it has seen; [`verify`](Self::verify)
    /// looks everywhere.
    pub fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// The attempts with frames here, sorted by id, attempt and run.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether the writer may still add to it.
    pub fn writer(&self) -> WriterState {
        if self.sealed {
            return WriterState::Gone;
        }
        if self.header.node != header::this_node() {
            return WriterState::Unknown;
        }
        match rustix::fs::flock(&self.source.file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => {
                let _ = rustix::fs::flock(&self.source.file, FlockOperation::Unlock);
                WriterState::Gone
            }
            Err(rustix::io::Errno::WOULDBLOCK) => WriterState::Alive,
            Err(_) => WriterState::Unknown,
        }
    }

    /// Where the frames of `entry`, one of [`entries`](Self::entries), are, in order.
    ///
    /// # Errors
    /// The footer cannot be read or is damaged.
    pub fn frames(&self, entry: &Entry) -> Result<Vec<FrameAt>, SegmentError> {
        match &self.places {
            Places::Footer(sealed) => sealed.places(&self.source, entry),
            Places::Scanned(places) => {
                let first = entry.frames.first as usize;
                let own = places.get(first..first.saturating_add(entry.frame_count()));
                Ok(own.unwrap_or_default().iter().map(|at| FrameAt::unpacked(*at)).collect())
            }
        }
    }

    /// Reads the fixed part of the frame at `at`.
    ///
    /// # Errors
    /// It cannot be read or its checksum does not hold.
    pub fn frame_header(&self, at: FrameAt) -> Result<FrameHeader, SegmentError> {
        let mut bytes = [0; frame::LEN];
        self.source.fill(at.0, &mut bytes, "a frame header is cut off")?;
        let header = FrameHeader::decode(&bytes, self.salt, at)
            .map_err(|what| self.source.damaged(at.0, what))?;
        if at.0 + header.stored_len() > self.frames_end {
            return Err(self.source.damaged(at.0, "a frame is cut off"));
        }
        Ok(header)
    }

    /// Reads the frame at `at`.
    ///
    /// # Errors
    /// It cannot be read or a checksum does not hold.
    pub fn frame(&self, at: FrameAt) -> Result<Frame, SegmentError> {
        let mut frame = Frame { header: self.frame_header(at)?, payload: Vec::new() };
        self.fill_payload(at, &mut frame)?;
        Ok(frame)
    }

    /// Reads the frame at `at` into `frame`, whose buffer is used again.
    ///
    /// # Errors
    /// As [`frame`](Self::frame); `frame` is then unspecified.
    pub fn frame_into(&self, at: FrameAt, frame: &mut Frame) -> Result<(), SegmentError> {
        frame.header = self.frame_header(at)?;
        self.fill_payload(at, frame)
    }

    fn fill_payload(&self, at: FrameAt, frame: &mut Frame) -> Result<(), SegmentError> {
        frame.payload.resize(frame.header.payload_len as usize, 0);
        self.source.fill(at.0 + frame::LEN as u64, &mut frame.payload, "a frame is cut off")?;
        payload::check(&frame.header, &frame.payload)
            .map_err(|what| self.source.damaged(at.0, what))
    }

    /// Where the frames end.
    #[cfg(test)]
    pub(super) fn frames_end(&self) -> u64 {
        self.frames_end
    }

    /// A walk over all frames, from the first on.
    pub(super) fn scan(&self) -> Result<Scan<'_>, SegmentError> {
        let limit = match self.places {
            Places::Footer(_) => self.frames_end,
            Places::Scanned(_) => self.source.len()?,
        };
        Ok(Scan::new(&self.source, self.salt, self.committed, limit))
    }

    /// `at`, if something is there that is neither frame, footer nor zeros.
    pub(super) fn unfinished(&self, at: u64) -> Result<Option<u64>, SegmentError> {
        let mut bytes = [0; 8];
        let got = if self.sealed { 0 } else { self.source.read(at, &mut bytes)? };
        Ok((bytes[..got] != [0; 8][..got]).then_some(at))
    }
}

fn read_header(source: &Source) -> Result<SegmentHeader, SegmentError> {
    let mut page = [0; at::LEN];
    if source.read(0, &mut page)? < at::LEN {
        let what = "it is shorter than a header";
        return Err(SegmentError::Foreign { path: source.path.clone(), what });
    }
    SegmentHeader::decode(&page).map_err(|bad| {
        let path = source.path.clone();
        match bad {
            BadHeader::Foreign(what) => SegmentError::Foreign { path, what },
            BadHeader::Newer(found) => SegmentError::Newer { path, found },
        }
    })
}

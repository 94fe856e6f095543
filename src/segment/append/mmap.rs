//! The backend for local file systems: copies into mapped windows of a file allocated ahead.

use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::Arc;

use super::map::Map;
use super::prepare::Preparer;
use super::window::{LARGEST, SMALLEST, Span, Window};
use super::{Append, ShortWrite};
use crate::segment::layout::header;

/// Appends through a mapped window, with the next one made ready by a helper thread.
pub(in crate::segment) struct MmapAppend {
    file: Option<Arc<File>>,
    header: Option<Map>,
    current: Option<Window>,
    preparer: Preparer,
    floor: u64,
    limit: u64,
}

impl MmapAppend {
    /// A backend for segments of about `limit` bytes: no window beyond that is made ahead.
    pub(in crate::segment) fn new(limit: u64) -> Self {
        let preparer = Preparer::default();
        Self { file: None, header: None, current: None, preparer, floor: SMALLEST, limit }
    }

    /// Copies as much of `bytes` to `at` as the window there takes; at least one byte.
    fn copy(&mut self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        let window = self.window(at)?;
        let skip =
            usize::try_from(at - window.span.start).map_err(|_| io::ErrorKind::InvalidInput)?;
        let count = bytes.len().min(window.map.len() - skip);
        window.map.copy_in(skip, &bytes[..count]);
        Ok(count)
    }

    /// The window that holds `at`.
    fn window(&mut self, at: u64) -> io::Result<&mut Window> {
        if !self.current.as_ref().is_some_and(|window| window.span.holds(at)) {
            self.current = None;
            let ready = self.preparer.take(at);
            let file = self.file.as_ref().ok_or(io::ErrorKind::InvalidInput)?;
            let window = match ready {
                Some(window) => window,
                None => Window::open(file, Span::holding(at, self.floor))?,
            };
            self.current = Some(window);
        }
        self.prepare_next(at);
        self.current.as_mut().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    /// Has the next window made ready once half of the current one is used.
    fn prepare_next(&mut self, at: u64) {
        let (Some(window), Some(file)) = (&self.current, &self.file) else { return };
        let end = window.span.end();
        if self.preparer.is_busy() || end >= self.limit || at < end - window.span.len / 2 {
            return;
        }
        self.preparer.ask(file, Span::holding(end, self.floor));
    }
}

impl Append for MmapAppend {
    fn begin(&mut self, file: Arc<File>) {
        self.release();
        self.file = Some(file);
    }

    fn write(&mut self, at: u64, parts: &[IoSlice<'_>]) -> Result<(), ShortWrite> {
        let mut written = 0;
        for part in parts {
            let mut rest: &[u8] = part;
            while !rest.is_empty() {
                let count = self
                    .copy(at + written, rest)
                    .map_err(|source| ShortWrite { written, source })?;
                written += count as u64;
                rest = &rest[count..];
            }
        }
        Ok(())
    }

    fn commit(&mut self, end: u64) -> io::Result<()> {
        if self.header.is_none() {
            let file = self.file.as_ref().ok_or(io::ErrorKind::InvalidInput)?;
            self.header = Some(Map::new(file, 0, header::LEN)?);
        }
        if let Some(page) = &self.header {
            page.store(header::COMMITTED_AT, end);
        }
        Ok(())
    }

    fn release(&mut self) {
        drop(self.preparer.finish());
        // A chain that filled large windows goes on with large ones in its next segment.
        let large = self.current.as_ref().is_some_and(|window| window.span.len == LARGEST);
        self.floor = if large { LARGEST } else { SMALLEST };
        (self.current, self.header, self.file) = (None, None, None);
    }

    fn gather(&self) -> usize {
        128 << 10
    }
}

//! The output of one attempt, as lines or as bytes.

use std::ops::ControlFlow;

use crate::job::{Extent, JobFinish, JobStart, PerStream, Stream, WriterNo};
use crate::segment::FrameHeader;
use crate::store::{AttemptInfo, Catalog};

use super::assemble::{Assembler, Place, runs};
use super::begin::{self, Headers};
use super::frames::{Content, Frames};
use super::line::{Damage, Item, Loss};
use super::pattern::Pattern;
use super::query::{Bound, Filter, Query};

/// Reads one attempt. Sees what was stored when it was opened.
pub struct JobLog<'c> {
    frames: Frames<'c>,
}

/// One thing in a job's output as it was stored.
#[derive(Debug)]
pub enum Raw<'a> {
    /// Bytes of one stream.
    Bytes(Stream, &'a [u8]),
    /// A declared loss.
    Gap(Loss<'a>),
    /// A stored piece that cannot be read; what it held is missing here.
    Damage(&'a Damage),
}

impl<'c> JobLog<'c> {
    /// Opens the output of `attempt`.
    pub fn open(catalog: &'c Catalog, attempt: &AttemptInfo) -> Self {
        Self { frames: Frames::of(catalog, attempt) }
    }

    /// Hands out what `query` wants, in the order in which it was complete, until `each` breaks.
    ///
    /// Memory: one stored piece and one unfinished line of at most 16 MiB for each stream and
    /// writer, whatever is asked; `last` costs a second pass instead.
    pub fn lines<B>(
        &self,
        query: &Query,
        mut each: impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let first = begin::first_frame(&self.frames, query);
        let Some(last) = query.last else { return self.pass(query, None, first, &mut each) };
        let mut lines = 0_u64;
        let _ = self.pass(query, None, first, &mut |item| {
            lines += u64::from(begins(&item));
            ControlFlow::<()>::Continue(())
        });
        // A tail begins with a line; only what is whole begins with whatever comes first.
        let mut shown = first == 0 && lines <= last;
        let mut skip = lines.saturating_sub(last);
        self.pass(query, None, first, &mut |item| {
            if !shown && begins(&item) {
                shown = skip == 0;
                skip = skip.saturating_sub(1);
            }
            if shown || matches!(item, Item::Damage(_)) {
                each(item)
            } else {
                ControlFlow::Continue(())
            }
        })
    }

    /// Hands out the lines of `query` that `pattern` matches, with gaps and damage, until `each`
    /// breaks. Neither `query.last` nor `query.level` are heeded.
    pub fn search<B>(
        &self,
        query: &Query,
        pattern: &Pattern,
        mut each: impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let query = Query { last: None, level: None, ..*query };
        let first = begin::first_frame(&self.frames, &query);
        self.pass(&query, Some(pattern), first, &mut |item| match &item {
            Item::Line(line) if !pattern.is_match(line.bytes) => ControlFlow::Continue(()),
            _ => each(item),
        })
    }

    /// Hands out the bytes of one stream, or of both in order of arrival, as they were stored.
    pub fn raw<B>(
        &self,
        only: Option<Stream>,
        mut each: impl FnMut(Raw<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let wanted = |stream| only.is_none_or(|only| only == stream);
        let mut buffer = None;
        for index in 0..self.frames.len() {
            match self.frames.read(index, &mut buffer) {
                Ok((_, Content::Data(data))) => {
                    for (stream, _, bytes) in runs(data.marks(), data.bytes()) {
                        if wanted(stream) {
                            each(Raw::Bytes(stream, bytes))?;
                        }
                    }
                }
                Ok((place, Content::Gap(gap))) if wanted(gap.stream) => {
                    let number = place.at[gap.stream].lines + 1;
                    each(Raw::Gap(Loss { gap: &gap, number, time: place.wall }))?;
                }
                Ok(_) => {}
                Err(damage) => each(Raw::Damage(&damage))?,
            }
        }
        ControlFlow::Continue(())
    }

    /// The description of the attempt, where it can be read.
    pub fn start(&self) -> Option<JobStart> {
        let mut buffer = None;
        (0..self.frames.len()).find_map(|index| match self.frames.read(index, &mut buffer) {
            Ok((_, Content::Start(start))) => Some(start),
            _ => None,
        })
    }

    /// How the attempt ended, where it did.
    pub fn finish(&self) -> Option<JobFinish> {
        let mut buffer = None;
        let last = self.frames.len().checked_sub(1)?;
        match self.frames.read(last, &mut buffer) {
            Ok((_, Content::Finish(finish))) => Some(finish),
            _ => None,
        }
    }

    /// Reads from frame `first` to the end, once.
    fn pass<B>(
        &self,
        query: &Query,
        pattern: Option<&Pattern>,
        first: usize,
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut filter = Filter::new(*query);
        let mut wanted = |item: Item<'_>| {
            if filter.wants(&item) { each(item) } else { ControlFlow::Continue(()) }
        };
        let lines = Assembler::new(query.stream).sieved(pattern);
        let mut pass = Pass { log: self, first, only: query.stream, lines, known: vec![] };
        let mut buffer = None;
        for index in first..self.frames.len() {
            if self.is_over(query, index, &pass.lines) {
                continue;
            }
            match self.frames.read(index, &mut buffer) {
                Ok((place, Content::Data(data))) => {
                    pass.prime(&place);
                    pass.lines.data(&place, data.marks(), data.bytes(), &mut wanted)?;
                }
                Ok((place, Content::Gap(gap))) => {
                    pass.prime(&place);
                    pass.lines.gap(&place, &gap, &mut wanted)?;
                }
                Ok((_, Content::Start(_) | Content::Finish(_))) => {}
                Err(damage) => pass.lines.damage(&damage, &mut wanted)?,
            }
        }
        pass.fetch_silent();
        pass.lines.end(self.position(), &mut wanted)
    }

    /// Where the streams stand behind the last frame.
    fn position(&self) -> PerStream<Extent> {
        let last = (0..self.frames.len()).rev().find_map(|index| self.frames.head(index));
        last.map(|head| head.end()).unwrap_or_default()
    }

    /// Whether frame `index` cannot hold anything that `query` wants, because it is past the end.
    fn is_over(&self, query: &Query, index: usize, lines: &Assembler<'_>) -> bool {
        let Some(until) = query.until else { return false };
        let Some(head) = self.frames.head(index) else { return false };
        match until {
            Bound::Time(until) => {
                head.wall > until && lines.oldest_open().is_none_or(|time| time > until)
            }
            Bound::Line(until) => match query.stream {
                Some(stream) => head.at[stream].lines >= until,
                None => Stream::BOTH.into_iter().all(|stream| head.at[stream].lines >= until),
            },
        }
    }
}

/// Whether a line begins with `item`: a line in parts counts once.
fn begins(item: &Item<'_>) -> bool {
    matches!(item, Item::Line(line) if line.begins)
}

impl Headers for Frames<'_> {
    fn len(&self) -> usize {
        Frames::len(self)
    }

    fn head(&self, index: usize) -> Option<FrameHeader> {
        Frames::head(self, index)
    }
}

/// A pass over the frames that did not begin with the first one.
struct Pass<'a, 'c> {
    log: &'a JobLog<'c>,
    first: usize,
    only: Option<Stream>,
    lines: Assembler<'a>,
    known: Vec<(Stream, WriterNo)>,
}

impl Pass<'_, '_> {
    /// Before the first bytes of a stream and writer: fetches the line that they may continue.
    fn prime(&mut self, place: &Place) {
        if self.first == 0 {
            return;
        }
        let only = self.only;
        for stream in Stream::BOTH.into_iter().filter(|stream| only.is_none_or(|o| o == *stream)) {
            let key = (stream, place.writer);
            if place.adds[stream].bytes > 0 && !self.known.contains(&key) {
                self.known.push(key);
                self.fetch(stream, place.writer);
            }
        }
    }

    /// At the end: fetches the lines that streams without bytes in this pass may have left open.
    fn fetch_silent(&mut self) {
        let only = self.only;
        for stream in Stream::BOTH.into_iter().filter(|stream| only.is_none_or(|o| o == *stream)) {
            let heard = self.known.iter().any(|(known, _)| *known == stream);
            if !heard && let Some(writer) = begin::last_writer(&self.log.frames, self.first, stream)
            {
                self.fetch(stream, writer);
            }
        }
    }

    /// Takes the unfinished line with which `writer` left `stream` before this pass.
    fn fetch(&mut self, stream: Stream, writer: WriterNo) {
        let frames = &self.log.frames;
        let mut buffer = None;
        for index in begin::beginning(frames, self.first, stream, writer)..self.first {
            let of_writer = frames
                .head(index)
                .is_some_and(|head| head.writer == writer && head.adds[stream].bytes > 0);
            if !of_writer {
                continue;
            }
            match frames.read(index, &mut buffer) {
                Ok((place, Content::Data(data))) => {
                    self.lines.prime(&place, stream, data.marks(), data.bytes());
                }
                Ok(_) | Err(_) => self.lines.forget(stream, writer),
            }
        }
    }
}

//! Rebuilds lines from the pieces in which they were stored. Pure: no files, no clocks.
//!
//! Invariants:
//! - Bytes of different streams or writers are never joined into one line, nor are bytes before and
//!   after a loss.
//! - A line's number is one more than the newlines of its stream before the newline that ends it.
//!   Numbers come from the positions that the pieces carry, so reading may start at any piece.
//! - An item is handed out when it is complete; at most [`MAX_LINE`] bytes of a line are held for
//!   each stream and writer, a longer one is handed out in parts.

use std::ops::ControlFlow;

use crate::job::{Extent, Gap, Mark, Mono, PerStream, Stream, Wall, WriterNo};

use super::line::{Damage, Item, Line, LineEnd, Loss};
use super::pattern::Pattern;

/// The longest line that is handed out in one part, in bytes.
pub(super) const MAX_LINE: usize = 16 << 20;

/// Where and when a stored piece is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The writer it came from.
    pub(super) writer: WriterNo,
    /// Wall time of its first byte.
    pub(super) wall: Wall,
    /// Monotonic time of the same instant.
    pub(super) mono: Mono,
    /// Position of each stream before it.
    pub(super) at: PerStream<Extent>,
    /// How far each stream moves by it.
    pub(super) adds: PerStream<Extent>,
}

impl Place {
    /// The wall time of `mono`, which lies in the piece.
    fn wall_of(&self, mono: Mono) -> Wall {
        let since = mono.0.wrapping_sub(self.mono.0).cast_signed();
        Wall(self.wall.0.saturating_add_signed(since))
    }
}

/// The beginning of a line whose end has not come yet.
#[derive(Debug)]
struct Partial {
    stream: Stream,
    writer: WriterNo,
    time: Wall,
    bytes: Vec<u8>,
    /// Whether a part of the line was handed out before.
    begun: bool,
    /// Whether there is such a line at all; an unused slot keeps its buffer.
    live: bool,
}

/// Takes pieces in order and hands out items.
#[derive(Debug)]
pub(super) struct Assembler<'p> {
    only: Option<Stream>,
    max_line: usize,
    /// Where set, whole lines may be left out that it does not match.
    pattern: Option<&'p Pattern>,
    partials: Vec<Partial>,
    lines: PerStream<u64>,
}

impl<'p> Assembler<'p> {
    /// An assembler for one stream or, with `None`, for both.
    pub(super) fn new(only: Option<Stream>) -> Self {
        Self::with_max_line(only, MAX_LINE)
    }

    fn with_max_line(only: Option<Stream>, max_line: usize) -> Self {
        let (partials, lines) = (Vec::new(), PerStream::default());
        Self { only, max_line, pattern: None, partials, lines }
    }

    /// The same, free to leave out lines that `pattern` does not match.
    pub(super) fn sieved(self, pattern: Option<&'p Pattern>) -> Self {
        Self { pattern, ..self }
    }

    /// Takes a piece of output.
    pub(super) fn data<B>(
        &mut self,
        place: &Place,
        marks: impl Iterator<Item = Mark>,
        bytes: &[u8],
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.lines = place.at.map(|at| at.lines);
        for (stream, time, run) in runs(marks, bytes) {
            if self.only.is_none_or(|only| only == stream) {
                self.run(place.writer, stream, place.wall_of(time), run, each)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Takes a loss: nothing before it on its stream and writer continues behind it.
    pub(super) fn gap<B>(
        &mut self,
        place: &Place,
        gap: &Gap,
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.lines = place.at.map(|at| at.lines);
        if self.only.is_some_and(|only| only != gap.stream) {
            return ControlFlow::Continue(());
        }
        let number = self.lines[gap.stream] + 1;
        self.break_off(
            |partial| partial.stream == gap.stream && partial.writer == place.writer,
            each,
        )?;
        each(Item::Gap(Loss { gap, number, time: place.wall }))
    }

    /// Takes a piece that cannot be read: no line continues behind it.
    pub(super) fn damage<B>(
        &mut self,
        damage: &Damage,
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.break_off(|_| true, each)?;
        each(Item::Damage(damage))
    }

    /// Takes the bytes of one stream of an earlier piece, for the unfinished line at its end only.
    pub(super) fn prime(
        &mut self,
        place: &Place,
        stream: Stream,
        marks: impl Iterator<Item = Mark>,
        bytes: &[u8],
    ) {
        let lines = self.lines;
        for (of, time, run) in runs(marks, bytes) {
            if of == stream {
                let time = place.wall_of(time);
                let flow = self
                    .run(place.writer, stream, time, run, &mut |_| ControlFlow::<()>::Continue(()));
                debug_assert!(flow.is_continue(), "nothing breaks");
            }
        }
        self.lines = lines;
    }

    /// Forgets the unfinished line of one stream and writer: what follows it is lost.
    pub(super) fn forget(&mut self, stream: Stream, writer: WriterNo) {
        let slot = self.slot(stream, writer);
        self.partials[slot].clear();
    }

    /// Hands out what is left when there are no more pieces and the streams stand at `position`.
    pub(super) fn end<B>(
        &mut self,
        position: PerStream<Extent>,
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.lines = position.map(|at| at.lines);
        self.break_off(|_| true, each)
    }

    /// The earliest time of a line that has begun and not ended.
    pub(super) fn oldest_open(&self) -> Option<Wall> {
        self.partials.iter().filter(|partial| partial.live).map(|partial| partial.time).min()
    }

    /// Takes bytes of one stream that came at one time.
    fn run<B>(
        &mut self,
        writer: WriterNo,
        stream: Stream,
        time: Wall,
        run: &[u8],
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let slot = self.slot(stream, writer);
        let mut rest = run;
        if self.partials[slot].live
            && let Some(newline) = memchr::memchr(b'\n', rest)
        {
            self.lines[stream] += 1;
            let number = self.lines[stream];
            let partial = &mut self.partials[slot];
            partial.bytes.extend_from_slice(&rest[..newline]);
            rest = &rest[newline + 1..];
            let flow = each(Item::Line(partial.line(number, LineEnd::Newline)));
            partial.clear();
            flow?;
        }
        let whole = memchr::memrchr(b'\n', rest).map_or(0, |newline| newline + 1);
        let (lines, rest) = rest.split_at(whole);
        match self.pattern {
            None => self.all(stream, time, lines, each)?,
            Some(pattern) => self.candidates(pattern, stream, time, lines, each)?,
        }
        self.hold(slot, time, rest, each)
    }

    /// Hands out every line of `block`, which ends with a newline.
    fn all<B>(
        &mut self,
        stream: Stream,
        time: Wall,
        block: &[u8],
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let (begins, end) = (true, LineEnd::Newline);
        let mut from = 0;
        for newline in memchr::memchr_iter(b'\n', block) {
            let bytes = &block[from..newline];
            from = newline + 1;
            self.lines[stream] += 1;
            let number = self.lines[stream];
            each(Item::Line(Line { stream, number, time, bytes, begins, end }))?;
        }
        ControlFlow::Continue(())
    }

    /// Hands out the lines of `block`, which ends with a newline, that `pattern` may match.
    fn candidates<B>(
        &mut self,
        pattern: &Pattern,
        stream: Stream,
        time: Wall,
        block: &[u8],
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut rest = block;
        while let Some(hit) = pattern.candidate(rest).filter(|hit| *hit < rest.len()) {
            let begin = memchr::memrchr(b'\n', &rest[..hit]).map_or(0, |newline| newline + 1);
            self.lines[stream] += newlines(&rest[..begin]);
            let len = memchr::memchr(b'\n', &rest[begin..]).map_or(0, |newline| newline + 1);
            self.all(stream, time, &rest[begin..begin + len], each)?;
            rest = &rest[begin + len..];
        }
        self.lines[stream] += newlines(rest);
        ControlFlow::Continue(())
    }

    /// Keeps the bytes of a line that is not complete.
    fn hold<B>(
        &mut self,
        slot: usize,
        time: Wall,
        rest: &[u8],
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        if rest.is_empty() {
            return ControlFlow::Continue(());
        }
        let partial = &mut self.partials[slot];
        if !partial.live {
            partial.live = true;
            partial.time = time;
        }
        partial.bytes.extend_from_slice(rest);
        if partial.bytes.len() < self.max_line {
            return ControlFlow::Continue(());
        }
        let number = self.lines[partial.stream] + 1;
        let flow = each(Item::Line(partial.line(number, LineEnd::Continued)));
        partial.bytes.clear();
        partial.begun = true;
        flow
    }

    /// Hands out the chosen unfinished lines as they are, in the order in which they began.
    fn break_off<B>(
        &mut self,
        chosen: impl Fn(&Partial) -> bool,
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let live = |partial: &&mut Partial| partial.live && chosen(partial);
        let mut open: Vec<&mut Partial> = self.partials.iter_mut().filter(live).collect();
        open.sort_by_key(|partial| (partial.time, partial.stream, partial.writer));
        for partial in open {
            let number = self.lines[partial.stream] + 1;
            let flow = each(Item::Line(partial.line(number, LineEnd::Open)));
            partial.clear();
            flow?;
        }
        ControlFlow::Continue(())
    }

    fn slot(&mut self, stream: Stream, writer: WriterNo) -> usize {
        let known = self.partials.iter().position(|p| p.stream == stream && p.writer == writer);
        known.unwrap_or_else(|| {
            let (time, bytes) = (Wall(0), Vec::new());
            self.partials.push(Partial { stream, writer, time, bytes, begun: false, live: false });
            self.partials.len() - 1
        })
    }
}

impl Partial {
    fn line(&self, number: u64, end: LineEnd) -> Line<'_> {
        let Self { stream, time, .. } = *self;
        Line { stream, number, time, bytes: &self.bytes, begins: !self.begun, end }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.begun = false;
        self.live = false;
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Cuts `bytes` at the marks: stream, time and bytes of each part, in order.
pub(super) fn runs(
    marks: impl Iterator<Item = Mark>,
    bytes: &[u8],
) -> impl Iterator<Item = (Stream, Mono, &[u8])> {
    let mut marks = marks.peekable();
    std::iter::from_fn(move || {
        let mark = marks.next()?;
        let offset = |at: u32| usize::try_from(at).map_or(bytes.len(), |at| at.min(bytes.len()));
        let end = marks.peek().map_or(bytes.len(), |next| offset(next.at));
        Some((mark.stream, mark.time, bytes.get(offset(mark.at)..end).unwrap_or_default()))
    })
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;

//! Where in an attempt to begin reading, from frame headers alone.
//!
//! Invariant: no item that a query wants is complete before the frame that it says to begin at. The
//! first bytes of such an item may lie before it; [`beginning`] finds them. Of lines that are
//! complete only because the job ended, one a stream is found ([`last_writer`]): a captured process
//! has no more.

use crate::job::{Extent, PerStream, Stream, Wall, WriterNo};
use crate::segment::{FrameHeader, FrameKind};

use super::query::{Bound, Query};

/// Headers by index; `None` where one cannot be read.
pub(super) trait Headers {
    /// How many there are.
    fn len(&self) -> usize;
    /// One of them.
    fn head(&self, index: usize) -> Option<FrameHeader>;
}

/// The first frame to read for `query`.
pub(super) fn first_frame(headers: &impl Headers, query: &Query) -> usize {
    let since = match query.since {
        Some(Bound::Time(since)) => first_at_time(headers, since),
        Some(Bound::Line(since)) => first_at_line(headers, query.stream, since),
        None => 0,
    };
    match query.last {
        Some(last) if query.level.is_none() && query.until.is_none() => {
            since.max(first_of_last(headers, query.stream, last, since))
        }
        _ => since,
    }
}

fn wanted(only: Option<Stream>) -> impl Iterator<Item = Stream> {
    Stream::BOTH.into_iter().filter(move |stream| only.is_none_or(|only| only == *stream))
}

/// The earliest of every writer's last frames that begin at or before `since`.
fn first_at_time(headers: &impl Headers, since: Wall) -> usize {
    let mut latest: Vec<(WriterNo, usize)> = Vec::new();
    for index in 0..headers.len() {
        let Some(head) = headers.head(index) else { continue };
        if head.wall > since {
            break;
        }
        match latest.iter_mut().find(|(writer, _)| *writer == head.writer) {
            Some((_, place)) => *place = index,
            None => latest.push((head.writer, index)),
        }
    }
    latest.into_iter().map(|(_, index)| index).min().unwrap_or(0)
}

/// The first frame behind which a wanted stream may have reached line `since`.
fn first_at_line(headers: &impl Headers, only: Option<Stream>, since: u64) -> usize {
    let reached = |index: &usize| {
        let head = headers.head(*index);
        head.is_some_and(|head| wanted(only).any(|stream| head.end()[stream].lines + 1 >= since))
    };
    (0..headers.len()).find(reached).unwrap_or(headers.len())
}

/// The last frame from which on at least `last` lines end, but not before `floor`.
fn first_of_last(headers: &impl Headers, only: Option<Stream>, last: u64, floor: usize) -> usize {
    let mut lines = 0;
    for index in (floor..headers.len()).rev() {
        if lines >= last {
            return index + 1;
        }
        if let Some(head) = headers.head(index)
            && head.kind == FrameKind::Data
        {
            lines += wanted(only).map(|stream| head.adds[stream].lines).sum::<u64>();
        }
    }
    floor
}

/// The first frame before `first` that may hold the beginning of the line that `writer` had not
/// finished on `stream` when `first` began.
///
/// A binary search where the writer wrote the stream's latest newline, as a single writer has; else
/// a walk back to its own.
pub(super) fn beginning(
    headers: &impl Headers,
    first: usize,
    stream: Stream,
    writer: WriterNo,
) -> usize {
    let Some(latest) = latest(headers, first, |end| end[stream].lines) else { return 0 };
    let own_newline = |index: &usize| {
        let head = headers.head(*index);
        head.is_some_and(|head| head.writer == writer && head.adds[stream].lines > 0)
    };
    (0..=latest).rev().find(own_newline).unwrap_or(0)
}

/// The writer of the last bytes on `stream` before frame `first`.
pub(super) fn last_writer(
    headers: &impl Headers,
    first: usize,
    stream: Stream,
) -> Option<WriterNo> {
    let latest = latest(headers, first, |end| end[stream].bytes)?;
    headers.head(latest).map(|head| head.writer)
}

/// The last frame before `first` that moved what `count` counts; `None` if none did.
fn latest(
    headers: &impl Headers,
    first: usize,
    count: impl Fn(PerStream<Extent>) -> u64,
) -> Option<usize> {
    // Behind a frame that cannot be read the streams stand where they stood before it, or further.
    let behind = |index: usize| {
        (0..=index).rev().find_map(|index| headers.head(index)).map_or(0, |head| count(head.end()))
    };
    let total = behind(first.checked_sub(1)?);
    if total == 0 {
        return None;
    }
    let (mut below, mut reached) = (0, first - 1);
    while below < reached {
        let middle = below + (reached - below) / 2;
        if behind(middle) < total { below = middle + 1 } else { reached = middle }
    }
    Some(reached)
}

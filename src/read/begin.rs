//! Where in an attempt to begin reading, from frame headers alone.
//!
//! Invariant: no item that a query wants is complete before the frame that it says to begin at. The
//! first bytes of such an item may lie before it; [`beginning`] finds them.

use crate::job::{Stream, Wall, WriterNo};
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
pub(super) fn beginning(
    headers: &impl Headers,
    first: usize,
    stream: Stream,
    writer: WriterNo,
) -> usize {
    let mut begin = first;
    for index in (0..first).rev() {
        let Some(head) = headers.head(index) else { break };
        if head.end()[stream].bytes == 0 {
            break;
        }
        if head.writer != writer || head.adds[stream].bytes == 0 {
            continue;
        }
        if head.kind == FrameKind::Gap {
            break;
        }
        begin = index;
        if head.adds[stream].lines > 0 {
            break;
        }
    }
    begin
}

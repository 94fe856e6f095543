//! Which part of a job's output is wanted. Pure.

use crate::job::{Stream, Wall};

use super::level::{Level, LevelFilter};
use super::line::Item;

/// Which items of a job are wanted; the default wants all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Query {
    /// One stream only.
    pub stream: Option<Stream>,
    /// Nothing before this.
    pub since: Option<Bound>,
    /// Nothing after this; the bound itself is included.
    pub until: Option<Bound>,
    /// Of what the other conditions leave, only so many lines from the end.
    pub last: Option<u64>,
    /// Only lines at least this severe; see [`Level`].
    pub level: Option<Level>,
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A moment; a line is when its first byte came.
    Time(Wall),
    /// A line number, counted on each stream by itself.
    Line(u64),
}

impl Query {
    /// Whether it wants everything of its streams.
    pub fn is_whole(&self) -> bool {
        *self == Self { stream: self.stream, ..Self::default() }
    }
}

/// Decides about items one after the other. Remembers the level of the last line of each stream.
#[derive(Debug)]
pub(super) struct Filter {
    query: Query,
    level: Option<LevelFilter>,
}

impl Filter {
    pub(super) fn new(query: Query) -> Self {
        Self { query, level: query.level.map(LevelFilter::new) }
    }

    /// Whether `item` is wanted. Damage always is: it says that something is missing.
    pub(super) fn wants(&mut self, item: &Item<'_>) -> bool {
        let (first, last, time) = match item {
            Item::Line(line) => (line.number, line.number, line.time),
            Item::Gap(loss) => {
                let lines = loss.gap.lost.lines.max(1);
                (loss.number, loss.number.saturating_add(lines - 1), loss.time)
            }
            Item::Damage(_) => return true,
        };
        let loud_enough = match (item, &mut self.level) {
            (Item::Line(line), Some(level)) => level.wants(line),
            _ => true,
        };
        let begun = match self.query.since {
            Some(Bound::Time(since)) => time >= since,
            Some(Bound::Line(since)) => last >= since,
            None => true,
        };
        let open = match self.query.until {
            Some(Bound::Time(until)) => time <= until,
            Some(Bound::Line(until)) => first <= until,
            None => true,
        };
        loud_enough && begun && open
    }
}

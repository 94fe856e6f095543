//! The attempts of a store, read from the indexes of its segments.
//!
//! - A snapshot as of [`Catalog::open`]; segments that it opened stay readable when they are
//!   renamed or removed.
//! - A segment that cannot be read is a [`Problem`] by name; the others are served.
//! - [`Catalog::lookup`] reads only what one job needs.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::job::{Attempt, InvalidJobId, JobId, RunNo};
use crate::segment::{Chain, SegmentError, SegmentReader, WriterState};

use super::dir::{self, Found, Listed};
use super::{AttemptInfo, AttemptState, StoreError};

/// The attempts of a store and the segments they are in.
#[derive(Debug, Default)]
pub struct Catalog {
    segments: Vec<SegmentReader>,
    /// Sorted by id, attempt, start and chain.
    attempts: Vec<AttemptInfo>,
    problems: Vec<Problem>,
}

/// A segment that cannot be served, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// What is the matter, with the file's name.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A prefix names no single job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// No id begins with it.
    #[error("no job is called {prefix:?} or begins so; `weir ls` lists all")]
    Unknown {
        /// What was looked for.
        prefix: String,
    },
    /// Several ids begin with it and none is it.
    #[error(
        "{prefix:?} is the beginning of {} job ids, such as {}; give more of the id",
        ids.len(),
        some(ids)
    )]
    Ambiguous {
        /// What was looked for.
        prefix: String,
        /// The ids, sorted.
        ids: Vec<JobId>,
    },
    /// It cannot be the beginning of an id.
    #[error("{prefix:?} is no job id: {source}")]
    Invalid {
        /// What was looked for.
        prefix: String,
        /// Which rule it breaks.
        source: InvalidJobId,
    },
}

fn some(ids: &[JobId]) -> String {
    ids.iter().take(3).map(JobId::as_str).collect::<Vec<_>>().join(", ")
}

impl Catalog {
    /// Reads the indexes of all segments in `dir`.
    ///
    /// # Errors
    /// `dir` is missing, foreign, of a newer format or cannot be listed.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::read(dir, &SegmentReader::open)
    }

    /// Reads what the jobs need whose ids begin with `prefix`; the catalog holds no others.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn lookup(dir: &Path, prefix: &str) -> Result<Self, StoreError> {
        Self::read(dir, &|path| SegmentReader::find(path, prefix))
    }

    /// All attempts, by time of start.
    pub fn attempts(&self) -> impl Iterator<Item = &AttemptInfo> {
        let mut order: Vec<_> = self.attempts.iter().collect();
        order.sort_by_key(|attempt| (attempt.started_at, attempt.chain, attempt.run));
        order.into_iter()
    }

    /// Segments that are not served, or not to their end.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// A segment of [`AttemptInfo::segments`].
    ///
    /// # Panics
    /// If the index is not of this catalog.
    pub fn segment(&self, index: usize) -> &SegmentReader {
        &self.segments[index]
    }

    /// All attempts of the one job that is called `prefix`, or else the only one that begins so; by
    /// attempt, then start. Never empty.
    ///
    /// # Errors
    /// [`FindError`] says why there is not one such job.
    pub fn find(&self, prefix: &str) -> Result<&[AttemptInfo], FindError> {
        if !["", ".", ".."].contains(&prefix)
            && let Err(source) = JobId::new(prefix)
        {
            return Err(FindError::Invalid { prefix: prefix.into(), source });
        }
        let first = self.attempts.partition_point(|attempt| attempt.id.as_str() < prefix);
        let rest = &self.attempts[first..];
        let begin = rest.partition_point(|attempt| attempt.id.as_str().starts_with(prefix));
        let Some(id) = rest[..begin].first().map(|attempt| &attempt.id) else {
            return Err(FindError::Unknown { prefix: prefix.into() });
        };
        let same = rest.partition_point(|attempt| attempt.id <= *id);
        if same == begin || id.as_str() == prefix {
            return Ok(&rest[..same]);
        }
        let ids: BTreeSet<_> = rest[..begin].iter().map(|attempt| attempt.id.clone()).collect();
        Err(FindError::Ambiguous { prefix: prefix.into(), ids: ids.into_iter().collect() })
    }

    fn read(dir: &Path, open: &Open<'_>) -> Result<Self, StoreError> {
        if dir::examine(dir)? == Found::Empty {
            return Ok(Self::default());
        }
        let listed = dir::segments(dir)?;
        let mut draft = Draft::read(dir, &listed, open);
        // A chain that went on to its next segment while we listed looks abandoned: look once more.
        if draft.has_orphans() {
            let again = dir::segments(dir)?;
            if again != listed {
                draft = Draft::read(dir, &again, open);
            }
        }
        Ok(draft.finish())
    }
}

type Open<'a> = dyn Fn(&Path) -> Result<SegmentReader, SegmentError> + 'a;

/// A catalog in the making.
struct Draft {
    catalog: Catalog,
    by_run: HashMap<(Chain, RunNo), usize>,
    /// Chains with a segment that its writer may still add to.
    live: BTreeSet<Chain>,
}

impl Draft {
    fn read(dir: &Path, listed: &[Listed], open: &Open<'_>) -> Self {
        let (catalog, by_run) = (Catalog::default(), HashMap::new());
        let mut draft = Self { catalog, by_run, live: BTreeSet::new() };
        for segment in listed {
            match open_either(dir, *segment, open) {
                Ok(Some(reader)) => draft.add(reader),
                Ok(None) => {}
                Err(error) => {
                    let path = segment.path(dir);
                    let message = error.to_string();
                    draft.catalog.problems.push(Problem { path, message });
                }
            }
        }
        draft
    }

    fn add(&mut self, reader: SegmentReader) {
        let chain = reader.header().chain;
        if reader.writer() != WriterState::Gone {
            self.live.insert(chain);
        }
        if let Some(damage) = reader.damage() {
            let path = reader.path().to_path_buf();
            let message =
                format!("{} is damaged at byte {}: {}", path.display(), damage.at, damage.what);
            self.catalog.problems.push(Problem { path, message });
        }
        let segment = self.catalog.segments.len();
        let attempts = &mut self.catalog.attempts;
        for (index, entry) in reader.entries().iter().enumerate() {
            let slot = *self.by_run.entry((chain, entry.run)).or_insert_with(|| {
                attempts.push(AttemptInfo::new(entry, chain));
                attempts.len() - 1
            });
            attempts[slot].extend(entry, (segment, index));
        }
        if !reader.entries().is_empty() {
            self.catalog.segments.push(reader);
        }
    }

    /// Whether an attempt has neither a finish nor a writer.
    fn has_orphans(&self) -> bool {
        let orphan = |attempt: &AttemptInfo| {
            attempt.finish().is_none() && !self.live.contains(&attempt.chain)
        };
        self.catalog.attempts.iter().any(orphan)
    }

    fn finish(mut self) -> Catalog {
        for attempt in &mut self.catalog.attempts {
            if attempt.finish().is_none() && self.live.contains(&attempt.chain) {
                attempt.state = AttemptState::Running;
            }
        }
        self.catalog.attempts.sort_by(|a, b| {
            let key = |x: &AttemptInfo| (x.attempt, x.started_at, x.chain, x.run);
            a.id.cmp(&b.id).then_with(|| key(a).cmp(&key(b)))
        });
        tell_apart(&mut self.catalog.attempts);
        self.catalog
    }
}

/// Gives every attempt of a job a number of its own: processes that ran it at once, none knowing of
/// the others, may have taken the same. The later one counts on.
fn tell_apart(sorted: &mut [AttemptInfo]) {
    let mut before: Option<(&JobId, Attempt)> = None;
    for info in sorted {
        if let Some((id, last)) = before
            && *id == info.id
            && info.attempt <= last
        {
            info.attempt = last.next();
        }
        before = Some((&info.id, info.attempt));
    }
}

/// Opens a listed segment, under its sealed name if it was sealed meanwhile; `None` if it was
/// removed.
fn open_either(
    dir: &Path,
    segment: Listed,
    open: &Open<'_>,
) -> Result<Option<SegmentReader>, SegmentError> {
    let gone = |error: &SegmentError| match error {
        SegmentError::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
        _ => false,
    };
    match open(&segment.path(dir)) {
        Err(error) if gone(&error) => match open(&segment.name.sealed_path(dir)) {
            Err(error) if gone(&error) => Ok(None),
            result => result.map(Some),
        },
        result => result.map(Some),
    }
}

//! The latest attempt of each job, kept up to date at little cost.
//!
//! A sealed segment is read once. An open one of another process is read again when the directory
//! has changed; what this process writes is noted as it is written.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::job::{Attempt, JobId};
use crate::segment::{Chain, SegmentName, SegmentReader};

use super::StoreError;
use super::dir::{self, Found};

/// Longer than the coarsest step of a file system's clock on Linux, 10 ms.
const TICK: Duration = Duration::from_millis(100);

/// The latest attempts of a directory.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Never held while a file is read or written.
    attempts: Mutex<Attempts>,
    /// Held by the one thread that reads segments; nobody writes under it.
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Attempts {
    latest: HashMap<JobId, Attempt>,
    own: BTreeSet<Chain>,
}

#[derive(Debug, Default)]
struct Seen {
    sealed: BTreeSet<SegmentName>,
    changed: Option<SystemTime>,
}

impl Known {
    /// Notes that this process writes `chain`, so its segments need not be read.
    pub(super) fn own(&self, chain: Chain) {
        lock(&self.attempts).own.insert(chain);
    }

    /// Notes an attempt that is stored.
    pub(super) fn note(&self, job: &JobId, attempt: Attempt) {
        let mut attempts = lock(&self.attempts);
        match attempts.latest.get_mut(job) {
            Some(latest) => *latest = attempt.max(*latest),
            None => {
                attempts.latest.insert(job.clone(), attempt);
            }
        }
    }

    /// The latest attempt of `job` in `dir`.
    pub(super) fn latest(&self, dir: &Path, job: &JobId) -> Result<Option<Attempt>, StoreError> {
        self.refresh(dir)?;
        Ok(lock(&self.attempts).latest.get(job).copied())
    }

    fn refresh(&self, dir: &Path) -> Result<(), StoreError> {
        let mut seen = lock(&self.seen);
        // Asked before listing: a change during the listing is met the next time.
        let changed = dir.metadata().and_then(|metadata| metadata.modified());
        let changed = changed.map_err(StoreError::io("examine", dir))?;
        if seen.changed == Some(changed) || dir::examine(dir)? == Found::Empty {
            return Ok(());
        }
        for segment in dir::segments(dir)? {
            let own = lock(&self.attempts).own.contains(&segment.name.chain);
            if own || seen.sealed.contains(&segment.name) {
                continue;
            }
            // One that cannot be read is reported by whoever reads logs; here it knows of no
            // attempt.
            let Ok(reader) = SegmentReader::open(&segment.path(dir)) else { continue };
            for entry in reader.entries() {
                self.note(&entry.id, entry.attempt);
            }
            if reader.is_sealed() {
                seen.sealed.insert(segment.name);
            }
        }
        // A directory's time moves in ticks of the kernel: within one, another change would not
        // show.
        let settled = changed.elapsed().is_ok_and(|age| age > TICK);
        seen.changed = settled.then_some(changed);
        Ok(())
    }
}

/// What a panicking thread left is a map of whole entries: usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

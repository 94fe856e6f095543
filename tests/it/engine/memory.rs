//! A store in memory that can be told to refuse, to hold on, or to panic.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use logweir::job::{Attempt, Body, JobFinish, JobId, PerStream, Record, Stream};
use logweir::store::{AppendError, Appender, LogStore, StoreError};

/// What is stored of one attempt.
#[derive(Debug, Default, Clone)]
pub(crate) struct Log {
    pub(crate) started: bool,
    pub(crate) streams: PerStream<Vec<u8>>,
    pub(crate) finish: Option<JobFinish>,
    pub(crate) data_records: usize,
}

/// How the store behaves.
#[derive(Debug, Default, Clone)]
pub(crate) enum Mood {
    /// It takes everything.
    #[default]
    Willing,
    /// It waits until the mood changes.
    Stalled,
    /// It refuses everything.
    Refusing,
    /// It takes `0`, `1`, `2`, ... records of one batch after the other and refuses the rest.
    TakingAFew(usize),
    /// It panics.
    Panicking,
}

#[derive(Debug, Default)]
struct State {
    logs: BTreeMap<(JobId, Attempt), Log>,
    mood: Mood,
    sealed: usize,
    stalled: bool,
    refusals: usize,
}

/// The store; clones share it.
#[derive(Debug, Default, Clone)]
pub(crate) struct MemoryStore(Arc<(Mutex<State>, Condvar)>);

impl MemoryStore {
    pub(crate) fn set(&self, mood: Mood) {
        self.lock().mood = mood;
        self.0.1.notify_all();
    }

    pub(crate) fn log(&self, id: &str) -> Log {
        self.attempt(id, 1)
    }

    pub(crate) fn attempt(&self, id: &str, attempt: u32) -> Log {
        let key = (JobId::new(id).unwrap(), Attempt(attempt));
        self.lock().logs.get(&key).cloned().unwrap_or_default()
    }

    pub(crate) fn sealed(&self) -> usize {
        self.lock().sealed
    }

    /// How often an appender refused a batch altogether.
    pub(crate) fn refusals(&self) -> usize {
        self.lock().refusals
    }

    /// Waits until an appender stalls.
    pub(crate) fn wait_stalled(&self) {
        let mut state = self.lock();
        while !state.stalled {
            state = self.0.1.wait(state).unwrap();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap()
    }
}

impl LogStore for MemoryStore {
    fn appender(&self) -> Result<Box<dyn Appender>, StoreError> {
        Ok(Box::new(self.clone()))
    }

    fn last_attempt(&self, job: &JobId) -> Result<Option<Attempt>, StoreError> {
        Ok(self.lock().logs.keys().filter(|(id, _)| id == job).map(|(_, n)| *n).max())
    }
}

impl Appender for MemoryStore {
    fn append(&mut self, batch: &[Record<'_>]) -> Result<(), AppendError> {
        let mut state = self.lock();
        while matches!(state.mood, Mood::Stalled) {
            state.stalled = true;
            self.0.1.notify_all();
            state = self.0.1.wait(state).unwrap();
        }
        state.stalled = false;
        let takes = match &mut state.mood {
            Mood::Willing | Mood::Stalled => batch.len(),
            Mood::Refusing => {
                state.refusals += 1;
                0
            }
            Mood::TakingAFew(n) => {
                *n += 1;
                (*n - 1) % 4
            }
            Mood::Panicking => {
                drop(state);
                panic!("the store panics, as it was told to");
            }
        };
        let stored = takes.min(batch.len());
        batch[..stored].iter().for_each(|record| state.store(record));
        if stored == batch.len() { Ok(()) } else { Err(AppendError { stored, source: full() }) }
    }

    fn seal(&mut self) -> Result<(), StoreError> {
        self.lock().sealed += 1;
        Ok(())
    }
}

impl State {
    fn store(&mut self, record: &Record<'_>) {
        let start = &record.run.start;
        let log = self.logs.entry((start.id.clone(), start.attempt)).or_default();
        assert!(log.finish.is_none(), "a record behind the finish of {}", start.id);
        assert!(log.started || matches!(record.body, Body::Start), "a record before the start");
        for stream in Stream::BOTH {
            assert_eq!(record.at[stream].bytes, log.streams[stream].len() as u64, "position");
        }
        match record.body {
            Body::Start => log.started = true,
            Body::Data { bytes, marks } => {
                log.data_records += 1;
                assert_eq!(marks[0].at, 0);
                for (i, mark) in marks.iter().enumerate() {
                    let end = marks.get(i + 1).map_or(bytes.len(), |next| next.at as usize);
                    log.streams[mark.stream].extend(&bytes[mark.at as usize..end]);
                }
                for stream in Stream::BOTH {
                    let end = record.at[stream] + record.adds[stream];
                    assert_eq!(end.bytes, log.streams[stream].len() as u64, "bytes added");
                }
            }
            Body::Gap(gap) => panic!("a gap of {:?}: nothing may be lost here", gap.lost),
            Body::Finish(finish) => log.finish = Some(finish.clone()),
        }
    }
}

fn full() -> StoreError {
    let source = io::ErrorKind::StorageFull.into();
    StoreError::Io { action: "extend", path: PathBuf::from("memory"), source }
}

//! The one loop that carries output from rings to the store.
//!
//! A round takes what became ready, stores starts, then output lane by lane in batches, then
//! finishes, acknowledges flushes, and lets quiet lanes go. Between rounds the drain
//! - goes on at once where the last round moved [`BUSY_BYTES`] or more,
//! - dozes where lanes are still active: producers need not wake it, it looks again by itself,
//!   later where a round costs more, so that looking costs at most a fifth of a core,
//! - sleeps where none is, until a lane becomes ready or someone asks for something.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::job::{Mono, Wall};
use crate::ring::{self, Consumer};
use crate::store::{AppendError, Appender, StoreError};

use super::EngineError;
use super::batch::Drafts;
use super::control::{DrainPort, Ended, Event};
use super::finish::{self, Ending};
use super::handle::Shared;
use super::job::{JobState, Lane};
use super::publish::Publisher;

/// Output in one call of the store, in bytes: few enough to stay in a core's cache.
const BATCH_BYTES: usize = 1 << 20;
/// Output of one lane in one batch, in bytes, so that a loud job does not delay the others.
const LANE_BYTES: usize = 256 << 10;
/// A round that moved this much is followed by the next one at once.
const BUSY_BYTES: usize = 256 << 10;
/// Rounds without output after which a lane is let go.
pub(super) const LINGER_ROUNDS: u32 = 5;
/// The shortest and longest pause between rounds while lanes are active.
const DOZE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(8));
/// A pause lasts this many times the round before it.
const DOZE_PER_ROUND: u32 = 4;
/// The shortest and longest pause before a batch that the store refused is offered again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// A drain; [`run`](Self::run) is its thread.
pub(super) struct Drain {
    shared: Arc<Shared>,
    index: usize,
    appender: Box<dyn Appender>,
    /// Lanes that this drain looks at every round.
    active: Vec<Consumer<Lane>>,
    events: Vec<Event>,
    /// Jobs whose start is not stored yet.
    starts: Vec<Arc<JobState>>,
    /// Jobs that were finished and whose finish is not stored yet.
    endings: Vec<Arc<JobState>>,
    /// The flush that this drain works on.
    flush: Option<u64>,
    flushed: u64,
    backoff: Duration,
    publisher: Publisher,
}

impl Drain {
    pub(super) fn new(shared: Arc<Shared>, index: usize) -> Result<Self, EngineError> {
        let appender = shared.store.appender()?;
        let publisher = Publisher::new(shared.job_metrics);
        Ok(Self {
            shared,
            index,
            appender,
            active: Vec::new(),
            events: Vec::new(),
            starts: Vec::new(),
            endings: Vec::new(),
            flush: None,
            flushed: 0,
            backoff: BACKOFF.0,
            publisher,
        })
    }

    /// Works until the engine stops. Whatever ends this thread, the handles learn of it.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let _last_word = LastWord(&shared.drains[self.index]);
        while !self.shared.give_up.load(Relaxed) {
            let began = Mono::now();
            match self.round() {
                Ok(_) if self.is_finished() => match self.appender.seal() {
                    Ok(()) => {
                        let port = &shared.drains[self.index];
                        self.publisher.publish(&shared, port);
                        return port.ended(Ended::Complete);
                    }
                    Err(error) => self.refused(&error),
                },
                Ok(bytes) => self.pause(bytes, Mono::now().since(began)),
                Err(error) => self.refused(&error.source),
            }
        }
    }

    fn port(&self) -> &DrainPort {
        &self.shared.drains[self.index]
    }

    /// One pass over everything there is; returns the bytes of output it stored.
    fn round(&mut self) -> Result<usize, AppendError> {
        // In this order: a flush covers the events posted before it, and a lane's job was announced
        // before the lane had output.
        let asked = self.port().asked();
        self.shared.drains[self.index].ready.take(&mut self.active);
        self.take_events();
        self.begin_flush(asked);
        self.store_starts()?;
        let bytes = self.store_output()?;
        self.end_lanes();
        self.store_finishes()?;
        self.took_all();
        self.end_flush();
        self.let_quiet_lanes_go();
        Ok(bytes)
    }

    fn take_events(&mut self) {
        let mut events = mem::take(&mut self.events);
        self.port().take_events(&mut events);
        for event in events.drain(..) {
            match event {
                Event::Start(job) => self.starts.push(job),
                Event::Finish(job) => self.endings.push(job),
            }
        }
        self.events = events;
    }

    fn store_starts(&mut self) -> Result<(), AppendError> {
        if self.starts.is_empty() {
            return Ok(());
        }
        let records: Vec<_> = self.starts.iter().map(|job| finish::start_record(job)).collect();
        let outcome = self.appender.append(&records);
        let all = self.starts.len();
        let stored = outcome.as_ref().map_or_else(|error| error.stored.min(all), |()| all);
        self.starts.drain(..stored);
        outcome
    }

    /// Stores what lanes hold, a batch of lanes at a time.
    fn store_output(&mut self) -> Result<usize, AppendError> {
        let clock = ClockPair::read();
        let (mut from, mut total) = (0, 0);
        while from < self.active.len() {
            let mut drafts = Drafts::new(clock);
            let to = self.draft(&mut drafts, from);
            if !drafts.is_empty() {
                total += self.store_drafts(&drafts)?;
            }
            from = to;
        }
        Ok(total)
    }

    /// Drafts the output of lanes from `from` on until a batch is full; returns the lane after.
    fn draft(&mut self, drafts: &mut Drafts, from: usize) -> usize {
        let mut to = from;
        for consumer in self.active.iter_mut().skip(from) {
            to += 1;
            let pending = consumer.refresh(LANE_BYTES);
            let lane = consumer.tag();
            if pending == 0 {
                lane.flush.store(Lane::NO_FLUSH, Relaxed);
                continue;
            }
            let must = !consumer.is_open() || consumer.is_starved() || pending >= LANE_BYTES;
            drafts.add(to - 1, consumer, must);
            if drafts.bytes() >= BATCH_BYTES {
                break;
            }
        }
        to
    }

    /// Hands a batch to the store and gives back what it took.
    fn store_drafts(&mut self, drafts: &Drafts) -> Result<usize, AppendError> {
        let records = drafts.records(&self.active);
        let outcome = self.appender.append(&records);
        let stored = outcome.as_ref().map_or_else(|error| error.stored, |()| records.len());
        drop(records);
        let counters = &self.shared.drains[self.index].counters;
        counters.batches.add(1);
        let limit = self.shared.pool.chunks() as u64 * self.shared.pool.chunk_size() as u64;
        let bytes = drafts.settle(&mut self.active, stored, limit, counters);
        outcome.map(|()| bytes)
    }

    /// Takes lanes that are closed and read to their end off the list.
    fn end_lanes(&mut self) {
        let mut i = 0;
        while let Some(consumer) = self.active.get(i) {
            if consumer.is_done() {
                let job = Arc::clone(&consumer.tag().job);
                drop(self.active.swap_remove(i));
                job.lane_ended();
            } else {
                i += 1;
            }
        }
    }

    fn store_finishes(&mut self) -> Result<(), AppendError> {
        let is_ready = |job: &mut Arc<JobState>| job.is_read_out();
        let ready: Vec<Ending> = self.endings.extract_if(.., is_ready).map(Ending::new).collect();
        if ready.is_empty() {
            return Ok(());
        }
        let records: Vec<_> = ready.iter().map(Ending::record).collect();
        let outcome = self.appender.append(&records);
        drop(records);
        let all = ready.len();
        let stored = outcome.as_ref().map_or_else(|error| error.stored.min(all), |()| all);
        self.port().counters.finished.add(stored as u64);
        for (i, ending) in ready.into_iter().enumerate() {
            if i < stored {
                self.publisher.job_ended(&ending);
            } else {
                self.endings.push(ending.into_job());
            }
        }
        outcome
    }

    /// From here on, every lane that is active now must be seen empty once, or give a whole budget.
    fn begin_flush(&mut self, asked: u64) {
        if self.flush.is_none() && asked > self.flushed {
            self.flush = Some(asked);
            self.active.iter().for_each(|consumer| consumer.tag().flush.store(0, Relaxed));
        }
    }

    fn end_flush(&mut self) {
        let waits = |c: &Consumer<Lane>| c.tag().flush.load(Relaxed) != Lane::NO_FLUSH;
        if let Some(ticket) = self.flush
            && !self.active.iter().any(waits)
        {
            self.flush = None;
            self.flushed = ticket;
            self.port().flushed(ticket);
        }
    }

    fn let_quiet_lanes_go(&mut self) {
        let linger = if self.port().is_stopping() { 0 } else { LINGER_ROUNDS };
        ring::retire(&mut self.active, |consumer| consumer.quiet_rounds() >= linger);
    }

    /// Whether the engine stops and everything is stored: then nothing more is let in.
    fn is_finished(&mut self) -> bool {
        let port = &self.shared.drains[self.index];
        if !port.is_stopping() || !self.active.is_empty() || !self.starts.is_empty() {
            return false;
        }
        // From here on a write is refused, unless the take below sees it.
        port.close();
        port.ready.take(&mut self.active);
        self.active.is_empty() && !port.has_events()
    }

    fn pause(&mut self, bytes: usize, round: Duration) {
        let port = &self.shared.drains[self.index];
        // Asked of the port, not of us: a doze after a refusal ends by the call of a flush that has
        // to wait for the one before it, and nobody calls again.
        let flushing = port.asked() > self.flushed;
        let working = flushing || port.is_stopping() || port.has_events();
        if bytes >= BUSY_BYTES || working {
            self.publisher.publish_at_times(&self.shared, port);
        } else if self.active.is_empty() {
            self.publisher.publish(&self.shared, port);
            port.ready.sleep(|| !port.has_events());
        } else {
            self.publisher.publish_at_times(&self.shared, port);
            port.ready.doze((round * DOZE_PER_ROUND).clamp(DOZE.0, DOZE.1));
        }
    }

    /// The store takes batches again.
    fn took_all(&mut self) {
        if self.backoff != BACKOFF.0 {
            self.backoff = BACKOFF.0;
            self.port().set_failing(None);
        }
    }

    /// The store refused something: it stays where it is and is offered again later.
    fn refused(&mut self, error: &StoreError) {
        let port = &self.shared.drains[self.index];
        port.counters.refusals.add(1);
        port.set_failing(Some(error.to_string()));
        self.publisher.publish(&self.shared, port);
        port.ready.doze(self.backoff);
        self.backoff = (self.backoff * 2).min(BACKOFF.1);
    }
}

/// Both clocks, read at the same moment, so that marks need to carry only one.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClockPair {
    mono: Mono,
    wall: Wall,
}

impl ClockPair {
    pub(super) fn read() -> Self {
        Self { mono: Mono::now(), wall: Wall::now() }
    }

    /// The wall time at `mono`.
    pub(super) fn wall_at(&self, mono: Mono) -> Wall {
        Wall(self.wall.0.saturating_add(mono.0).saturating_sub(self.mono.0))
    }
}

/// Tells the handles that the drain is gone, also when it panics; after a complete end it changes
/// nothing.
struct LastWord<'a>(&'a DrainPort);

impl Drop for LastWord<'_> {
    fn drop(&mut self) {
        self.0.stop();
        self.0.ended(Ended::Incomplete);
    }
}

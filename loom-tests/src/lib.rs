//! What the models share: a tiny pool, and a drain of a few lines.
//!
//! A chunk is 32 bytes: one mark and 16 bytes of output, so that a few writes cross every edge.

#[cfg(not(logweir_loom))]
compile_error!("run the models inside loom-tests/, where .cargo/config.toml sets the cfg");

use std::sync::Arc;

use logweir::job::{Mono, Stream};
use logweir::ring::{self, Consumer, Pool, PoolConfig, Producer, ReadyList};

/// Bytes of output that fill a chunk.
pub const FULL: usize = 16;

const CHUNK_SIZE: usize = 32;

/// Runs `model` through every schedule with at most `preemptions` forced switches of threads.
pub fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.check(model);
}

/// A budget of `chunks` chunks.
pub fn pool(chunks: usize) -> Arc<Pool> {
    let budget = chunks * CHUNK_SIZE;
    Pool::new(PoolConfig { budget, chunk_size: CHUNK_SIZE, huge_pages: false }).unwrap()
}

/// Opens a lane whose tag says where the drain collects its bytes.
pub fn lane(pool: &Arc<Pool>, ready: &Arc<ReadyList<usize>>, tag: usize) -> Producer<usize> {
    ring::lane(pool, ready, tag, None).unwrap()
}

/// Writes what fits; the time of a mark is `time`.
pub fn write(producer: &mut Producer<usize>, bytes: &[u8], time: u64) -> usize {
    producer.write(Stream::Stdout, bytes, || Mono(time))
}

/// Writes all of `bytes`, waiting for room as often as it takes.
pub fn write_all(producer: &mut Producer<usize>, bytes: &[u8]) {
    let mut rest = bytes;
    loop {
        rest = &rest[write(producer, rest, 0)..];
        if rest.is_empty() {
            return;
        }
        assert!(producer.wait_for_room(None));
    }
}

/// One drain: what it reads of the lane with tag `n` ends up in `got[n]`.
pub struct Drain {
    /// Where lanes become ready.
    pub ready: Arc<ReadyList<usize>>,
    /// The lanes it looks at.
    pub lanes: Vec<Consumer<usize>>,
    /// What it read, by tag.
    pub got: [Vec<u8>; 3],
    /// Lanes that were done.
    pub done: usize,
}

impl Drain {
    /// A drain of `ready` that has read nothing.
    pub fn new(ready: &Arc<ReadyList<usize>>) -> Self {
        Self { ready: Arc::clone(ready), lanes: Vec::new(), got: Default::default(), done: 0 }
    }

    /// Takes lanes that became ready, and looks what they show.
    pub fn look_without_release(&mut self) {
        self.ready.take(&mut self.lanes);
        for lane in &mut self.lanes {
            lane.refresh(usize::MAX);
        }
    }

    /// Takes lanes that became ready and reads what all lanes show.
    pub fn look(&mut self) {
        self.ready.take(&mut self.lanes);
        for lane in &mut self.lanes {
            let bytes = lane.refresh(usize::MAX);
            for piece in lane.pieces() {
                assert_eq!(piece.marks.clone().next().map(|mark| mark.at), Some(0));
                self.got[*lane.tag()].extend(piece.bytes);
            }
            lane.release(bytes);
        }
    }

    /// Lets go of lanes that are done, and of all others with nothing left to read.
    pub fn retire(&mut self) {
        self.done += self.lanes.iter().filter(|lane| lane.is_done()).count();
        ring::retire(&mut self.lanes, |_| true);
    }

    /// Rests until there may be something to read: asleep only while it looks at no lane.
    pub fn rest(&self) {
        if self.lanes.is_empty() {
            self.ready.sleep(|| true);
        } else {
            loom::thread::yield_now();
        }
    }

    /// Bytes read so far.
    pub fn total(&self) -> usize {
        self.got.iter().map(Vec::len).sum()
    }
}

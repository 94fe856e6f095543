//! Any interleaving of what both ends do reads back equal to a list of bytes.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const LANES: usize = 3;

/// One thing that an end of a lane does.
#[derive(Debug, Clone)]
enum Step {
    Write { lane: usize, stream: Stream, len: usize },
    Fill { lane: usize, stream: Stream, min: usize, len: usize },
    Announce { lane: usize },
    Close { lane: usize },
    Look { max: usize },
    Release { bytes: usize },
    Retire { lanes: [bool; LANES] },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lane = 0..LANES;
    let stream = prop_oneof![Just(Stdout), Just(Stderr)];
    let len = prop_oneof![0..200usize, 3_900..4_100usize, 0..20_000usize];
    let step = prop_oneof![
        8 => (lane.clone(), stream.clone(), len.clone())
            .prop_map(|(lane, stream, len)| Step::Write { lane, stream, len }),
        8 => (lane.clone(), stream, len.clone(), len.clone())
            .prop_map(|(lane, stream, min, len)| Step::Fill { lane, stream, min, len }),
        1 => lane.clone().prop_map(|lane| Step::Announce { lane }),
        1 => lane.prop_map(|lane| Step::Close { lane }),
        8 => prop_oneof![Just(usize::MAX), len.clone()].prop_map(|max| Step::Look { max }),
        8 => len.prop_map(|bytes| Step::Release { bytes }),
        4 => any::<[bool; LANES]>().prop_map(|lanes| Step::Retire { lanes }),
    ];
    prop::collection::vec(step, 1..80)
}

/// A byte on its way: its value, its stream, the time of the call that wrote it.
type Sent = (u8, Stream, u64);

/// The ring, and what it should hold.
struct World {
    pool: Arc<Pool>,
    ready: Arc<ReadyList<usize>>,
    producers: Vec<Option<Producer<usize>>>,
    consumers: Vec<Consumer<usize>>,
    expected: Vec<VecDeque<Sent>>,
    /// Counts calls; also the clock.
    now: u64,
}

impl World {
    fn new(chunks: usize, cap: Option<u32>) -> Self {
        let (pool, ready) = (pool(chunks), ReadyList::new());
        let open = |tag| Some(lane(&pool, &ready, tag, cap).unwrap());
        let producers = (0..LANES).map(open).collect();
        let expected = vec![VecDeque::new(); LANES];
        Self { pool, ready, producers, consumers: Vec::new(), expected, now: 0 }
    }

    fn take(&mut self, step: Step) {
        self.now += 1;
        match step {
            Step::Write { lane, stream, len } => self.write(lane, stream, len),
            Step::Fill { lane, stream, min, len } => self.fill(lane, stream, min, len),
            Step::Announce { lane } => {
                self.producers[lane].iter_mut().for_each(Producer::schedule);
            }
            Step::Close { lane } => self.producers[lane] = None,
            Step::Look { max } => self.look(max),
            Step::Release { bytes } => self.release(bytes),
            Step::Retire { lanes } => retire(&mut self.consumers, |lane| lanes[*lane.tag()]),
        }
        assert!(self.pool.leased() <= self.pool.chunks());
    }

    /// `len` bytes that differ from those of the call before.
    fn bytes(&self, len: usize) -> Vec<u8> {
        (self.now..).take(len).map(|n| u8::try_from(n % 251).unwrap()).collect()
    }

    fn sent(&mut self, lane: usize, stream: Stream, bytes: &[u8]) {
        let now = self.now;
        self.expected[lane].extend(bytes.iter().map(|byte| (*byte, stream, now)));
    }

    fn write(&mut self, lane: usize, stream: Stream, len: usize) {
        let bytes = self.bytes(len);
        let Some(producer) = &mut self.producers[lane] else { return };
        let taken = producer.write(stream, &bytes, at(self.now));
        if taken < len {
            assert!(!producer.wait_for_room(Some(Duration::ZERO)), "it stopped with room left");
        }
        self.sent(lane, stream, &bytes[..taken]);
    }

    fn fill(&mut self, lane: usize, stream: Stream, min: usize, len: usize) {
        let bytes = self.bytes(len);
        let least = min.min(self.pool.payload_size());
        let Some(producer) = &mut self.producers[lane] else { return };
        let Some(mut room) = producer.reserve(min) else {
            assert!(!producer.wait_for_room(Some(Duration::ZERO)), "it stopped with room left");
            return;
        };
        let len = len.min(room.as_mut().len());
        let lent = room.as_mut().len();
        room.as_mut()[..len].copy_from_slice(&bytes[..len]);
        room.commit(len, stream, Mono(self.now));
        let short = lent < least;
        assert!(!short || !producer.wait_for_room(Some(Duration::ZERO)) || len == 0);
        self.sent(lane, stream, &bytes[..len]);
    }

    fn look(&mut self, max: usize) {
        self.ready.take(&mut self.consumers);
        for consumer in &mut self.consumers {
            let expected = &self.expected[*consumer.tag()];
            assert_eq!(consumer.refresh(max), expected.len().min(max));
            let (bytes, marks) = view(consumer);
            assert!(bytes.iter().eq(expected.iter().take(max).map(|(byte, ..)| byte)));
            assert!(marks.first().is_none_or(|mark| mark.at == 0));
            assert!(marks.is_sorted_by(|a, b| a.at < b.at && a.time <= b.time));
            let mut marks = marks.into_iter().peekable();
            let mut mark = marks.next();
            for (i, (_, stream, time)) in expected.iter().take(max).enumerate() {
                mark = marks.next_if(|next| next.at as usize == i).or(mark);
                let mark = mark.expect("a mark at 0");
                assert!(mark.stream == *stream && mark.time <= Mono(*time));
            }
        }
    }

    fn release(&mut self, bytes: usize) {
        for consumer in &mut self.consumers {
            let bytes = bytes.min(consumer.pending());
            consumer.release(bytes);
            self.expected[*consumer.tag()].drain(..bytes);
        }
    }

    fn end(mut self) {
        self.producers.clear();
        self.look(usize::MAX);
        self.release(usize::MAX);
        assert!(self.expected.iter().all(VecDeque::is_empty));
        self.look(usize::MAX);
        retire(&mut self.consumers, |_| false);
        assert_eq!((self.consumers.len(), self.pool.leased()), (0, 0));
        let again = |tag| lane(&self.pool, &self.ready, tag, None).unwrap();
        let all: Vec<_> = (0..self.pool.chunks() as usize).map(again).collect();
        assert!(lane(&self.pool, &self.ready, 0, None).is_err());
        drop(all);
        self.ready.take(&mut self.consumers);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_was_written(
        steps in steps(),
        chunks in LANES..9,
        cap in prop::option::of(1..4u32),
    ) {
        let mut world = World::new(chunks, cap);
        for step in steps {
            world.take(step);
        }
        world.end();
    }
}

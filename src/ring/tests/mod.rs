//! The ring through its two handles: by example here, by any interleaving, and by real threads.

mod interleavings;
mod threads;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::job::{Mark, Mono, Stream};
use Stream::{Stderr, Stdout};

const CHUNK: usize = 4096;

fn pool(chunks: usize) -> Arc<Pool> {
    Pool::new(PoolConfig { budget: chunks * CHUNK, chunk_size: CHUNK, huge_pages: false }).unwrap()
}

fn at(time: u64) -> impl FnOnce() -> Mono {
    move || Mono(time)
}

fn take_one<T>(ready: &ReadyList<T>) -> Consumer<T> {
    let mut taken = Vec::new();
    assert_eq!(ready.take(&mut taken), 1);
    taken.remove(0)
}

/// What is in view: all bytes, and the marks with `at` counted over all pieces.
fn view<T>(consumer: &Consumer<T>) -> (Vec<u8>, Vec<Mark>) {
    let (mut bytes, mut marks) = (Vec::new(), Vec::new());
    for piece in consumer.pieces() {
        let start = u32::try_from(bytes.len()).unwrap();
        marks.extend(piece.marks.map(|mark| Mark { at: mark.at + start, ..mark }));
        bytes.extend(piece.bytes);
    }
    (bytes, marks)
}

#[test]
fn bytes_and_marks_come_out_as_they_went_in() {
    let (pool, ready) = (pool(4), ReadyList::new());
    let mut producer = lane(&pool, &ready, "tag", None).unwrap();
    assert_eq!(producer.write(Stdout, b"one\n", at(1)), 4);
    assert_eq!(producer.write(Stdout, b"two\n", || panic!("no mark is due")), 4);
    assert_eq!(producer.write(Stderr, b"oh\n", at(2)), 3);
    let mut room = producer.reserve(10).unwrap();
    room.as_mut()[..2].copy_from_slice(b"pp");
    room.commit(2, Stderr, Mono(3));

    let mut consumer = take_one(&ready);
    assert_eq!(*consumer.tag(), "tag");
    assert_eq!(consumer.refresh(usize::MAX), 13);
    let mark = |at, stream, time| Mark { at, stream, time: Mono(time) };
    let marks = vec![mark(0, Stdout, 1), mark(8, Stderr, 2), mark(11, Stderr, 3)];
    assert_eq!(view(&consumer), (b"one\ntwo\noh\npp".to_vec(), marks));

    consumer.release(6);
    let marks = vec![mark(0, Stdout, 1), mark(2, Stderr, 2), mark(5, Stderr, 3)];
    assert_eq!(view(&consumer), (b"o\noh\npp".to_vec(), marks));
}

/// Captured output that came in two reads was stored as a piece with two marks at its first byte,
/// which readers take for damage, where the first read had been released before the second was
/// published.
#[test]
fn a_mark_made_where_the_view_ended_replaces_the_one_before() {
    let (pool, ready) = (pool(4), ReadyList::new());
    let mut producer = lane(&pool, &ready, (), None).unwrap();
    producer.write(Stdout, b"one", at(1));
    let mut consumer = take_one(&ready);
    consumer.refresh(usize::MAX);
    consumer.release(3);
    producer.write(Stderr, b"two", at(2));
    consumer.refresh(usize::MAX);
    let mark = Mark { at: 0, stream: Stderr, time: Mono(2) };
    assert_eq!(view(&consumer), (b"two".to_vec(), vec![mark]));
}

#[test]
fn a_view_is_clipped_to_what_was_asked_for() {
    let (pool, ready) = (pool(4), ReadyList::new());
    let mut producer = lane(&pool, &ready, (), None).unwrap();
    assert_eq!(producer.write(Stdout, &[7; 10_000], at(1)), 10_000);
    let mut consumer = take_one(&ready);
    assert_eq!(consumer.refresh(usize::MAX), 10_000);
    assert_eq!(consumer.refresh(10), 10);
    assert_eq!(view(&consumer).0.len(), 10);
    assert!(!consumer.is_drained());
    consumer.release(10);
    assert!(!consumer.is_drained());
    assert_eq!(consumer.refresh(usize::MAX), 9_990);
}

#[test]
fn a_silent_lane_holds_no_chunk_and_a_quiet_one_gives_its_chunk_back() {
    let (pool, ready) = (pool(2), ReadyList::new());
    let mut producer = lane(&pool, &ready, (), None).unwrap();
    assert_eq!(pool.leased(), 0);
    producer.write(Stdout, b"x", at(1));
    assert_eq!(pool.leased(), 1);
    let mut lanes = vec![take_one(&ready)];
    lanes[0].refresh(usize::MAX);
    retire(&mut lanes, |_| true);
    assert_eq!(lanes.len(), 1, "a byte is unread");
    lanes[0].release(1);
    retire(&mut lanes, |_| true);
    assert_eq!((lanes.len(), pool.leased()), (0, 0));
    producer.write(Stdout, b"y", at(2));
    let mut consumer = take_one(&ready);
    consumer.refresh(usize::MAX);
    let mark = Mark { at: 0, stream: Stdout, time: Mono(2) };
    assert_eq!(view(&consumer), (b"y".to_vec(), vec![mark]));
}

#[test]
fn each_lane_gets_a_chunk_whatever_the_others_hold() {
    let (pool, ready) = (pool(3), ReadyList::new());
    let mut greedy = lane(&pool, &ready, 0, None).unwrap();
    let mut modest = lane(&pool, &ready, 1, None).unwrap();
    let taken = greedy.write(Stdout, &[0; 100_000], at(1));
    assert_eq!(taken, 2 * pool.payload_size());
    assert!(!greedy.wait_for_room(Some(Duration::ZERO)));
    assert_eq!(modest.write(Stdout, b"here", at(1)), 4);
    assert_eq!(pool.leased(), 3);
    let refused = lane(&pool, &ready, 2, None).unwrap_err();
    assert_eq!((refused.tag, refused.chunks), (2, 3));
}

#[test]
fn a_lane_keeps_to_its_cap() {
    let (pool, ready) = (pool(8), ReadyList::new());
    let mut producer = lane(&pool, &ready, (), Some(2)).unwrap();
    assert_eq!(producer.write(Stdout, &[0; 100_000], at(1)), 2 * pool.payload_size());
    assert_eq!(pool.leased(), 2);
    let mut consumer = take_one(&ready);
    let pending = consumer.refresh(usize::MAX);
    consumer.release(pending);
    assert!(producer.wait_for_room(Some(Duration::ZERO)));
    assert_eq!(producer.write(Stdout, b"more", at(2)), 4);
}

#[test]
fn a_starved_lane_is_retired_without_being_quiet() {
    let (pool, ready) = (pool(1), ReadyList::new());
    let mut producer = lane(&pool, &ready, (), None).unwrap();
    producer.write(Stdout, &[0; 10_000], at(1));
    let mut lanes = vec![take_one(&ready)];
    let pending = lanes[0].refresh(usize::MAX);
    lanes[0].release(pending);
    assert!(!producer.wait_for_room(Some(Duration::ZERO)));
    retire(&mut lanes, |_| false);
    assert!(lanes.is_empty());
    assert!(producer.wait_for_room(Some(Duration::ZERO)));
    assert_eq!(producer.write(Stdout, b"more", at(2)), 4);
}

#[test]
fn a_closed_lane_is_done_after_its_last_byte_and_returns_everything() {
    let (pool, ready) = (pool(1), ReadyList::new());
    let mut producer = lane(&pool, &ready, (), None).unwrap();
    producer.write(Stdout, b"last", at(1));
    producer.close();
    let mut lanes = vec![take_one(&ready)];
    lanes[0].refresh(usize::MAX);
    assert!(!lanes[0].is_open() && !lanes[0].is_done());
    retire(&mut lanes, |_| true);
    lanes[0].release(4);
    assert!(lanes[0].is_done());
    retire(&mut lanes, |_| false);
    assert!(lanes.is_empty());
    assert_eq!(pool.leased(), 0);
    lane(&pool, &ready, (), None).unwrap();
}

#[test]
fn a_lane_that_closes_silently_is_seen_and_ends_its_reservation() {
    let (pool, ready) = (pool(1), ReadyList::new());
    lane(&pool, &ready, "silent", None).unwrap().close();
    let mut consumer = take_one(&ready);
    assert_eq!(consumer.refresh(usize::MAX), 0);
    assert!(consumer.is_done());
    assert!(lane(&pool, &ready, "early", None).is_err());
    drop(consumer);
    lane(&pool, &ready, "next", None).unwrap();
}

#[test]
fn a_scheduled_lane_is_seen_before_its_first_byte() {
    let (pool, ready) = (pool(1), ReadyList::new());
    let mut producer = lane(&pool, &ready, (), None).unwrap();
    producer.schedule();
    let mut consumer = take_one(&ready);
    assert_eq!((consumer.refresh(usize::MAX), pool.leased()), (0, 0));
    producer.write(Stdout, b"x", at(1));
    assert_eq!(consumer.refresh(usize::MAX), 1);
    assert_eq!(ready.take(&mut Vec::new()), 0);
}

#[test]
fn a_room_that_is_dropped_or_forgotten_leaves_no_trace() {
    let (pool, ready) = (pool(1), ReadyList::new());
    let mut producer = lane(&pool, &ready, (), None).unwrap();
    drop(producer.reserve(1).unwrap());
    assert_eq!((pool.leased(), ready.take(&mut Vec::new())), (0, 0));
    std::mem::forget(producer.reserve(1).unwrap());
    producer.reserve(1).unwrap().commit(0, Stdout, Mono(1));
    assert_eq!((pool.leased(), ready.take(&mut Vec::new())), (0, 0));
    producer.write(Stdout, b"x", at(1));
    assert_eq!(take_one(&ready).refresh(usize::MAX), 1);
}

#[test]
fn a_request_made_while_the_drain_is_awake_cuts_its_next_sleep_short() {
    let ready = ReadyList::<()>::new();
    ready.request();
    ready.sleep(|| true);
}

#[test]
fn senseless_configurations_are_refused() {
    for (budget, chunk_size) in [(1 << 20, 0), (1 << 20, 4095), (1 << 20, 2 << 20), (4095, 4096)] {
        assert!(Pool::new(PoolConfig { budget, chunk_size, huge_pages: false }).is_err());
    }
}

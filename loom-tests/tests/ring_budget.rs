//! Chunks: leased once, returned once, never more than there are; writers that wait for them.

use std::sync::Arc;

use logweir::job::{Mono, Stream};
use logweir::ring::{Producer, ReadyList};
use logweir_loom::{Drain, FULL, explore, lane, pool, write, write_all};
use loom::thread;

#[test]
fn a_returned_chunk_is_written_only_after_it_was_read() {
    explore(3, || {
        let (pool, ready) = (pool(3), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut first = lane(&pool, &ready, 0);
        let mut second = lane(&pool, &ready, 1);
        let mut third = lane(&pool, &ready, 2);
        // A chunk stays on the free list, so that the second lane exchanges its head, and a third
        // lane leases at the end: loom tries other orders around exchanges, less so around loads.
        drop((first.reserve(1), second.reserve(1)));
        write(&mut first, b"first", 0);
        let writer = thread::spawn(move || {
            write(&mut second, b"second", 0);
            second
        });
        drain.look();
        drain.retire();
        drop(third.reserve(1));
        let second = writer.join().unwrap();
        drain.look();
        assert_eq!((&drain.got[0][..], &drain.got[1][..]), (&b"first"[..], &b"second"[..]));
        drop((first, second, third));
    });
}

/// Lanes that hold one chunk each would be seen twice in one chunk if the free list had gone round.
fn assert_chunks_are_distinct(lanes: &mut [Producer<usize>], drain: &mut Drain) {
    for (tag, lane) in lanes.iter_mut().enumerate() {
        let mut room = lane.reserve(1).unwrap();
        room.as_mut()[0] = u8::try_from(tag).unwrap();
        room.commit(1, Stream::Stdout, Mono(0));
    }
    drain.look();
    for tag in 0..lanes.len() {
        assert_eq!(drain.got[tag], [u8::try_from(tag).unwrap()]);
    }
}

#[test]
fn no_chunk_is_leased_twice_and_none_is_lost() {
    explore(3, || {
        let (pool, ready) = (pool(3), ReadyList::new());
        let mut lanes: Vec<_> = (0..3).map(|tag| lane(&pool, &ready, tag)).collect();
        let [a, b, c] = &mut lanes[..] else { unreachable!() };
        drop((a.reserve(1), b.reserve(1), c.reserve(1)));
        let mut slow = lanes.remove(0);
        let slow = thread::spawn(move || {
            drop(slow.reserve(1));
            slow
        });
        let [b, c] = &mut lanes[..] else { unreachable!() };
        let (x, y) = (b.reserve(1), c.reserve(1));
        drop(x);
        let slow = slow.join().unwrap();
        drop(y);
        lanes.insert(0, slow);
        assert_eq!(pool.leased(), 0);
        assert_chunks_are_distinct(&mut lanes, &mut Drain::new(&ready));
        assert_eq!(pool.leased(), 3);
    });
}

#[test]
fn the_last_spare_chunk_goes_to_one_lane() {
    explore(3, || {
        let (pool, ready) = (pool(3), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut a = lane(&pool, &ready, 0);
        let mut b = lane(&pool, &ready, 1);
        write(&mut a, &[0; FULL], 0);
        write(&mut b, &[0; FULL], 0);
        let other = thread::spawn(move || (write(&mut b, b"b", 0), b));
        let here = write(&mut a, b"a", 0);
        let (there, b) = other.join().unwrap();
        assert_eq!(here + there, 1);
        assert_eq!((pool.leased(), pool.peak_leased()), (3, 3));
        drain.look();
        assert_eq!(drain.total(), 2 * FULL + 1);
        drop((a, b));
    });
}

#[test]
fn two_lanes_that_both_outgrow_the_budget_get_through() {
    explore(1, || {
        let (pool, ready) = (pool(2), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut lanes: Vec<_> = (0..2).map(|tag| lane(&pool, &ready, tag)).collect();
        for lane in &mut lanes {
            write(lane, &[7; FULL], 0);
        }
        let write_one_more = |mut producer| {
            thread::spawn(move || {
                write_all(&mut producer, &[7]);
                producer
            })
        };
        let writers: Vec<_> = lanes.into_iter().map(write_one_more).collect();
        while drain.total() < 2 * (FULL + 1) {
            drain.look();
            drain.retire();
            if drain.total() < 2 * (FULL + 1) {
                drain.rest();
            }
        }
        for writer in writers {
            writer.join().unwrap();
        }
    });
}

#[test]
fn a_starved_lane_gives_back_what_it_gets_again() {
    explore(3, || {
        let (pool, ready) = (pool(1), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut producer = lane(&pool, &ready, 0);
        write(&mut producer, &[7; FULL], 0);
        let writer = thread::spawn(move || {
            write_all(&mut producer, &[7]);
            producer
        });
        while drain.total() < FULL + 1 {
            drain.look();
            // Not for being quiet: for being starved, of which a request tells.
            logweir::ring::retire(&mut drain.lanes, |_| false);
            if drain.total() < FULL + 1 {
                drain.ready.sleep(|| true);
            }
        }
        writer.join().unwrap();
    });
}

#[test]
fn a_waiting_writer_hears_of_a_lane_that_ended_without_a_chunk() {
    explore(3, || {
        let (pool, ready) = (pool(2), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut holds = lane(&pool, &ready, 0);
        write(&mut holds, &[7; FULL], 0);
        drop(lane(&pool, &ready, 1));
        drain.look_without_release();
        let waits = Arc::clone(&pool);
        let writer = thread::spawn(move || {
            assert!(waits.wait_for_room(None));
            assert_eq!(write(&mut holds, &[7], 0), 1);
            holds
        });
        drain.lanes.retain(|lane| !lane.is_done());
        writer.join().unwrap();
    });
}

#[test]
fn a_waiting_writer_hears_of_every_return() {
    explore(3, || {
        let (pool, ready) = (pool(2), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut producer = lane(&pool, &ready, 0);
        write(&mut producer, &[7; 2 * FULL], 0);
        drain.look_without_release();
        let waits = Arc::clone(&pool);
        let writer = thread::spawn(move || {
            assert!(waits.wait_for_room(None));
            assert_eq!(write(&mut producer, &[7], 0), 1);
            producer
        });
        drain.lanes[0].release(FULL);
        writer.join().unwrap();
    });
}

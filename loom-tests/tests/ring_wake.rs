//! Waking the drain: nothing that becomes ready, and no request, is slept through.

use std::sync::Arc;

use logweir::ring::ReadyList;
use logweir_loom::{Drain, explore, lane, pool, write};
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread;

#[test]
fn a_lane_that_becomes_ready_wakes_a_sleeping_drain() {
    explore(3, || {
        let (pool, ready) = (pool(2), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut producer = lane(&pool, &ready, 0);
        let writer = thread::spawn(move || {
            write(&mut producer, b"x", 0);
            producer
        });
        while drain.lanes.is_empty() {
            ready.sleep(|| true);
            drain.look();
        }
        assert_eq!(drain.got[0], b"x");
        writer.join().unwrap();
    });
}

#[test]
fn a_lane_that_comes_back_begins_at_its_new_chunk() {
    explore(3, || {
        let (pool, ready) = (pool(2), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut producer = lane(&pool, &ready, 0);
        let mut other = lane(&pool, &ready, 1);
        write(&mut producer, b"a", 0);
        drain.look();
        drain.retire();
        write(&mut other, b"not mine, in the chunk that was", 0);
        drain.look();
        let writer = thread::spawn(move || {
            write(&mut producer, b"b", 0);
            producer
        });
        drain.look();
        assert!(b"ab".starts_with(&drain.got[0]));
        let producer = writer.join().unwrap();
        drain.look();
        assert_eq!(drain.got[0], b"ab");
        drop((producer, other));
    });
}

#[test]
fn lanes_that_become_ready_together_are_all_taken() {
    explore(2, || {
        let (pool, ready) = (pool(2), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let writers: Vec<_> = (0..2)
            .map(|tag| {
                let mut producer = lane(&pool, &ready, tag);
                thread::spawn(move || {
                    producer.schedule();
                    producer
                })
            })
            .collect();
        while drain.lanes.len() < 2 {
            ready.sleep(|| true);
            drain.look();
        }
        for writer in writers {
            writer.join().unwrap();
        }
    });
}

#[test]
fn a_request_ends_any_sleep_and_shows_what_was_stored_before_it() {
    explore(3, || {
        let ready = ReadyList::<usize>::new();
        let flag = Arc::new(AtomicBool::new(false));
        let (caller, raised) = (Arc::clone(&ready), Arc::clone(&flag));
        let caller = thread::spawn(move || {
            raised.store(true, Relaxed);
            caller.request();
        });
        ready.sleep(|| true);
        assert!(flag.load(Relaxed));
        caller.join().unwrap();
    });
}

#[test]
fn a_pass_begun_after_a_request_reads_all_that_was_written_before_it() {
    explore(3, || {
        let (pool, ready) = (pool(2), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut producer = lane(&pool, &ready, 0);
        write(&mut producer, b"a", 0);
        drain.look();
        let asked = Arc::new(AtomicBool::new(false));
        let (flusher, flag) = (Arc::clone(&ready), Arc::clone(&asked));
        let flusher = thread::spawn(move || {
            write(&mut producer, b"b", 0);
            flag.store(true, Relaxed);
            flusher.request();
            producer
        });
        loop {
            ready.sleep(|| true);
            let flush = asked.load(Relaxed);
            drain.look();
            if flush {
                break;
            }
        }
        assert_eq!(drain.got[0], b"ab");
        flusher.join().unwrap();
    });
}

#[test]
fn a_notification_wakes_a_drain_that_is_fast_asleep() {
    explore(3, || {
        let ready = ReadyList::<usize>::new();
        let flag = Arc::new(AtomicBool::new(false));
        let (teller, raised) = (Arc::clone(&ready), Arc::clone(&flag));
        let teller = thread::spawn(move || {
            raised.store(true, Relaxed);
            teller.notify();
        });
        while !flag.load(Relaxed) {
            ready.sleep(|| !flag.load(Relaxed));
        }
        teller.join().unwrap();
    });
}

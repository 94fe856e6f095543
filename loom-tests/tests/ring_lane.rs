//! One lane: publishing, sealing, closing.

use logweir::job::{Mark, Mono, Stream};
use logweir::ring::ReadyList;
use logweir_loom::{Drain, FULL, explore, lane, pool, write};
use loom::thread;

#[test]
fn published_bytes_and_marks_are_written() {
    explore(3, || {
        let (pool, ready) = (pool(1), ReadyList::new());
        let mut producer = lane(&pool, &ready, 0);
        producer.schedule();
        let mut lanes = Vec::new();
        ready.take(&mut lanes);
        let consumer = &mut lanes[0];
        let writer = thread::spawn(move || {
            write(&mut producer, b"ab", 1);
            write(&mut producer, b"cd", 2);
        });
        for _ in 0..2 {
            consumer.refresh(usize::MAX);
            for piece in consumer.pieces() {
                assert!(b"abcd".starts_with(piece.bytes));
                let first = Mark { at: 0, stream: Stream::Stdout, time: Mono(1) };
                assert_eq!(piece.marks.collect::<Vec<_>>(), [first]);
            }
        }
        writer.join().unwrap();
        assert_eq!(consumer.refresh(usize::MAX), 4);
    });
}

#[test]
fn the_first_chunk_of_a_scheduled_lane_begins_empty() {
    explore(3, || {
        let (pool, ready) = (pool(1), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut first = lane(&pool, &ready, 0);
        write(&mut first, b"old", 0);
        drop(first);
        drain.look();
        drain.retire();
        assert_eq!((drain.done, pool.leased()), (1, 0));
        let mut second = lane(&pool, &ready, 1);
        second.schedule();
        let writer = thread::spawn(move || write(&mut second, b"new", 0));
        drain.look();
        assert!(b"new".starts_with(&drain.got[1]));
        writer.join().unwrap();
        drain.look();
        assert_eq!(drain.got[1], b"new");
    });
}

#[test]
fn a_sealed_chunk_leads_to_the_next() {
    explore(3, || {
        let (pool, ready) = (pool(3), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut producer = lane(&pool, &ready, 0);
        let bytes: Vec<u8> = (0..).take(2 * FULL + 1).collect();
        write(&mut producer, &bytes[..FULL - 1], 0);
        let rest = bytes[FULL - 1..].to_vec();
        let writer = thread::spawn(move || {
            assert_eq!(write(&mut producer, &rest, 0), rest.len());
            producer
        });
        drain.look();
        drain.look();
        assert!(bytes.starts_with(&drain.got[0]));
        let producer = writer.join().unwrap();
        drain.look();
        assert_eq!(drain.got[0], bytes);
        assert_eq!(pool.leased(), 1);
        drop(producer);
    });
}

#[test]
fn a_done_lane_has_shown_its_last_byte() {
    explore(3, || {
        let (pool, ready) = (pool(2), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut producer = lane(&pool, &ready, 0);
        write(&mut producer, b"a", 0);
        let writer = thread::spawn(move || {
            write(&mut producer, b"b", 0);
            producer.close();
        });
        while drain.done == 0 {
            drain.look();
            drain.retire();
            if drain.done == 0 {
                drain.rest();
            }
        }
        assert_eq!(drain.got[0], b"ab");
        writer.join().unwrap();
        assert_eq!(pool.leased(), 0);
    });
}

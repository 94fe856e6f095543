//! Retiring a lane against its producer: whoever is first, no byte and no chunk is left behind.

use logweir::ring::ReadyList;
use logweir_loom::{Drain, explore, lane, pool, write};
use loom::thread;

#[test]
fn a_push_is_read_whether_or_not_the_lane_was_retired_before_it() {
    explore(3, || {
        let (pool, ready) = (pool(1), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut producer = lane(&pool, &ready, 0);
        write(&mut producer, b"a", 0);
        let writer = thread::spawn(move || {
            assert_eq!(write(&mut producer, b"b", 0), 1);
            producer
        });
        drain.look();
        drain.retire();
        let producer = writer.join().unwrap();
        drain.look();
        assert_eq!(drain.got[0], b"ab");
        drain.retire();
        assert_eq!((drain.lanes.len(), pool.leased()), (0, 0));
        drop(producer);
    });
}

#[test]
fn a_room_held_while_the_lane_is_revoked_keeps_its_chunk() {
    explore(3, || {
        let (pool, ready) = (pool(1), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut producer = lane(&pool, &ready, 0);
        producer.schedule();
        let writer = thread::spawn(move || {
            drop(producer.reserve(1).unwrap());
            assert_eq!(write(&mut producer, b"b", 0), 1);
            producer
        });
        drain.look();
        drain.retire();
        drain.look();
        drain.retire();
        let producer = writer.join().unwrap();
        drain.look();
        assert_eq!(drain.got[0], b"b");
        drop(producer);
    });
}

#[test]
fn a_lane_that_closes_while_it_is_retired_is_still_done() {
    explore(3, || {
        let (pool, ready) = (pool(1), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let mut producer = lane(&pool, &ready, 0);
        write(&mut producer, b"a", 0);
        let closer = thread::spawn(move || producer.close());
        drain.look();
        drain.retire();
        closer.join().unwrap();
        drain.look();
        drain.retire();
        assert_eq!((&drain.got[0][..], drain.done), (&b"a"[..], 1));
        assert_eq!(pool.leased(), 0);
        drop(lane(&pool, &ready, 1));
        drain.look();
        drain.retire();
    });
}

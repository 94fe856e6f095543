//! The end of an engine: a write is stored or refused, never accepted and forgotten.
//!
//! The engine itself is not modelled; this is the handshake of `DrainPort::close` and
//! `JobWriter::try_write`, over the real ring.

use std::sync::Arc;

use logweir::ring::ReadyList;
use logweir_loom::{Drain, explore, lane, pool, write};
use loom::sync::atomic::{AtomicBool, Ordering::*, fence};
use loom::thread;

#[test]
fn a_write_that_the_last_take_missed_is_refused() {
    explore(3, || {
        let (pool, ready) = (pool(2), ReadyList::new());
        let mut drain = Drain::new(&ready);
        let closed = Arc::new(AtomicBool::new(false));
        let mut producer = lane(&pool, &ready, 0);
        let seen = Arc::clone(&closed);
        let writer = thread::spawn(move || {
            write(&mut producer, b"x", 0);
            (producer, seen.load(Relaxed))
        });
        closed.store(true, Relaxed);
        fence(SeqCst);
        drain.look();
        let (producer, refused) = writer.join().unwrap();
        assert!(refused || drain.got[0] == b"x");
        drop(producer);
    });
}

//! Real threads over a budget that is far too small for them.

use std::thread;

use super::*;

const WRITERS: usize = 4;
const BYTES: usize = 1 << 20;

/// Byte `n` of every lane.
fn pattern(n: usize) -> u8 {
    u8::try_from(n % 251).unwrap()
}

/// Writes `BYTES` bytes in pieces of changing sizes, now and then in place, waiting as long as it
/// must.
fn write_all(mut producer: Producer<usize>) {
    let text: Vec<u8> = (0..BYTES).map(pattern).collect();
    let (mut sent, mut size) = (0, 1 + *producer.tag());
    while sent < BYTES {
        let stream = if size.is_multiple_of(3) { Stderr } else { Stdout };
        let piece = &text[sent..BYTES.min(sent + size)];
        let taken = if size.is_multiple_of(5) {
            fill(&mut producer, stream, piece)
        } else {
            producer.write(stream, piece, at(1))
        };
        if taken < piece.len() {
            assert!(producer.wait_for_room(None));
        }
        sent += taken;
        size = (size * 7 + 3) % 9_001;
    }
}

fn fill(producer: &mut Producer<usize>, stream: Stream, piece: &[u8]) -> usize {
    let Some(mut room) = producer.reserve(piece.len()) else { return 0 };
    let taken = room.as_mut().len().min(piece.len());
    room.as_mut()[..taken].copy_from_slice(&piece[..taken]);
    // Long enough for the drain to try to take the chunk away.
    thread::yield_now();
    room.commit(taken, stream, Mono(2));
    taken
}

#[test]
fn writers_that_share_a_budget_a_hundredth_of_their_output_all_get_through() {
    let (pool, ready) = (pool(10), ReadyList::new());
    for tag in 0..WRITERS {
        let producer = lane(&pool, &ready, tag, None).unwrap();
        thread::spawn(move || write_all(producer));
    }
    let (mut lanes, mut read, mut done) = (Vec::new(), [0; WRITERS], 0);
    while done < WRITERS {
        ready.take(&mut lanes);
        let mut found = 0;
        for lane in &mut lanes {
            let bytes = lane.refresh(10_000);
            let at = &mut read[*lane.tag()];
            for byte in lane.pieces().flat_map(|piece| piece.bytes) {
                assert_eq!(*byte, pattern(*at), "byte {at} of lane {}", lane.tag());
                *at += 1;
            }
            lane.release(bytes);
            found += bytes;
        }
        done += lanes.iter().filter(|lane| lane.is_done()).count();
        retire(&mut lanes, |_| true);
        match (found, lanes.is_empty()) {
            (0, true) if done < WRITERS => ready.sleep(|| true),
            (0, false) => ready.doze(Duration::from_micros(50)),
            _ => {}
        }
    }
    assert_eq!(read, [BYTES; WRITERS]);
    assert_eq!(pool.leased(), 0);
}

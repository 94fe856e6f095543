//! A ring of bytes and a thread that looks into it.
//!
//! rtrb wakes nobody: the writer naps when it finds the ring empty, the producer yields when it
//! finds it full. A push therefore never pays for a wake-up, and an idle ring costs processor time.

use std::io::{self, Write};
use std::thread::JoinHandle;
use std::time::Duration;

use rtrb::{Consumer, Producer, RingBuffer};

use super::{LogFile, Logger, Setup};

/// Lines through `rtrb::RingBuffer<u8>`.
pub(crate) struct Ring {
    bytes: Producer<u8>,
    writer: JoinHandle<io::Result<u64>>,
    lossy: bool,
    refused: u64,
}

impl Ring {
    /// How long the writer sleeps when the ring is empty.
    const NAP: Duration = Duration::from_micros(100);
}

impl Logger for Ring {
    fn open(setup: &Setup) -> anyhow::Result<Self> {
        let (bytes, queued) = RingBuffer::new(setup.room);
        let file = setup.file()?;
        let writer = std::thread::spawn(move || write(queued, file));
        Ok(Self { bytes, writer, lossy: setup.lossy, refused: 0 })
    }

    #[inline]
    fn push(&mut self, line: &[u8]) {
        while self.bytes.push_entire_slice(line).is_err() {
            if self.lossy {
                self.refused += 1;
                return;
            }
            std::thread::yield_now();
        }
    }

    fn refused(&self) -> u64 {
        self.refused
    }

    fn finish(self) -> anyhow::Result<u64> {
        drop(self.bytes);
        Ok(self.writer.join().expect("the writer does not panic")?)
    }
}

fn write(mut queued: Consumer<u8>, mut file: LogFile) -> io::Result<u64> {
    loop {
        // Asked first: what was pushed before the producer left is seen below.
        let last = queued.is_abandoned();
        let len = queued.slots();
        if len > 0 {
            let chunk = queued.read_chunk(len).expect("so many slots were there");
            let (head, tail) = chunk.as_slices();
            file.write_all(head)?;
            file.write_all(tail)?;
            chunk.commit_all();
        } else if last {
            return file.finish();
        } else {
            file.flush()?;
            std::thread::sleep(Ring::NAP);
        }
    }
}

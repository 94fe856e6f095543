//! A bounded crossbeam channel and a thread that writes.

use std::io::{self, Write};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{LogFile, Logger, Setup};

/// Lines through `crossbeam_channel::bounded`.
pub(crate) struct Crossbeam {
    lines: Sender<Vec<u8>>,
    writer: JoinHandle<io::Result<u64>>,
    lossy: bool,
    refused: u64,
}

impl Logger for Crossbeam {
    fn open(setup: &Setup) -> anyhow::Result<Self> {
        let (lines, queued) = bounded(setup.slots());
        let file = setup.file()?;
        let writer = std::thread::spawn(move || write(&queued, file));
        Ok(Self { lines, writer, lossy: setup.lossy, refused: 0 })
    }

    #[inline]
    fn push(&mut self, line: &[u8]) {
        let line = line.to_vec();
        let lost = if self.lossy {
            self.lines.try_send(line).is_err()
        } else {
            self.lines.send(line).is_err()
        };
        self.refused += u64::from(lost);
    }

    fn refused(&self) -> u64 {
        self.refused
    }

    fn finish(self) -> anyhow::Result<u64> {
        drop(self.lines);
        Ok(self.writer.join().expect("the writer does not panic")?)
    }
}

fn write(queued: &Receiver<Vec<u8>>, mut file: LogFile) -> io::Result<u64> {
    while let Ok(line) = queued.recv() {
        file.write_all(&line)?;
        while let Ok(line) = queued.try_recv() {
            file.write_all(&line)?;
        }
        file.flush()?;
    }
    file.finish()
}

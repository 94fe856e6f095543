//! `weir bench io`: both ways to append, interleaved, with frames of 64 KiB and of 2 KiB.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crate::job::{
    Attempt, Body, Extent, JobId, JobStart, Mark, Mono, PerStream, Record, Run, RunNo, Stream,
    Wall, WriterNo,
};
use crate::segment::{AppendChoice, AppendMode, SegmentConfig, SegmentWriter};

use super::scratch::Scratch;
use super::{Spread, rate};

const MODES: [(AppendMode, &str); 2] =
    [(AppendMode::Mmap, "mmap"), (AppendMode::Pwritev, "pwritev")];
const FRAMES: [usize; 2] = [64 << 10, 2 << 10];
/// Output handed over at once, as a drain does it.
const BATCH: usize = 1 << 20;

/// Measures and prints a table and the choice.
pub(super) fn measure(
    out: &mut impl Write,
    scratch: &Scratch,
    size: u64,
    rounds: u32,
) -> anyhow::Result<()> {
    writeln!(out, "{:<8}  {:>7}  {:>8}  {:>8}  {:>8}", "append", "frame", "MB/s", "least", "most")?;
    for frame in FRAMES {
        let mut rates = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            for ((mode, _), rates) in MODES.iter().zip(&mut rates) {
                let dir = scratch.round("io")?;
                rates.push(write(&dir, *mode, frame, size)? / 1e6);
            }
        }
        for ((_, name), rates) in MODES.iter().zip(&rates) {
            let Spread { median, least, greatest } = Spread::of(rates);
            let frame = format!("{} KiB", frame >> 10);
            writeln!(out, "{name:<8}  {frame:>7}  {median:>8.0}  {least:>8.0}  {greatest:>8.0}")?;
        }
    }
    let mapped = AppendChoice::of(scratch.path(), AppendMode::Mmap);
    if mapped.backend.to_string() != "mmap" {
        writeln!(
            out,
            "mmap does not work here ({}); its rows were written by pwritev",
            mapped.reason
        )?;
    }
    let choice = AppendChoice::of(scratch.path(), AppendMode::Auto);
    writeln!(out, "--append auto takes {} here: {}", choice.backend, choice.reason)?;
    Ok(())
}

/// Appends `size` bytes in frames of `frame` and seals; bytes a second.
fn write(dir: &Path, append: AppendMode, frame: usize, size: u64) -> anyhow::Result<f64> {
    let mut writer = SegmentWriter::new(dir, SegmentConfig { append, ..SegmentConfig::default() });
    let run = run();
    let bytes = vec![b'x'; frame];
    let marks = [Mark { at: 0, stream: Stream::Stdout, time: Mono::now() }];
    let adds = Extent { bytes: frame as u64, lines: 0 };
    let mut at = PerStream::<Extent>::default();
    writer.append(&[record(&run, at, PerStream::default(), Body::Start)])?;
    let mut batch = Vec::with_capacity(BATCH / frame);
    let begin = Instant::now();
    while at.stdout.bytes < size {
        batch.clear();
        while batch.len() < BATCH / frame && at.stdout.bytes < size {
            let adds = PerStream { stdout: adds, stderr: Extent::default() };
            batch.push(record(&run, at, adds, Body::Data { bytes: &bytes, marks: &marks }));
            at.stdout += adds.stdout;
        }
        writer.append(&batch)?;
    }
    writer.seal()?;
    Ok(rate(at.stdout.bytes, begin.elapsed()))
}

fn run() -> Run {
    let start = JobStart {
        id: JobId::random(),
        attempt: Attempt::FIRST,
        command: Vec::new(),
        cwd: None,
        labels: Default::default(),
        node: String::new(),
        started_at: Wall::now(),
    };
    Run { no: RunNo(0), start }
}

fn record<'a>(
    run: &'a Run,
    at: PerStream<Extent>,
    adds: PerStream<Extent>,
    body: Body<'a>,
) -> Record<'a> {
    let (wall, mono) = (run.start.started_at, Mono(0));
    Record { run, writer: WriterNo(0), wall, mono, at, adds, body }
}

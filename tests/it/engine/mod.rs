//! The engine over a store in memory.

pub(crate) mod memory;

use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use logweir::engine::{Engine, EngineError, Fill, Job, JobSpec, SinkState};
use logweir::job::{Exit, Extent, JobId, Mono, Stream};

use memory::{MemoryStore, Mood};

/// Longer than anything here takes; a test that needs it all fails.
const PATIENCE: Duration = Duration::from_secs(60);

fn engine(store: &MemoryStore, budget: usize) -> Engine {
    Engine::builder().store(Arc::new(store.clone())).budget(budget).open().unwrap()
}

fn job(engine: &Engine, id: &str) -> Job {
    engine.job(JobSpec::new(JobId::new(id).unwrap())).unwrap()
}

/// Waits for a condition that another thread will make true.
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn output_of_many_threads_is_stored_whole_and_in_order() {
    let store = MemoryStore::default();
    let engine = engine(&store, 1 << 20);
    std::thread::scope(|scope| {
        for n in 0..8 {
            let job = job(&engine, &format!("job-{n}"));
            scope.spawn(move || {
                let mut out = job.writer(Stream::Stdout).unwrap();
                let mut err = job.writer(Stream::Stderr).unwrap();
                for line in 0..5000 {
                    writeln!(out, "{n} out {line}").unwrap();
                    writeln!(err, "{n} err {line}").unwrap();
                }
                job.finish(Exit::code(n));
            });
        }
    });
    assert!(engine.shutdown(PATIENCE).complete);
    for n in 0..8 {
        let log = store.log(&format!("job-{n}"));
        for stream in Stream::BOTH {
            let name = &stream.name()[3..];
            let expected: String = (0..5000).map(|line| format!("{n} {name} {line}\n")).collect();
            assert!(log.streams[stream] == expected.as_bytes(), "job {n}, {stream}");
        }
        let finish = log.finish.unwrap();
        assert_eq!(finish.exit.exit_code, Some(n));
        assert_eq!(finish.streams.stdout.produced.lines, 5000);
    }
    assert_eq!(store.sealed(), 1);
}

#[test]
fn an_unterminated_last_line_counts_as_a_line() {
    let store = MemoryStore::default();
    let engine = engine(&store, 1 << 20);
    let a = job(&engine, "a");
    a.writer(Stream::Stdout).unwrap().write_all(b"one\ntwo").unwrap();
    a.finish(Exit::code(0));
    assert!(engine.shutdown(PATIENCE).complete);
    let streams = store.log("a").finish.unwrap().streams;
    assert_eq!(streams.stdout.produced, Extent { bytes: 7, lines: 2 });
    assert_eq!(streams.stderr.produced, Extent::default());
}

#[test]
fn a_flush_is_complete_only_when_the_store_has_everything() {
    let store = MemoryStore::default();
    let engine = engine(&store, 1 << 20);
    let job = job(&engine, "a");
    let mut out = job.writer(Stream::Stdout).unwrap();
    store.set(Mood::Stalled);
    out.write_all(b"line\n").unwrap();
    store.wait_stalled();
    let report = engine.flush(Duration::from_millis(20));
    assert!(!report.complete);
    assert_eq!(report.stored_bytes, 0);
    store.set(Mood::Willing);
    assert!(engine.flush(PATIENCE).complete);
    assert_eq!(store.log("a").streams.stdout, b"line\n");
    out.write_all(b"more").unwrap();
    assert!(engine.flush(PATIENCE).complete);
    assert_eq!(store.log("a").streams.stdout, b"line\nmore");
}

#[test]
fn a_flush_that_waits_for_another_over_a_refusing_store_is_not_forgotten() {
    let store = MemoryStore::default();
    let engine = engine(&store, 1 << 20);
    let job = job(&engine, "a");
    store.set(Mood::Refusing);
    job.writer(Stream::Stdout).unwrap().write_all(b"line\n").unwrap();
    job.finish(Exit::code(0));
    assert!(!engine.flush(Duration::from_millis(50)).complete);
    std::thread::scope(|scope| {
        let before = store.refusals();
        let second = scope.spawn(|| engine.flush(PATIENCE / 4));
        // It wakes the drain, which is refused again and dozes off.
        wait_until("two more refusals", || store.refusals() >= before + 2);
        store.set(Mood::Willing);
        assert!(second.join().unwrap().complete);
    });
}

#[test]
fn the_longest_timeout_is_one() {
    let engine = engine(&MemoryStore::default(), 1 << 20);
    assert!(engine.flush(Duration::MAX).complete);
    assert!(engine.shutdown(Duration::MAX).complete);
}

#[test]
fn a_read_that_a_shutdown_overtook_is_refused() {
    let store = MemoryStore::default();
    let engine = engine(&store, 1 << 20);
    let mut capture = job(&engine, "a").capture().unwrap();
    let filled = capture.fill(Stream::Stdout, Mono(0), |buffer| {
        assert!(engine.shutdown(PATIENCE).complete);
        buffer[0] = b'x';
        Ok(1)
    });
    assert_eq!(filled.unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_full_budget_makes_writers_wait_and_loses_nothing() {
    let store = MemoryStore::default();
    let engine = engine(&store, 64 << 10);
    let job = job(&engine, "a");
    let mut out = job.writer(Stream::Stdout).unwrap();
    store.set(Mood::Stalled);
    let sent: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let copy = sent.clone();
    let writer = std::thread::spawn(move || out.write_all(&copy).unwrap());
    wait_until("the writer is blocked", || engine.status().blocked > 0);
    assert!(engine.status().budget_used <= 64 << 10);
    store.set(Mood::Willing);
    writer.join().unwrap();
    job.finish(Exit::code(0));
    assert!(engine.shutdown(PATIENCE).complete);
    assert!(store.log("a").streams.stdout == sent);
    assert!(engine.status().blocked_for > Duration::ZERO);
}

#[test]
fn one_loud_job_leaves_every_other_its_chunk() {
    let store = MemoryStore::default();
    let engine = engine(&store, 64 << 10);
    let (loud, quiet) = (job(&engine, "loud"), job(&engine, "quiet"));
    let mut shout = loud.writer(Stream::Stdout).unwrap();
    let mut whisper = quiet.writer(Stream::Stdout).unwrap();
    store.set(Mood::Stalled);
    while shout.try_write(&[b'x'; 1000]).unwrap() > 0 {}
    assert_eq!(whisper.try_write(b"still here\n").unwrap(), 11);
    store.set(Mood::Willing);
    assert!(engine.flush(PATIENCE).complete);
    assert_eq!(store.log("quiet").streams.stdout, b"still here\n");
}

#[test]
fn writers_beyond_the_budget_are_refused_at_once() {
    let store = MemoryStore::default();
    let engine = engine(&store, 16 << 10);
    let job = job(&engine, "a");
    let writers: Vec<_> = (0..4).map(|_| job.writer(Stream::Stdout).unwrap()).collect();
    let refused = job.writer(Stream::Stdout);
    assert!(matches!(refused, Err(EngineError::TooManyWriters { open: 4 })));
    drop(writers);
    wait_until("closed writers make room", || job.writer(Stream::Stdout).is_ok());
}

#[test]
fn a_store_that_refuses_is_asked_again_without_loss_or_repeat() {
    let store = MemoryStore::default();
    let engine = engine(&store, 256 << 10);
    store.set(Mood::TakingAFew(0));
    let mut expected = Vec::new();
    let writers: Vec<_> = (0..5).map(|n| job(&engine, &format!("j{n}"))).collect();
    let mut outs: Vec<_> = writers.iter().map(|j| j.writer(Stream::Stdout).unwrap()).collect();
    for line in 0..200 {
        for out in &mut outs {
            writeln!(out, "line {line}").unwrap();
        }
        writeln!(expected, "line {line}").unwrap();
        if line % 50 == 0 {
            let _may_be_incomplete = engine.flush(Duration::from_millis(5));
        }
    }
    wait_until("a refusal is seen", || engine.status().sink != SinkState::Ok);
    store.set(Mood::Willing);
    drop(outs);
    writers.into_iter().for_each(|job| job.finish(Exit::code(0)));
    assert!(engine.shutdown(PATIENCE).complete);
    for n in 0..5 {
        assert!(store.log(&format!("j{n}")).streams.stdout == expected, "job {n}");
    }
}

#[test]
fn a_refusing_store_is_a_state_that_shows_and_passes() {
    let store = MemoryStore::default();
    let engine = engine(&store, 256 << 10);
    store.set(Mood::Refusing);
    let job = job(&engine, "a");
    let mut out = job.writer(Stream::Stdout).unwrap();
    out.write_all(b"kept\n").unwrap();
    wait_until("it shows", || matches!(engine.status().sink, SinkState::Failing { .. }));
    let SinkState::Failing { error, .. } = engine.status().sink else { panic!("it passed") };
    assert!(error.contains("cannot extend memory"), "{error}");
    store.set(Mood::Willing);
    assert!(engine.flush(PATIENCE).complete);
    assert_eq!(engine.status().sink, SinkState::Ok);
    assert_eq!(store.log("a").streams.stdout, b"kept\n");
}

#[test]
fn a_shutdown_that_runs_out_of_time_says_what_is_pending() {
    let store = MemoryStore::default();
    let engine = engine(&store, 256 << 10);
    let job = job(&engine, "a");
    let mut out = job.writer(Stream::Stdout).unwrap();
    store.set(Mood::Refusing);
    out.write_all(b"never stored\n").unwrap();
    let since = Instant::now();
    let report = engine.shutdown(Duration::from_millis(50));
    assert!(since.elapsed() < PATIENCE / 2);
    assert!(!report.complete);
    assert!(report.pending_bytes > 0);
    assert_eq!(report.unfinished_jobs, 1);
    assert!(!engine.shutdown(PATIENCE).complete, "a second shutdown tells the same");
}

#[test]
fn every_write_that_a_shutdown_let_through_is_stored() {
    for _ in 0..50 {
        let store = MemoryStore::default();
        let engine = engine(&store, 1 << 20);
        let job = job(&engine, "a");
        let mut out = job.writer(Stream::Stdout).unwrap();
        let writer = std::thread::spawn(move || {
            let mut accepted = 0_u64;
            loop {
                match out.write(b"0123456789") {
                    Ok(n) => accepted += n as u64,
                    Err(error) => break (accepted, error.kind()),
                }
            }
        });
        wait_until("something is stored", || engine.status().stored.stdout.bytes > 0);
        assert!(engine.shutdown(PATIENCE).complete);
        let (accepted, error) = writer.join().unwrap();
        assert_eq!(error, ErrorKind::BrokenPipe);
        // The write that was refused may have come just in time all the same.
        let stored = store.log("a").streams.stdout.len() as u64;
        assert!(
            [accepted, accepted + 10].contains(&stored),
            "{accepted} accepted, {stored} stored"
        );
    }
}

#[test]
fn the_finish_waits_for_a_writer_that_outlives_the_job() {
    let store = MemoryStore::default();
    let engine = engine(&store, 1 << 20);
    let job = job(&engine, "a");
    let mut out = job.writer(Stream::Stdout).unwrap();
    job.finish(Exit::code(3));
    assert!(engine.flush(PATIENCE).complete);
    assert!(store.log("a").finish.is_none());
    out.write_all(b"late\n").unwrap();
    drop(out);
    assert!(engine.shutdown(PATIENCE).complete);
    let log = store.log("a");
    assert_eq!(log.streams.stdout, b"late\n");
    assert_eq!(log.finish.unwrap().exit.exit_code, Some(3));
}

#[test]
fn whole_lines_of_two_writers_never_mix() {
    let store = MemoryStore::default();
    let engine = engine(&store, 1 << 20);
    let job = job(&engine, "a");
    std::thread::scope(|scope| {
        for name in ["first", "second"] {
            let mut out = job.writer(Stream::Stdout).unwrap();
            scope.spawn(move || {
                for n in 0..20_000 {
                    // In two writes, so that the drain may look between them.
                    write!(out, "{name} ").unwrap();
                    out.write_all(format!("{n}\n").as_bytes()).unwrap();
                }
            });
        }
    });
    job.finish(Exit::code(0));
    assert!(engine.shutdown(PATIENCE).complete);
    let text = String::from_utf8(store.log("a").streams.stdout).unwrap();
    let mut next = [0; 2];
    for line in text.lines() {
        let (name, n) = line.split_once(' ').unwrap_or_else(|| panic!("torn line {line:?}"));
        let which = usize::from(name == "second");
        assert_eq!(n, next[which].to_string(), "{line:?}");
        next[which] += 1;
    }
    assert_eq!(next, [20_000; 2]);
}

#[test]
fn a_description_that_no_frame_could_hold_is_refused() {
    let engine = engine(&MemoryStore::default(), 1 << 20);
    let spec = JobSpec::random().label("k", "v".repeat(JobSpec::MAX_LEN));
    assert!(matches!(engine.job(spec), Err(EngineError::SpecTooLong { .. })));
}

#[test]
fn the_same_id_again_is_the_next_attempt() {
    let store = MemoryStore::default();
    let engine = engine(&store, 1 << 20);
    for attempt in 1..=3 {
        let job = job(&engine, "again");
        assert_eq!(job.attempt().0, attempt);
        job.writer(Stream::Stdout).unwrap().write_all(attempt.to_string().as_bytes()).unwrap();
    }
    assert!(engine.shutdown(PATIENCE).complete);
    let second = self::engine(&store, 1 << 20);
    assert_eq!(job(&second, "again").attempt().0, 4);
    assert_eq!(store.attempt("again", 2).streams.stdout, b"2");
}

#[test]
fn capture_reads_into_the_ring_and_keeps_the_order_of_both_streams() {
    let store = MemoryStore::default();
    let engine = engine(&store, 1 << 20);
    let job = job(&engine, "a");
    let mut capture = job.capture().unwrap();
    for n in 0..100_u8 {
        let stream = if n % 3 == 0 { Stream::Stderr } else { Stream::Stdout };
        let filled = capture.fill(stream, Mono(u64::from(n)), |buffer| {
            buffer[..2].copy_from_slice(&[n, b'\n']);
            Ok(2)
        });
        assert_eq!(filled.unwrap(), Fill::Data(2));
    }
    assert_eq!(capture.fill(Stream::Stdout, Mono(0), |_| Ok(0)).unwrap(), Fill::Eof);
    let empty = |_: &mut [u8]| Err(ErrorKind::WouldBlock.into());
    assert_eq!(capture.fill(Stream::Stdout, Mono(0), empty).unwrap(), Fill::WouldBlock);
    capture.close();
    job.finish(Exit::code(0));
    assert!(engine.shutdown(PATIENCE).complete);
    let log = store.log("a");
    let expected = |err: bool| (0..100_u8).filter(move |n| (n % 3 == 0) == err);
    let lines = |err| expected(err).flat_map(|n| [n, b'\n']).collect::<Vec<u8>>();
    assert_eq!(log.streams.stdout, lines(false));
    assert_eq!(log.streams.stderr, lines(true));
}

#[test]
fn a_drain_that_panics_releases_its_writers() {
    let store = MemoryStore::default();
    let engine = engine(&store, 64 << 10);
    let job = job(&engine, "a");
    let mut out = job.writer(Stream::Stdout).unwrap();
    store.set(Mood::Panicking);
    let error = out.write_all(&vec![b'x'; 1 << 20]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    wait_until("it shows", || engine.status().sink == SinkState::Dead);
    assert!(matches!(engine.job(JobSpec::random()), Err(EngineError::ShutDown)));
    assert!(!engine.shutdown(PATIENCE).complete);
}

#[test]
fn threads_end_with_their_owner_even_after_a_panic() {
    let store = MemoryStore::default();
    let seen = store.clone();
    let owner = std::thread::spawn(move || {
        let engine = engine(&store, 1 << 20);
        job(&engine, "a").writer(Stream::Stdout).unwrap().write_all(b"x").unwrap();
        std::panic::resume_unwind(Box::new("the owner panics, as it was told to"));
    });
    assert!(owner.join().is_err());
    assert_eq!(seen.log("a").streams.stdout, b"x");
    assert_eq!(seen.sealed(), 1, "the drain came to its proper end");
}

//! Processes under capture, through the library: what is stored of them, and how they end.

use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use logweir::engine::Engine;
use logweir::harness::{
    Batch, BatchReport, Ended, Event, Halt, Harness, LaunchError, Stop, Task, Timing,
};
use logweir::job::{Attempt, JobId, PerStream};
use logweir::read::{JobLog, Raw};
use logweir::store::{AttemptInfo, AttemptState, Catalog};
use tempfile::TempDir;

use crate::engine::memory::{MemoryStore, Mood};

/// An engine on a directory of its own, and a harness.
struct Scene {
    engine: Engine,
    harness: Harness,
    /// Last, for an engine that cannot seal its segments waits for the disk to come back.
    dir: TempDir,
}

/// Timing in which nothing of a test's own pace matters.
const PATIENT: Timing = Timing {
    drain_grace: Duration::from_secs(60),
    kill_grace: Duration::from_secs(60),
    term_grace: Duration::from_secs(60),
};

impl Scene {
    fn new(timing: Timing) -> Self {
        Self::with_budget(timing, 16 << 20)
    }

    fn with_budget(timing: Timing, budget: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::builder().dir(dir.path()).budget(budget).max_jobs(64).open().unwrap();
        Self { dir, engine, harness: Harness::start(timing).unwrap() }
    }

    fn run(&self, task: Task) -> Ended {
        self.harness.run(&self.engine, task, None).unwrap()
    }

    fn sh(&self, line: &str) -> (Ended, PerStream<String>) {
        let ended = self.run(Task::shell(JobId::random(), line));
        let text = self.stored(&ended.id, ended.attempt);
        (ended, text.map(|bytes| String::from_utf8(bytes).unwrap()))
    }

    fn stored(&self, id: &JobId, attempt: Attempt) -> PerStream<Vec<u8>> {
        assert!(self.engine.flush(Duration::from_secs(60)).complete);
        let catalog = Catalog::open(self.dir.path()).unwrap();
        let info = info(&catalog, id, attempt);
        let mut bytes = PerStream::<Vec<u8>>::default();
        let all = JobLog::open(&catalog, &info).raw(None, |raw| {
            match raw {
                Raw::Bytes(stream, more) => bytes[stream].extend_from_slice(more),
                other => return ControlFlow::Break(format!("{other:?}")),
            }
            ControlFlow::Continue(())
        });
        assert_eq!(all, ControlFlow::Continue(()));
        bytes
    }

    /// Starts a shell line that says on its first line that it is ready, and waits for that.
    fn start_ready(&self, line: &str) -> mpsc::Receiver<Ended> {
        let (report, ended) = mpsc::channel();
        let fifo = self.dir.path().join("ready");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
        let task = Task::shell(JobId::new("job").unwrap(), line).env("READY", &fifo);
        self.harness.launch(&self.engine, task, &report).unwrap();
        assert_eq!(std::fs::read_to_string(&fifo).unwrap(), "ready\n");
        std::fs::remove_file(&fifo).unwrap();
        ended
    }
}

fn info(catalog: &Catalog, id: &JobId, attempt: Attempt) -> AttemptInfo {
    catalog.attempts().find(|info| info.id == *id && info.attempt == attempt).unwrap().clone()
}

#[test]
fn both_streams_are_stored_to_their_last_byte() {
    let scene = Scene::new(PATIENT);
    let (ended, text) = scene.sh("printf 'a\\nb'; printf 'oops' >&2");
    assert!(ended.exit.success());
    assert_eq!((text.stdout.as_str(), text.stderr.as_str(), ended.bytes), ("a\nb", "oops", 7));
}

#[test]
fn exit_codes_signals_and_use_are_stored() {
    let scene = Scene::new(PATIENT);
    let (ended, _) = scene.sh("exit 7");
    assert_eq!((ended.exit.exit_code, ended.shell_code()), (Some(7), 7));
    assert!(ended.exit.usage.is_some());
    let (killed, _) = scene.sh("kill -USR1 $$");
    assert_eq!((killed.exit.signal, killed.shell_code()), (Some(10), 138));
    let catalog = Catalog::open(scene.dir.path()).unwrap();
    match info(&catalog, &killed.id, killed.attempt).state {
        AttemptState::Finished(finish) => assert_eq!(finish.signal, Some(10)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_started_is_a_job_that_failed() {
    let scene = Scene::new(PATIENT);
    let missing = scene.run(Task::new(JobId::random(), ["/nonexistent/program"]));
    assert_eq!(missing.shell_code(), 127);
    assert!(missing.exit.error.as_ref().unwrap().contains("not found"));
    let directory = scene.run(Task::new(JobId::random(), ["/"]));
    assert_eq!(directory.shell_code(), 126);
    let file = scene.dir.path().join("weir-store");
    let data = scene.run(Task::new(JobId::random(), [file]));
    assert_eq!(data.shell_code(), 126);
    assert!(scene.stored(&data.id, data.attempt).stdout.is_empty());
}

#[test]
fn a_job_sees_its_names_an_empty_input_and_a_group_of_its_own() {
    let scene = Scene::new(PATIENT);
    let line = "echo $WEIR_JOB_ID $WEIR_ATTEMPT; cat; read pid a b ppid group r < /proc/$$/stat; \
                [ $pid = $group ] && echo leads; \
                ls -l /proc/$$/fd | grep -c -e epoll -e pidfd -e eventfd";
    let id = JobId::new("named").unwrap();
    for attempt in 1..=2 {
        let ended = scene.run(Task::shell(id.clone(), line));
        assert_eq!(ended.attempt, Attempt(attempt));
        let text = String::from_utf8(scene.stored(&id, ended.attempt).stdout).unwrap();
        assert_eq!(text, format!("named {attempt}\nleads\n0\n"));
    }
}

#[test]
fn a_job_has_the_default_action_for_signals_that_we_ignore() {
    let scene = Scene::new(PATIENT);
    let (_, text) = scene.sh("grep -E 'Sig(Ign|Blk)' /proc/self/status");
    let mask = |line: &str| u64::from_str_radix(line.split_whitespace().last().unwrap(), 16);
    for line in text.stdout.lines() {
        assert_eq!(mask(line).unwrap() & 1 << (13 - 1), 0, "SIGPIPE in {line}");
    }
}

#[test]
fn a_grandchild_that_goes_on_writing_is_captured_to_its_end() {
    let scene = Scene::new(PATIENT);
    let (ended, text) = scene.sh("(sleep 0.1; echo late) & echo early");
    assert_eq!(text.stdout, "early\nlate\n");
    assert!(!ended.exit.detached_writer);
}

#[test]
fn a_grandchild_that_holds_a_pipe_in_silence_does_not_hold_up_the_end() {
    let scene = Scene::new(Timing { drain_grace: Duration::from_millis(20), ..PATIENT });
    let (ended, text) = scene.sh("sleep 1000 & echo $!");
    assert!(ended.exit.detached_writer && ended.exit.success());
    let pid = rustix::process::Pid::from_raw(text.stdout.trim().parse().unwrap()).unwrap();
    // It was not told to end: whoever detaches a process means it.
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn a_job_whose_time_is_up_is_asked_and_then_killed() {
    let timing = Timing { kill_grace: Duration::from_millis(50), ..PATIENT };
    let scene = Scene::new(timing);
    let polite =
        Task::shell(JobId::random(), "trap 'echo bye; exit 0' TERM; while :; do sleep 0.01; done");
    let ended = scene.run(polite.timeout(Duration::from_millis(100)));
    assert!(ended.exit.timed_out && ended.exit.exit_code == Some(0), "{:?}", ended.exit);
    assert_eq!(ended.shell_code(), 124);
    assert_eq!(scene.stored(&ended.id, ended.attempt).stdout, b"bye\n");
    let stubborn = Task::shell(JobId::random(), "trap '' TERM; while :; do sleep 0.01; done");
    let ended = scene.run(stubborn.timeout(Duration::from_millis(50)));
    assert_eq!((ended.exit.timed_out, ended.exit.signal), (true, Some(9)));
}

#[test]
fn a_stopped_harness_forwards_the_signal_stores_the_rest_and_starts_no_more() {
    let scene = Scene::new(PATIENT);
    let line = "trap 'echo bye; exit 3' TERM; echo ready > $READY; while :; do sleep 0.01; done";
    let ended = scene.start_ready(line);
    scene.harness.stopper().stop(Stop::Forward(15));
    let ended = ended.recv().unwrap();
    assert_eq!(ended.exit.exit_code, Some(3));
    assert_eq!(scene.stored(&ended.id, ended.attempt).stdout, b"bye\n");
    let more = scene.harness.run(&scene.engine, Task::shell(JobId::random(), "true"), None);
    assert!(matches!(more, Err(LaunchError::Stopping)), "{more:?}");
}

#[test]
fn a_second_demand_kills_the_whole_group() {
    let scene = Scene::new(PATIENT);
    let line = "trap '' TERM; (trap '' TERM; while :; do sleep 0.01; done) & echo $!; \
                echo ready > $READY; wait";
    let ended = scene.start_ready(line);
    scene.harness.stopper().stop(Stop::Forward(15));
    scene.harness.stopper().stop(Stop::Kill);
    let ended = ended.recv().unwrap();
    assert_eq!(ended.exit.signal, Some(9));
    assert!(!ended.exit.detached_writer, "the grandchild held the pipe until it was gone");
}

#[test]
fn a_budget_smaller_than_a_burst_delays_it_and_loses_nothing() {
    let scene = Scene::with_budget(PATIENT, 64 * 4096);
    let line = "head -c 3000000 /dev/zero | tr '\\0' x; head -c 1000000 /dev/zero >&2";
    let (ended, text) = scene.sh(line);
    assert_eq!(
        (text.stdout.len(), text.stderr.len(), ended.bytes),
        (3_000_000, 1_000_000, 4_000_000)
    );
    assert!(text.stdout.bytes().all(|byte| byte == b'x'));
}

#[test]
fn a_copy_gets_what_the_store_gets() {
    use std::io::Read;
    let scene = Scene::new(PATIENT);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let copied = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let (tee, feed) = logweir::harness::Tee::start(writer, std::io::sink()).unwrap();
    let line =
        "i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i + 1)); done; head -c 3000000 /dev/zero";
    let task = Task::shell(JobId::random(), line);
    let ended = scene.harness.run(&scene.engine, task, Some(feed)).unwrap();
    tee.join();
    let copied = copied.join().unwrap();
    assert_eq!(copied.len() as u64, ended.bytes);
    assert!(copied == scene.stored(&ended.id, ended.attempt).stdout, "copy and store differ");
}

#[test]
fn a_job_killed_while_its_output_finds_no_room_ends_and_says_so() {
    let store = MemoryStore::default();
    store.set(Mood::Stalled);
    let engine = Engine::builder().store(Arc::new(store.clone()));
    let engine = engine.budget(64 * 4096).max_jobs(64).open().unwrap();
    let timing = Timing { drain_grace: Duration::from_millis(20), ..PATIENT };
    let harness = Harness::start(timing).unwrap();
    let (report, ended) = mpsc::channel();
    let task = Task::shell(JobId::new("big").unwrap(), "head -c 3000000 /dev/zero");
    harness.launch(&engine, task, &report).unwrap();
    while engine.status().blocked == 0 {
        std::thread::yield_now();
    }
    harness.stopper().stop(Stop::Kill);
    let ended = ended.recv().unwrap();
    assert_eq!(ended.exit.signal, Some(9));
    assert!(ended.exit.error.as_ref().unwrap().contains("budget"), "{:?}", ended.exit);
    store.set(Mood::Willing);
    assert!(engine.shutdown(Duration::from_secs(60)).complete);
    assert_eq!(store.log("big").streams.stdout.len() as u64, ended.bytes);
}

fn batch(scene: &Scene, jobs: usize, retries: u32, halt: Halt, lines: &[&str]) -> BatchReport {
    let lines = lines.iter().enumerate();
    let tasks = lines.map(|(n, line)| Task::shell(JobId::new(&format!("b.{n}")).unwrap(), line));
    let mut most = 0_usize;
    let mut running = 0_usize;
    let report = Batch { jobs, retries, halt }
        .run(&scene.engine, &scene.harness, tasks, |event| {
            match event {
                Event::Started { .. } => running += 1,
                Event::Ended { .. } => running -= 1,
                _ => {}
            }
            most = most.max(running);
        })
        .unwrap();
    assert!(most <= jobs, "{most} ran at once");
    report
}

#[test]
fn a_failed_task_runs_again_as_the_next_attempt() {
    let scene = Scene::new(PATIENT);
    let report = batch(&scene, 2, 2, Halt::Never, &["[ $WEIR_ATTEMPT = 3 ]", "false", "true"]);
    let expected = BatchReport { succeeded: 2, failed: 1, retried: 4, ..BatchReport::default() };
    assert_eq!(report, expected);
    assert_eq!(report.exit_code(), 1);
    assert!(scene.engine.flush(Duration::from_secs(60)).complete);
    let catalog = Catalog::open(scene.dir.path()).unwrap();
    let attempts: Vec<u32> =
        catalog.find("b.0").unwrap().iter().map(|info| info.attempt.0).collect();
    assert_eq!(attempts, [1, 2, 3]);
}

#[test]
fn halt_soon_lets_running_jobs_end_and_halt_now_ends_them() {
    let scene = Scene::new(PATIENT);
    let report = batch(&scene, 1, 0, Halt::Soon, &["true", "false", "true", "true"]);
    let expected =
        BatchReport { succeeded: 1, failed: 1, not_started: 2, ..BatchReport::default() };
    assert_eq!(report, expected);
    let report = batch(&scene, 2, 0, Halt::Now, &["sleep 1000", "false", "true"]);
    assert_eq!((report.failed, report.not_started, report.stopped), (2, 1, false));
}

#[test]
fn more_failures_than_a_code_can_say_are_101() {
    let failed = |failed| BatchReport { failed, ..BatchReport::default() }.exit_code();
    assert_eq!(
        [failed(0), failed(1), failed(100), failed(101), failed(1000)],
        [0, 1, 100, 101, 101]
    );
}

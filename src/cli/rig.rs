//! What `run` and `batch` share: the engine, the harness, the signals that reach us, and a good
//! end.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
use signal_hook::iterator::{Handle, Signals};

use crate::engine::{Engine, EngineError, SinkState};
use crate::harness::{Harness, Stop, Stopper, Timing, raise_open_files};
use crate::segment::AppendChoice;

use super::exit::{complain, describe};
use super::output::counted;
use super::settings::Settings;
use super::size::Size;
use super::watch::Watch;

/// How long the store may take for what is captured once we were told to end; the jobs had 20 s of
/// the 30 that Slurm gives.
const LAST_WORDS: Duration = Duration::from_secs(6);
/// How long sealing may take.
const SEALING: Duration = Duration::from_secs(2);

/// A running engine and harness, and the thread that passes signals on.
pub(super) struct Rig {
    pub(super) engine: Arc<Engine>,
    pub(super) harness: Harness,
    signals: SignalThread,
    watch: Option<Watch>,
    dir: PathBuf,
}

struct SignalThread {
    handle: Handle,
    thread: JoinHandle<()>,
    /// When the first signal came.
    first: Arc<Mutex<Option<Instant>>>,
}

impl Rig {
    /// Starts everything for `jobs` jobs at once.
    pub(super) fn start(settings: &Settings, jobs: usize) -> anyhow::Result<Self> {
        Self::assemble(settings, jobs).map_err(with_thread_limit)
    }

    fn assemble(settings: &Settings, jobs: usize) -> anyhow::Result<Self> {
        let own_limit = raise_open_files(jobs)?;
        let engine = Engine::builder()
            .dir(&settings.dir)
            .budget(usize::try_from(settings.budget.0).unwrap_or(usize::MAX))
            .append(settings.append.into())
            .max_jobs(jobs)
            .open()
            .map_err(with_budget_flag)?;
        if settings.verbose {
            say_what_is_used(settings, jobs);
        }
        let harness = Harness::start(Timing::default())
            .context("cannot start capturing")?
            .child_open_files(own_limit);
        let signals = SignalThread::start(harness.stopper()).context("cannot watch for signals")?;
        let engine = Arc::new(engine);
        let watch = Watch::start(&engine);
        Ok(Self { engine, harness, signals, watch, dir: settings.dir.clone() })
    }

    /// Waits until everything captured is stored. A store that fails is waited for, until a signal
    /// says that there is no more time.
    ///
    /// Returns whether all of it is.
    pub(super) fn finish(self) -> bool {
        drop(self.harness);
        let mut told = false;
        while !self.engine.flush(Duration::from_secs(1)).complete {
            if self.signals.since_first().is_some_and(|since| since > LAST_WORDS) {
                break;
            }
            match self.engine.status().sink {
                SinkState::Ok => {}
                SinkState::Dead => break,
                SinkState::Failing { error, .. } if told => drop(error),
                SinkState::Failing { error, .. } => {
                    told = true;
                    complain(&format!("waiting for the store to take the rest: {error}"));
                }
            }
        }
        let report = self.engine.shutdown(SEALING);
        if !report.complete {
            complain(&match report.pending_bytes {
                0 => format!(
                    "what is captured could not be completed in {}; see `weir verify`",
                    self.dir.display()
                ),
                pending => {
                    format!("up to {} of captured output could not be stored", Size(pending))
                }
            });
        }
        self.watch.into_iter().for_each(Watch::end);
        self.signals.end();
        report.complete
    }
}

/// A budget that is too small is told with the flag that raises it.
fn with_budget_flag(error: EngineError) -> anyhow::Error {
    match error {
        EngineError::BudgetTooSmall { budget, jobs, least } => anyhow!(
            "a budget of {} is too small for {} at once; raise it with --budget {}KiB",
            Size(u64::try_from(budget).unwrap_or(u64::MAX)),
            counted(jobs as u64, "job"),
            least.div_ceil(1 << 10)
        ),
        other => other.into(),
    }
}

/// A thread that cannot be started is told with the limit that is most likely in its way.
fn with_thread_limit(error: anyhow::Error) -> anyhow::Error {
    let again = |cause: &std::io::Error| cause.raw_os_error() == Some(libc::EAGAIN);
    if error.chain().filter_map(|cause| cause.downcast_ref()).any(again) {
        anyhow!(
            "{}; is `ulimit -u`, the limit of processes and threads, reached?",
            describe(&error)
        )
    } else {
        error
    }
}

impl SignalThread {
    /// The first signal to end is passed on to all jobs, the second kills them.
    fn start(stopper: Stopper) -> std::io::Result<Self> {
        // A limit of file sizes is to be an error of a write, not the end of us. A handler, unlike
        // ignoring the signal, is not handed on to the jobs.
        signal_hook::flag::register(SIGXFSZ, Arc::default())?;
        let ignored = ignored_signals();
        let wanted = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2];
        let mut signals = Signals::new(wanted.iter().filter(|signal| !ignored.contains(signal)))?;
        let handle = signals.handle();
        let first = Arc::new(Mutex::new(None));
        let since = Arc::clone(&first);
        let thread = std::thread::Builder::new().name("weir-signals".into()).spawn(move || {
            for signal in signals.forever() {
                if let SIGUSR1 | SIGUSR2 = signal {
                    // What a batch system announces the end of time with, so that jobs save.
                    stopper.signal(signal);
                    continue;
                }
                let again = lock(&since).is_some();
                lock(&since).get_or_insert_with(Instant::now);
                stopper.stop(if again { Stop::Kill } else { Stop::Forward(signal) });
                let name = signal_hook::low_level::signal_name(signal).unwrap_or("signal");
                complain(&match again {
                    true => format!("{name} again: jobs are killed, logs are finished"),
                    false => format!("{name}: passed on to the jobs; once more kills them"),
                });
            }
        })?;
        Ok(Self { handle, thread, first })
    }

    fn since_first(&self) -> Option<Duration> {
        lock(&self.first).map(|first| first.elapsed())
    }

    fn end(self) {
        self.handle.close();
        // A signal thread that panicked has said so.
        let _ = self.thread.join();
    }
}

/// Memory besides the budget: a fixed part and a part for every job that is open.
const BASE_MEMORY: u64 = 32 << 20;
const JOB_MEMORY: u64 = 1 << 10;

fn say_what_is_used(settings: &Settings, jobs: usize) {
    let choice = AppendChoice::of(&settings.dir, settings.append.into());
    let most = BASE_MEMORY + settings.budget.0 + u64::try_from(jobs).unwrap_or(0) * JOB_MEMORY;
    complain(&format!("logs in {}", settings.dir.display()));
    complain(&format!("written with {}, because {}", choice.backend, choice.reason));
    complain(&format!(
        "memory at most {}: {} + {} budget + {jobs} jobs x {}",
        Size(most),
        Size(BASE_MEMORY),
        settings.budget,
        Size(JOB_MEMORY)
    ));
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Signals that whoever started us wants ignored, as `nohup` does with SIGHUP; they stay so, for us
/// and for the jobs.
fn ignored_signals() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_thread_that_cannot_be_started_hints_at_the_limit_of_threads() {
        let told = |errno| {
            let source = std::io::Error::from_raw_os_error(errno);
            describe(&with_thread_limit(EngineError::Thread { source }.into()))
        };
        let text = told(libc::EAGAIN);
        assert!(text.starts_with("cannot start the drain thread: "), "{text}");
        assert!(text.contains("ulimit -u"), "{text}");
        assert!(!told(libc::ENOMEM).contains("ulimit"));
    }
}

//! What to run, and how it ended.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use crate::engine::JobSpec;
use crate::job::{Attempt, Exit, JobId, Wall};

use super::quote::shell_words;
use super::words::plain_words;

/// One process to run as one attempt of a job.
///
/// It gets an empty standard input, a process group of its own, this process's environment, and in
/// it `WEIR_JOB_ID` and `WEIR_ATTEMPT`.
#[derive(Debug, Clone)]
#[must_use]
pub struct Task {
    pub(super) id: JobId,
    pub(super) attempt: Option<Attempt>,
    pub(super) argv: Vec<OsString>,
    pub(super) shown: Option<Vec<String>>,
    pub(super) cwd: Option<PathBuf>,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) timeout: Option<Duration>,
}

impl Task {
    /// Runs a program, found in `PATH` as a shell would, with its arguments.
    pub fn new<A: Into<OsString>>(id: JobId, argv: impl IntoIterator<Item = A>) -> Self {
        Self {
            id,
            attempt: None,
            argv: argv.into_iter().map(Into::into).collect(),
            shown: None,
            cwd: None,
            env: Vec::new(),
            labels: BTreeMap::new(),
            timeout: None,
        }
    }

    /// Runs a line of shell: by `/bin/sh -c`, or as it is where a shell would do no more than split
    /// it at blanks. The line is what people get to see as the command.
    pub fn shell(id: JobId, line: impl AsRef<OsStr>) -> Self {
        let line = line.as_ref();
        let task = match line.to_str().and_then(plain_words) {
            Some(words) => Self::new(id, words),
            None => Self::new(id, [OsStr::new("/bin/sh"), OsStr::new("-c"), line]),
        };
        Self { shown: Some(vec![line.to_string_lossy().into_owned()]), ..task }
    }

    /// Fixes the attempt; the caller vouches that it is new. By default the store is asked.
    pub fn attempt(mut self, attempt: Attempt) -> Self {
        self.attempt = Some(attempt);
        self
    }

    /// Where it runs; by default where this process does.
    pub fn cwd(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cwd = Some(dir.into());
        self
    }

    /// Adds a variable to its environment.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Adds a label to the job.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Ends it after this time: SIGTERM to its group, SIGKILL after [`Timing::kill_grace`].
    ///
    /// [`Timing::kill_grace`]: super::Timing::kill_grace
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Whether its program is named by a path, not to be looked for.
    pub(super) fn names_a_path(&self) -> bool {
        self.argv.first().is_some_and(|program| program.as_encoded_bytes().contains(&b'/'))
    }

    /// The same task with its program as a script for `/bin/sh`.
    pub(super) fn into_script(mut self) -> Self {
        self.shown = Some(self.command());
        self.argv.insert(0, OsString::from("/bin/sh"));
        self
    }

    /// The command as people get to see it.
    pub(super) fn command(&self) -> Vec<String> {
        let lossy = |arg: &OsString| arg.to_string_lossy().into_owned();
        self.shown.clone().unwrap_or_else(|| self.argv.iter().map(lossy).collect())
    }

    /// The command as it could be typed: a line of shell as it is, words quoted.
    pub(super) fn typed(&self) -> String {
        match self.shown.as_deref() {
            Some([line]) => line.clone(),
            _ => shell_words(&self.command()),
        }
    }

    /// What the engine is told of it.
    pub(super) fn spec(&self, here: Option<&str>) -> JobSpec {
        let spec = JobSpec::new(self.id.clone())
            .command(self.command())
            .labels(self.labels.iter().map(|(key, value)| (key.clone(), value.clone())));
        let spec = match (&self.cwd, here) {
            (Some(dir), _) => spec.cwd(dir.to_string_lossy()),
            (None, Some(here)) => spec.cwd(here),
            (None, None) => spec,
        };
        match self.attempt {
            Some(attempt) => spec.attempt(attempt),
            None => spec,
        }
    }
}

/// How a task ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The job.
    pub id: JobId,
    /// Which attempt of it this was.
    pub attempt: Attempt,
    /// How it ended.
    pub exit: Exit,
    /// When it was started.
    pub started_at: Wall,
    /// How long it ran, until its end was captured.
    pub duration: Duration,
    /// How many bytes it printed, both streams together.
    pub bytes: u64,
}

impl Ended {
    /// The exit code that a shell would give: the job's own, 128 and the signal's number, 124 where
    /// its time was up, 125 where it is not known.
    pub fn shell_code(&self) -> u8 {
        let code = match (self.exit.timed_out, self.exit.exit_code, self.exit.signal) {
            (true, _, _) => 124,
            (_, Some(code), _) => code,
            (_, None, Some(signal)) => 128 + signal,
            (_, None, None) => 125,
        };
        u8::try_from(code).unwrap_or(u8::MAX)
    }
}

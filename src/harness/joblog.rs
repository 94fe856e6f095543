//! A log of ended jobs in the columns of GNU parallel's `--joblog`, so that its readers work.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::task::{Ended, Task};

const HEADER: &str = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

/// Appends one line a job to a file.
#[derive(Debug)]
pub struct JobLog {
    file: File,
}

impl JobLog {
    /// Opens `path` for appending; a new or empty file gets the header.
    ///
    /// # Errors
    /// Where the file cannot be opened or written.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        if file.metadata()?.len() == 0 {
            file.write_all(HEADER.as_bytes())?;
        }
        Ok(Self { file })
    }

    /// Appends one ended task, the `seq`th that was started.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn append(&mut self, seq: u64, task: &Task, ended: &Ended) -> io::Result<()> {
        self.file.write_all(row(seq, &task.typed(), ended).as_bytes())
    }
}

/// Start and run time in seconds; `Exitval` is -1 where the time was up, as parallel has it, and 0
/// where a signal ended the job.
fn row(seq: u64, command: &str, ended: &Ended) -> String {
    let (started, took) = (ended.started_at.0 / 1_000_000, ended.duration.as_millis());
    let exitval = if ended.exit.timed_out { -1 } else { ended.exit.exit_code.unwrap_or(0) };
    format!(
        "{seq}\t:\t{}.{:03}\t{:>6}.{:03}\t0\t{}\t{exitval}\t{}\t{}\n",
        started / 1000,
        started % 1000,
        took / 1000,
        took % 1000,
        ended.bytes,
        ended.exit.signal.unwrap_or(0),
        command.replace(['\n', '\t'], " "),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::job::{Attempt, Exit, JobId, Wall};

    use super::*;

    fn ended(exit: Exit) -> Ended {
        Ended {
            id: JobId::new("b.1").unwrap(),
            attempt: Attempt::FIRST,
            exit,
            started_at: Wall(1_760_000_000_123_456_789),
            duration: Duration::from_millis(2_034),
            bytes: 6,
        }
    }

    #[test]
    fn a_row_has_the_columns_of_parallel() {
        assert_eq!(
            row(3, "echo\t1 a\nb", &ended(Exit::code(2))),
            "3\t:\t1760000000.123\t     2.034\t0\t6\t2\t0\techo 1 a b\n"
        );
        assert_eq!(HEADER.split('\t').count(), 9);
    }

    #[test]
    fn signals_and_timeouts_are_told_as_parallel_tells_them() {
        let killed = Exit { signal: Some(15), ..Exit::default() };
        assert!(row(1, "", &ended(killed.clone())).contains("\t0\t15\t"));
        let late = Exit { timed_out: true, ..killed };
        assert!(row(1, "", &ended(late)).contains("\t-1\t15\t"));
    }

    #[test]
    fn the_header_is_written_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let task = Task::shell(JobId::new("b.1").unwrap(), "true");
        for seq in 1..=2 {
            JobLog::open(&path).unwrap().append(seq, &task, &ended(Exit::code(0))).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(text.starts_with(HEADER));
    }
}

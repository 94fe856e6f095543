//! How `weir` ends: exit codes, and the one line that says why.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done; also when the reader of our output went away |
//! | 1 | `grep` found nothing |
//! | 2 | bad usage, unknown job, unreadable directory (reading commands) |
//! | 3 | done, but a segment is damaged: the rest was served, stderr names the file |
//! | 125 | `run` and `batch`: weir itself failed |
//!
//! `run` otherwise passes on the exit code of its command, `batch` counts failed jobs (100 at most,
//! 101 stands for more).

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// `grep` found nothing.
pub(super) const NOTHING_FOUND: u8 = 1;
/// The reading commands could not do what they were asked.
pub(super) const FAILED: u8 = 2;
/// All that could be read was served, but something is damaged.
pub(super) const DAMAGED: u8 = 3;
/// `run` and `batch` themselves failed.
pub(super) const OWN_FAILURE: u8 = 125;

/// Turns what a command returned into an exit code, and says on stderr why it failed, once.
pub(super) fn conclude(result: anyhow::Result<ExitCode>, on_failure: u8) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&describe(&error));
            ExitCode::from(on_failure)
        }
    }
}

/// Writes one line `weir: ...` to stderr; where even that fails there is nobody left to tell.
pub(super) fn complain(message: &str) {
    let _ = writeln!(io::stderr().lock(), "weir: {message}");
}

/// Whether the reader of our standard output is gone, which is its right.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// The error and its causes in one line, leaving out a cause that the line already quotes.
pub(super) fn describe(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            write!(text, ": {cause}").expect("a string takes every text");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let io = io::Error::other("no space left");
        let error = anyhow::Error::new(io).context("cannot write x: no space left");
        assert_eq!(describe(&error), "cannot write x: no space left");
        let error = error.context("export stopped");
        assert_eq!(describe(&error), "export stopped: cannot write x: no space left");
    }

    #[test]
    fn a_closed_pipe_is_seen_through_its_context() {
        let error =
            anyhow::Error::new(io::Error::from(io::ErrorKind::BrokenPipe)).context("writing");
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&anyhow::Error::new(io::Error::from(io::ErrorKind::NotFound))));
    }
}

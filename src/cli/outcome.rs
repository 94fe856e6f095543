//! How an attempt stands, in words that fit a table or a sentence.

use crate::job::Tally;
use crate::read::State;
use crate::store::{AttemptInfo, AttemptState};

/// The word for a state.
pub(super) fn word(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Done => "done",
        State::Failed => "failed",
        State::Lost => "lost",
    }
}

/// The colour of a state, as the number of an escape sequence.
pub(super) fn color(state: State) -> &'static str {
    match state {
        State::Running => "36",
        State::Done => "32",
        State::Failed => "31",
        State::Lost => "33",
    }
}

/// How an attempt ended, short: `0`, `137`, `SIGKILL`, `timeout`, `no start`, `-`.
pub(super) fn exit(attempt: &AttemptInfo) -> String {
    let AttemptState::Finished(finish) = &attempt.state else { return "-".into() };
    match (finish.timed_out, finish.failed_to_start, finish.signal, finish.exit_code) {
        (true, ..) => "timeout".into(),
        (_, true, _, code) => code.map_or("no start".into(), |code| code.to_string()),
        (_, _, Some(signal), _) => signal_name(signal),
        (_, _, _, Some(code)) => code.to_string(),
        _ => "-".into(),
    }
}

/// The name of a signal: `SIGTERM`, or `signal 40`.
pub(super) fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGALRM => "SIGALRM",
        libc::SIGTERM => "SIGTERM",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGSYS => "SIGSYS",
        other => return format!("signal {other}"),
    };
    name.into()
}

/// Both streams of an attempt together.
pub(super) fn total(attempt: &AttemptInfo) -> Tally {
    let (out, err) = (attempt.streams.stdout, attempt.streams.stderr);
    Tally {
        produced: out.produced + err.produced,
        lost: out.lost + err.lost,
        gaps: out.gaps + err.gaps,
    }
}

//! What is said of a job that failed: how, its last words, and where the rest is.

use std::io::{self, Write};

use crate::harness::Ended;

use super::duration::show_duration;
use super::exit::complain;
use super::settings::Settings;

/// Says how a job failed; its last words too, unless they were `seen`.
pub(super) fn tell(ended: &Ended, seen: bool, settings: &Settings) {
    let Ended { id, attempt, .. } = ended;
    complain(&format!("job {id} (attempt {attempt}) {}", outcome(ended)));
    if ended.bytes == 0 {
        return;
    }
    if !seen {
        let _ = settings;
        let _ = io::stderr().lock().flush();
    }
    complain(&format!("all of it: weir logs {id}"));
}

/// How a job ended, as the rest of a sentence.
fn outcome(ended: &Ended) -> String {
    let exit = &ended.exit;
    let after = show_duration(ended.duration);
    match (&exit.error, exit.timed_out, exit.exit_code, exit.signal) {
        (Some(error), ..) => format!("failed: {error}"),
        (_, true, ..) => format!("was ended after {after}, its time was up"),
        (.., Some(code), _) => format!("failed with exit code {code} after {after}"),
        (.., Some(signal)) => format!("was ended by signal {signal} after {after}"),
        _ => format!("ended after {after}, nobody knows how"),
    }
}

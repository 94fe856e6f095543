//! What is said of a job that failed: how, its last words, and where the rest is.

use std::io::{self, Write};
use std::ops::ControlFlow;

use crate::harness::Ended;
use crate::job::Stream;
use crate::read::{Item, JobLog, Query};
use crate::store::Catalog;

use super::duration::show_duration;
use super::exit::complain;
use super::outcome::signal_name;
use super::output::printable;
use super::settings::Settings;

/// How many of its last lines on stderr are shown.
const LAST_LINES: u64 = 10;
/// How much of each is shown, in characters.
const LINE_WIDTH: usize = 400;

/// Says how a job failed; its last words too, unless they were `seen`.
pub(super) fn tell(ended: &Ended, seen: bool, settings: &Settings) {
    let Ended { id, attempt, .. } = ended;
    complain(&format!("job {id} (attempt {attempt}) {}", outcome(ended)));
    if ended.bytes == 0 {
        return;
    }
    if !seen {
        let words = last_words(ended, settings);
        // Where stderr is gone there is nobody left to tell.
        let _ = io::stderr().lock().write_all(words.as_bytes());
    }
    complain(&format!("all of it: weir logs {id}"));
}

/// How a job ended, as the rest of a sentence.
fn outcome(ended: &Ended) -> String {
    let exit = &ended.exit;
    let after = show_duration(ended.duration);
    match (&exit.error, exit.timed_out, exit.exit_code, exit.signal) {
        (Some(error), ..) => format!("failed: {}", printable(error)),
        (_, true, ..) => format!("was ended after {after}, its time was up"),
        (.., Some(code), _) => format!("failed with exit code {code} after {after}"),
        (.., Some(signal)) => format!("was ended by {} after {after}", signal_name(signal)),
        _ => format!("ended after {after}, nobody knows how"),
    }
}

/// Its last lines on stderr, as they are stored; empty where they cannot be read, for the job's end
/// is the news here, and `weir logs` says what is wrong with a store.
fn last_words(ended: &Ended, settings: &Settings) -> String {
    let Ok(catalog) = Catalog::lookup(&settings.dir, ended.id.as_str()) else {
        return String::new();
    };
    let this = catalog
        .attempts()
        .filter(|info| info.id == ended.id && info.attempt == ended.attempt)
        .last();
    let Some(attempt) = this else { return String::new() };
    let query = Query { stream: Some(Stream::Stderr), last: Some(LAST_LINES), ..Query::default() };
    let mut words = String::new();
    let all = JobLog::open(&catalog, attempt).lines(&query, |item| {
        if let Item::Line(line) = item {
            let text = String::from_utf8_lossy(line.bytes);
            let text: String = text.trim_end_matches('\r').chars().take(LINE_WIDTH).collect();
            words += &format!("  | {}\n", printable(&text));
        }
        ControlFlow::<()>::Continue(())
    });
    debug_assert!(all.is_continue(), "nothing above breaks");
    words
}

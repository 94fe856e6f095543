//! Open files: every job of a batch needs three, and the usual soft limit is 1024.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors of an open job: two pipes and a pidfd.
const PER_JOB: u64 = 3;
/// Descriptors of everything else: segments, standard streams, a job being started.
const SLACK: u64 = 64;

/// The limit of open files is too low for so many jobs at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{jobs} jobs at once need {needed} open files and the hard limit here is {limit}; {}raise the \
     limit (ulimit -Hn)",
    fewer(*fit)
)]
pub struct TooFewOpenFiles {
    /// Jobs at once.
    pub jobs: usize,
    /// Open files they need.
    pub needed: u64,
    /// The hard limit.
    pub limit: u64,
    /// Jobs at once that the limit allows.
    pub fit: u64,
}

/// The way out that needs nobody's leave, where there is one.
fn fewer(fit: u64) -> String {
    if fit == 0 { String::new() } else { format!("run at most {fit} at once (-j) or ") }
}

/// Makes sure that `jobs` may be open at once: where the soft limit of open files is too low,
/// raises it to the hard one. Processes that a [`Harness`](super::Harness) made afterwards starts
/// get the hard limit unless the harness was told the old one, see
/// [`Harness::child_open_files`](super::Harness::child_open_files).
///
/// Returns the soft limit as it was, where it was changed.
///
/// # Errors
/// [`TooFewOpenFiles`] where even the hard limit is too low.
pub fn raise_open_files(jobs: usize) -> Result<Option<u64>, TooFewOpenFiles> {
    let needed = needed(jobs);
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    if enough(limit.current) {
        return Ok(None);
    }
    let raised = Rlimit { current: limit.maximum, ..limit };
    if enough(limit.maximum) && setrlimit(Resource::Nofile, raised).is_ok() {
        return Ok(limit.current);
    }
    let limit = limit.maximum.or(limit.current).unwrap_or(u64::MAX);
    Err(TooFewOpenFiles { jobs, needed, limit, fit: limit.saturating_sub(SLACK) / PER_JOB })
}

fn needed(jobs: usize) -> u64 {
    u64::try_from(jobs).unwrap_or(u64::MAX).saturating_mul(PER_JOB).saturating_add(SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_limit_need_and_way_out() {
        let error = TooFewOpenFiles { jobs: 1000, needed: needed(1000), limit: 1024, fit: 320 };
        let text = error.to_string();
        for part in ["1000 jobs", "3064", "1024", "at most 320"] {
            assert!(text.contains(part), "{text}");
        }
        let none = TooFewOpenFiles { jobs: 1, needed: needed(1), limit: 10, fit: 0 }.to_string();
        assert!(none.ends_with("is 10; raise the limit (ulimit -Hn)"), "{none}");
    }

    #[test]
    fn more_jobs_than_any_limit_are_refused() {
        let error = raise_open_files(usize::MAX).unwrap_err();
        assert_eq!(error.needed, u64::MAX);
    }
}

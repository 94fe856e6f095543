#![expect(
    unsafe_code,
    reason = "the one call that reaps a process and says what it used, wait4(2)"
)]
//! Reaping: the exit status and the resource use of a process that is gone.

use std::io;

use rustix::process::Pid;

use crate::job::{Exit, Usage};

/// Reaps `pid`, a child that has exited and that nobody else waits for.
///
/// The status is in the result as a shell sees it; where somebody else took it, the result says so.
pub(super) fn reap(pid: Pid) -> Exit {
    match wait4(pid) {
        Ok((status, used)) => Exit {
            exit_code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
            signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
            usage: Some(usage(&used)),
            ..Exit::default()
        },
        Err(error) => Exit {
            error: Some(format!("the exit status is not known: {error}")),
            ..Exit::default()
        },
    }
}

fn wait4(pid: Pid) -> io::Result<(i32, libc::rusage)> {
    let mut status = 0;
    let mut used = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: both pointers are to live local variables of the types that wait4(2) writes.
        let got = unsafe { libc::wait4(pid.as_raw_pid(), &mut status, 0, used.as_mut_ptr()) };
        if got == pid.as_raw_pid() {
            // SAFETY: it was zeroed above, and all zeros is a valid `rusage`; wait4 then filled it.
            return Ok((status, unsafe { used.assume_init() }));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// The largest resident set of this process so far, in bytes.
fn own_peak() -> u64 {
    let mut used = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a live local variable of the type that getrusage(2) writes.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, used.as_mut_ptr()) };
    // SAFETY: it was zeroed above, and all zeros is a valid `rusage`.
    kibibytes(unsafe { used.assume_init() }.ru_maxrss)
}

fn usage(used: &libc::rusage) -> Usage {
    let millis = |time: libc::timeval| {
        let (seconds, micros) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_usec));
        seconds.unwrap_or(0) * 1000 + micros.unwrap_or(0) / 1000
    };
    // A spawned process is charged with the peak of the memory it shared with us until its exec.
    let peak = kibibytes(used.ru_maxrss);
    Usage {
        max_rss_bytes: (peak > own_peak()).then_some(peak),
        user_ms: millis(used.ru_utime),
        sys_ms: millis(used.ru_stime),
    }
}

fn kibibytes(count: libc::c_long) -> u64 {
    u64::try_from(count).unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[expect(clippy::zombie_processes, reason = "`reap` is what waits for it")]
    fn exit_of(script: &str) -> Exit {
        let child = Command::new("/bin/sh").args(["-c", script]).spawn().unwrap();
        reap(Pid::from_child(&child))
    }

    #[test]
    fn codes_and_signals_are_told_apart() {
        assert_eq!(exit_of("exit 7").exit_code, Some(7));
        let killed = exit_of("kill -9 $$");
        assert_eq!((killed.exit_code, killed.signal), (None, Some(9)));
        assert!(!killed.success());
    }

    #[test]
    fn a_small_process_is_not_charged_with_our_memory() {
        let ours = std::hint::black_box(vec![1_u8; 64 << 20]);
        let peak = exit_of("exit 0").usage.and_then(|usage| usage.max_rss_bytes);
        assert_eq!(peak, None);
        drop(ours);
    }

    #[test]
    fn a_status_taken_by_somebody_else_is_an_error() {
        let mut child = Command::new("/bin/true").spawn().unwrap();
        child.wait().unwrap();
        assert!(reap(Pid::from_child(&child)).error.is_some());
    }
}
